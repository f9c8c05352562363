#!/usr/bin/env bash
# Installs what a fresh Debian or Ubuntu machine lacks. Called by make: setup.sh tools | build | test | agents
#   tools  checks that Go and Node.js are there and new enough
#   build  what the desktop programs are compiled with
#   test   what their tests run in, besides
#   agents what the tests with coding agents are kept off the network with
set -eu

build_packages="gcc pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev libayatana-appindicator3-dev"
test_packages="xvfb xauth dbus dbus-x11 openbox xdotool wmctrl at-spi2-core gir1.2-atspi-2.0 python3-gi fonts-dejavu-core gnome-keyring chromium postgresql prometheus"
agent_packages="util-linux iproute2"

fail() { echo "heimdall: $*" >&2; exit 1; }

# newer A B: version A is at least version B
newer() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

tools() {
  command -v go >/dev/null || fail "Go 1.26 or newer is needed: https://go.dev/dl"
  have=$(go env GOVERSION); newer "${have#go}" 1.26 || fail "Go 1.26 or newer is needed, this is ${have#go}: https://go.dev/dl"
  command -v node >/dev/null || fail "Node.js 20.19 or newer is needed: https://nodejs.org"
  have=$(node --version); newer "${have#v}" 20.19 || fail "Node.js 20.19 or newer is needed, this is ${have#v}: https://nodejs.org"
}

packages() {
  command -v dpkg-query >/dev/null || { [ "$(uname)" = Linux ] || return 0; fail "install what corresponds to these Debian packages, then run make again: $*"; }
  missing=""
  for p in "$@"; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
  done
  [ -z "$missing" ] && return 0
  install="apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends$missing"
  if [ "$(id -u)" = 0 ]; then sudo=""; elif sudo -n true 2>/dev/null; then sudo="sudo"; else
    fail "some packages are missing; install them with
  sudo apt-get update && sudo $install"
  fi
  echo "installing:$missing"
  # The database's package would make a cluster and start it; the tests start one of their own.
  clusters=/etc/postgresql-common/createcluster.d/heimdall-tests.conf
  case "$missing" in
    *postgresql*) $sudo mkdir -p "${clusters%/*}" && echo "create_main_cluster = false" | $sudo tee $clusters >/dev/null ;;
    *) clusters="" ;;
  esac
  # shellcheck disable=SC2086
  $sudo apt-get -o DPkg::Lock::Timeout=300 update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $sudo $install >/dev/null || { status=$?; [ -z "$clusters" ] || $sudo rm -f $clusters; return $status; }
  [ -z "$clusters" ] || $sudo rm -f $clusters
}

case "${1:-}" in
  tools) tools ;;
  # shellcheck disable=SC2086
  build) packages $build_packages ;;
  # shellcheck disable=SC2086
  test) packages $build_packages $test_packages ;;
  # shellcheck disable=SC2086
  agents) packages $agent_packages ;;
  *) fail "usage: setup.sh tools | build | test | agents" ;;
esac
