-- The queue: what people asked for, until the cloud has carried it out.

-- Whether the cloud keeps events of a client's own: 1 yes, 0 no, NULL not known yet.
ALTER TABLE scope ADD COLUMN keeps_client_events INTEGER CHECK (keeps_client_events IN (0, 1));

CREATE TABLE mutation (
    mutation_id INTEGER PRIMARY KEY AUTOINCREMENT,
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
CREATE INDEX mutation_open ON mutation (scope_id, state);
CREATE INDEX mutation_by_lease ON mutation (lease_id);
CREATE INDEX mutation_by_local_id ON mutation (local_id);

-- Every request that left for a mutation, and what came of it. Written before it leaves.
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

-- Finds the lease that carries a token of ours.
CREATE INDEX event_by_client_mark ON event (event_type)
WHERE event_type >= 'leasehold:' AND event_type < 'leasehold;';

CREATE VIEW v_queue AS
SELECT
    mutation.mutation_id AS id, scope.site, mutation.verb,
    coalesce(mutation.lease_id, mutation.local_id) AS lease, mutation.lease_name, mutation.state, mutation.reason,
    mutation.message, mutation.attempts,
    strftime('%Y-%m-%dT%H:%M:%SZ', mutation.next_attempt_at, 'unixepoch') AS next_attempt_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', mutation.created_at, 'unixepoch') AS created_at,
    mutation.request_id, mutation.body
FROM mutation JOIN scope ON scope.scope_id = mutation.scope_id;
