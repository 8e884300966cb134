-- The documented views. They hold no data: the program drops and makes them whenever they differ from what the
-- database was last given.

-- Which scopes see the same leases: one that stands for them, and when one of them last read a whole list.
CREATE VIEW v_audience AS
SELECT
    audience.audience_id, audience.scopes, audience.scopes ->> 0 AS scope_id,
    (SELECT max(scope.listed_at) FROM scope, json_each(audience.scopes) AS member WHERE scope.scope_id = member.value)
        AS listed_at
FROM audience;

CREATE VIEW v_lease AS
SELECT
    lease.lease_key, audience.scope_id, site.name AS site, lease.id, lease.name, lease.status,
    lease.project_id, project.name AS project_name, lease.user_id, user.name AS user_name,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.start_at, 'unixepoch') AS start_date,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.end_at, 'unixepoch') AS end_date,
    lease.start_at, lease.end_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.created_at, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.updated_at, 'unixepoch') AS updated_at,
    lease.degraded, iif(lease.gone_unconfirmed, 'unlisted', lease.gone) AS deleted,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.gone_after, 'unixepoch') AS deleted_after,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.gone_before, 'unixepoch') AS deleted_before,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.first_seen_at, 'unixepoch') AS first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', max(lease.last_seen_at, coalesce(audience.listed_at, 0)), 'unixepoch') AS synced_at,
    lease.extra
FROM lease JOIN site ON site.site_id = lease.site_id
    JOIN v_audience AS audience ON audience.audience_id = lease.audience_id
    LEFT JOIN person AS project
        ON project.site_id = lease.site_id AND project.kind = 'project' AND project.id = lease.project_id
    LEFT JOIN person AS user ON user.site_id = lease.site_id AND user.kind = 'user' AND user.id = lease.user_id;

CREATE VIEW v_reservation AS
SELECT
    v_lease.site, v_lease.id AS lease_id, v_lease.name AS lease_name, v_lease.status AS lease_status,
    v_lease.project_id, v_lease.project_name, v_lease.user_name, v_lease.start_date, v_lease.end_date,
    v_lease.start_at, v_lease.end_at, v_lease.deleted,
    reservation.id, reservation.resource_type, reservation.status, reservation.node_type,
    reservation.min_count AS min, reservation.max_count AS max, reservation.amount,
    reservation.fields ->> 'resource_properties' AS resource_properties,
    reservation.fields, reservation.missing_resources
FROM v_lease JOIN reservation ON reservation.lease_key = v_lease.lease_key;

CREATE VIEW v_event AS
SELECT
    v_lease.site, v_lease.id AS lease_id, v_lease.name AS lease_name, event.id, event.event_type,
    strftime('%Y-%m-%dT%H:%M:%SZ', event.time_at, 'unixepoch') AS time, event.status,
    strftime('%Y-%m-%dT%H:%M:%SZ', event.created_at, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', event.updated_at, 'unixepoch') AS updated_at,
    event.time_at
FROM v_lease JOIN event ON event.lease_key = v_lease.lease_key;

CREATE VIEW v_history AS
SELECT
    v_lease.site, v_lease.id AS lease_id, state.name, state.status,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.start_at, 'unixepoch') AS start_date,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.end_at, 'unixepoch') AS end_date,
    iif(state.gone_unconfirmed, 'unlisted', state.gone) AS deleted,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.observed_at, 'unixepoch') AS observed_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.last_seen_at, 'unixepoch') AS last_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.observed_until, 'unixepoch') AS observed_until,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.gone_after, 'unixepoch') AS deleted_after,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.gone_before, 'unixepoch') AS deleted_before
FROM v_lease JOIN (
    SELECT
        lease_key, name, status, start_at, end_at, gone, gone_unconfirmed, gone_after, gone_before, observed_at,
        last_seen_at, observed_until
    FROM lease_history
    UNION ALL
    SELECT
        lease.lease_key, lease.name, lease.status, lease.start_at, lease.end_at, lease.gone, lease.gone_unconfirmed,
        lease.gone_after, lease.gone_before, lease.observed_at,
        coalesce(lease.gone_before, max(lease.last_seen_at, coalesce(audience.listed_at, 0))), NULL
    FROM lease JOIN v_audience AS audience ON audience.audience_id = lease.audience_id
) AS state ON state.lease_key = v_lease.lease_key;

CREATE VIEW v_listing AS
SELECT
    site.name AS site, listing.scope_id, strftime('%Y-%m-%dT%H:%M:%SZ', listing.listed_at, 'unixepoch') AS listed_date,
    listing.listed_at, listing.imported
FROM (
    SELECT scope_id, started_at AS listed_at, 0 AS imported FROM sync_run WHERE kind = 'list' AND outcome = 'complete'
    UNION ALL
    SELECT scope_id, listed_at, 1 FROM imported_listing
) AS listing JOIN scope ON scope.scope_id = listing.scope_id JOIN site ON site.site_id = scope.site_id;

CREATE VIEW v_resource AS
SELECT
    site.name AS site, resource.kind, resource.id, resource.name, resource.fields,
    strftime('%Y-%m-%dT%H:%M:%SZ', resource.gone_before, 'unixepoch') AS gone_before, resource.scope_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(resource.last_seen_at, list.listed_at, resource.first_seen_at), 'unixepoch')
        AS last_seen_at
FROM resource JOIN scope ON scope.scope_id = resource.scope_id
    JOIN site ON site.site_id = scope.site_id
    LEFT JOIN resource_list AS list ON list.scope_id = resource.scope_id AND list.kind = resource.kind;

CREATE VIEW v_allocation AS
SELECT
    site.name AS site, allocation.kind, allocation.resource_id, resource.name AS resource_name,
    allocation.reservation_id, allocation.lease_id, allocation.project_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.start_at, 'unixepoch') AS start_date,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.end_at, 'unixepoch') AS end_date,
    allocation.start_at, allocation.end_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.first_seen_at, 'unixepoch') AS first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.gone_before, 'unixepoch') AS gone_before, allocation.scope_id,
    strftime(
        '%Y-%m-%dT%H:%M:%SZ', coalesce(allocation.last_seen_at, list.listed_at, allocation.first_seen_at), 'unixepoch')
        AS last_seen_at
FROM allocation JOIN scope ON scope.scope_id = allocation.scope_id
    JOIN site ON site.site_id = scope.site_id
    LEFT JOIN resource ON resource.scope_id = allocation.scope_id AND resource.kind = allocation.kind
        AND resource.id = allocation.resource_id
    LEFT JOIN resource_list AS list
        ON list.scope_id = allocation.scope_id AND list.kind = allocation.kind || '/allocations';

CREATE VIEW v_person AS
SELECT
    site.name AS site, person.kind, person.id, person.name,
    strftime('%Y-%m-%dT%H:%M:%SZ', person.heard_at, 'unixepoch') AS heard_at
FROM person JOIN site ON site.site_id = person.site_id;

CREATE VIEW v_sync AS
SELECT
    site.name AS site, coalesce(project.name, scope.project_id) AS project_name, sync_run.cloud,
    strftime('%Y-%m-%dT%H:%M:%SZ', sync_run.started_at, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', sync_run.finished_at, 'unixepoch') AS finished_at,
    sync_run.outcome, sync_run.message, sync_run.listed, sync_run.new, sync_run.changed, sync_run.ended,
    sync_run.vanished
FROM sync_run LEFT JOIN scope ON scope.scope_id = sync_run.scope_id
    LEFT JOIN site ON site.site_id = scope.site_id
    LEFT JOIN person AS project
        ON project.site_id = scope.site_id AND project.kind = 'project' AND project.id = scope.project_id
WHERE sync_run.kind = 'list';

CREATE VIEW v_queue AS
SELECT
    mutation.mutation_id AS id, site.name AS site, mutation.verb,
    coalesce(mutation.lease_id, mutation.local_id) AS lease, mutation.lease_name,
    iif(mutation.state = 'blocked' AND mutation.reason = 'room', 'waiting', mutation.state) AS state,
    nullif(mutation.reason, 'room') AS reason, mutation.message, mutation.attempts,
    strftime('%Y-%m-%dT%H:%M:%SZ', mutation.next_attempt_at, 'unixepoch') AS next_attempt_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', mutation.created_at, 'unixepoch') AS created_at,
    mutation.request_id, mutation.body
FROM mutation JOIN site ON site.site_id = mutation.site_id;
