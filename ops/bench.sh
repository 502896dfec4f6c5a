#!/usr/bin/env bash
# Measures the release binary beside a bare server and prints a table per scenario: docs/PERFORMANCE.md says
# what is compared, and how.
#
#   ops/bench.sh                      all scenarios, some forty minutes and the build
#   ops/bench.sh get_one provision    only these
#   ops/bench.sh --write [SCENARIO…]  also puts the tables into docs/PERFORMANCE.md, plots beside it
#   ops/bench.sh --rounds N --seconds S --outage-seconds S …
#
# CARGO_TARGET_DIR is honoured. UNOC_BENCH_DIR (default: the target directory) is where stores are made: the
# numbers speak of that file system.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

# The commit of the program that is measured; a table without one is nobody's.
commit=$(git rev-parse --short HEAD)
git diff --quiet HEAD -- src benches migrations assets/dist Cargo.toml Cargo.lock || commit+=' and local changes'

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
arguments=()
for argument in "$@"; do
  if [ "$argument" = --write ]; then
    arguments+=(--write "$PWD/docs/PERFORMANCE.md")
  else
    arguments+=("$argument")
  fi
done

# The bench first: building it builds the binary too, with the features that tests switch on in dependencies.
# What is measured is the binary as it is shipped.
executable=$(cargo bench --locked --bench appliance --no-run --message-format=json-render-diagnostics |
  sed -n 's/.*"name":"appliance".*"executable":"\([^"]*\)".*/\1/p')
[ -x "$executable" ] || { echo 'cargo did not name the bench executable' >&2; exit 1; }
cargo build --locked --release --bin unoc

mkdir -p "${UNOC_BENCH_DIR:-$target}"
scratch=$(mktemp -d "${UNOC_BENCH_DIR:-$target}/unoc-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
"$executable" run --binary "$target/release/unoc" --scratch "$scratch" --commit "$commit" "${arguments[@]}"
