# Commands beside the installed service, another installation, an upgrade, obstacles, uninstalling and a purge.
# appliance/boot-test.sh sources this file after its own tests, with the service stopped.
# shellcheck shell=bash

: "${download:?appliance/boot-test.sh sources this file}"
status_and_words() { # Runs a command; `words` has what it prints, `status` its exit status.
  status=0
  words=$("$@" 2>&1) || status=$?
}
contains() { # WHAT: the words contain each of the texts behind it; columns may have any width
  local what=$1 text squeezed
  squeezed=$(tr -s ' ' <<< "$words")
  shift
  for text in "$@"; do [[ $squeezed == *"$text"* ]] || expect "$what" "$words" "$text"; done
}
all_files_are_the_services() {
  expect "files of others in the data directory $1" "$(inside find /var/lib/unoc ! -user unoc)" ''
}

# Settings of the unit: an environment file and a credential that only root may read.
inside bash -ec 'umask 077
  echo "UNOC_SITE_NAME=from the environment file" > /etc/unoc/unoc.env
  echo open-sesame-4711 > /etc/unoc/shutdown_token
  printf "[Service]\nLoadCredential=shutdown_token:/etc/unoc/shutdown_token\n" > /etc/systemd/system/unoc.service.d/test.conf
  systemctl daemon-reload
  useradd --create-home --groups unoc member
  useradd --create-home stranger'
by() { local user=$1; shift; inside runuser -u "$user" -- "$@"; }
for state in stopped running; do
  [ $state = stopped ] || inside systemctl start unoc
  status_and_words inside unoc config show
  contains "the settings, $state" 'data_dir = /var/lib/unoc' 'from the environment file' 'shutdown_token = ***'
  for command in 'unoc config check' 'unoc backup now' 'unoc backup list' 'unoc jobs' 'unoc doctor --json' 'unoc export -'; do
    # shellcheck disable=SC2086 # The words of the command.
    status_and_words inside $command
    # A fault of the host, such as a clock that is not synchronized, is none of the command.
    [ $status -eq 0 ] || [[ $command == *doctor* ]] || expect "$command, $state" "$status: $words" success
  done
  all_files_are_the_services "while it is $state"
done
expect 'credentials that commands left behind' "$(inside find /run -path '/run/unoc-credentials.*/*')" ''
passed 'commands of root find the settings, the credentials and the data, and leave no files of root there'

# Files of groups that the service has: one of its user, and one that its unit names.
inside systemctl stop unoc
inside bash -ec 'groupadd of-the-user; groupadd of-the-unit; usermod -aG of-the-user unoc
  echo open-sesame-4711 > /etc/unoc/by-user; echo postgresql://unoc@127.0.0.1:1/unoc > /etc/unoc/by-unit
  chgrp of-the-user /etc/unoc/by-user; chgrp of-the-unit /etc/unoc/by-unit; chmod 640 /etc/unoc/by-user /etc/unoc/by-unit
  printf "[Service]\nSupplementaryGroups=of-the-unit\nEnvironment=UNOC_SHUTDOWN_TOKEN_FILE=/etc/unoc/by-user UNOC_DATABASE_URL_FILE=/etc/unoc/by-unit\n" > \
    /etc/systemd/system/unoc.service.d/groups.conf
  systemctl daemon-reload'
status_and_words inside unoc config check
expect 'unoc config check with files of groups' "$status: $words" '0: The configuration is valid.'
inside rm /etc/systemd/system/unoc.service.d/groups.conf /etc/unoc/by-user /etc/unoc/by-unit
inside systemctl daemon-reload
# A directory of credentials that a killed command with the same process id left behind.
status_and_words inside bash -c 'mkdir "/run/unoc-credentials.$$" && exec unoc jobs'
expect 'unoc jobs beside a left-over directory' "$status: $words" "0: $words"
inside systemctl start unoc
passed 'commands of root have the groups of the service'

status_and_words by member unoc jobs
expect 'unoc jobs of a member of the group' "$status" 0
contains 'the jobs' 'self-check'
status_and_words by member unoc export --csv devices -
contains 'an export by a member of the group' before-kill
status_and_words by member unoc config show
contains 'the settings that a member of the group sees' 'data_dir = /var/lib/unoc' 'unoc.env is not shown here'
for command in 'unoc jobs' 'unoc logs' 'unoc backup list'; do
  # shellcheck disable=SC2086 # The words of the command.
  status_and_words by stranger $command
  expect "the exit status of $command of a stranger" "$status" 3
  contains "$command of a stranger" 'join it (sudo usermod -aG unoc'
done
inside systemctl stop unoc
status_and_words by member unoc jobs
expect 'unoc jobs of a member while the service is stopped' "$status" 75
contains 'unoc jobs of a member while the service is stopped' 'use sudo'
inside systemctl start unoc
passed 'members of the group need no sudo while the service runs; strangers are told to join it'

main=$(show MainPID)
status_and_words inside "$download" install
expect 'the exit status of a second installation' "$status" 0
contains 'a second installation' 'Nothing is to be done.'
expect 'the process after a second installation' "$(show MainPID)" "$main"
inside bash -c 'echo "site_name = \"changed\"" >> /etc/unoc/unoc.toml'
settings=$(inside cat /etc/unoc/unoc.toml)
# Bytes behind a program change nothing but the file.
inside bash -c "cp $download /root/newer && echo newer >> /root/newer"
status_and_words inside /root/newer install --dry-run
contains 'a dry run' 'would replace /usr/bin/unoc (program)' 'would restart the service'
expect 'the process after a dry run' "$(show MainPID)" "$main"
status_and_words inside /root/newer install
contains 'an upgrade' 'replace /usr/bin/unoc (program)' 'restart the service' 'and is healthy'
[ "$(show MainPID)" != "$main" ] || expect 'the process after an upgrade' the-same another
inside cmp /root/newer /usr/bin/unoc
# An installation that is cut off once its files are there.
main=$(show MainPID)
inside bash -c 'cp /root/newer /usr/bin/.cut-off && echo more >> /usr/bin/.cut-off && mv /usr/bin/.cut-off /usr/bin/unoc
  cp /usr/bin/unoc /root/newest && touch /usr/lib/systemd/system/unoc.service'
status_and_words inside /root/newest install
expect 'the exit status of the next installation' "$status: $words" "0: $words"
contains 'the installation after one that was cut off' 'let systemd read its units again' 'restart the service' 'and is healthy'
[ "$(show MainPID)" != "$main" ] || expect 'the process after that' the-same another
status_and_words inside /root/newest install
contains 'one more installation' 'Nothing is to be done.'
# No change is accepted below min_free_mib, which is unhealthy.
inside bash -c 'echo "min_free_mib = 1048576" >> /etc/unoc/unoc.toml'
status_and_words inside "$download" install
contains 'an upgrade of an unhealthy site' 'and is unhealthy: '
expect 'the exit status of an upgrade of an unhealthy site' "$status" 0
inside sed -i '/^min_free_mib/d' /etc/unoc/unoc.toml
inside systemctl restart unoc
inside systemctl stop unoc
inside systemctl disable unoc 2> /dev/null
inside cp /root/newer /usr/bin/unoc
status_and_words inside "$download" install
contains 'an upgrade while the service is stopped' 'replace /usr/bin/unoc (program)' 'stopped'
expect 'the service after that' "$(inside systemctl is-active unoc || true) $(inside systemctl is-enabled unoc || true)" 'inactive disabled'
expect 'the configuration after the upgrades' "$(inside cat /etc/unoc/unoc.toml)" "$settings"
passed 'a second installation changes nothing; an upgrade restarts only what ran, and keeps the configuration'

status_and_words inside unoc uninstall
expect 'the exit status of uninstalling' "$status: $words" "0: $words"
for path in /usr/bin/unoc /usr/lib/systemd/system/unoc.service /usr/share/man/man1/unoc.1; do
  ! inside test -e $path || expect "$path" there removed
done
inside test -e /var/lib/unoc/unoc.redb
expect 'the configuration after uninstalling' "$(inside cat /etc/unoc/unoc.toml)" "$settings"
inside mkdir /usr/lib/sysusers.d/unoc.conf
inside systemd-run --quiet --unit listener systemd-socket-activate -l 5001 cat
until_true 5 'the other program' inside bash -c 'grep -q :1389 /proc/net/tcp6 /proc/net/tcp'
inside bash -c 'echo "colour = 1" >> /etc/unoc/unoc.toml'
status_and_words inside "$download" install
expect 'the exit status of an installation with obstacles' "$status" 3
contains 'the obstacles' 'unoc.conf is a directory' 'colour'
inside sed -i '$d' /etc/unoc/unoc.toml
status_and_words inside "$download" install
contains 'the obstacles' 'unoc.conf is a directory' 'another program listens on port 5001'
! inside test -e /usr/bin/unoc || expect 'the program after a refusal' there 'not installed'
inside systemctl stop listener
inside rmdir /usr/lib/sysusers.d/unoc.conf
inside "$download" install > /dev/null
has_device before-kill || expect 'the site after another installation' gone kept
passed 'obstacles are named together before anything is written; what uninstalling keeps is taken up again'

status_and_words inside unoc uninstall --purge
expect 'the exit status of a purge without an answer' "$status" 3
status_and_words inside unoc uninstall --purge --yes
expect 'the exit status of a purge' "$status: $words" "0: $words"
expect 'what a purge leaves' "$(inside find / -xdev \( -path /root -o -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp \) -prune -o -name '*unoc*' -print)" ''
expect 'the user after a purge' "$(inside getent passwd unoc || true)" ''
expect 'the group after a purge' "$(inside getent group unoc || true)" ''
passed 'a purge leaves nothing'
