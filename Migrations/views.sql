-- The documented views. They hold no data: the program drops and makes them whenever they differ from what the
-- database was last given.

CREATE VIEW v_lease AS
SELECT
    lease.lease_key, lease.scope_id, site.name AS site, lease.id, lease.name, lease.status,
    lease.project_id,
    CASE WHEN lease.project_id = scope.project_id THEN scope.project_name ELSE (
        SELECT project.name FROM resource AS project
        WHERE project.scope_id = lease.scope_id AND project.kind = 'project' AND project.id = lease.project_id
    ) END AS project_name,
    lease.user_id,
    coalesce(
        (SELECT cloud.user_name FROM cloud JOIN scope AS s ON s.scope_id = cloud.scope_id
         WHERE cloud.user_id = lease.user_id AND s.site_id = scope.site_id LIMIT 1),
        (SELECT user.name FROM resource AS user
         WHERE user.scope_id = lease.scope_id AND user.kind = 'user' AND user.id = lease.user_id)
    ) AS user_name,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.start_at, 'unixepoch') AS start_date,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.end_at, 'unixepoch') AS end_date,
    lease.start_at, lease.end_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.created_at, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.updated_at, 'unixepoch') AS updated_at,
    lease.degraded, iif(lease.gone_unconfirmed, 'unlisted', lease.gone) AS deleted,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.gone_after, 'unixepoch') AS deleted_after,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.gone_before, 'unixepoch') AS deleted_before,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.first_seen_at, 'unixepoch') AS first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(lease.last_seen_at, scope.listed_at), 'unixepoch') AS synced_at,
    lease.extra
FROM lease JOIN scope ON scope.scope_id = lease.scope_id JOIN site ON site.site_id = scope.site_id
WHERE NOT EXISTS (
    SELECT 1 FROM lease AS other JOIN scope AS better ON better.scope_id = other.scope_id
    WHERE other.id = lease.id AND better.site_id = scope.site_id
        AND other.scope_id <> lease.scope_id AND CASE
            WHEN lease.gone IS NOT 'deleted' THEN
                (other.gone IS 'out_of_scope',
                -coalesce(other.gone_before, other.last_seen_at, max(other.observed_at, coalesce(better.listed_at, 0))),
                iif(other.gone IS NULL, 1, 2 * other.gone_unconfirmed), -coalesce(other.updated_at, 0),
                better.all_projects, better.project_id)
                < (lease.gone IS 'out_of_scope',
                -coalesce(lease.gone_before, lease.last_seen_at, max(lease.observed_at, coalesce(scope.listed_at, 0))),
                iif(lease.gone IS NULL, 1, 2 * lease.gone_unconfirmed), -coalesce(lease.updated_at, 0),
                scope.all_projects, scope.project_id)
            WHEN other.gone IS 'deleted' THEN
                (other.gone_unconfirmed, other.gone_before - other.gone_after, other.gone_before,
                better.all_projects, better.project_id)
                < (lease.gone_unconfirmed, lease.gone_before - lease.gone_after, lease.gone_before,
                scope.all_projects, scope.project_id)
            ELSE NOT EXISTS (
                SELECT 1 FROM lease AS third JOIN scope AS best ON best.scope_id = third.scope_id
                WHERE third.id = lease.id AND best.site_id = scope.site_id
                    AND third.gone IS 'deleted' AND (0, -third.gone_before, 2 * third.gone_unconfirmed)
                        < (other.gone IS 'out_of_scope', -coalesce(
                            other.last_seen_at, max(other.observed_at, coalesce(better.listed_at, 0))), 1))
        END
);

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
        coalesce(
            lease.gone_before, lease.last_seen_at, max(lease.observed_at, coalesce(scope.listed_at, lease.observed_at))),
        NULL
    FROM lease JOIN scope ON scope.scope_id = lease.scope_id
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

CREATE VIEW v_sync AS
SELECT
    site.name AS site, scope.project_name, sync_run.cloud,
    strftime('%Y-%m-%dT%H:%M:%SZ', sync_run.started_at, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', sync_run.finished_at, 'unixepoch') AS finished_at,
    sync_run.outcome, sync_run.message, sync_run.listed, sync_run.new, sync_run.changed, sync_run.ended,
    sync_run.vanished
FROM sync_run LEFT JOIN scope ON scope.scope_id = sync_run.scope_id
    LEFT JOIN site ON site.site_id = scope.site_id
WHERE sync_run.kind = 'list';

CREATE VIEW v_queue AS
SELECT
    mutation.mutation_id AS id, site.name AS site, mutation.verb,
    coalesce(mutation.lease_id, mutation.local_id) AS lease, mutation.lease_name, mutation.state, mutation.reason,
    mutation.message, mutation.attempts,
    strftime('%Y-%m-%dT%H:%M:%SZ', mutation.next_attempt_at, 'unixepoch') AS next_attempt_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', mutation.created_at, 'unixepoch') AS created_at,
    mutation.request_id, mutation.body
FROM mutation JOIN site ON site.site_id = mutation.site_id;
