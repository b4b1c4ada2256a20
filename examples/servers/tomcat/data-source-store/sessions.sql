-- One database for both machines, a table for each.
create table sessions_tomcat_a (
  id varchar(100) not null,
  app varchar(255) not null,
  data bytea,
  valid char(1) not null,
  maxinactive int not null,
  lastaccess bigint not null,
  primary key (id, app)
);
create index on sessions_tomcat_a (app, (lastaccess + maxinactive * 1000::bigint));

create table sessions_tomcat_b (like sessions_tomcat_a including all);
