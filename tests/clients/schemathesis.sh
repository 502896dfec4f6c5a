#!/usr/bin/env bash
# Generated requests against the real binary, judged by its own OpenAPI document: no 5xx, no status, content
# type or body that the document does not describe.
#
#   tests/clients/schemathesis.sh BINARY [SEED]
#
# Needs UNOC_SCHEMATHESIS (default: schemathesis on the PATH). The seed is printed; give it again to repeat a run.
set -euo pipefail

binary=$(realpath "${1:?usage: schemathesis.sh BINARY [SEED]}")
seed=${2:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
here=$(dirname "$(realpath "$0")")
schemathesis=${UNOC_SCHEMATHESIS:-schemathesis}
# shellcheck source=server.sh
. "$here/server.sh"

# Bounded by cases, so that a fast and a slow machine test the same; the clock only stops a run that hangs.
examples_per_operation=${UNOC_SCHEMATHESIS_EXAMPLES:-40}
seconds_max=480

UNOC_LOG_LEVEL=WARN start_server "$binary"
echo "server at $base, seed $seed"

# The shutdown call is left out because it does what it says.
cd "$server_dir"
timeout "$seconds_max" "$schemathesis" run "$base/openapi.json" \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
  --exclude-path /api/admin/shutdown \
  --phases examples,coverage,fuzzing,stateful \
  --max-examples "$examples_per_operation" \
  --workers 1 --seed "$seed" --request-timeout 20 --no-shrink --continue-on-failure --warnings off

stop_server
