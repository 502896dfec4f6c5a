#!/usr/bin/env bash
# Boots systemd in a temporary container (appliance/container.sh), installs UNOC and tests the units: readiness, watchdog,
# restart, refused configuration, journal, sandbox, backup and restore, stop; by appliance/units-test.sh also the socket,
# reload, reports of failures and credentials. Then commands beside the service, another installation, an upgrade,
# obstacles, uninstalling and a purge (appliance/install-test.sh).
#
#   appliance/boot-test.sh BINARY
set -euo pipefail

binary=$(realpath "${1:?usage: boot-test.sh BINARY}")
. "$(dirname "$(realpath "$0")")/container.sh"
appliance=$(dirname "$(realpath "$0")")
. "$appliance/upgrade-test.sh"

base=http://127.0.0.1:5001
json='content-type: application/json'
provision() {
  fetch -o /dev/null -H "$json" -d "{\"name\":\"$1\",\"device_type\":\"POP\"}" $base/api/devices/provision
}
has_device() { [[ $(fetch "$base/api/devices?q=$1") == *"\"name\":\"$1\""* ]]; }

# The command that docs/OPERATIONS.md names for finding clients.
sid=$(fetch "$base/socket.io/?EIO=4&transport=polling" | sed 's/.*"sid":"\([^"]*\)".*/\1/')
fetch -o /dev/null -H 'content-type: text/plain' -d 40 "$base/socket.io/?EIO=4&transport=polling&sid=$sid"
# Not `grep -q`, which would close the pipe while journalctl still writes.
is_logged() { inside journalctl -u unoc -o cat --no-pager | grep "$1" > /dev/null; }
until_true 5 'the journal line of a client' is_logged 'Client connected: '
passed 'the journal lists clients'

main=$(show MainPID)
status_of() { inside sed -n "s/^$2:\t*//p" "/proc/$1/status"; }
expect 'capabilities' "$(status_of "$main" CapEff)" 0000000000000000
expect 'NoNewPrivs' "$(status_of "$main" NoNewPrivs)" 1
expect 'a system call filter' "$(status_of "$main" Seccomp)" 2
# A process of the same container outside of the sandbox shows that the unit causes these.
[ "$(status_of 1 CapEff)" != 0000000000000000 ] || skip 'the container itself has no capabilities'
# Checked from outside, as root: in the service's view of the files nothing else can be executed.
view=/proc/$main/root
for folder in /etc /usr /var /opt; do
  inside touch "$folder/control"
  ! inside touch "$view$folder/denied" 2> /dev/null || expect "$folder" writable read-only
done
inside touch "$view/var/lib/unoc/allowed"
inside rm /var/lib/unoc/allowed
! inside nsenter -t "$main" -m /usr/bin/true 2> /dev/null || expect '/usr/bin/true' executable denied
inside ls /boot > /dev/null
[ "$(inside stat -c %a "$view/boot")" = 0 ] || expect /boot "$(inside stat -c %a "$view/boot")" hidden
expect 'the data directory' "$(inside stat -c '%U %a' /var/lib/unoc)" 'unoc 750'
expect 'the store' "$(inside stat -c '%U %a' /var/lib/unoc/unoc.redb)" 'unoc 600'
passed 'sandbox: no capabilities, a system call filter, only /var/lib/unoc is writable'

# The service backs up, verifies and restores the site within the sandbox.
provision before-backup
made=$(fetch -X POST $base/api/backups)
[[ $made == *'"state":"verified"'* ]] || expect 'a backup' "$made" verified
provision after-backup
fetch -o /dev/null -H "$json" -d '{"dry_run":false}' $base/api/backups/latest/restore
has_device before-backup || expect 'a device of the backup' gone restored
! has_device after-backup || expect 'a device made after the backup' kept gone
fetch -o /dev/null -X POST $base/api/backups/undo
has_device after-backup || expect 'a device after undoing the restore' gone back
for backup in $(inside find /var/lib/unoc/backups -name '*.zst'); do
  expect 'the file of a backup' "$(inside stat -c '%U %a' "$backup")" 'unoc 600'
done
passed 'backup, verification, restore and undo work within the sandbox'

# A larger site, so that its backup takes long enough to be observed. Niceness is field 19 of a thread's stat; field 2
# may contain spaces (`man 5 proc`).
inside bash -c '{ printf "{\"devices\":["; for i in {1..4000}; do printf "{\"name\":\"nice-$i\",\"device_type\":\"POP\"},"; done
  printf "{\"name\":\"nice\",\"device_type\":\"POP\"}]}"; } > /root/devices.json'
fetch -o /dev/null -H "$json" -d @/root/devices.json $base/api/devices/bulk
backs_up_nicely() {
  inside bash -c "curl --silent --output /dev/null -X POST $base/api/backups & seen=1
    while kill -0 \$! 2> /dev/null; do
      ! cat /proc/$main/task/*/stat 2> /dev/null | sed 's/.*) //' | cut -d ' ' -f 17 | grep -qx 5 || seen=0
    done
    exit \$seen"
}
until_true 30 'a thread with niceness 5' backs_up_nicely
! is_logged 'priority of the service' || expect 'the niceness of backups' refused allowed
passed 'backups run at niceness 5'

is_another() { local pid; pid=$(show MainPID); [ "$pid" != 0 ] && [ "$pid" != "$main" ] && fetch $base/health; }
provision before-kill
inside kill -KILL "$main"
until_true 20 'the restart after SIGKILL' is_another
has_device before-kill || expect 'an acknowledged device' gone kept
passed "restarted after SIGKILL, NRestarts=$(show NRestarts), nothing lost"

# Shorter than the unit's 30 s, to keep the test short; the mechanism is the same.
inside mkdir -p /etc/systemd/system/unoc.service.d
inside bash -c 'printf "[Service]\nWatchdogSec=2s\n" > /etc/systemd/system/unoc.service.d/test.conf'
inside systemctl daemon-reload
inside systemctl restart unoc
main=$(show MainPID)
sleep 4 # Two periods: the watchdog signals keep the service running.
expect 'the process after two watchdog periods' "$(show MainPID)" "$main"
provision before-hang
inside kill -STOP "$main"
until_true 30 'the restart after a hang' is_another
until_true 5 'the watchdog as the reason' is_logged 'Watchdog timeout'
has_device before-hang || expect 'an acknowledged device' gone kept
passed 'after a hang the watchdog restarts the service, nothing lost'

# An unreachable mirror logs a warning here; a refused configuration logs an error below.
of_this_run() { inside journalctl "_SYSTEMD_INVOCATION_ID=$(show InvocationID)" -o cat --no-pager "$@"; }
is_warned() { of_this_run -p warning | grep 'Sync is waiting' > /dev/null; }
for format in text json; do
  inside bash -c "printf '[Service]\nEnvironment=UNOC_LOG_FORMAT=$format UNOC_DATABASE_URL=postgresql://unoc@127.0.0.1:1/unoc\n' > \
    /etc/systemd/system/unoc.service.d/priorities.conf"
  inside systemctl daemon-reload
  inside systemctl restart unoc
  until_true 10 "a warning in the journal ($format)" is_warned
  ! of_this_run -p warning | grep 'serves http' > /dev/null || expect 'the priority of a start' warning info
  of_this_run -p info | grep 'serves http' > /dev/null || expect 'a start in the journal' missing there
  ! of_this_run | grep '^<[0-9]>' > /dev/null || expect 'the prefix of a priority' shown interpreted
done
main=$(show MainPID)
inside systemctl kill -s HUP unoc
until_true 5 'the journal line of SIGHUP' is_logged 'Reloaded the configuration'
expect 'the process after SIGHUP' "$(show MainPID)" "$main"
inside rm /etc/systemd/system/unoc.service.d/priorities.conf
inside systemctl daemon-reload
passed 'journalctl -p warning shows only warnings, as text and as JSON; SIGHUP does not end the service'

# The socket that systemd keeps, reload, reports of failures, credentials, denials of the sandbox.
. "$(dirname "$(realpath "$0")")/units-test.sh"

restarts=$(show NRestarts)
inside cp -p /etc/unoc/unoc.toml /etc/unoc/unoc.toml.kept
inside bash -c 'echo "no_such_key = 1" >> /etc/unoc/unoc.toml'
inside bash -c 'while [ ! -e /run/load-is-over ]; do curl --silent --output /dev/null --max-time 20 http://127.0.0.1:5001/health/live || true; done' &
clients=$!
! inside systemctl restart unoc 2> /dev/null || expect 'a start with a bad configuration' accepted refused
invocation=$(show InvocationID)
expect 'the exit status' "$(show ExecMainStatus)" 3
expect 'the state' "$(show ActiveState)" failed
expect 'restarts after a refused configuration' "$(show NRestarts)" 0
# No client starts it again: that would use up the starts of the corrected one.
is_refused || expect 'a client after a refused configuration' answered refused
expect 'starts after a refused configuration' "$(show InvocationID)" "$invocation"
inside touch /run/load-is-over
wait "$clients"
inside rm /run/load-is-over
is_an_error() { of_this_run -p err | grep no_such_key > /dev/null; }
until_true 5 'an error in the journal that names the bad setting' is_an_error
inside mv /etc/unoc/unoc.toml.kept /etc/unoc/unoc.toml
inside systemctl start unoc
passed "a refused configuration is reported and the start is not retried (restarts before: $restarts)"

started=$(date +%s%N)
inside systemctl stop unoc
took_ms=$((($(date +%s%N) - started) / 1000000))
expect 'the result of a stop' "$(show Result)" success
[ $took_ms -lt 5000 ] || expect 'the stop' "$took_ms ms" 'below 5000 ms'
inside test -e /var/lib/unoc/unoc.redb
passed "stopped cleanly in $took_ms ms"

upgrade_test
inside systemctl stop unoc
. "$(dirname "$(realpath "$0")")/install-test.sh"
