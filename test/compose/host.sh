# What test/compose/run.sh needs of this machine: packages, a network namespace, a Docker daemon in it, and the end of all that.

network=$(basename "$work")
# Of the documentation's range (RFC 5737): an address of the host that is not loopback, and its name server.
outside=192.0.2.53
export DOCKER_HOST="unix://$work/docker.sock"
started=()

install_packages() {
  command -v go >/dev/null || { echo 'Needs Go 1.25 or newer: Debian 12 has none so new.' >&2; exit 2; }
  local missing=()
  command -v dockerd >/dev/null || missing+=(docker.io)
  command -v docker-compose >/dev/null || missing+=(docker-compose)
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v iptables >/dev/null || missing+=(iptables)
  command -v ip >/dev/null || missing+=(iproute2)
  command -v curl >/dev/null || missing+=(curl)
  [ ${#missing[@]} -eq 0 ] && return
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Nothing that listens in here can be reached from outside, and no port of the machine is in its way.
inside=(nsenter "--net=/run/netns/$network")

start_docker() {
  ip netns add "$network"
  "${inside[@]}" ip link set lo up
  "${inside[@]}" ip address add "$outside/32" dev lo
  "${inside[@]}" node "$repository/dist/test/compose/nxdomain.js" "$outside" &
  started+=($!)
  "${inside[@]}" dockerd --host "$DOCKER_HOST" --data-root "$work/docker" --exec-root "$work/docker-run" --pidfile "$work/docker.pid" \
    --storage-driver overlay2 --bridge=none --iptables=false --ip-forward=false --dns "$outside" >"$work/dockerd.log" 2>&1 &
  started+=($!)
  eventually 60 docker version
}

# eventually SECONDS COMMAND...
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { echo "Not within the time: $*" >&2; return 1; }
    sleep 0.5
  done
}

clean_up() {
  local code=$?
  trap - EXIT
  set +e
  if [ "$code" -ne 0 ]; then
    echo "FAILED ($code). The ends of the logs:" >&2
    docker-compose ps >&2
    docker-compose logs --tail 15 >&2
  fi
  docker-compose down --volumes --timeout 5 >/dev/null 2>&1
  for ((i = ${#started[@]} - 1; i >= 0; i--)); do kill "${started[i]}" && wait "${started[i]}"; done 2>/dev/null
  ip netns delete "$network" 2>/dev/null
  rm -rf "$work"
  exit "$code"
}
