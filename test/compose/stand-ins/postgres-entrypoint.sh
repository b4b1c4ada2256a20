#!/bin/bash
# As the official image: the first start makes the cluster by a server that listens on its socket alone, then the real one starts.
set -eu -o pipefail
if [ "$(id -u)" = 0 ]; then
  chown postgres "$PGDATA" && chmod 700 "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups -- "$0" "$@"
fi
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -n "${POSTGRES_PASSWORD:-}" ] || { echo 'You must specify POSTGRES_PASSWORD.' >&2; exit 1; }
  initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  [ "$database" = postgres ] || createdb --username="$user" "$database"
  # Long enough that a health check which looks at the socket is caught.
  sleep 6
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@"
