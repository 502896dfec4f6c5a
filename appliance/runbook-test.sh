#!/usr/bin/env bash
# Runs every command of docs/OPERATIONS.md on a booted host (appliance/container.sh), in the document's order and as an
# operator types it, and compares what it does with the expectation beside it (appliance/runbook.py says how both are
# written). The host has PostgreSQL, an off-host target, a contact and a recovery kit.
#
#   appliance/runbook-test.sh BINARY
set -euo pipefail

binary=$(realpath "${1:?usage: runbook-test.sh BINARY}")
command -v python3 > /dev/null || { echo 'SKIPPED: python3 is not installed'; exit 77; }
repository=$(realpath "$(dirname "$(realpath "$0")")/..")
. "$(dirname "$(realpath "$0")")/container.sh"

# What receives notices and the heartbeat, in the container's network. It ends with this script.
setpriv --pdeathsig TERM nsenter -t "$leader" -n -- python3 - > "$run/notices" << 'RECEIVER' &
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(), flush=True)
        self.send_response(200)
        self.end_headers()

    do_POST = do_HEAD = do_GET

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", 8025), Receiver).serve_forever()
RECEIVER

add_engineer
until_true 20 PostgreSQL inside pg_isready -q -h 127.0.0.1
inside bash -eu > "$run/prepared" 2>&1 << 'PREPARE' || { cat "$run/prepared" >&2; exit 1; }
cd /
runuser -u postgres -- psql -q -c "CREATE ROLE unoc LOGIN CREATEDB PASSWORD 'runbook'"
runuser -u postgres -- createdb -O unoc -E UTF8 -T template0 -l C.UTF-8 unocdb
install -d -o unoc -g unoc -m 700 /copies
mkdir -p /etc/unoc /etc/systemd/system/unoc.service.d
echo 'postgresql://unoc:runbook@127.0.0.1/unocdb' > /etc/unoc/database_url
chown root:unoc /etc/unoc/database_url
chmod 640 /etc/unoc/database_url
unoc backup keygen > /home/engineer/kit
grep -o 'AGE-SECRET-KEY-[0-9A-Z]*' /home/engineer/kit | head -n 1 > /home/engineer/key.txt
cat > /etc/unoc/unoc.toml << TOML
database_url_file = "/etc/unoc/database_url"
backup_targets = "file:///copies?name=nas"
backup_recipients = "$(grep -o 'age1[0-9a-z]*' /home/engineer/kit | head -n 1)"
contacts = "http://127.0.0.1:8025/on-call"
heartbeat_url = "http://127.0.0.1:8025/heartbeat"
TOML
printf '[Service]\nReadWritePaths=/copies\n' > /etc/systemd/system/unoc.service.d/copies.conf
systemctl daemon-reload
systemctl restart unoc
PREPARE

python3 "$repository/appliance/runbook.py" "$repository" "$leader"
