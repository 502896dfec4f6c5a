#!/usr/bin/env bash
# Random input for everything that reads what others wrote: the targets of fuzz/, each for some seconds.
#
#   ops/fuzz.sh SECONDS [TARGET…]          all targets, or these
#   ops/fuzz.sh --full SECONDS [TARGET…]   the same, with libraries that guide the search too; it builds all of them again
#
# UNOC_FUZZ_TARGET=csv BINARY FILE repeats an input that failed; the script says the names of both. Inputs that were found
# stay in the cache (UNOC_TEST_CACHE), where the next run goes on. A stable toolchain and a C++ compiler are enough.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

targets=(config csv dump headers json_lines pem secrets socket sql_rows)
# An input of one of these takes less than 0.1 s; a busy machine may be a hundred times slower.
input_seconds_max=20
memory_mib_max=2048
# Enough for a table of a thousand rows; more would be read slowly and find nothing new.
input_bytes_max=65536

is_full=
if [ "${1:-}" = --full ]; then
  is_full=1
  shift
fi
seconds=${1:?usage: fuzz.sh [--full] SECONDS [TARGET…]}
shift
[ $# -eq 0 ] || targets=("$@")

# Guides the search by which branches an input takes, and by what it is compared with (the flags of cargo-fuzz).
coverage=-Cllvm-args=-sanitizer-coverage
guided="-Cpasses=sancov-module $coverage-level=4 $coverage-inline-8bit-counters $coverage-pc-table $coverage-trace-compares"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/unoc-fuzz.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
build=(cargo build --locked --quiet --package unoc-fuzz
  --config profile.dev.package.unoc.opt-level=1 --config profile.dev.package.unoc-fuzz.opt-level=1)
if [ -n "$is_full" ]; then
  target=$target/fuzz-full
  CARGO_TARGET_DIR=$target CARGO_PROFILE_DEV_OPT_LEVEL=2 RUSTFLAGS=$guided \
    "${build[@]}" --target "$(rustc --print host-tuple)"
  binary=$target/$(rustc --print host-tuple)/debug/unoc-fuzz
else
  # Only our own crates: everything else is there from the tests.
  UNOC_FUZZ_RUSTFLAGS=$guided RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc-guided "${build[@]}"
  binary=$target/debug/unoc-fuzz
fi

cache=${UNOC_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/unoc-test}/fuzz
fuzz() {
  local name=$1 status=0
  mkdir -p "$cache/$name" "$cache/failed"
  UNOC_FUZZ_TARGET=$name nice -n 10 "$binary" "$cache/$name" "fuzz/seeds/$name" \
    -max_total_time="$seconds" -timeout=$input_seconds_max -rss_limit_mb=$memory_mib_max -max_len=$input_bytes_max \
    -artifact_prefix="$cache/failed/$name-" -print_final_stats=1 > "$scratch/$name.log" 2>&1 || status=$?
  local count
  count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/$name.log")
  printf '%-12s %12s inputs, %s kept\n' "$name" "${count:-no}" "$(find "$cache/$name" -type f | wc -l)"
  if [ $status -ne 0 ]; then
    grep -v '^#' "$scratch/$name.log" | tail -n 40
    echo "$name FAILED (status $status); $binary has the targets"
    touch "$scratch/failed"
  fi
}

# As many at a time as there are processors.
for name in "${targets[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n || true; done
  fuzz "$name" &
done
wait
[ ! -e "$scratch/failed" ]
