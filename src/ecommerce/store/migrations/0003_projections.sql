-- The read side: which generation of each read model is live, and how far it has read.
-- The rows themselves are in a schema for each generation, such as `products_g1`.

create table projections (
    name text not null,
    generation integer not null,
    ddl_hash text not null,
    live boolean not null default true,
    created_at timestamptz not null default now(),
    primary key (name, generation)
);
-- One live generation for each shape of the rows: old and new code can run side by side.
create unique index projections_live_idx on projections (name, ddl_hash) where live;

-- The position in each source's log up to which the rows hold everything, and, where a projection
-- stopped there, why.
create table positions (
    projection text not null,
    generation integer not null,
    source text not null,
    position bigint not null default 0,
    error text,
    updated_at timestamptz not null default now(),
    primary key (projection, generation, source),
    foreign key (projection, generation) references projections on delete cascade
);
