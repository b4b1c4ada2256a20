#!/usr/bin/env bash
# Runs docker-compose.yml for real, as its operator would, and proves what docs/production.md promises. As root, on Debian.
# The official images cannot be pulled everywhere, so stand-ins with their names are built; see images.sh.
set -euo pipefail

[ "$(id -u)" = 0 ] || { echo 'Needs root: it starts a Docker daemon of its own.' >&2; exit 2; }
repository=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d /tmp/vm-rejuv-compose.XXXXXX)
checkout=$work/checkout
. "$repository/test/compose/host.sh"
. "$repository/test/compose/images.sh"
trap clean_up EXIT
trap 'exit 130' INT TERM

proof() { echo "== $* ($SECONDS s)"; }
refuse() { echo "NOT PROVED: $*" >&2; exit 1; }
vm_rejuv() { docker-compose exec -T "$1" node dist/cli/main.js "${@:2}"; }
fetch() { "${inside[@]}" curl --silent --show-error --fail --max-time 10 "$@"; }
refused_with() {
  local output
  if output=$(docker-compose up -d 2>&1); then refuse "it started without $1"; fi
  grep -F "$1" <<<"$output" || { echo "$output" >&2; refuse "the message does not name $1"; }
  [ -z "$(docker ps --all --quiet)" ] || refuse "containers were made without $1"
}
fill_in() { sed -i "s/^$1=.*/$1=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')/" .env; }
# A service: running, and healthy where it can tell; a one-shot: ended with 0.
all_well() {
  local state
  for id in $(docker-compose ps --quiet); do
    state=$(docker inspect --format '{{.State.Status}} {{.State.ExitCode}} {{if .State.Health}}{{.State.Health.Status}}{{end}}' "$id")
    case $state in 'running 0 ' | 'running 0 healthy' | 'exited 0 '*) ;; *) return 1 ;; esac
  done
}
up() {
  docker-compose up -d
  eventually 120 all_well
  docker-compose ps
}
boots() { docker-compose exec -T worker node -e "fetch('http://$1:9000/boots').then((it) => it.text()).then(console.log)"; }
status_of() { vm_rejuv worker status shop --json | node -e "const s = JSON.parse(require('fs').readFileSync(0, 'utf8')); console.log($1)"; }
under_load() { "${inside[@]}" timeout 240 node "$repository/dist/test/compose/under-load.js" http://127.0.0.1:8080 "$@"; }
export -f vm_rejuv
export COMPOSE_PROJECT_NAME=vm-rejuv-proof COMPOSE_FILE=docker-compose.yml

install_packages
mkdir "$checkout" && cd "$checkout"
(cd "$repository" && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$checkout")
proof 'Docker daemon and images'
start_docker
build_images

proof 'An empty .env is refused by name'
cp .env.example .env
refused_with POSTGRES_PASSWORD
fill_in POSTGRES_PASSWORD
refused_with VM_REJUV_ADMIN_TOKEN
fill_in VM_REJUV_ADMIN_TOKEN

proof 'The image builds'
docker-compose build proxy worker >"$work/build.log" 2>&1 || { tail -30 "$work/build.log" >&2; exit 1; }

proof 'A missing vm-rejuv.yaml is refused, and no directory is made in its place'
if docker-compose up -d proxy >"$work/missing" 2>&1; then refuse 'it started without vm-rejuv.yaml'; fi
grep -F vm-rejuv.yaml "$work/missing" || refuse 'the message does not name vm-rejuv.yaml'
[ ! -e vm-rejuv.yaml ] || refuse 'something was made in its place'
docker-compose down --volumes

proof 'Everything becomes healthy'
cp test/compose/vm-rejuv.yaml .
export COMPOSE_FILE=docker-compose.yml:test/compose/shop.yaml
up

proof 'Only the port of clients is open to others'
fetch "http://$outside:8080/shop/health"; echo
open=$("${inside[@]}" ss -ltnH | awk '{ print $4 }' | grep -v '^127\.' | sed 's/.*://' | sort -u | tr '\n' ' ')
[ "$open" = '8080 ' ] || refuse "these ports are open: $open"
for port in 7233 8081 8233; do
  if fetch "http://$outside:$port/" 2>/dev/null; then refuse "port $port answers on $outside"; fi
done
fetch http://127.0.0.1:8081/readyz; echo
fetch http://127.0.0.1:8233/ | grep -qi '<!doctype html' || refuse 'the Temporal UI does not answer'
fetch http://127.0.0.1:8233/api/v1/namespaces/default >/dev/null

docker-compose exec -T postgres psql --quiet --username=postgres vm_rejuv <"$repository/examples/servers/node/sessions.sql"

proof 'boot, check and status work'
vm_rejuv worker boot
vm_rejuv worker check
vm_rejuv worker status

proof 'A clean restart under load'
before=$(boots shop-a)
under_load "vm_rejuv worker rejuvenate shop --watch"
[ "$(boots shop-a)" -gt "$before" ] || refuse 'the primary was not restarted'

proof 'The worker is restarted in the middle of a clean restart'
before=$(boots shop-b)
under_load "vm_rejuv proxy rejuvenate shop --watch" awaitDrain "docker-compose restart worker"
[ "$(boots shop-b)" -gt "$before" ] || refuse 'the primary was not restarted'
vm_rejuv worker status

proof 'A steady pool serves on while PostgreSQL and Temporal are restarted'
docker-compose restart postgres temporal &
restarting=$!
served=0
while kill -0 "$restarting" 2>/dev/null; do fetch http://127.0.0.1:8080/shop/health >/dev/null; served=$((served + 1)); done
wait "$restarting"
echo "$served requests served"
eventually 120 all_well

proof 'Data survive down and up'
jar=$work/cookies
fetch --cookie-jar "$jar" --request POST 'http://127.0.0.1:8080/shop/cart?item=kept' >/dev/null
before=$(status_of 'JSON.stringify([s.epoch, s.active, s.lastRestart])')
docker-compose down
up
[ "$(status_of 'JSON.stringify([s.epoch, s.active, s.lastRestart])')" = "$before" ] || refuse 'the state is another'
fetch --cookie "$jar" http://127.0.0.1:8080/shop/cart | grep -F kept || refuse 'the session is lost'
[ "$(status_of 's.proxies.length')" = 1 ] || refuse 'the register names a proxy that is gone'
runs=$(fetch http://127.0.0.1:8233/api/v1/namespaces/default/workflows |
  node -e "console.log(JSON.parse(require('fs').readFileSync(0, 'utf8')).executions.length)")
[ "$runs" = 2 ] || refuse "the Temporal UI lists $runs restarts"
vm_rejuv worker boot
vm_rejuv worker rejuvenate shop --watch

proof 'A proxy that was killed is struck from the register by itself, and by hand once its container is gone'
docker-compose kill -s KILL proxy
docker-compose up -d proxy
eventually 60 all_well
[ "$(status_of 's.proxies.length')" = 1 ] || refuse 'the register names the proxy that was killed'
gone=$(status_of 's.proxies[0].incarnation')
docker-compose kill -s KILL proxy
docker-compose rm --force proxy
docker-compose up -d
eventually 60 all_well
if vm_rejuv worker check; then refuse 'check does not see the proxy that is gone'; fi
vm_rejuv worker deregister shop "$gone"
vm_rejuv worker check

proof 'All of it holds'
