# The stand-ins for the official images, with their names and tags: from Debian's packages, from Go's modules and from this machine's Node.
# Big builds are kept in the cache. The versions of Temporal are the nearest to the tags that Go's module proxy has.

cache=${VM_REJUV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vm-rejuv}/compose
SERVER=v1.30.4
UI=v2.35.0

# go_build NAME MODULE@VERSION
go_build() {
  local file="$cache/bin/$1-${2##*@}"
  if [ ! -x "$file" ]; then
    echo "Building $2 (minutes, once)"
    mkdir -p "$cache/bin" "$work/go"
    CGO_ENABLED=0 GOBIN="$work/go" go install -ldflags '-s -w' "$2"
    mv "$work/go/$(basename "${2%@*}")" "$file"
  fi
  cp "$file" "$context/bin/$1"
}

build_images() {
  context=$work/stand-ins
  cp -r "$repository/test/compose/stand-ins" "$context"
  mkdir -p "$context/bin" "$cache"
  go_build temporal-server "go.temporal.io/server/cmd/server@$SERVER"
  go_build temporal-sql-tool "go.temporal.io/server/cmd/tools/sql@$SERVER"
  cp "$(node -e "import('$repository/dist/embedded/temporal-cli.js')
    .then((it) => it.findTemporalCli({ onProgress: console.error, signal: AbortSignal.timeout(1800000) })).then(console.log)")" "$context/bin/temporal"
  go_build ui-server "github.com/temporalio/ui-server/v2/cmd/server@$UI"

  if [ ! -f "$cache/base.tar" ]; then
    echo 'Building the base image from Debian packages (a minute, once)'
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,netcat-openbsd,libstdc++6,tzdata,postgresql-15 \
      --customize-hook='rm -rf "$1"/var/lib/postgresql/15 "$1"/etc/postgresql/15' bookworm "$work/base.tar"
    mv "$work/base.tar" "$cache/base.tar"
  fi
  docker import "$cache/base.tar" vm-rejuv-test/base >/dev/null

  # npm's cache as an installation leaves it, for the build inside that has no network.
  (cd "$checkout" && npm ci --prefer-offline --cache "$cache/npm" --ignore-scripts --no-audit --no-fund >/dev/null && rm -rf node_modules)
  cp -r "$cache/npm" "$context/bin/npm-cache"
  cp "$(readlink -f "$(command -v node)")" "$context/bin/node"
  cp -rL "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$context/bin/npm"
  printf 'registry=%s\noffline=true\n' "$(npm config get registry)" >"$context/bin/npmrc"

  stand_in server temporalio/server:1.30.1
  stand_in admin-tools temporalio/admin-tools:1.30.1
  stand_in ui temporalio/ui:2.34.0
  stand_in postgres postgres:16.10
  stand_in node node:20.19-bookworm-slim
}

# stand_in TARGET IMAGE
stand_in() {
  docker build --network none --target "$1" --tag "$2" "$context" >"$work/build.log" 2>&1 || { tail -30 "$work/build.log" >&2; return 1; }
  echo "Stand-in for $2"
}
