-- Publications that were not used for 30 days, or whose first run failed. No changes are recorded for them. The number that
-- this database has in the schema stays known: its next run copies everything under the same number.
CREATE TABLE forgotten_publication (
    target TEXT PRIMARY KEY,
    collector_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO forgotten_publication (target, collector_id) SELECT target, collector_id FROM publication WHERE mark = '';
DELETE FROM publication WHERE mark = '';
