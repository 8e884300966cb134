-- Leases that are to be extended until a moment, whenever their site allows it (docs/keeper.md).
CREATE TABLE keep_rule (
    keep_id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The queue that its extensions go to.
    site_id INTEGER NOT NULL REFERENCES site,
    project_id TEXT NOT NULL,
    -- The scope by which the lease is known.
    scope_id INTEGER NOT NULL REFERENCES scope,
    -- Blazar's id of the lease; for a lease that is not created yet, only the local id.
    lease_id TEXT,
    local_id TEXT,
    lease_name TEXT NOT NULL,
    -- No extension goes beyond this.
    until_at INTEGER NOT NULL,
    min_step INTEGER NOT NULL CHECK (min_step > 0),
    created_at INTEGER NOT NULL,
    -- After this moment the site allows the next extension, as far as is known.
    opens_at INTEGER,
    -- The extension that is under way.
    mutation_id INTEGER REFERENCES mutation,
    -- How many extensions in a row were refused, and when the next is tried.
    failures INTEGER NOT NULL DEFAULT 0,
    retry_at INTEGER,
    -- What was last in the way, or why the rule ended.
    message TEXT,
    ended TEXT CHECK (ended IN ('reached', 'stopped', 'gone', 'missed')),
    ended_at INTEGER,
    CHECK (lease_id IS NOT NULL OR local_id IS NOT NULL),
    CHECK ((ended IS NULL) = (ended_at IS NULL))
) STRICT;
CREATE INDEX keep_rule_open ON keep_rule (site_id, project_id) WHERE ended IS NULL;
