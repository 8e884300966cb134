-- The published tables (docs/team.md). Times are seconds since 1970-01-01 00:00:00 UTC, as in the collector's database.
-- Numbers of rows (site_id, lease_key and so on) are the collector's own plus collector_id * 2^32.

-- The state of this schema. One row.
CREATE TABLE published_schema (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    version integer NOT NULL,
    -- The text of the views that it was last given.
    views text NOT NULL
);

-- The databases that are published here, and how far. Each row is committed together with the rows that it speaks of.
CREATE TABLE collector (
    collector_id integer GENERATED ALWAYS AS IDENTITY (START WITH 0 MINVALUE 0) PRIMARY KEY,
    mark text NOT NULL,
    change_id bigint NOT NULL,
    published_at timestamptz
);

CREATE TABLE site (
    site_id bigint PRIMARY KEY,
    name text NOT NULL,
    endpoint text NOT NULL,
    region text NOT NULL,
    UNIQUE (endpoint, region)
);

CREATE TABLE scope (
    scope_id bigint PRIMARY KEY,
    site_id bigint NOT NULL,
    project_id text NOT NULL,
    all_projects smallint NOT NULL,
    listed_at bigint
);

CREATE TABLE audience (
    audience_id bigint PRIMARY KEY,
    scopes json NOT NULL,
    scope_id bigint
);

CREATE TABLE person (
    site_id bigint NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    heard_at bigint NOT NULL,
    PRIMARY KEY (site_id, kind, id)
);

CREATE TABLE sync_run (
    run_id bigint PRIMARY KEY,
    kind text NOT NULL,
    cloud text NOT NULL,
    scope_id bigint,
    started_at bigint NOT NULL,
    finished_at bigint,
    outcome text,
    message text,
    bytes bigint NOT NULL,
    listed bigint NOT NULL,
    new bigint NOT NULL,
    changed bigint NOT NULL,
    ended bigint NOT NULL,
    vanished bigint NOT NULL
);

CREATE TABLE imported_listing (
    scope_id bigint NOT NULL,
    listed_at bigint NOT NULL,
    PRIMARY KEY (scope_id, listed_at)
);

CREATE TABLE resource_list (
    scope_id bigint NOT NULL,
    kind text NOT NULL,
    outcome text NOT NULL,
    listed_at bigint,
    PRIMARY KEY (scope_id, kind)
);

CREATE TABLE resource (
    scope_id bigint NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    name text,
    fields json NOT NULL,
    first_seen_at bigint NOT NULL,
    gone_before bigint,
    last_seen_at bigint,
    PRIMARY KEY (scope_id, kind, id)
);

CREATE TABLE allocation (
    scope_id bigint NOT NULL,
    kind text NOT NULL,
    resource_id text NOT NULL,
    reservation_id text NOT NULL,
    lease_id text NOT NULL,
    project_id text,
    start_at bigint NOT NULL,
    end_at bigint NOT NULL,
    first_seen_at bigint NOT NULL,
    gone_before bigint,
    last_seen_at bigint,
    PRIMARY KEY (scope_id, kind, resource_id, reservation_id)
);

CREATE TABLE lease (
    lease_key bigint PRIMARY KEY,
    site_id bigint NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    user_id text NOT NULL,
    project_id text NOT NULL,
    start_at bigint NOT NULL,
    end_at bigint NOT NULL,
    status text NOT NULL,
    degraded smallint,
    created_at bigint,
    updated_at bigint,
    extra json,
    audience_id bigint NOT NULL,
    first_seen_at bigint NOT NULL,
    observed_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    gone text,
    gone_after bigint,
    gone_before bigint,
    gone_unconfirmed smallint NOT NULL,
    UNIQUE (site_id, id)
);
CREATE INDEX lease_by_end ON lease (end_at);

CREATE TABLE reservation (
    lease_key bigint NOT NULL,
    id text NOT NULL,
    resource_id text,
    resource_type text NOT NULL,
    status text NOT NULL,
    missing_resources smallint,
    resources_changed smallint,
    created_at bigint,
    updated_at bigint,
    node_type text,
    resource_properties text,
    fields json NOT NULL,
    min_count bigint,
    max_count bigint,
    amount bigint,
    PRIMARY KEY (lease_key, id)
);

CREATE TABLE event (
    lease_key bigint NOT NULL,
    id text NOT NULL,
    event_type text NOT NULL,
    time_at bigint,
    status text NOT NULL,
    created_at bigint,
    updated_at bigint,
    PRIMARY KEY (lease_key, id)
);

CREATE TABLE lease_history (
    history_id bigint PRIMARY KEY,
    lease_key bigint NOT NULL,
    observed_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    observed_until bigint NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    start_at bigint NOT NULL,
    end_at bigint NOT NULL,
    gone text,
    gone_after bigint,
    gone_before bigint,
    gone_unconfirmed smallint NOT NULL
);
CREATE INDEX lease_history_by_lease ON lease_history (lease_key);

-- A time as the documented views write it. It is STABLE and only an expression, so that queries take it in.
CREATE FUNCTION iso_time(seconds bigint) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN seconds BETWEEN -62135596800 AND 253402300799
        THEN to_char(to_timestamp(seconds) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END
$$;
