-- Up Migration
-- What a pool's active machine was seen to do, for detection to go on from after a restart of the worker.
create table sample (
  pool text not null references pool (name),
  machine text not null,
  series text not null,
  at timestamptz not null,
  value double precision not null,
  "limit" double precision,
  primary key (pool, at, series)
);

-- The last word of detection, and of which boot of which machine it is.
create table monitoring (
  pool text primary key references pool (name),
  machine text not null,
  incarnation text,
  booted_at timestamptz not null,
  judged_at timestamptz,
  verdict jsonb
);

-- Down Migration
drop table monitoring, sample;
