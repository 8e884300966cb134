-- The documented views (docs/store.md), with the names and columns that they have in SQLite. A
-- view is replaced, not dropped, so that people's grants and views on it stay; columns may only be added at the end.

-- The temporary result spares PostgreSQL a look at the scopes for each lease.
CREATE OR REPLACE VIEW v_audience AS
WITH every AS MATERIALIZED (
    SELECT
        audience.audience_id, audience.scopes::text AS scopes, audience.scope_id,
        (SELECT max(scope.listed_at) FROM json_array_elements_text(audience.scopes) AS member (scope_id)
            JOIN scope ON scope.scope_id = member.scope_id::bigint) AS listed_at
    FROM audience
)
SELECT audience_id, scopes, scope_id, listed_at FROM every;

CREATE OR REPLACE VIEW v_lease AS
SELECT
    lease.lease_key, audience.scope_id, site.name AS site, lease.id, lease.name, lease.status,
    lease.project_id, project.name AS project_name, lease.user_id, owner.name AS user_name,
    iso_time(lease.start_at) AS start_date, iso_time(lease.end_at) AS end_date, lease.start_at, lease.end_at,
    iso_time(lease.created_at) AS created_at, iso_time(lease.updated_at) AS updated_at, lease.degraded,
    CASE WHEN lease.gone_unconfirmed = 1 THEN 'unlisted' ELSE lease.gone END AS deleted,
    iso_time(lease.gone_after) AS deleted_after, iso_time(lease.gone_before) AS deleted_before,
    iso_time(lease.first_seen_at) AS first_seen_at,
    iso_time(greatest(lease.last_seen_at, coalesce(audience.listed_at, 0))) AS synced_at, lease.extra
FROM lease JOIN site ON site.site_id = lease.site_id
    JOIN v_audience AS audience ON audience.audience_id = lease.audience_id
    LEFT JOIN person AS project
        ON project.site_id = lease.site_id AND project.kind = 'project' AND project.id = lease.project_id
    LEFT JOIN person AS owner
        ON owner.site_id = lease.site_id AND owner.kind = 'user' AND owner.id = lease.user_id;

CREATE OR REPLACE VIEW v_reservation AS
SELECT
    v_lease.site, v_lease.id AS lease_id, v_lease.name AS lease_name, v_lease.status AS lease_status,
    v_lease.project_id, v_lease.project_name, v_lease.user_name, v_lease.start_date, v_lease.end_date,
    v_lease.start_at, v_lease.end_at, v_lease.deleted,
    reservation.id, reservation.resource_type, reservation.status, reservation.node_type,
    reservation.min_count AS min, reservation.max_count AS max, reservation.amount,
    reservation.resource_properties, reservation.fields, reservation.missing_resources
FROM v_lease JOIN reservation ON reservation.lease_key = v_lease.lease_key;

CREATE OR REPLACE VIEW v_event AS
SELECT
    v_lease.site, v_lease.id AS lease_id, v_lease.name AS lease_name, event.id, event.event_type,
    iso_time(event.time_at) AS "time", event.status, iso_time(event.created_at) AS created_at,
    iso_time(event.updated_at) AS updated_at, event.time_at
FROM v_lease JOIN event ON event.lease_key = v_lease.lease_key;

CREATE OR REPLACE VIEW v_history AS
SELECT
    v_lease.site, v_lease.id AS lease_id, state.name, state.status,
    iso_time(state.start_at) AS start_date, iso_time(state.end_at) AS end_date,
    CASE WHEN state.gone_unconfirmed = 1 THEN 'unlisted' ELSE state.gone END AS deleted,
    iso_time(state.observed_at) AS observed_at, iso_time(state.last_seen_at) AS last_seen_at,
    iso_time(state.observed_until) AS observed_until, iso_time(state.gone_after) AS deleted_after,
    iso_time(state.gone_before) AS deleted_before
FROM v_lease JOIN (
    SELECT
        lease_key, name, status, start_at, end_at, gone, gone_unconfirmed, gone_after, gone_before, observed_at,
        last_seen_at, observed_until
    FROM lease_history
    UNION ALL
    SELECT
        lease.lease_key, lease.name, lease.status, lease.start_at, lease.end_at, lease.gone, lease.gone_unconfirmed,
        lease.gone_after, lease.gone_before, lease.observed_at,
        coalesce(lease.gone_before, greatest(lease.last_seen_at, coalesce(audience.listed_at, 0))), NULL
    FROM lease JOIN v_audience AS audience ON audience.audience_id = lease.audience_id
) AS state ON state.lease_key = v_lease.lease_key;

CREATE OR REPLACE VIEW v_listing AS
SELECT
    site.name AS site, listing.scope_id, iso_time(listing.listed_at) AS listed_date, listing.listed_at,
    listing.imported
FROM (
    SELECT scope_id, started_at AS listed_at, 0 AS imported FROM sync_run WHERE kind = 'list' AND outcome = 'complete'
    UNION ALL
    SELECT scope_id, listed_at, 1 FROM imported_listing
) AS listing JOIN scope ON scope.scope_id = listing.scope_id JOIN site ON site.site_id = scope.site_id;

CREATE OR REPLACE VIEW v_resource AS
SELECT
    site.name AS site, resource.kind, resource.id, resource.name, resource.fields,
    iso_time(resource.gone_before) AS gone_before, resource.scope_id,
    iso_time(coalesce(resource.last_seen_at, list.listed_at, resource.first_seen_at)) AS last_seen_at
FROM resource JOIN scope ON scope.scope_id = resource.scope_id
    JOIN site ON site.site_id = scope.site_id
    LEFT JOIN resource_list AS list ON list.scope_id = resource.scope_id AND list.kind = resource.kind;

CREATE OR REPLACE VIEW v_allocation AS
SELECT
    site.name AS site, allocation.kind, allocation.resource_id, resource.name AS resource_name,
    allocation.reservation_id, allocation.lease_id, allocation.project_id,
    iso_time(allocation.start_at) AS start_date, iso_time(allocation.end_at) AS end_date,
    allocation.start_at, allocation.end_at, iso_time(allocation.first_seen_at) AS first_seen_at,
    iso_time(allocation.gone_before) AS gone_before, allocation.scope_id,
    iso_time(coalesce(allocation.last_seen_at, list.listed_at, allocation.first_seen_at)) AS last_seen_at
FROM allocation JOIN scope ON scope.scope_id = allocation.scope_id
    JOIN site ON site.site_id = scope.site_id
    LEFT JOIN resource ON resource.scope_id = allocation.scope_id AND resource.kind = allocation.kind
        AND resource.id = allocation.resource_id
    LEFT JOIN resource_list AS list
        ON list.scope_id = allocation.scope_id AND list.kind = allocation.kind || '/allocations';

CREATE OR REPLACE VIEW v_person AS
SELECT site.name AS site, person.kind, person.id, person.name, iso_time(person.heard_at) AS heard_at
FROM person JOIN site ON site.site_id = person.site_id;

CREATE OR REPLACE VIEW v_sync AS
SELECT
    site.name AS site, coalesce(project.name, scope.project_id) AS project_name, sync_run.cloud,
    iso_time(sync_run.started_at) AS started_at, iso_time(sync_run.finished_at) AS finished_at,
    sync_run.outcome, sync_run.message, sync_run.listed, sync_run.new, sync_run.changed, sync_run.ended,
    sync_run.vanished
FROM sync_run LEFT JOIN scope ON scope.scope_id = sync_run.scope_id
    LEFT JOIN site ON site.site_id = scope.site_id
    LEFT JOIN person AS project
        ON project.site_id = scope.site_id AND project.kind = 'project' AND project.id = scope.project_id
WHERE sync_run.kind = 'list';
