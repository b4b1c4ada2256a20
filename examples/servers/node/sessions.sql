-- One table for both machines.
create table if not exists shop_session (
  id text primary key,
  data jsonb not null
);
