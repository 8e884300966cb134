-- Creations that wait for room (docs/keeper.md). While one waits, its mutation is blocked for the reason 'room'. The
-- latest start is its mutation's not_after.
CREATE TABLE waiting (
    creation_id INTEGER PRIMARY KEY REFERENCES mutation,
    -- The earliest start; NULL for any.
    earliest_at INTEGER,
    -- How long before its start the lease may be created, in seconds; NULL for any time.
    ahead INTEGER CHECK (ahead >= 0),
    -- From when on there is room, as far as was known; NULL if there was none.
    room_at INTEGER,
    -- What may be created, best first: an array of objects with site_id, project_id, scope_id, reservations, and how
    -- often the site refused it for lack of room (refusals, retry_at).
    choices TEXT NOT NULL CHECK (json_valid(choices)),
    -- The one that the mutation asks for, from 0. Only this one may exist.
    choice INTEGER NOT NULL CHECK (choice >= 0)
) STRICT;
