#!/usr/bin/env bash
# Measures the binary as it is shipped (profile `dist`), compares it with a bare server, and prints a table for each
# scenario; docs/PERFORMANCE.md describes what is compared, and how.
#
#   ops/bench.sh                      all scenarios: about forty minutes, after the build
#   ops/bench.sh get_one provision    only these
#   ops/bench.sh --write [SCENARIO…]  also writes the tables into docs/PERFORMANCE.md, and plots beside it
#   ops/bench.sh --rounds N --seconds S --outage-seconds S …
#
# CARGO_TARGET_DIR is honoured. Stores are created in UNOC_BENCH_DIR (default: the target directory): the numbers
# hold for that file system.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

# The commit of the program that is measured; every table names it.
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

# Builds the bench first, because that also builds the binary, with features of dependencies that only tests enable.
# The binary that is measured is then built as it is shipped.
executable=$(cargo bench --locked --profile dist --bench appliance --no-run --message-format=json-render-diagnostics |
  sed -n 's/.*"name":"appliance".*"executable":"\([^"]*\)".*/\1/p')
[ -x "$executable" ] || { echo 'cargo printed no path of the bench executable' >&2; exit 1; }
cargo build --locked --profile dist --bin unoc

mkdir -p "${UNOC_BENCH_DIR:-$target}"
scratch=$(mktemp -d "${UNOC_BENCH_DIR:-$target}/unoc-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
"$executable" run --binary "$target/dist/unoc" --scratch "$scratch" --commit "$commit" "${arguments[@]}"
