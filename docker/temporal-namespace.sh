#!/bin/sh
# The namespace "default", once the server takes it.
set -eu
tries=0
until temporal operator namespace describe --namespace default >/dev/null 2>&1 ||
  temporal operator namespace create --namespace default --retention 168h; do
  tries=$((tries + 1))
  [ "$tries" -lt 30 ] || { echo "Temporal at $TEMPORAL_ADDRESS did not take the namespace." >&2; exit 1; }
  sleep 2
done
