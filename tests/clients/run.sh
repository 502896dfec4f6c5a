#!/usr/bin/env bash
# The two official Socket.IO clients against the real binary.
#
#   tests/clients/run.sh BINARY
#
# Needs node with `npm ci` done in this folder, and a Python with requirements.txt installed
# (UNOC_TEST_PYTHON, default python3). ops/test.sh prepares both.
set -euo pipefail

binary=$(realpath "${1:?usage: run.sh BINARY}")
here=$(dirname "$(realpath "$0")")
python=${UNOC_TEST_PYTHON:-python3}
# shellcheck source=server.sh
. "$here/server.sh"

start_server "$binary"
echo "server at $base"

echo "== official JavaScript client"
timeout 120 node "$here/official_js.mjs" "$base"

echo "== python-socketio"
timeout 120 "$python" "$here/python_client.py" "$base"

# The runbook greps the log for these lines.
for line in 'Client connected: ' 'Client disconnected: '; do
  if ! grep -q "$line" "$server_log"; then
    echo "the log has no line with '$line'" >&2
    exit 1
  fi
done

stop_server
echo "both clients saw what the contract promises, and the server stopped cleanly"
