#!/usr/bin/env bash
# Runs every command of docs/DEPLOYMENT.md on a booted host (appliance/container.sh) and writes every block of settings, in
# the document's order, from the installation on. The host has PostgreSQL, pgbouncer, nginx, Caddy and HAProxy, and no
# network: the names of the document lead to itself. appliance/deployment.py has what happens between the commands.
#
#   appliance/deployment-test.sh BINARY
set -euo pipefail

binary=$(realpath "${1:?usage: deployment-test.sh BINARY}")
command -v python3 > /dev/null || { echo 'SKIPPED: python3 is not installed'; exit 77; }
repository=$(realpath "$(dirname "$(realpath "$0")")/..")
# The document installs UNOC.
# shellcheck disable=SC2034 # container.sh reads these.
is_bare=1 tree=debian12-deployment more_packages=,pgbouncer,nginx-light,caddy,haproxy,openssl,iproute2
. "$(dirname "$(realpath "$0")")/container.sh"

add_engineer
until_true 20 PostgreSQL inside pg_isready -q -h 127.0.0.1
inside bash -eu > "$run/prepared" 2>&1 << PREPARE || { cat "$run/prepared" >&2; exit 1; }
install -m 755 $download /home/engineer/unoc
echo '127.0.0.1 noc.example.org example.org db.example.org db1.example.org' >> /etc/hosts
echo '127.0.0.2 db2.example.org' >> /etc/hosts
# The package managers start them; the document starts each when its turn comes.
systemctl disable --now nginx caddy haproxy pgbouncer
PREPARE
# UNOC v2's tables, in a database as its containers make it.
for file in v2_schema v2_clean; do cat "$repository/tests/it/v2_import/$file.sql"; done | inside tee /root/v2.sql > /dev/null

python3 "$repository/appliance/deployment.py" "$repository" "$leader"
