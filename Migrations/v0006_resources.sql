-- What others saw of a site's resources and of who holds them: when whole lists were read, and what was in them last.

-- The moments of the whole lists of each kind, read here or by the owner of an imported database. A list of who holds
-- resources of a kind is one of the kind with '/allocations' behind it, as in resource_list. Of this database's own,
-- those that found nothing new and nothing gone are not kept, but for the last.
CREATE TABLE resource_listing (
    scope_id INTEGER NOT NULL REFERENCES scope,
    kind TEXT NOT NULL,
    listed_at INTEGER NOT NULL,
    PRIMARY KEY (scope_id, kind, listed_at)
) STRICT, WITHOUT ROWID;

-- The last whole list that this database read itself.
ALTER TABLE resource_list ADD COLUMN listed_at INTEGER;

-- When a row was last listed; NULL while that is resource_list.listed_at. Whatever is gone has it.
ALTER TABLE resource ADD COLUMN last_seen_at INTEGER;
ALTER TABLE allocation ADD COLUMN last_seen_at INTEGER;

-- Until now a row told when it was first listed and when it was first missing: both are moments of whole lists. Names
-- of users and projects came with imports too, so they tell of none.
INSERT INTO resource_listing
SELECT scope_id, kind, first_seen_at FROM resource WHERE kind NOT IN ('user', 'project')
UNION
SELECT scope_id, kind, gone_before FROM resource WHERE kind NOT IN ('user', 'project') AND gone_before IS NOT NULL
UNION
SELECT scope_id, kind || '/allocations', first_seen_at FROM allocation
UNION
SELECT scope_id, kind || '/allocations', gone_before FROM allocation WHERE gone_before IS NOT NULL;
-- The last of them is the latest list that is known to have had whatever is still listed.
UPDATE resource_list SET listed_at = (
    SELECT max(listing.listed_at) FROM resource_listing AS listing
    WHERE listing.scope_id = resource_list.scope_id AND listing.kind = resource_list.kind);
-- When a row that is gone was last listed was not kept: at the latest, just before it was missing.
UPDATE resource SET last_seen_at = gone_before - 1 WHERE gone_before IS NOT NULL;
UPDATE allocation SET last_seen_at = gone_before - 1 WHERE gone_before IS NOT NULL;

-- As before, with the scope and when the row was last listed behind the columns that were there.
DROP VIEW v_resource;
CREATE VIEW v_resource AS
SELECT
    scope.site, resource.kind, resource.id, resource.name, resource.fields,
    strftime('%Y-%m-%dT%H:%M:%SZ', resource.gone_before, 'unixepoch') AS gone_before, resource.scope_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(resource.last_seen_at, list.listed_at, resource.first_seen_at), 'unixepoch')
        AS last_seen_at
FROM resource JOIN scope ON scope.scope_id = resource.scope_id
    LEFT JOIN resource_list AS list ON list.scope_id = resource.scope_id AND list.kind = resource.kind;

DROP VIEW v_allocation;
CREATE VIEW v_allocation AS
SELECT
    scope.site, allocation.kind, allocation.resource_id, resource.name AS resource_name, allocation.reservation_id,
    allocation.lease_id, allocation.project_id,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.start_at, 'unixepoch') AS start_date,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.end_at, 'unixepoch') AS end_date,
    allocation.start_at, allocation.end_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.first_seen_at, 'unixepoch') AS first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', allocation.gone_before, 'unixepoch') AS gone_before, allocation.scope_id,
    strftime(
        '%Y-%m-%dT%H:%M:%SZ', coalesce(allocation.last_seen_at, list.listed_at, allocation.first_seen_at), 'unixepoch')
        AS last_seen_at
FROM allocation JOIN scope ON scope.scope_id = allocation.scope_id
    LEFT JOIN resource ON resource.scope_id = allocation.scope_id AND resource.kind = allocation.kind
        AND resource.id = allocation.resource_id
    LEFT JOIN resource_list AS list
        ON list.scope_id = allocation.scope_id AND list.kind = allocation.kind || '/allocations';
