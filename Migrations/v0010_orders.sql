-- The grid's orders, so that a page of many leases is found without sorting them all.
CREATE INDEX lease_by_start ON lease (start_at);
CREATE INDEX lease_by_length ON lease (end_at - start_at);
-- How many leases have each status is counted in the index.
CREATE INDEX lease_by_status ON lease (status, gone, audience_id);
-- The leases of each project, in the order of their ends.
CREATE INDEX lease_by_project ON lease (project_id, end_at);
