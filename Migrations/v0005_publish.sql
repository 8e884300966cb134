-- What publishing needs (docs/team.md): where this database is published to, and what has changed since.

-- The PostgreSQL schemas that the database is published to.
CREATE TABLE publication (
    publication_id INTEGER PRIMARY KEY,
    -- The id that the schema was given when it was made, and the number that this database has there.
    target TEXT NOT NULL UNIQUE,
    collector_id INTEGER NOT NULL,
    -- The random marks of the last two attempts to publish. The schema has one of them, unless one of the two databases
    -- was replaced by an older copy.
    mark TEXT NOT NULL,
    previous_mark TEXT NOT NULL,
    -- The changes up to this one are known to be in the schema, and when that became known.
    change_id INTEGER NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;

-- The rows that were written since, in the order of their transactions. Changes that every publication has are removed,
-- and none are recorded while there is no publication.
CREATE TABLE publication_change (
    change_id INTEGER PRIMARY KEY AUTOINCREMENT,
    table_name TEXT NOT NULL,
    -- The primary key; as a JSON array if it has several columns.
    key ANY NOT NULL
) STRICT;

-- The snapshots that were taken from elsewhere: the last one of each address.
CREATE TABLE pulled_snapshot (
    url TEXT PRIMARY KEY,
    -- What the server calls this version of the manifest; NULL if it does not say.
    etag TEXT,
    -- All snapshots of one folder, and the number of this one among them.
    series TEXT NOT NULL,
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    taken_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER publish_site_insert AFTER INSERT ON site WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('site', NEW.site_id);
END;
CREATE TRIGGER publish_site_update AFTER UPDATE ON site WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('site', NEW.site_id);
END;
CREATE TRIGGER publish_site_delete AFTER DELETE ON site WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('site', OLD.site_id);
END;

CREATE TRIGGER publish_scope_insert AFTER INSERT ON scope WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('scope', NEW.scope_id);
END;
CREATE TRIGGER publish_scope_update AFTER UPDATE ON scope WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('scope', NEW.scope_id);
END;
CREATE TRIGGER publish_scope_delete AFTER DELETE ON scope WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('scope', OLD.scope_id);
END;

CREATE TRIGGER publish_audience_insert AFTER INSERT ON audience WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('audience', NEW.audience_id);
END;
CREATE TRIGGER publish_audience_update AFTER UPDATE ON audience WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('audience', NEW.audience_id);
END;
CREATE TRIGGER publish_audience_delete AFTER DELETE ON audience WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('audience', OLD.audience_id);
END;

CREATE TRIGGER publish_person_insert AFTER INSERT ON person WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('person', json_array(NEW.site_id, NEW.kind, NEW.id));
END;
CREATE TRIGGER publish_person_update AFTER UPDATE ON person WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('person', json_array(NEW.site_id, NEW.kind, NEW.id));
END;
CREATE TRIGGER publish_person_delete AFTER DELETE ON person WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('person', json_array(OLD.site_id, OLD.kind, OLD.id));
END;

CREATE TRIGGER publish_sync_run_insert AFTER INSERT ON sync_run WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('sync_run', NEW.run_id);
END;
CREATE TRIGGER publish_sync_run_update AFTER UPDATE ON sync_run WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('sync_run', NEW.run_id);
END;
CREATE TRIGGER publish_sync_run_delete AFTER DELETE ON sync_run WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('sync_run', OLD.run_id);
END;

CREATE TRIGGER publish_imported_listing_insert AFTER INSERT ON imported_listing WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('imported_listing', json_array(NEW.scope_id, NEW.listed_at));
END;
CREATE TRIGGER publish_imported_listing_update AFTER UPDATE ON imported_listing WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('imported_listing', json_array(NEW.scope_id, NEW.listed_at));
END;
CREATE TRIGGER publish_imported_listing_delete AFTER DELETE ON imported_listing WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('imported_listing', json_array(OLD.scope_id, OLD.listed_at));
END;

CREATE TRIGGER publish_resource_list_insert AFTER INSERT ON resource_list WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('resource_list', json_array(NEW.scope_id, NEW.kind));
END;
CREATE TRIGGER publish_resource_list_update AFTER UPDATE ON resource_list WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('resource_list', json_array(NEW.scope_id, NEW.kind));
END;
CREATE TRIGGER publish_resource_list_delete AFTER DELETE ON resource_list WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('resource_list', json_array(OLD.scope_id, OLD.kind));
END;

CREATE TRIGGER publish_resource_insert AFTER INSERT ON resource WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('resource', json_array(NEW.scope_id, NEW.kind, NEW.id));
END;
CREATE TRIGGER publish_resource_update AFTER UPDATE ON resource WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('resource', json_array(NEW.scope_id, NEW.kind, NEW.id));
END;
CREATE TRIGGER publish_resource_delete AFTER DELETE ON resource WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('resource', json_array(OLD.scope_id, OLD.kind, OLD.id));
END;

CREATE TRIGGER publish_allocation_insert AFTER INSERT ON allocation WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('allocation', json_array(NEW.scope_id, NEW.kind, NEW.resource_id, NEW.reservation_id));
END;
CREATE TRIGGER publish_allocation_update AFTER UPDATE ON allocation WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('allocation', json_array(NEW.scope_id, NEW.kind, NEW.resource_id, NEW.reservation_id));
END;
CREATE TRIGGER publish_allocation_delete AFTER DELETE ON allocation WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('allocation', json_array(OLD.scope_id, OLD.kind, OLD.resource_id, OLD.reservation_id));
END;

CREATE TRIGGER publish_lease_insert AFTER INSERT ON lease WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('lease', NEW.lease_key);
END;
CREATE TRIGGER publish_lease_update AFTER UPDATE ON lease WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('lease', NEW.lease_key);
END;
CREATE TRIGGER publish_lease_delete AFTER DELETE ON lease WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('lease', OLD.lease_key);
END;

CREATE TRIGGER publish_lease_history_insert AFTER INSERT ON lease_history WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('lease', NEW.lease_key);
END;
CREATE TRIGGER publish_lease_history_update AFTER UPDATE ON lease_history WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('lease', NEW.lease_key);
END;
CREATE TRIGGER publish_lease_history_delete AFTER DELETE ON lease_history WHEN EXISTS (SELECT 1 FROM publication)
BEGIN
    INSERT INTO publication_change (table_name, key) VALUES ('lease', OLD.lease_key);
END;
