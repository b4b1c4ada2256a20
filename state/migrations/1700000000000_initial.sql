-- Up Migration
-- One row decides each question: which machine owns a pool's traffic, whether a hold is open, who owns a session.

create table installation (
  singleton boolean primary key default true check (singleton),
  -- 244 random bits; keys of sessions are hashed with it, so that a dump of this database names no session.
  hash_secret text not null default gen_random_uuid()::text || gen_random_uuid()::text
);
insert into installation default values;

create table pool (
  name text primary key,
  epoch bigint not null default 1,
  phase text not null default 'steady' check (phase in ('steady', 'opening', 'moving', 'sealed')),
  active text not null,
  standby text not null,
  run text,
  token bigint not null default 0,
  check (active <> standby),
  check (phase = 'steady' or run is not null)
);

create table proxy (
  pool text not null references pool (name),
  incarnation uuid not null,
  name text not null,
  admin_url text not null,
  -- host, pid and start time together prove whether the process still lives, to whoever runs on that host.
  host text not null,
  pid integer not null,
  start_time text not null,
  registered_at timestamptz not null default now(),
  -- Set when the process was proved dead without having deregistered: requests it sent may still be queued.
  ended_at timestamptz,
  primary key (pool, incarnation)
);

create table hold (
  id bigint generated always as identity primary key,
  pool text not null references pool (name),
  run text not null,
  token bigint not null,
  scope text not null check (scope in ('keys', 'all')),
  keys text[] not null default '{}',
  state text not null default 'held' check (state in ('held', 'committed', 'released')),
  moved text[] not null default '{}',
  deadline timestamptz not null,
  ended_at timestamptz
);
create index hold_open on hold (pool) where state = 'held';

create table session_owner (
  pool text not null references pool (name),
  key text not null,
  machine text not null,
  run text not null,
  primary key (pool, key)
);

create table restart_result (
  run text primary key,
  pool text not null references pool (name),
  finished_at timestamptz not null default now(),
  result jsonb not null
);
create index restart_result_recent on restart_result (pool, finished_at desc);

create function notify_vm_rejuv() returns trigger language plpgsql as $$
begin
  perform pg_notify('vm_rejuv', coalesce(to_jsonb(new) ->> 'pool', to_jsonb(new) ->> 'name'));
  return null;
end
$$;
create trigger pool_notify after insert or update on pool for each row execute function notify_vm_rejuv();
create trigger hold_notify after insert or update on hold for each row execute function notify_vm_rejuv();

-- Down Migration
drop table restart_result, session_owner, hold, proxy, pool, installation;
drop function notify_vm_rejuv;
