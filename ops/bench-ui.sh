#!/usr/bin/env bash
# Measures the topology page of the binary as it is shipped (profile `dist`), in Chromium without a graphics card, and
# compares it with the same network drawn with Cytoscape; docs/PERFORMANCE.md describes how.
#
#   ops/bench-ui.sh                  sites of 1,000 to 100,000 subscribers: about eight minutes, after the build
#   ops/bench-ui.sh 10000            only this size
#   ops/bench-ui.sh --write [SIZE…]  also writes the table into docs/PERFORMANCE.md
#
# CARGO_TARGET_DIR is honoured. UNOC_BENCH_BINARY names a binary that is already built. UNOC_CHROMIUM
# (default: /usr/bin/chromium) is the browser.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

arguments=()
for argument in "$@"; do
  if [ "$argument" = --write ]; then
    arguments+=(--write "$PWD/docs/PERFORMANCE.md")
  else
    arguments+=("$argument")
  fi
done

binary=${UNOC_BENCH_BINARY:-}
if [ -z "$binary" ]; then
  cargo build --locked --profile dist --bin unoc
  binary=$(realpath -m "${CARGO_TARGET_DIR:-target}")/dist/unoc
fi
[ -x assets/node_modules/.bin/vite ] || (cd assets && npm ci --no-audit --no-fund)

pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
cd assets
npx vite build --config bench/vite.config.ts --outDir "$pages" --emptyOutDir --logLevel warn
node bench/run.mjs --binary "$binary" --pages "$pages" "${arguments[@]}"
