-- The past: when an imported state was last seen, what was never asked about, and the lists that others read.

-- When the state was last seen, where that is not when the scope's last list was asked for. Only an import sets it, and
-- the next whole list that has the lease clears it.
ALTER TABLE lease ADD COLUMN last_seen_at INTEGER;
CREATE INDEX lease_not_listed_here ON lease (scope_id) WHERE last_seen_at IS NOT NULL;

-- 1 if the lease is merely missing from a later list: nobody asked the server for it.
ALTER TABLE lease ADD COLUMN gone_unconfirmed INTEGER NOT NULL DEFAULT 0 CHECK (gone_unconfirmed IN (0, 1));
ALTER TABLE lease_history ADD COLUMN gone_unconfirmed INTEGER NOT NULL DEFAULT 0 CHECK (gone_unconfirmed IN (0, 1));

-- The whole lists that an imported database had read. They are observations of everything the scope then listed.
CREATE TABLE imported_listing (
    scope_id INTEGER NOT NULL REFERENCES scope,
    listed_at INTEGER NOT NULL,
    PRIMARY KEY (scope_id, listed_at)
) STRICT, WITHOUT ROWID;

-- The state at a moment is the first that was over later: one step into this index for each lease.
DROP INDEX lease_history_by_lease;
CREATE INDEX lease_history_by_time ON lease_history (lease_key, observed_until, observed_at);
CREATE INDEX sync_run_listing ON sync_run (scope_id, started_at) WHERE kind = 'list' AND outcome = 'complete';

-- A whole list of a scope's, read here or by the owner of an imported database.
CREATE VIEW v_listing AS
SELECT
    scope.site, listing.scope_id, strftime('%Y-%m-%dT%H:%M:%SZ', listing.listed_at, 'unixepoch') AS listed_date,
    listing.listed_at, listing.imported
FROM (
    SELECT scope_id, started_at AS listed_at, 0 AS imported FROM sync_run WHERE kind = 'list' AND outcome = 'complete'
    UNION ALL
    SELECT scope_id, listed_at, 1 FROM imported_listing
) AS listing JOIN scope ON scope.scope_id = listing.scope_id;

-- As before, but the scope that knows a lease best is the one that saw it last: an import must give one answer,
-- whichever database it goes into. A lease that is merely missing says 'unlisted'.
DROP VIEW v_lease;
CREATE VIEW v_lease AS
SELECT
    lease.lease_key, lease.scope_id, scope.site, lease.id, lease.name, lease.status,
    lease.project_id,
    CASE WHEN lease.project_id = scope.project_id THEN scope.project_name ELSE (
        SELECT project.name FROM resource AS project
        WHERE project.scope_id = lease.scope_id AND project.kind = 'project' AND project.id = lease.project_id
    ) END AS project_name,
    lease.user_id,
    coalesce(
        (SELECT cloud.user_name FROM cloud JOIN scope AS s ON s.scope_id = cloud.scope_id
         WHERE cloud.user_id = lease.user_id AND s.auth_url = scope.auth_url LIMIT 1),
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
FROM lease JOIN scope ON scope.scope_id = lease.scope_id
WHERE NOT EXISTS (
    SELECT 1 FROM lease AS other JOIN scope AS better ON better.scope_id = other.scope_id
    WHERE other.id = lease.id AND other.scope_id <> lease.scope_id
        AND better.auth_url = scope.auth_url AND better.region = scope.region
        AND (other.gone IS NOT NULL, -coalesce(
                other.gone_before, other.last_seen_at, max(other.observed_at, coalesce(better.listed_at, 0))),
                better.all_projects, better.project_id)
            < (lease.gone IS NOT NULL, -coalesce(
                lease.gone_before, lease.last_seen_at, max(lease.observed_at, coalesce(scope.listed_at, 0))),
                scope.all_projects, scope.project_id)
);

-- As before, with the bounds of a deletion behind the columns that were there.
DROP VIEW v_history;
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
