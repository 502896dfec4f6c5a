# Tests of the units in systemd/, which boot-test.sh sources: the socket, the line of status, reload, reports of failures,
# credentials, and the sandbox against a unit without one.
# shellcheck shell=bash

: "${base:?boot-test.sh sources this file}" "${run:?}"

# drop_in UNIT TEXT: replaces the settings that the tests add to a unit.
drop_in() {
  inside mkdir -p "/etc/systemd/system/$1.d"
  inside bash -c "cat > '/etc/systemd/system/$1.d/units-test.conf'" <<< "$2"
  inside systemctl daemon-reload
}
no_drop_in() {
  inside rm -f "/etc/systemd/system/$1.d/units-test.conf"
  inside systemctl daemon-reload
}
health_check() { fetch -X POST "$base/api/health/checks/$1/run"; }
has_incident() { [[ $(fetch "$base/api/incidents") == *"\"key\":\"$1\""* ]]; }
is_logged_now() { of_this_run | grep -- "$1" > /dev/null; }
is_state() { [ "$(inside systemctl is-active unoc)" = "$1" ]; }

# Clients that open a connection for each request, while the service restarts. Prints the exit statuses of curl: 0 answered,
# 7 refused, 52 and 56 closed without an answer.
restart_under_load() {
  inside bash -c 'for client in 1 2 3 4; do
      while [ ! -e /run/load-is-over ]; do
        curl --silent --output /dev/null --fail --max-time 20 http://127.0.0.1:5001/api/devices?limit=1; echo $?
      done &
    done
    for restart in 1 2 3; do systemctl restart unoc; done
    touch /run/load-is-over
    wait
    rm /run/load-is-over' | sort | uniq -c
}

kept_sockets() { show NFileDescriptorStore; }
is_refused() { ! fetch $base/health/live 2> /dev/null; }
expect 'the sockets that systemd keeps' "$(kept_sockets)" 1
load=$(restart_under_load)
[ "$(awk '$2 != 0' <<< "$load")" = '' ] || expect 'what clients got during restarts' "$load" 'only answers'
passed "restarts under load refuse nobody:$(awk '{print " " $1 " requests answered"}' <<< "$load")"

# The same without it shows that the load is dense enough to notice.
drop_in unoc.service $'[Service]\nFileDescriptorStoreMax=0'
inside systemctl stop unoc
inside systemctl start unoc
expect 'the sockets without the setting' "$(kept_sockets)" 0
load=$(restart_under_load)
[ "$(awk '$2 == 7' <<< "$load")" != '' ] || expect 'what clients got without the socket' "$load" 'some refused'
no_drop_in unoc.service
inside systemctl restart unoc
inside systemctl stop unoc
is_refused || expect 'a client of a stopped service' answered refused
expect 'the state after a client' "$(inside systemctl is-active unoc || true)" inactive
inside systemctl start unoc
main=$(show MainPID)
inside kill -KILL "$main"
expect 'a client during the restart after SIGKILL' "$(inside curl --silent --output /dev/null --max-time 20 --write-out '%{http_code}' $base/health/live)" 200
[ "$(show MainPID)" != "$main" ] || expect 'the process after SIGKILL' "$main" 'another one'
passed 'a client of a killed service is answered by the next one, and a stopped service stays stopped'

drop_in unoc.service $'[Service]\nEnvironment=UNOC_HOST=0.0.0.0 UNOC_INSECURE_NO_AUTH=1'
inside systemctl restart unoc
until_true 5 'the other address' is_logged_now '0.0.0.0:5001'
drop_in unoc.service $'[Service]\nEnvironment=UNOC_PORT=5002'
inside systemctl restart unoc
fetch -o /dev/null http://127.0.0.1:5002/health/live
is_refused || expect 'a client of the earlier address' answered refused
expect 'the sockets after another address' "$(kept_sockets)" 1
no_drop_in unoc.service
inside systemctl restart unoc
fetch -o /dev/null $base/health/live
passed 'a changed address takes effect by a restart'

is_healthy() { [[ $(show StatusText) =~ ^healthy,\ [0-9]+\ devices$ ]]; }
until_true 30 'the line of status' is_healthy
passed "systemctl status shows: $(show StatusText)"

# Reload: what changes, what waits for a restart, what is refused.
main=$(show MainPID)
inside cp -p /etc/unoc/unoc.toml /root/unoc.toml.kept
inside bash -c 'printf "log_level = \"DEBUG\"\nsite_name = \"Reloaded\"\n" > /etc/unoc/unoc.toml'
inside systemctl reload unoc
until_true 5 'the line about the reload' is_logged_now 'now in effect: log_level'
until_true 5 'the line about the restart' is_logged_now 'need a restart (systemctl restart unoc): site_name'
[[ $(health_check configuration.applied) == *'after a restart: site_name'* ]] || expect 'the check' "$(health_check configuration.applied)" site_name
inside bash -c 'echo "no_such_key = 1" > /etc/unoc/unoc.toml'
! inside systemctl reload unoc 2> /dev/null || expect 'the reload of an error' 'a success' 'a failure'
until_true 5 'the error in the log' is_logged_now 'was not reloaded, and the one before stays in effect: .*no_such_key'
is_wrong() { [[ $(show StatusText) == '1 problem: The configuration is not in effect, '* ]]; }
until_true 20 'the line of status about the error' is_wrong
until_true 5 'the incident of the error' has_incident check:configuration.applied
inside cp -p /root/unoc.toml.kept /etc/unoc/unoc.toml
inside systemctl reload unoc
is_applied() { [[ $(health_check configuration.applied) == *'"value":1.0'* ]]; }
until_true 10 'the configuration in effect' is_applied
expect 'the process after reloads' "$(show MainPID)" "$main"
expect 'the state after reloads' "$(inside systemctl is-active unoc)" active
passed 'reload replaces the level of the log, names what needs a restart, and refuses errors'

# Reports of ends that the service cannot report itself.
until_true 20 'the incident of SIGKILL' has_incident crash:systemd:signal
until_true 20 'the incident of the watchdog' has_incident crash:systemd:watchdog
expect 'the report' "$(inside stat -c '%U %a' /var/lib/unoc/crashes/panic-systemd@watchdog.json)" 'unoc 600'
drop_in unoc.service $'[Unit]\nStartLimitBurst=2\n[Service]\nRestartSec=100ms'
inside systemctl reset-failed unoc
inside systemctl restart unoc
is_given_up() { inside systemctl kill -s KILL unoc 2> /dev/null || true; is_state failed; }
until_true 30 'the start limit' is_given_up
is_reported() { inside grep 'serves http' /var/lib/unoc/crashes/panic-systemd@not-restarted.json; }
until_true 10 'the report with lines of the journal, once systemd has given up' is_reported
expect 'the unit of the report' "$(inside systemctl show -p Result --value unoc-failure@unoc)" success
no_drop_in unoc.service
inside systemctl reset-failed unoc
inside systemctl start unoc
until_true 20 'the incident once systemd has given up' has_incident crash:systemd:not-restarted
passed 'SIGKILL, the watchdog and the start limit leave reports, which become incidents'

# A file that only root can read reaches the service as a credential.
inside bash -c 'umask 077; mkdir -p /etc/unoc; echo a-long-token > /etc/unoc/shutdown_token'
drop_in unoc.service $'[Service]\nLoadCredential=shutdown_token:/etc/unoc/shutdown_token'
inside systemctl restart unoc
shut_down() { inside curl --silent --output /dev/null --write-out '%{http_code}' -X POST -H "X-Shutdown-Token: $1" $base/api/admin/shutdown; }
expect 'another token' "$(shut_down another-token)" 403
expect 'the token of the credential' "$(shut_down a-long-token)" 200
until_true 10 'the stop by a request' is_state inactive
is_refused || expect 'a client after the stop by a request' answered refused
expect 'the state after the client' "$(inside systemctl is-active unoc || true)" inactive
no_drop_in unoc.service
inside rm /etc/unoc/shutdown_token
inside systemctl start unoc
passed 'a secret is passed as a credential'

# The same program with and without the sandbox. It stands where the unit may execute it.
inside bash -c 'mkdir -p /home/control && echo secret > /home/control/file && cat > /usr/share/probe.pl' << 'PROBE'
use Socket;
my %attempts = (
  'read /home' => sub { open my $file, '<', '/home/control/file' },
  'write /etc' => sub { open my $file, '>', '/etc/probe' },
  'write /usr' => sub { open my $file, '>', '/usr/probe' },
  'run a shell' => sub { system('/bin/sh', '-c', 'exit 0') == 0 },
  'open a raw socket' => sub { socket my $socket, AF_INET, SOCK_RAW, 1 },
  'signal process 1' => sub { kill 0, 1 },
  # 165 is mount(2) on x86-64.
  'mount' => sub { syscall(165, my $from = 'tmpfs', my $to = '/tmp', my $kind = 'tmpfs', 0, 0) == 0 },
);
print "$_: ", ($attempts{$_}->() ? 'allowed' : 'denied'), "\n" for sort keys %attempts;
PROBE
inside bash -c 'printf "[Service]\nType=oneshot\nExecStart=/usr/bin/perl /usr/share/probe.pl\n" > /etc/systemd/system/probe-control.service'
for unit in unoc unoc-failure@; do
  inside bash -c "sed '/^\[Install\]/,\$d; /^\(OnFailure\|Type\|Exec[A-Z][A-Za-z]*\|WatchdogSec\|Restart.*\|NotifyAccess\)=/{/^ExecPaths/!d}' \
    '/usr/lib/systemd/system/$unit.service' > '/etc/systemd/system/probe-${unit%@}.service'
    printf 'Type=oneshot\nExecStart=/usr/bin/unoc /usr/share/probe.pl\nBindReadOnlyPaths=/usr/bin/perl:/usr/bin/unoc\n' >> \
      '/etc/systemd/system/probe-${unit%@}.service'"
done
inside systemctl daemon-reload
for probe in control unoc unoc-failure; do
  wanted=$([ "$probe" = control ] && echo allowed || echo denied)
  inside systemctl start "probe-$probe"
  inside journalctl --sync
  inside journalctl -u "probe-$probe" -o cat --no-pager | grep -E ': (allowed|denied)$' > "$run/probe" || true
  expect "attempts of probe-$probe" "$(wc -l < "$run/probe")" 7
  expect "attempts of probe-$probe that are not $wanted" "$(grep -v ": $wanted\$" "$run/probe" || true)" ''
done
passed 'the sandbox denies seven attempts that a unit without it allows'
inside bash -c 'rm /etc/systemd/system/probe-*.service && systemctl daemon-reload'
