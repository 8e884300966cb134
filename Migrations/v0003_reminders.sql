-- What people are reminded of. A row is written before anybody is told.
CREATE TABLE reminder (
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

-- How a reminder stands with each channel of notify.yaml.
CREATE TABLE reminder_delivery (
    reminder_id INTEGER NOT NULL REFERENCES reminder ON DELETE CASCADE,
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
CREATE INDEX reminder_delivery_open ON reminder_delivery (channel, next_attempt_at)
WHERE state IN ('pending', 'sending');

-- When the leases were last looked at for reminders: one row at most.
CREATE TABLE reminder_look (
    look_id INTEGER PRIMARY KEY CHECK (look_id = 1),
    looked_at INTEGER NOT NULL
) STRICT;
