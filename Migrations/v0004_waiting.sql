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

-- Another kind of reminder, 'slot': a creation that waited has got its room. SQLite cannot change a check in place.
CREATE TABLE new_reminder (
    reminder_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL
        CHECK (kind IN ('start', 'end', 'window', 'error', 'degraded', 'write', 'keep', 'slot', 'sync')),
    -- What it is about, by ids.
    subject TEXT NOT NULL,
    -- The moment that it is about, and how long before it is due. A lease whose end moves gets another row.
    deadline_at INTEGER NOT NULL,
    lead_seconds INTEGER NOT NULL,
    site TEXT NOT NULL,
    lease_id TEXT,
    name TEXT NOT NULL,
    detail TEXT,
    -- The id by which receivers recognise a repetition.
    token TEXT NOT NULL UNIQUE,
    recorded_at INTEGER NOT NULL,
    -- 1 if it came due so long before it was recorded that messages only count it.
    is_late INTEGER NOT NULL CHECK (is_late IN (0, 1)),
    -- When the condition no longer held. If it holds again, it gets another row.
    over_at INTEGER,
    UNIQUE (kind, subject, deadline_at, lead_seconds)
) STRICT;
INSERT INTO new_reminder SELECT * FROM reminder;

CREATE TABLE new_reminder_delivery (
    reminder_id INTEGER NOT NULL REFERENCES new_reminder ON DELETE CASCADE,
    channel TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'withdrawn')),
    attempts INTEGER NOT NULL DEFAULT 0,
    -- How often its process died while it was being sent.
    interruptions INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL,
    give_up_at INTEGER NOT NULL,
    tried_at INTEGER,
    -- The message that it was last sent in.
    message_id TEXT,
    problem TEXT,
    PRIMARY KEY (reminder_id, channel)
) STRICT, WITHOUT ROWID;
INSERT INTO new_reminder_delivery SELECT * FROM reminder_delivery;

DROP TABLE reminder_delivery;
DROP TABLE reminder;
-- The reference to it changes, too.
ALTER TABLE new_reminder RENAME TO reminder;
ALTER TABLE new_reminder_delivery RENAME TO reminder_delivery;
CREATE INDEX reminder_delivery_open ON reminder_delivery (channel, next_attempt_at)
WHERE state IN ('pending', 'sending');
