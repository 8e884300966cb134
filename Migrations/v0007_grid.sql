-- Finds one's own leases in the order of their ends, for lists in pages.
CREATE INDEX lease_by_user ON lease (user_id, end_at);
