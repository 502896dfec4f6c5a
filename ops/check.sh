#!/usr/bin/env bash
# Runs all checks of CI, in order. Installs nothing: ops/test.sh does that and then calls this script.
#
#   ops/check.sh            all checks
#   ops/check.sh fmt lint   only these; ops/check.sh --list names them all
#
# A check that cannot run here is reported and counted as SKIPPED, with the reason, never as passed.
# CARGO_TARGET_DIR is honoured. UNOC_TEST_CACHE (default: a directory in the user's cache) holds the Python tools,
# cargo-deny, cargo-deb, further versions of PostgreSQL, an OpenID Connect provider, and the inputs that fuzzing found.
set -uo pipefail
cd "$(dirname "$(realpath "$0")")/.." || exit 1

cache=${UNOC_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/unoc-test}
binary=$(realpath -m "${CARGO_TARGET_DIR:-target}")/release/unoc
scratch=$(mktemp -d "${TMPDIR:-/tmp}/unoc-check.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# The name and the description of each check; the function check_NAME runs it.
checks=(
  'fmt: formatting of the Rust sources'
  'lint: clippy, warnings are errors'
  'test: unit and integration tests'
  'postgres16: the mirror and backups with PostgreSQL 16'
  'postgres17: the mirror and backups with PostgreSQL 17'
  'postgres18: the mirror and backups with PostgreSQL 18'
  'doctest: examples in the doc comments'
  'build: release build'
  'ui: types and tests of the page'
  'dist: assets/dist is what the sources build'
  'types: assets/src/api/schema.d.ts is what the server documents'
  'e2e: the page in a browser, with the binary'
  'clients: the official Socket.IO clients, with the binary'
  'schemathesis: generated requests to the binary'
  'shell: shell scripts'
  'unit: the systemd units'
  'boot: the systemd units, booted in a container'
  'runbook: the commands of docs/OPERATIONS.md, on a host booted in a container'
  'deployment: the commands and settings of docs/DEPLOYMENT.md, on a host booted in a container'
  'deb: the Debian package, on a host booted in a container'
  'image: the container image, built and run'
  'fuzz: random input for everything that reads what others wrote'
  'deny: licences, advisories and sources of the dependencies'
  'audit: advisories about the packages of the page and of the tests'
)

# The exit status of a check that was skipped, as in automake.
skipped=77

skip() {
  echo "SKIPPED: $*" | tee "$scratch/reason"
  exit $skipped
}

has() { command -v "$1" > /dev/null 2>&1; }

check_fmt() {
  cargo fmt --version > /dev/null 2>&1 || skip 'rustfmt is not installed (rustup component add rustfmt)'
  cargo fmt --check
}

check_lint() {
  cargo clippy --version > /dev/null 2>&1 || skip 'clippy is not installed (rustup component add clippy)'
  cargo clippy --workspace --all-targets --locked -- -D warnings
}

check_test() {
  # A test that cannot run here writes the reason into this file, and passes.
  export UNOC_TEST_SKIPS=$scratch/skips UNOC_TEST_CACHE=$cache
  if cargo nextest --version > /dev/null 2>&1; then
    cargo nextest run --locked --no-fail-fast
  else
    cargo test --locked --no-fail-fast --lib --bins --tests
  fi
}

# Runs the tests of connections, of the mirror and of backups as SQL with another version of PostgreSQL than the system's.
mirror_with() {
  local installed=$cache/postgres/$1
  [ -x "$installed/bin/initdb" ] || skip "PostgreSQL $1 is not installed (ops/test.sh installs it)"
  # As root, the tests run PostgreSQL as nobody, who cannot read a cache in root's home.
  chmod 755 "$scratch"
  cp -a "$installed" "$scratch/postgres$1"
  export UNOC_TEST_SKIPS=$scratch/skips UNOC_TEST_POSTGRES_BIN=$scratch/postgres$1/bin
  # The long tests run in full with the system's own version only.
  export UNOC_TEST_SYNC_KILLS=20 UNOC_TEST_SYNC_ROUNDS=30
  if cargo nextest --version > /dev/null 2>&1; then
    cargo nextest run --locked --no-fail-fast --test it pg:: sync:: backup::psql::
  else
    cargo test --locked --no-fail-fast --test it -- pg:: sync:: backup::psql::
  fi
}

check_postgres16() { mirror_with 16; }
check_postgres17() { mirror_with 17; }
check_postgres18() { mirror_with 18; }

check_doctest() { cargo test --locked --doc; }

check_build() { cargo build --release --locked && ls -l "$binary"; }

# Skips the check where the page or its tools are missing; installs the packages once per run.
page() {
  [ -f assets/package.json ] || skip 'there is no assets/package.json'
  has node || skip 'node is not installed'
  has npm || skip 'npm is not installed'
  local major minor
  IFS=. read -r major minor _ <<< "$(node -p process.versions.node)"
  [ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } ||
    skip "node $major.$minor is older than 20.19"
  [ -e "$scratch/page" ] && return
  (cd assets && npm ci --no-audit --no-fund) && touch "$scratch/page"
}

check_ui() {
  page
  cd assets
  npm run check
  npm test
}

check_dist() {
  page
  (cd assets && npm run build -- --outDir "$scratch/dist" --emptyOutDir)
  if ! diff -r "$scratch/dist" assets/dist; then
    echo 'assets/dist is not what assets/src builds: run (cd assets && npm run build) and commit assets/dist' >&2
    return 1
  fi
  local ignored
  ignored=$(git ls-files --others --ignored --exclude-standard -- assets/dist 2> /dev/null || true)
  if [ -n "$ignored" ]; then
    echo "git ignores these built files, so a clone would lack them: $ignored" >&2
    return 1
  fi
}

check_types() {
  page
  needs_binary
  "$binary" openapi > "$scratch/openapi.json"
  cp assets/src/api/schema.d.ts "$scratch/schema.d.ts"
  (cd assets && npm run types -- "$scratch/openapi.json")
  if ! diff -u "$scratch/schema.d.ts" assets/src/api/schema.d.ts; then
    echo 'assets/src/api/schema.d.ts was out of date and has been generated again: commit it' >&2
    return 1
  fi
}

check_e2e() {
  page
  needs_binary
  local browser=${UNOC_CHROMIUM:-$(type -P chromium || true)}
  [ -n "$browser" ] || skip 'chromium is not installed'
  # A test that cannot run here writes the reason into this file, and passes.
  export UNOC_TEST_SKIPS=$scratch/skips
  (cd assets && UNOC_BINARY=$binary UNOC_CHROMIUM=$browser UNOC_PICTURES=$scratch/pictures npm run e2e)
}

check_clients() {
  needs_binary
  has node || skip 'node is not installed'
  has npm || skip 'npm is not installed'
  [ -x "$cache/venv/bin/python" ] || skip 'python-socketio is not installed (ops/test.sh installs it)'
  (cd tests/clients && npm ci --no-audit --no-fund)
  UNOC_TEST_PYTHON=$cache/venv/bin/python tests/clients/run.sh "$binary"
}

check_schemathesis() {
  needs_binary
  [ -x "$cache/venv/bin/schemathesis" ] || skip 'schemathesis is not installed (ops/test.sh installs it)'
  UNOC_SCHEMATHESIS=$cache/venv/bin/schemathesis tests/clients/schemathesis.sh "$binary"
}

check_shell() {
  local scripts=(.ci/run) script
  while IFS= read -r script; do scripts+=("$script"); done < <(find appliance ops tests -name '*.sh' -not -path '*/node_modules/*')
  scripts+=(ops/zig-cc fuzz/rustc-guided appliance/deb/{preinst,postinst,prerm,postrm})
  if has shellcheck; then
    shellcheck -x -P SCRIPTDIR -S warning "${scripts[@]}"
  else
    for script in "${scripts[@]}"; do bash -n "$script"; done
    echo 'checked only the syntax: shellcheck is not installed'
  fi
}

# systemd-analyze only warns about unknown keys, so any output about the unit is a failure. `true` replaces the executable.
check_unit() {
  has systemd-analyze || skip 'systemd-analyze is not installed'
  local root=$scratch/root words program unit exposure_tenths_max
  mkdir -p "$root/usr/bin" "$root/etc/systemd/system" "$root/usr/lib"
  for program in unoc unoc.rescue journalctl; do cp "$(type -P true)" "$root/usr/bin/$program"; done
  cp systemd/* "$root/etc/systemd/system/"
  [ -d /usr/lib/systemd/system ] || skip 'the units of systemd are not installed'
  cp -r /usr/lib/systemd "$root/usr/lib/"
  words=$(systemd-analyze verify --man=no --root="$root" unoc.service unoc-failure@unoc.service unoc-upgrade.service 2>&1) || true
  words=$(grep unoc <<< "$words" || true)
  if [ -n "$words" ]; then
    echo "$words" >&2
    return 1
  fi
  for unit in systemd/*.service; do
    exposure_tenths_max=15
    # It replaces the program and starts the service, as root; it runs only to end an interrupted upgrade.
    [ "$unit" != systemd/unoc-upgrade.service ] || exposure_tenths_max=30
    systemd-analyze security --no-pager --offline=true --threshold="$exposure_tenths_max" "$unit" | tail -n 1
  done
}

# Runs a test of the installed program; its last words say why it was skipped.
booted() {
  needs_binary
  local status=0
  UNOC_TEST_CACHE=$cache "$@" "$binary" | tee "$scratch/booted" || status=${PIPESTATUS[0]}
  [ "$status" -ne "$skipped" ] || skip "$(sed -n 's/^SKIPPED: //p' "$scratch/booted")"
  return "$status"
}

check_boot() { booted appliance/boot-test.sh; }

check_runbook() { booted appliance/runbook-test.sh; }

check_deployment() { booted appliance/deployment-test.sh; }

check_deb() {
  PATH=$cache/cargo-deb/bin:$PATH
  booted appliance/deb-test.sh
}

check_image() { booted appliance/container-image-test.sh; }

# deny.toml needs the format of cargo-deny 0.16. The advisories are in a database that must be fetched: where it cannot be,
# the rest is checked, and the advisories are counted as skipped.
check_deny() {
  local version
  PATH=$cache/cargo-deny/bin:$PATH
  version=$(cargo deny --version 2> /dev/null) || skip 'cargo-deny is not installed (ops/test.sh installs it)'
  printf '%s\n' 0.16 "${version##* }" | sort --check=quiet --version-sort || skip "$version is older than 0.16"
  cargo deny --locked check --hide-inclusion-graph bans licenses sources
  if timeout 60 cargo deny --locked fetch db > "$scratch/advisories" 2>&1; then
    cargo deny --locked check --hide-inclusion-graph advisories
  else
    tail -n 3 "$scratch/advisories"
    echo 'the advisories were not checked: their database cannot be fetched here' | tee -a "$scratch/skips"
  fi
}

# UNOC_TEST_FUZZ_SECONDS is how long each target runs.
check_fuzz() {
  has c++ || skip 'there is no C++ compiler, which libFuzzer needs'
  UNOC_TEST_CACHE=$cache ops/fuzz.sh "${UNOC_TEST_FUZZ_SECONDS:-60}"
}

# The registry is asked about the lock files; nothing is installed. One that does not answer such questions answers with an
# error, which has no count of vulnerabilities.
check_audit() {
  has npm || skip 'npm is not installed'
  local directory asked=0 failed=0
  for directory in assets tests/clients tests/oidc; do
    (cd "$directory" && timeout 60 npm audit --json --audit-level=moderate) > "$scratch/audit" 2> "$scratch/audit.err" ||
      true
    if ! grep -q '"auditReportVersion"' "$scratch/audit"; then
      tail -n 3 "$scratch/audit.err"
      continue
    fi
    asked=$((asked + 1))
    if ! (cd "$directory" && npm audit --audit-level=moderate); then failed=1; fi
  done
  [ "$asked" -gt 0 ] || skip 'the registry of npm packages answers no questions about advisories here'
  [ "$asked" -eq 3 ] || echo 'not all packages were checked: the registry did not answer' | tee -a "$scratch/skips"
  [ "$failed" -eq 0 ]
}

needs_binary() { [ -x "$binary" ] || skip "there is no $binary (ops/check.sh build makes it)"; }

declare -A wanted=()
for argument in "$@"; do
  case $argument in
    --list) printf '%s\n' "${checks[@]}"; exit 0 ;;
    *) wanted[$argument]=1 ;;
  esac
done
for name in "${!wanted[@]}"; do
  printf '%s\n' "${checks[@]}" | grep -q "^$name: " || { echo "no check named $name; see --list" >&2; exit 2; }
done

passed=0 failed=0 skips=0 summary=()
for check in "${checks[@]}"; do
  name=${check%%: *}
  [ ${#wanted[@]} -eq 0 ] || [ -n "${wanted[$name]:-}" ] || continue
  printf '\n== %s\n' "$check"
  started=$SECONDS
  (set -e; "check_$name")
  status=$?
  case $status in
    0) passed=$((passed + 1)) word=ok note= ;;
    "$skipped") skips=$((skips + 1)) word=SKIPPED note=$(sed 's/^SKIPPED: //' "$scratch/reason") ;;
    *) failed=$((failed + 1)) word=FAILED note="status $status" ;;
  esac
  if [ -s "$scratch/skips" ]; then
    while read -r line; do
      skips=$((skips + 1))
      summary+=("$(printf '%-8s    -    %s: %s' SKIPPED "$name" "$line")")
    done < "$scratch/skips"
    rm "$scratch/skips"
  fi
  summary+=("$(printf '%-8s %4d s  %s%s' "$word" $((SECONDS - started)) "$check" "${note:+ ($note)}")")
done

printf '\n== summary\n'
printf '%s\n' "${summary[@]}"
echo "checks: $passed passed, $failed failed, $skips skipped"
[ $failed -eq 0 ]
