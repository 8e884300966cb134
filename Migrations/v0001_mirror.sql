-- The mirror of what clouds say, its history, and the catalogue.
-- Moments are seconds since 1970-01-01 00:00:00 UTC. JSON columns hold what has no column of its own, as it came.

-- What one set of credentials sees of one cloud.
CREATE TABLE scope (
    scope_id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    auth_url TEXT NOT NULL,
    region TEXT NOT NULL,
    project_id TEXT NOT NULL,
    project_name TEXT NOT NULL,
    all_projects INTEGER NOT NULL CHECK (all_projects IN (0, 1)),
    last_complete_run INTEGER NOT NULL DEFAULT 0,
    listed_at INTEGER,
    UNIQUE (auth_url, region, project_id, all_projects)
) STRICT;

-- The clouds.yaml entries, and the scope and user that each led to when it was last used.
CREATE TABLE cloud (
    name TEXT PRIMARY KEY NOT NULL,
    scope_id INTEGER NOT NULL REFERENCES scope,
    user_id TEXT NOT NULL,
    user_name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every attempt to read a cloud. Its number tells which of two observations began later, whatever the clocks say.
CREATE TABLE sync_run (
    run_id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- A whole list, or the answer to a write.
    kind TEXT NOT NULL DEFAULT 'list' CHECK (kind IN ('list', 'answer')),
    cloud TEXT NOT NULL,
    scope_id INTEGER REFERENCES scope,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT CHECK (outcome IN ('complete', 'failed', 'suspect', 'superseded')),
    message TEXT,
    request_id TEXT,
    server_date INTEGER,
    bytes INTEGER NOT NULL DEFAULT 0,
    listed INTEGER NOT NULL DEFAULT 0,
    new INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0,
    ended INTEGER NOT NULL DEFAULT 0,
    vanished INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sync_run_by_cloud ON sync_run (cloud, run_id);

-- A lease in the state last seen. A row stays when the site no longer lists the lease.
CREATE TABLE lease (
    lease_key INTEGER PRIMARY KEY,
    scope_id INTEGER NOT NULL REFERENCES scope,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    user_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    degraded INTEGER CHECK (degraded IN (0, 1)),
    trust_id TEXT,
    created_at INTEGER,
    updated_at INTEGER,
    extra TEXT CHECK (extra IS NULL OR json_valid(extra)),
    -- The digest of the bytes that said so, and the run that brought them.
    digest INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    -- The run that brought it first.
    first_run INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    -- Since when it has been seen in this state.
    observed_at INTEGER NOT NULL,
    -- How it went, and between which moments.
    gone TEXT CHECK (gone IN ('deleted', 'out_of_scope')),
    gone_after INTEGER,
    gone_before INTEGER,
    CHECK ((gone IS NULL) = (gone_after IS NULL) AND (gone IS NULL) = (gone_before IS NULL)),
    UNIQUE (id, scope_id)
) STRICT;
CREATE INDEX lease_by_name ON lease (name);
CREATE INDEX lease_by_end ON lease (end_at);

CREATE TABLE reservation (
    lease_key INTEGER NOT NULL REFERENCES lease ON DELETE CASCADE,
    id TEXT NOT NULL,
    resource_id TEXT,
    resource_type TEXT NOT NULL,
    status TEXT NOT NULL,
    missing_resources INTEGER CHECK (missing_resources IN (0, 1)),
    resources_changed INTEGER CHECK (resources_changed IN (0, 1)),
    created_at INTEGER,
    updated_at INTEGER,
    -- The node type its properties ask for, taken out of the expression.
    node_type TEXT,
    -- What its type adds: min, max, amount, resource_properties and so on.
    fields TEXT NOT NULL CHECK (json_valid(fields)),
    PRIMARY KEY (lease_key, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_by_id ON reservation (id);

CREATE TABLE event (
    lease_key INTEGER NOT NULL REFERENCES lease ON DELETE CASCADE,
    id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    time_at INTEGER,
    status TEXT NOT NULL,
    created_at INTEGER,
    updated_at INTEGER,
    extra TEXT CHECK (extra IS NULL OR json_valid(extra)),
    PRIMARY KEY (lease_key, id)
) STRICT, WITHOUT ROWID;

-- The states that no longer hold. A row is written when its state is found to be over and never changed after.
CREATE TABLE lease_history (
    history_id INTEGER PRIMARY KEY,
    lease_key INTEGER NOT NULL REFERENCES lease ON DELETE CASCADE,
    -- Seen so from observed_at on, last at last_seen_at, and otherwise at observed_until.
    observed_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    observed_until INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    gone TEXT CHECK (gone IN ('deleted', 'out_of_scope')),
    gone_after INTEGER,
    gone_before INTEGER,
    -- The whole lease, with reservations and events, in Blazar's own form.
    document TEXT NOT NULL CHECK (json_valid(document)),
    CHECK (observed_at <= last_seen_at AND last_seen_at <= observed_until)
) STRICT;
CREATE INDEX lease_history_by_lease ON lease_history (lease_key, history_id);
CREATE INDEX lease_history_by_end ON lease_history (observed_until);

-- What else a cloud has: hosts, devices, floating IPs, networks, flavors, and the names of projects and users.
CREATE TABLE resource (
    scope_id INTEGER NOT NULL REFERENCES scope,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    fields TEXT NOT NULL CHECK (json_valid(fields)),
    first_seen_at INTEGER NOT NULL,
    -- When it was first missing from the list; NULL while it is listed.
    gone_before INTEGER,
    PRIMARY KEY (scope_id, kind, id)
) STRICT, WITHOUT ROWID;

-- What the cloud answered when asked for each kind.
CREATE TABLE resource_list (
    scope_id INTEGER NOT NULL REFERENCES scope,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('listed', 'forbidden', 'not_offered', 'failed')),
    message TEXT,
    PRIMARY KEY (scope_id, kind)
) STRICT, WITHOUT ROWID;

-- Which resource a reservation got.
CREATE TABLE allocation (
    scope_id INTEGER NOT NULL REFERENCES scope,
    kind TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    reservation_id TEXT NOT NULL,
    lease_id TEXT NOT NULL,
    lease_name TEXT,
    project_id TEXT,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    extra TEXT CHECK (extra IS NULL OR json_valid(extra)),
    first_seen_at INTEGER NOT NULL,
    gone_before INTEGER,
    PRIMARY KEY (scope_id, kind, resource_id, reservation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX allocation_by_reservation ON allocation (reservation_id);

-- The documented views. Each lease once, as seen by the scope that knows it best.

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
    lease.degraded, lease.gone AS deleted,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.gone_after, 'unixepoch') AS deleted_after,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.gone_before, 'unixepoch') AS deleted_before,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.first_seen_at, 'unixepoch') AS first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', scope.listed_at, 'unixepoch') AS synced_at,
    lease.extra
FROM lease JOIN scope ON scope.scope_id = lease.scope_id
WHERE NOT EXISTS (
    SELECT 1 FROM lease AS other JOIN scope AS better ON better.scope_id = other.scope_id
    WHERE other.id = lease.id AND other.scope_id <> lease.scope_id
        AND better.auth_url = scope.auth_url AND better.region = scope.region
        AND (other.gone IS NOT NULL, -better.last_complete_run, other.scope_id)
            < (lease.gone IS NOT NULL, -scope.last_complete_run, lease.scope_id)
);

CREATE VIEW v_reservation AS
SELECT
    v_lease.site, v_lease.id AS lease_id, v_lease.name AS lease_name, v_lease.status AS lease_status,
    v_lease.project_id, v_lease.project_name, v_lease.user_name, v_lease.start_date, v_lease.end_date,
    v_lease.start_at, v_lease.end_at, v_lease.deleted,
    reservation.id, reservation.resource_type, reservation.status, reservation.node_type,
    reservation.fields ->> 'min' AS min, reservation.fields ->> 'max' AS max,
    reservation.fields ->> 'amount' AS amount,
    reservation.fields ->> 'resource_properties' AS resource_properties,
    reservation.fields
FROM v_lease JOIN reservation ON reservation.lease_key = v_lease.lease_key;

CREATE VIEW v_event AS
SELECT
    v_lease.site, v_lease.id AS lease_id, v_lease.name AS lease_name, event.id, event.event_type,
    strftime('%Y-%m-%dT%H:%M:%SZ', event.time_at, 'unixepoch') AS time, event.status,
    strftime('%Y-%m-%dT%H:%M:%SZ', event.created_at, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', event.updated_at, 'unixepoch') AS updated_at,
    event.time_at
FROM v_lease JOIN event ON event.lease_key = v_lease.lease_key;

-- Every state a lease was seen in; observed_until is NULL for the one that holds.
CREATE VIEW v_history AS
SELECT
    v_lease.site, v_lease.id AS lease_id, state.name, state.status,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.start_at, 'unixepoch') AS start_date,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.end_at, 'unixepoch') AS end_date,
    state.gone AS deleted,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.observed_at, 'unixepoch') AS observed_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.last_seen_at, 'unixepoch') AS last_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', state.observed_until, 'unixepoch') AS observed_until
FROM v_lease JOIN (
    SELECT lease_key, name, status, start_at, end_at, gone, observed_at, last_seen_at, observed_until
    FROM lease_history
    UNION ALL
    SELECT
        lease.lease_key, lease.name, lease.status, lease.start_at, lease.end_at, lease.gone, lease.observed_at,
        coalesce(lease.gone_before, max(lease.observed_at, coalesce(scope.listed_at, lease.observed_at))), NULL
    FROM lease JOIN scope ON scope.scope_id = lease.scope_id
) AS state ON state.lease_key = v_lease.lease_key;

CREATE VIEW v_resource AS
SELECT
    scope.site, resource.kind, resource.id, resource.name, resource.fields,
    strftime('%Y-%m-%dT%H:%M:%SZ', resource.gone_before, 'unixepoch') AS gone_before
FROM resource JOIN scope ON scope.scope_id = resource.scope_id;
