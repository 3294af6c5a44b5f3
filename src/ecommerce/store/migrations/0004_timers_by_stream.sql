-- What ends a stream takes its timers with it.

alter table timers add column stream text;
update timers set stream = regexp_replace(id, '@[0-9]+$', '');
alter table timers alter column stream set not null;
create index timers_stream_idx on timers (stream);
