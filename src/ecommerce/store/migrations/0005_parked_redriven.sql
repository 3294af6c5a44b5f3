-- What is asked to be done with a parked message, and which running instance is at it.

alter table parked
    drop constraint parked_message_id_key,
    -- A forked message has the id of another and says something else: both are kept.
    add column digest bytea not null generated always as (sha256(body)) stored,
    add constraint parked_message_id_digest_key unique (message_id, digest),
    add column retry_at timestamptz,
    add column discard_reason text,
    add column claimed_by text,
    -- How many instances have begun with it and left no outcome.
    add column claims integer not null default 0;
create index parked_asked_idx on parked (id) where retry_at is not null or discard_reason is not null;
