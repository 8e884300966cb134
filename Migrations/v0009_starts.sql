-- When each resource is held, in the order of the starts: those that come next are read without those that come later.
CREATE INDEX allocation_by_start ON allocation (scope_id, kind, resource_id, start_at, end_at) WHERE gone_before IS NULL;
DROP INDEX allocation_by_end;
