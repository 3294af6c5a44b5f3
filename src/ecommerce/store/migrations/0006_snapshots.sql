-- The latest state of each long stream, so that nobody reads it from its start. `shape` names what
-- the state looks like and what its events meant; code that means something else passes it over.

create table snapshots (
    stream text primary key,
    version bigint not null,
    shape text not null,
    state bytea not null,
    taken_at timestamptz not null default now()
);
