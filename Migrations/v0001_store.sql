-- The database: the mirror of leases, their history, the catalog and the queue. docs/store.md describes it.
-- Times are seconds since 1970-01-01 00:00:00 UTC. JSON columns hold, unchanged, what has no column of its own.

-- The views that the database was last given. One row.
CREATE TABLE applied_views (
    digest INTEGER NOT NULL,
    -- Their names, as a JSON array.
    names TEXT NOT NULL CHECK (json_valid(names))
) STRICT;

-- A reservation service, identified by the service catalog, no matter how a clouds.yaml entry spells its auth URL.
CREATE TABLE site (
    site_id INTEGER PRIMARY KEY,
    -- The name that is shown.
    name TEXT NOT NULL UNIQUE,
    -- The catalogue's public endpoint, normalised.
    endpoint TEXT NOT NULL,
    region TEXT NOT NULL,
    auth_url TEXT NOT NULL,
    -- Whether it keeps events of a client's own: 1 yes, 0 no, NULL not known yet.
    keeps_client_events INTEGER CHECK (keeps_client_events IN (0, 1)),
    UNIQUE (endpoint, region)
) STRICT;

-- What one set of credentials sees of a site.
CREATE TABLE scope (
    scope_id INTEGER PRIMARY KEY,
    site_id INTEGER NOT NULL REFERENCES site,
    project_id TEXT NOT NULL,
    all_projects INTEGER NOT NULL CHECK (all_projects IN (0, 1)),
    -- Every run up to this number is out of date: a later one has written.
    last_complete_run INTEGER NOT NULL DEFAULT 0,
    -- When the last whole list was asked for, and by which run.
    listed_at INTEGER,
    listed_run INTEGER NOT NULL DEFAULT 0,
    UNIQUE (site_id, project_id, all_projects)
) STRICT;

-- The names of a site's users and projects. If an id was given two names, the one heard later wins.
CREATE TABLE person (
    site_id INTEGER NOT NULL REFERENCES site,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'project')),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- When the name was first heard.
    heard_at INTEGER NOT NULL,
    PRIMARY KEY (site_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_by_name ON person (name, kind, site_id);

-- The scope that each clouds.yaml entry led to when it was last used, for each version of its configuration. It is a
-- hint for offline use; requests never depend on it. Among rows of one name, the highest number was used last.
CREATE TABLE cloud (
    cloud_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    scope_id INTEGER NOT NULL REFERENCES scope,
    user_id TEXT NOT NULL,
    UNIQUE (name, fingerprint)
) STRICT;

-- Every attempt to read a cloud. Its number tells which of two observations began later, even if clocks are wrong.
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
CREATE INDEX sync_run_listing ON sync_run (scope_id, started_at) WHERE kind = 'list' AND outcome = 'complete';

-- The complete lists that an imported database had read. Each observed everything that the scope then listed.
CREATE TABLE imported_listing (
    scope_id INTEGER NOT NULL REFERENCES scope,
    listed_at INTEGER NOT NULL,
    PRIMARY KEY (scope_id, listed_at)
) STRICT, WITHOUT ROWID;

-- A set of scopes that see the same leases, as a JSON array of their numbers. The first scope represents the set.
CREATE TABLE audience (
    audience_id INTEGER PRIMARY KEY,
    scopes TEXT NOT NULL UNIQUE CHECK (json_valid(scopes))
) STRICT;

-- A lease of a site, in the state in which any of its scopes saw it last. The row stays when the site no longer lists
-- the lease. It is written together with lease_history, from the observations of all scopes.
CREATE TABLE lease (
    lease_key INTEGER PRIMARY KEY,
    site_id INTEGER NOT NULL REFERENCES site,
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
    -- The scopes that see it, as visibility has them; of a lease that none may see any more, those that did last.
    audience_id INTEGER NOT NULL REFERENCES audience,
    -- The run that brought this state, and the one that brought the lease first.
    run_id INTEGER NOT NULL,
    first_run INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    -- Since when it has been seen in this state, and until when at least: the last whole list of its audience may be
    -- later.
    observed_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    -- How it went, and between which moments.
    gone TEXT CHECK (gone IN ('deleted', 'out_of_scope')),
    gone_after INTEGER,
    gone_before INTEGER,
    -- 1 if the lease is merely missing from a later list: nobody asked the server for it.
    gone_unconfirmed INTEGER NOT NULL DEFAULT 0 CHECK (gone_unconfirmed IN (0, 1)),
    CHECK (observed_at <= last_seen_at),
    CHECK ((gone IS NULL) = (gone_after IS NULL) AND (gone IS NULL) = (gone_before IS NULL)),
    UNIQUE (id, site_id)
) STRICT;
CREATE INDEX lease_by_name ON lease (name);
CREATE INDEX lease_by_end ON lease (end_at);
CREATE INDEX lease_by_observation ON lease (observed_at);

-- The scopes that see a lease, or once saw it.
CREATE TABLE visibility (
    scope_id INTEGER NOT NULL REFERENCES scope,
    lease_key INTEGER NOT NULL REFERENCES lease ON DELETE CASCADE,
    -- The digest of the bytes in which the scope's list had the lease as its row is; 0 if it must be read again.
    digest INTEGER NOT NULL,
    -- Since when it sees the lease without a break.
    seen_since INTEGER NOT NULL,
    -- Between which moments the server began to refuse it to the scope; NULL while the scope may see it.
    hidden_after INTEGER,
    hidden_before INTEGER,
    CHECK ((hidden_after IS NULL) = (hidden_before IS NULL)),
    PRIMARY KEY (scope_id, lease_key)
) STRICT, WITHOUT ROWID;

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
    -- How much it asks for; NULL unless a whole number.
    min_count INTEGER,
    max_count INTEGER,
    amount INTEGER,
    PRIMARY KEY (lease_key, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_by_id ON reservation (id);
-- Covers every column that a lease's hours are computed from, in the order of the leases.
CREATE INDEX reservation_counts
ON reservation (lease_key, resource_type, node_type, min_count, max_count, amount, missing_resources);

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
-- Finds the lease that carries one of our tokens.
CREATE INDEX event_by_client_mark ON event (event_type)
WHERE event_type >= 'leasehold:' AND event_type < 'leasehold;';

-- The past states of leases.
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
    gone_unconfirmed INTEGER NOT NULL DEFAULT 0 CHECK (gone_unconfirmed IN (0, 1)),
    -- The whole lease, with reservations and events, in Blazar's own form.
    document TEXT NOT NULL CHECK (json_valid(document)),
    -- What it reserved, as reports count it; NULL where the next state reserves the same.
    held TEXT CHECK (held IS NULL OR json_valid(held)),
    CHECK (observed_at <= last_seen_at AND last_seen_at <= observed_until)
) STRICT;
CREATE INDEX lease_history_by_end ON lease_history (observed_until);
-- The state at a moment is the first one that ended later, which this index finds in one step for each lease.
CREATE INDEX lease_history_by_time ON lease_history (lease_key, observed_until, observed_at);

CREATE INDEX lease_history_changed ON lease_history (lease_key, observed_until) WHERE held IS NOT NULL;

-- The other resources of a cloud: hosts, devices, floating IPs, networks and flavors.
CREATE TABLE resource (
    scope_id INTEGER NOT NULL REFERENCES scope,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    fields TEXT NOT NULL CHECK (json_valid(fields)),
    first_seen_at INTEGER NOT NULL,
    -- When it was first missing from the list; NULL while it is listed.
    gone_before INTEGER,
    -- When it was last listed; NULL while that is resource_list.listed_at.
    last_seen_at INTEGER,
    PRIMARY KEY (scope_id, kind, id)
) STRICT, WITHOUT ROWID;

-- The cloud's last answer for each kind.
CREATE TABLE resource_list (
    scope_id INTEGER NOT NULL REFERENCES scope,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('listed', 'forbidden', 'not_offered', 'failed')),
    message TEXT,
    -- The last whole list that this database read itself.
    listed_at INTEGER,
    PRIMARY KEY (scope_id, kind)
) STRICT, WITHOUT ROWID;

-- When complete lists of each kind were read, here or by the owner of an imported database. Lists of allocations have
-- '/allocations' after the kind, as in resource_list. Of this database's own lists, only those with new or missing rows
-- are kept, and the last one.
CREATE TABLE resource_listing (
    scope_id INTEGER NOT NULL REFERENCES scope,
    kind TEXT NOT NULL,
    listed_at INTEGER NOT NULL,
    PRIMARY KEY (scope_id, kind, listed_at)
) STRICT, WITHOUT ROWID;

-- The resources allocated to reservations.
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
    last_seen_at INTEGER,
    PRIMARY KEY (scope_id, kind, resource_id, reservation_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX allocation_by_reservation ON allocation (reservation_id);

-- The queue: the writes that people asked for.
CREATE TABLE mutation (
    mutation_id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What it is bound to: every scope of this site and project may send it.
    site_id INTEGER NOT NULL REFERENCES site,
    project_id TEXT NOT NULL,
    -- The scope that it was asked for by.
    scope_id INTEGER NOT NULL REFERENCES scope,
    verb TEXT NOT NULL CHECK (verb IN ('create', 'update', 'extend', 'delete')),
    local_id TEXT,
    lease_id TEXT,
    lease_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'queued', 'sending', 'unknown', 'accepted', 'settled', 'rejected', 'blocked', 'parked', 'cancelled', 'expired',
        'superseded')),
    reason TEXT,
    message TEXT,
    request_id TEXT,
    body TEXT NOT NULL CHECK (json_valid(body)),
    base TEXT NOT NULL CHECK (json_valid(base)),
    theirs TEXT CHECK (theirs IS NULL OR json_valid(theirs)),
    token TEXT UNIQUE,
    late_start TEXT NOT NULL CHECK (late_start IN ('start-now', 'shift', 'expire')),
    not_after INTEGER,
    retry_until INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    -- What is known of an attempt without an answer.
    doubt_run INTEGER,
    doubt_not_before INTEGER,
    doubt_anchor INTEGER,
    doubt_absences INTEGER NOT NULL DEFAULT 0,
    doubt_seen_run INTEGER NOT NULL DEFAULT 0,
    CHECK (local_id IS NOT NULL OR lease_id IS NOT NULL),
    CHECK ((verb = 'create') = (token IS NOT NULL)),
    CHECK ((state = 'unknown') <= (doubt_run IS NOT NULL))
) STRICT;
CREATE INDEX mutation_open ON mutation (site_id, project_id, state);
CREATE INDEX mutation_by_lease ON mutation (lease_id);
CREATE INDEX mutation_by_local_id ON mutation (local_id);

-- Every request sent for a mutation, and its outcome. The row is written before the request is sent.
CREATE TABLE attempt (
    attempt_id INTEGER PRIMARY KEY,
    mutation_id INTEGER NOT NULL REFERENCES mutation,
    -- The number by which its answer is compared with lists.
    run_id INTEGER NOT NULL REFERENCES sync_run,
    -- The last lease that was known when it left: one that looks alike and was known is another.
    last_lease_key INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    outcome TEXT,
    message TEXT,
    request_id TEXT,
    sent TEXT NOT NULL CHECK (json_valid(sent))
) STRICT;
CREATE INDEX attempt_by_mutation ON attempt (mutation_id, attempt_id);
