#!/bin/sh
# Temporal's tables, main and visibility. Safe to repeat: an update of a current schema does nothing.
set -eu
sql() { temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" --port "$DB_PORT" --user "$POSTGRES_USER" "$@"; }
for database in temporal temporal_visibility; do
  case $database in
    temporal) schema=postgresql/v12/temporal ;;
    *) schema=postgresql/v12/visibility ;;
  esac
  sql --db "$database" create || true
  sql --db "$database" setup-schema -v 0.0 || true
  sql --db "$database" update-schema --schema-name "$schema"
done
