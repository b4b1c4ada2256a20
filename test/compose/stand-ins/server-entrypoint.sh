#!/bin/bash
# As the official image: its own address when none is given, which is also what it tells the others.
set -eu -o pipefail
own=$(getent hosts "$(hostname)" | awk 'NR == 1 { print $1 }')
export BIND_ON_IP="${BIND_ON_IP:-$own}"
case $BIND_ON_IP in 0.0.0.0 | ::0) export TEMPORAL_BROADCAST_ADDRESS="${TEMPORAL_BROADCAST_ADDRESS:-$own}" ;; esac
exec temporal-server start
