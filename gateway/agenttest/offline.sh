#!/usr/bin/env bash
# Runs a command where loopback is the only network, because coding agents call home.
# HEIMDALL_SKIP_AGENTS=1 leaves it out, for machines that cannot do that.
set -eu

if [ -n "${HEIMDALL_SKIP_AGENTS:-}" ]; then
  echo "left out, as HEIMDALL_SKIP_AGENTS says"
  exit 0
fi
for way in "unshare --net" "unshare --map-root-user --net"; do
  if $way ip link set lo up 2>/dev/null; then
    exec $way sh -c 'ip link set lo up && exec "$@"' sh "$@"
  fi
done
cat >&2 <<'WHY'
heimdall: the tests with coding agents run without a network, in a network namespace of their own, and this machine
refuses to make one. Run them as root, or allow user namespaces (try: unshare --map-root-user --net true), or set
HEIMDALL_SKIP_AGENTS=1 to leave them out.
WHY
exit 1
