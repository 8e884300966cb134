-- When each resource is held, in the order of the ends: what is free is computed from it without reading the table.
CREATE INDEX allocation_by_end ON allocation (scope_id, kind, resource_id, end_at, start_at) WHERE gone_before IS NULL;
