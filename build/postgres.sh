#!/usr/bin/env bash
# Runs a command beside a PostgreSQL server of its own, which is gone afterwards. HEIMDALL_TEST_POSTGRES tells the command
# how to reach it. Where that is set already, that server is used; HEIMDALL_SKIP_POSTGRES=1 does without any.
set -eu

fail() { echo "heimdall: $*" >&2; exit 1; }

[ $# -gt 0 ] || fail "usage: postgres.sh COMMAND [ARGUMENT…]"
[ -z "${HEIMDALL_TEST_POSTGRES:-}" ] || exec "$@"
if [ -n "${HEIMDALL_SKIP_POSTGRES:-}" ]; then
  echo "the tests with PostgreSQL are left out, as HEIMDALL_SKIP_POSTGRES says" >&2
  exec "$@"
fi

# shellcheck disable=SC2012
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || bin=$(dirname "$(command -v initdb || echo none/initdb)")
[ -x "$bin/initdb" ] || fail "the tests need PostgreSQL's server programs (Debian: postgresql, macOS: brew install postgresql), or HEIMDALL_TEST_POSTGRES with how to reach one, or HEIMDALL_SKIP_POSTGRES=1 to do without"

# The server refuses to run as root.
server() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

dir=$(mktemp -d "${TMPDIR:-/tmp}/heimdall-pg-XXXXXX")
stop() {
  [ ! -e "$dir/data/postmaster.pid" ] || server "$bin/pg_ctl" stop -D "$dir/data" -m immediate >/dev/null || true
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
[ "$(id -u)" != 0 ] || chown postgres "$dir"
cd "$dir" # the server's user may not read where the command runs

# Texts are sorted as people sort them, so that what relies on the order of bytes and does not say so is found.
locale="--locale=C.UTF-8"
if "$bin/initdb" --help | grep -q -- --icu-locale; then locale="$locale --locale-provider=icu --icu-locale=en-US"; fi
# shellcheck disable=SC2086
server "$bin/initdb" -D "$dir/data" -U heimdall -A trust -E UTF8 $locale --no-sync >"$dir/log" 2>&1 || { cat "$dir/log" >&2; fail "initdb failed"; }
options="-c listen_addresses= -c unix_socket_directories=$dir -c max_connections=400 -c shared_buffers=128MB"
options="$options -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
server "$bin/pg_ctl" start -w -t 60 -D "$dir/data" -l "$dir/server.log" -o "$options" >/dev/null || { cat "$dir/server.log" >&2; fail "PostgreSQL does not start"; }

cd "$OLDPWD"
export HEIMDALL_TEST_POSTGRES="host=$dir user=heimdall dbname=postgres"
"$@"
