-- Up Migration
-- Who watches a pool, and what its samplers have done last: there from the beginning, also while nothing is judged yet.
create table monitor (
  pool text primary key references pool (name),
  worker text not null,
  since timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  state jsonb not null
);

-- Down Migration
drop table monitor;
