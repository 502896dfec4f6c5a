# shellcheck shell=bash disable=SC2034
# Sourced by the scripts beside it: starts a server of its own on a free port, in a folder of its own.
#
#   start_server BINARY   sets base (its address), server_pid, server_log
#   stop_server           ends it with SIGTERM and waits; fails when it does not stop in time
#
# Nothing of the machine's own configuration reaches the server.

start_seconds_max=30
stop_seconds_max=10

start_server() {
  local binary=$1
  server_dir=$(mktemp -d "${TMPDIR:-/tmp}/unoc-clients.XXXXXX")
  server_log=$server_dir/log
  mkdir "$server_dir/data"
  : > "$server_dir/unoc.toml"
  # A panic in a task answers its caller; the log keeps it, and the scripts look there.
  env -i PATH="$PATH" HOME="$server_dir" RUST_BACKTRACE=1 UNOC_PORT=0 UNOC_LOG_LEVEL="${UNOC_LOG_LEVEL:-INFO}" \
    "$binary" serve --config "$server_dir/unoc.toml" --data-dir "$server_dir/data" \
    > "$server_log" 2>&1 < /dev/null &
  server_pid=$!
  trap 'abandon_server' EXIT

  local deadline=$((SECONDS + start_seconds_max))
  until [ -s "$server_dir/data/endpoint" ]; do
    if ! kill -0 "$server_pid" 2>/dev/null; then
      echo "the server ended while starting; its log:" >&2
      cat "$server_log" >&2
      exit 1
    fi
    if [ $SECONDS -ge $deadline ]; then
      echo "the server was not ready after $start_seconds_max s; its log:" >&2
      cat "$server_log" >&2
      exit 1
    fi
    sleep 0.05
  done
  # Its first line; the second one is the Unix socket.
  IFS= read -r base < "$server_dir/data/endpoint"
}

stop_server() {
  local deadline=$((SECONDS + stop_seconds_max)) status=0
  kill -TERM "$server_pid"
  while kill -0 "$server_pid" 2>/dev/null; do
    if [ $SECONDS -ge $deadline ]; then
      echo "the server did not stop within $stop_seconds_max s of SIGTERM" >&2
      exit 1
    fi
    sleep 0.05
  done
  wait "$server_pid" || status=$?
  server_pid=
  if [ $status -ne 0 ]; then
    echo "the server ended with status $status; the end of its log:" >&2
    tail -n 40 "$server_log" >&2
    exit 1
  fi
  if grep -n 'panicked at' "$server_log" >&2; then
    echo "the server panicked" >&2
    exit 1
  fi
}

# Whatever ends the script, the server ends too, and a failure shows the server's last words.
abandon_server() {
  local status=$?
  if [ -n "${server_pid:-}" ]; then
    kill -KILL "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
  fi
  if [ $status -ne 0 ] && [ -s "$server_log" ]; then
    echo "--- the server's last lines:" >&2
    tail -n 20 "$server_log" >&2
  fi
  rm -rf "$server_dir"
  exit $status
}
