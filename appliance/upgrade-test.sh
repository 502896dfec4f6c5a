# Upgrades UNOC on the booted host, by `unoc upgrade` and `unoc rollback`; appliance/boot-test.sh sources this file and calls
# upgrade_test. The other versions are copies of the program in which words are replaced by words of the same length.
# shellcheck shell=bash disable=SC2154,SC2016

# with_words FILE EXPRESSION...: a copy of the installed program, edited by sed.
with_words() {
  local file=$1 expression
  shift
  inside cp /usr/bin/unoc "$file"
  for expression in "$@"; do inside env LC_ALL=C sed -i "$expression" "$file"; done
}

version_of() { inside "$1" version | cut -d ' ' -f 2; }

# ends_with STATUS COMMAND...: runs a command on the host; its output is in $run/words.
ends_with() {
  local wanted=$1 status=0
  shift
  inside "$@" > "$run/words" 2>&1 || status=$?
  [ "$status" = "$wanted" ] || cat "$run/words" >&2
  expect "the exit status of: $*" "$status" "$wanted"
}

says() { grep -F -- "$1" "$run/words" > /dev/null || { cat "$run/words" >&2 && expect 'the output' 'see above' "$1"; }; }

# The power is cut while a version that does not start is in its place: the next start goes back by the previous program.
cut_off_test() {
  inside bash -c 'printf "[Service]\nExecStartPre=+/bin/sleep 60\n" > /etc/systemd/system/unoc.service.d/slow.conf'
  inside systemctl daemon-reload
  inside bash -c 'echo $$ > /run/upgrade.pid; exec unoc upgrade /root/unoc-broken --yes' > /dev/null 2>&1 &
  is_starting() { inside grep '"state": "watching"' /usr/bin/unoc.upgrade.json; }
  until_true 60 'the start of the new version' is_starting
  inside bash -c 'kill -KILL $(cat /run/upgrade.pid)'
  wait $! || true
  inside systemctl stop unoc
  inside rm /etc/systemd/system/unoc.service.d/slow.conf
  inside systemctl daemon-reload
  expect 'the version after the cut' "$(version_of unoc)" "$next"
  # As a boot does. It may wait until the previous version has started.
  inside systemctl start unoc 2> /dev/null || true
  is_back() { [ "$(version_of unoc) $(inside systemctl is-active unoc)" = "$version active" ]; }
  until_true 60 'the previous version' is_back
  is_over() { ! inside test -e /usr/bin/unoc.rescue; }
  until_true 10 'the end of the upgrade' is_over
  until_true 10 'the end of its unit' inside systemctl is-failed unoc-upgrade
  inside journalctl -u unoc-upgrade -o cat --no-pager > "$run/words"
  says "Version $version runs again"
  has_device by-the-new-version || expect 'a device' gone kept
  [ -z "$(inside find /var/lib/unoc ! -user unoc ! -name allowed)" ] || expect 'the owner of all data' other unoc
  inside systemctl reset-failed unoc-upgrade
  passed 'a version that did not start after a power cut went back by itself'
}

upgrade_test() {
  local version next
  # The tests before may have used up the starts that the unit allows.
  inside systemctl reset-failed unoc
  inside systemctl start unoc
  version=$(version_of unoc)
  next=$(tr 0-9 9 <<< "$version")
  with_words /root/unoc-next "s/${version//./\\.}/$next/g"
  # This one does not find the store, and refuses to start.
  with_words /root/unoc-broken "s/${version//./\\.}/$next/g" 's/unoc\.redb/xnoc.redb/g'
  # Neither a mode that allows it to be run nor a volume that does is needed.
  inside chmod 644 /root/unoc-next /root/unoc-broken
  inside bash -c 'cd /root && sha256sum unoc-next > unoc-next.sha256'

  provision before-upgrade
  ends_with 0 unoc upgrade /root/unoc-next --dry-run
  says '/root/unoc-next.sha256 names'
  expect 'the version after a dry run' "$(version_of unoc)" "$version"
  ends_with 0 unoc upgrade /root/unoc-next --yes --healthy-for 3s
  expect 'the version' "$(version_of unoc)" "$next"
  expect 'the state' "$(inside systemctl is-active unoc)" active
  has_device before-upgrade || expect 'a device' gone kept
  expect 'the saved store' "$(inside stat -c '%U %a' /var/lib/unoc/upgrade/unoc.redb)" 'unoc 600'
  [ -z "$(inside find /var/lib/unoc ! -user unoc ! -name allowed)" ] || expect 'the owner of all data' other unoc
  is_done() { [ "$(inside systemctl is-active unoc-upgrade) $(inside grep -c '"state": "done"' /usr/bin/unoc.upgrade.json)" = 'inactive 1' ]; }
  until_true 5 'the unit that would have ended the upgrade' is_done
  passed "upgraded from $version to $next by unoc upgrade"

  provision by-the-new-version
  ends_with 0 unoc rollback --yes
  says 'no change is lost'
  expect 'the version' "$(version_of unoc)" "$version"
  has_device by-the-new-version || expect 'a device of the new version' gone kept
  passed "rolled back to $version, with what $next had acknowledged"

  ends_with 4 unoc upgrade /root/unoc-broken --yes --healthy-for 3s
  says 'site.json says that this directory holds site'
  expect 'the version' "$(version_of unoc)" "$version"
  expect 'the state' "$(inside systemctl is-active unoc)" active
  has_device by-the-new-version || expect 'a device' gone kept
  [ -z "$(inside find /var/lib/unoc ! -user unoc ! -name allowed)" ] || expect 'the owner of all data' other unoc
  passed 'a version that does not start went back by itself, and said why'

  inside bash -c 'echo $$ > /run/upgrade.pid; exec unoc upgrade /root/unoc-next --yes --healthy-for 5s' > /dev/null 2>&1 &
  is_watching() { inside grep '"was_ready": true' /usr/bin/unoc.upgrade.json; }
  until_true 30 'the new version to be watched' is_watching
  inside bash -c 'kill -KILL $(cat /run/upgrade.pid)'
  wait $! || true
  expect 'the state after the kill' "$(inside systemctl is-active unoc)" active
  ends_with 0 unoc upgrade --status
  says 'It is running'
  until_true 60 'the end of the upgrade' is_done
  expect 'the version' "$(version_of unoc)" "$next"
  passed 'an upgrade that was killed was ended by unoc-upgrade.service'

  ends_with 0 unoc rollback --yes
  cut_off_test
  ends_with 0 unoc upgrade /root/unoc-next --yes --healthy-for 1s
  inside systemctl stop unoc
  ends_with 0 unoc rollback --yes
  expect 'a stopped service' "$(inside systemctl is-active unoc || true)" inactive
  expect 'the version' "$(version_of unoc)" "$version"
  passed 'a stopped service stayed stopped'
}
