-- Up Migration
-- Why a restart has given its pool back as it was, beside what one that has finished has done.
alter table restart_result
  alter column result drop not null,
  add column failure jsonb,
  add check ((result is null) <> (failure is null));

-- A proxy that is struck learns of it at once.
create trigger proxy_notify after update on proxy for each row execute function notify_vm_rejuv();

-- Down Migration
drop trigger proxy_notify on proxy;
delete from restart_result where result is null;
alter table restart_result
  drop column failure,
  alter column result set not null;
