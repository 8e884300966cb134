-- What reports add up, without reading JSON for every row.

-- How much a reservation asks for. A server may write anything there: only whole numbers are taken for a count.
ALTER TABLE reservation ADD COLUMN min_count INTEGER;
ALTER TABLE reservation ADD COLUMN max_count INTEGER;
ALTER TABLE reservation ADD COLUMN amount INTEGER;
UPDATE reservation SET
    min_count = iif(json_type(fields, '$.min') = 'integer' AND typeof(fields ->> '$.min') = 'integer', fields ->> '$.min', NULL),
    max_count = iif(json_type(fields, '$.max') = 'integer' AND typeof(fields ->> '$.max') = 'integer', fields ->> '$.max', NULL),
    amount = iif(json_type(fields, '$.amount') = 'integer' AND typeof(fields ->> '$.amount') = 'integer', fields ->> '$.amount', NULL);

-- Holds every column that the hours of a lease are made of, in the order of the leases.
CREATE INDEX reservation_counts
ON reservation (lease_key, resource_type, node_type, min_count, max_count, amount, missing_resources);

-- As before, with missing_resources.
DROP VIEW v_reservation;
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

-- Which resource a reservation got, where the site tells; gone_before is NULL while it is listed.
CREATE VIEW v_allocation AS
SELECT
    scope.site, allocation.kind, allocation.resource_id, resource.name AS resource_name, allocation.reservation_id,
    allocation.lease_id, allocation.project_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.start_at, 'unixepoch') AS start_date,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.end_at, 'unixepoch') AS end_date,
    allocation.start_at, allocation.end_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.first_seen_at, 'unixepoch') AS first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.gone_before, 'unixepoch') AS gone_before
FROM allocation JOIN scope ON scope.scope_id = allocation.scope_id
    LEFT JOIN resource ON resource.scope_id = allocation.scope_id AND resource.kind = allocation.kind
        AND resource.id = allocation.resource_id;

-- Every reading of a whole list.
CREATE VIEW v_sync AS
SELECT
    scope.site, scope.project_name, sync_run.cloud,
    strftime('%Y-%m-%dT%H:%M:%SZ', sync_run.started_at, 'unixepoch') AS started_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', sync_run.finished_at, 'unixepoch') AS finished_at,
    sync_run.outcome, sync_run.message, sync_run.listed, sync_run.new, sync_run.changed, sync_run.ended,
    sync_run.vanished
FROM sync_run LEFT JOIN scope ON scope.scope_id = sync_run.scope_id
WHERE sync_run.kind = 'list';
