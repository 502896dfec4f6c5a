#!/usr/bin/env bash
# Measures restarts under systemd with 100,000 leaves under load, in a container (appliance/container.sh): 50 Socket.IO clients
# stay connected, 8 HTTP clients open a connection for each request. Prints a row for each restart, and fails when a
# connection is refused. The numbers are those of docs/PERFORMANCE.md; a busy machine makes them worse.
#
#   appliance/restart-measure.sh BINARY [RESTARTS]
set -euo pipefail

binary=$(realpath "${1:?usage: restart-measure.sh BINARY [RESTARTS]}")
restarts=${2:-5}
repository=$(dirname "$(dirname "$(realpath "$0")")")
. "$repository/appliance/container.sh"
command -v node > /dev/null || skip 'node is not installed'
[ -d "$repository/tests/clients/node_modules" ] || skip 'the Socket.IO client is not installed (npm ci in tests/clients)'

inside systemctl stop unoc
inside rm -f /var/lib/unoc/unoc.redb /var/lib/unoc/site.json
inside setpriv --reuid unoc --regid unoc --clear-groups /usr/bin/unoc seed --size 100000 --data-dir /var/lib/unoc > /dev/null
inside systemctl start unoc
until_true 20 'the site' fetch http://127.0.0.1:5001/health/ready

# In the network of the container, with the files of this machine.
coproc load { nsenter -t "$leader" -n node "$repository/tests/clients/restart_load.mjs" http://127.0.0.1:5001 2>&1; }
load_in=${load[1]} load_out=${load[0]}
read -r -t 60 line <&"$load_out"
expect 'the clients' "$line" ready

echo '| ready, s | clients back, s | clients back | answered | refused | failed | longest answer, s |'
echo '|---|---|---|---|---|---|---|'
refused=0
for ((restart = 0; restart < restarts; restart++)); do
  echo restart >&"$load_in"
  inside systemctl restart unoc
  read -r -t 60 line <&"$load_out"
  ready_us=$(($(show ActiveEnterTimestampMonotonic) - $(show ExecMainStartTimestampMonotonic)))
  python3 - "$ready_us" "$line" << 'PYTHON'
import json, sys
ready, seen = int(sys.argv[1]) / 1e6, json.loads(sys.argv[2])
print(f"| {ready:.3f} | {seen['clients_back_s']:.2f} | {seen['clients_back']} | {seen['answered']} | {seen['refused']} "
      f"| {seen['failed']} | {seen['longest_s']:.2f} |", flush=True)
PYTHON
  [[ $line == *'"refused":0'* ]] || refused=1
done
echo end >&"$load_in"
expect 'whether a connection was refused' "$refused" 0
