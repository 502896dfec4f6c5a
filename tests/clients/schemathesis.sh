#!/usr/bin/env bash
# Generated requests against the real binary, judged by its own OpenAPI document: no 5xx, no status, content
# type or body that the document does not describe. First without users, when this host may do everything; then, once
# there is one, by an admin, whose calls fail without the session (`ignored_auth`), and by nobody, who changes nothing.
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
examples_per_operation=${UNOC_SCHEMATHESIS_EXAMPLES:-24}
seconds_max=480

conformance=not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance

# generate EXAMPLES ARGUMENT…   The shutdown call is left out because it does what it says.
generate() {
  local examples=$1
  shift
  timeout "$seconds_max" "$schemathesis" run "$server_dir/openapi.json" --url "$base" \
    --exclude-path /api/admin/shutdown --max-examples "$examples" \
    --workers 1 --seed "$seed" --request-timeout 20 --no-shrink --continue-on-failure --warnings off "$@"
}

# Calls the server as root of this host does, by its Unix socket.
as_host() { curl --silent --show-error --fail --unix-socket "$server_dir/data/unoc.sock" "$@"; }

UNOC_LOG_LEVEL=WARN start_server "$binary"
echo "server at $base, seed $seed"
cd "$server_dir"
curl --silent --show-error --fail "$base/openapi.json" > openapi.json

echo '== no users: this host may do everything'
# Making the first user would end that.
generate "$examples_per_operation" --checks "$conformance" --phases examples,coverage,fuzzing,stateful \
  --exclude-path /api/setup --exclude-operation-id add_user --exclude-path /api/settings
# They switch off what the requests above are for, which then answers 503.
generate "$examples_per_operation" --checks "$conformance" --phases examples,coverage,fuzzing --include-path /api/settings

name=admin password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
as_host http://localhost/api/users --json "{\"name\":\"$name\",\"role\":\"admin\",\"password\":\"$password\"}" > user.json
log_in() {
  curl --silent --show-error --fail --cookie-jar cookies "$base/api/session" \
    --json "{\"name\":\"$name\",\"password\":\"$password\"}" > session.json
  cookie=$(sed -n 's/^.*\tunoc_session\t/unoc_session=/p' cookies)
}

as_host http://localhost/api/settings > settings.json
python3 -c 'import json; print(json.dumps({it["key"]: it["default"] for it in json.load(open("settings.json"))["settings"]}))' \
  > defaults.json
as_host http://localhost/api/settings --request PATCH --json @defaults.json > settings.json

echo '== a user: an admin'
log_in
# What ends the session of the admin, or changes the password, ends the test.
generate $((examples_per_operation / 4)) --checks "$conformance,ignored_auth" --phases examples,coverage,fuzzing \
  --header "Cookie: $cookie" --exclude-path-regex '^/api/(session|account|sessions|settings|users)'
curl --silent --show-error --fail --cookie "$cookie" "$base/api/session" | grep -q '"role":"admin"' ||
  { echo 'the admin lost the session' >&2; exit 1; }

echo '== a user: nobody'
seq_of() { as_host http://localhost/api/export > export.jsonl && head -n 1 export.jsonl | grep -o '"seq":[0-9]*'; }
before=$(seq_of)
generate $((examples_per_operation / 4)) --checks "$conformance" --phases examples,coverage,fuzzing
[ "$(seq_of)" = "$before" ] || { echo 'nobody changed the site' >&2; exit 1; }

stop_server
