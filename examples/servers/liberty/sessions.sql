-- As Liberty would make it itself with the first session, if its user may.
create table sessions (
  id varchar(128) not null,
  propid varchar(128) not null,
  appname varchar(128) not null,
  listenercnt smallint,
  lastaccess bigint,
  creationtime bigint,
  maxinactivetime integer,
  username varchar(255),
  small bytea,
  medium bytea,
  large bytea
);
create unique index sess_index on sessions (id, propid, appname);
