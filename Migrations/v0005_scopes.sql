-- As before, but a scope that has long not been read does not bring back a lease that another knows to be deleted: of
-- all scopes the one counts that learned of the lease last, whether that it is there or that it is gone. Only one that
-- merely may not see it any more comes after all others. Within one second a deletion comes first, then a sighting, of
-- two the one that Blazar stamped later, then a list that lacked the lease. If it is gone, that one of those that know
-- this counts which knows best when it went.
DROP VIEW v_lease;
CREATE VIEW v_lease AS
SELECT
    lease.lease_key, lease.scope_id, scope.site, lease.id, lease.name, lease.status,
    lease.project_id,
    CASE WHEN lease.project_id = scope.project_id THEN scope.project_name ELSE (
        SELECT project.name FROM resource AS project
        WHERE project.scope_id = lease.scope_id AND project.kind = 'project' AND project.id = lease.project_id
    ) END AS project_name,
    lease.user_id,
    coalesce(
        (SELECT cloud.user_name FROM cloud JOIN scope AS s ON s.scope_id = cloud.scope_id
         WHERE cloud.user_id = lease.user_id AND s.auth_url = scope.auth_url LIMIT 1),
        (SELECT user.name FROM resource AS user
         WHERE user.scope_id = lease.scope_id AND user.kind = 'user' AND user.id = lease.user_id)
    ) AS user_name,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.start_at, 'unixepoch') AS start_date,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.end_at, 'unixepoch') AS end_date,
    lease.start_at, lease.end_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.created_at, 'unixepoch') AS created_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.updated_at, 'unixepoch') AS updated_at,
    lease.degraded, iif(lease.gone_unconfirmed, 'unlisted', lease.gone) AS deleted,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.gone_after, 'unixepoch') AS deleted_after,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.gone_before, 'unixepoch') AS deleted_before,
    strftime('%Y-%m-%dT%H:%M:%SZ', lease.first_seen_at, 'unixepoch') AS first_seen_at,
    strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(lease.last_seen_at, scope.listed_at), 'unixepoch') AS synced_at,
    lease.extra
FROM lease JOIN scope ON scope.scope_id = lease.scope_id
WHERE NOT EXISTS (
    SELECT 1 FROM lease AS other JOIN scope AS better ON better.scope_id = other.scope_id
    WHERE other.id = lease.id AND better.auth_url = scope.auth_url AND better.region = scope.region
        AND other.scope_id <> lease.scope_id AND CASE
            WHEN lease.gone IS NOT 'deleted' THEN
                (other.gone IS 'out_of_scope',
                -coalesce(other.gone_before, other.last_seen_at, max(other.observed_at, coalesce(better.listed_at, 0))),
                iif(other.gone IS NULL, 1, 2 * other.gone_unconfirmed), -coalesce(other.updated_at, 0),
                better.all_projects, better.project_id)
                < (lease.gone IS 'out_of_scope',
                -coalesce(lease.gone_before, lease.last_seen_at, max(lease.observed_at, coalesce(scope.listed_at, 0))),
                iif(lease.gone IS NULL, 1, 2 * lease.gone_unconfirmed), -coalesce(lease.updated_at, 0),
                scope.all_projects, scope.project_id)
            WHEN other.gone IS 'deleted' THEN
                (other.gone_unconfirmed, other.gone_before - other.gone_after, other.gone_before,
                better.all_projects, better.project_id)
                < (lease.gone_unconfirmed, lease.gone_before - lease.gone_after, lease.gone_before,
                scope.all_projects, scope.project_id)
            ELSE NOT EXISTS (
                SELECT 1 FROM lease AS third JOIN scope AS best ON best.scope_id = third.scope_id
                WHERE third.id = lease.id AND best.auth_url = scope.auth_url AND best.region = scope.region
                    AND third.gone IS 'deleted' AND (0, -third.gone_before, 2 * third.gone_unconfirmed)
                        < (other.gone IS 'out_of_scope', -coalesce(
                            other.last_seen_at, max(other.observed_at, coalesce(better.listed_at, 0))), 1))
        END
);
