-- Up Migration
-- Samples of days ago are needed by five minutes only: a row then stands for several, of which value is the mean, or the last of a counter.
alter table sample add column low double precision, add column high double precision, add column count integer;

-- Down Migration
alter table sample drop column low, drop column high, drop column count;
