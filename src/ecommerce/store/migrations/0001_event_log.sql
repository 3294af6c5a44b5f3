-- The event log (the library's table) and what is recorded in one transaction with it.

create table events (
    originator_id text not null,
    originator_version bigint not null,
    topic text not null,
    state bytea not null,
    notification_id bigserial,
    primary key (originator_id, originator_version)
);
create unique index events_notification_id_idx on events (notification_id);

-- What has happened already: a unit's key, a digest of what it asked for, and its answer: the ids
-- of its events, and the position of the last.
create table keys (
    key text primary key,
    digest bytea not null,
    events json not null,
    position bigint not null,
    recorded_at timestamptz not null default now()
);
create index keys_recorded_at_idx on keys (recorded_at);
create index keys_http_idx on keys (recorded_at) where key like 'http:%';

-- What must be done outside, one at a time per stream: the intent is the event with this id.
create table calls (
    id text primary key,
    stream text not null,
    event bytea not null,
    position bigint not null,
    due_at timestamptz not null default now(),
    attempts integer not null default 0,
    series integer not null default 1,
    last_error text
);
create index calls_due_at_idx on calls (due_at);
create index calls_stream_idx on calls (stream);

-- What must be done later. Times are seconds of the context's own clock (`clock.seconds`).
create table timers (
    id text primary key,
    event bytea not null,
    position bigint not null,
    due bigint not null
);
create index timers_due_idx on timers (due);

-- Seconds in which the context's consumers were connected: the only time that deadlines count.
create table clock (
    one boolean primary key default true check (one),
    seconds bigint not null default 0,
    advanced_at timestamptz not null default now()
);
insert into clock default values;

-- What could not be handled, in order of arrival; a key with rows is blocked.
create table parked (
    id bigserial primary key,
    key text not null,
    message_id text not null unique,
    source text not null,
    routing_key text not null,
    headers jsonb not null,
    body bytea not null,
    reason text not null,
    detail text,
    attempts integer not null,
    parked_at timestamptz not null default now()
);
create index parked_key_idx on parked (key, id);

-- How far the relay has published: the position, and that of the event published before.
create table relay (
    one boolean primary key default true check (one),
    position bigint not null default 0,
    previous bigint not null default 0
);
insert into relay default values;

-- The running instances, which share the context's queues.
create table instances (
    instance text primary key,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now()
);
