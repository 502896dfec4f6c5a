#!/usr/bin/env bash
# Checks the Debian package with lintian, then installs, upgrades, downgrades, removes and purges it on a booted host
# (appliance/container.sh).
#
#   appliance/deb-test.sh BINARY         builds the package first (appliance/deb/build.sh)
#   appliance/deb-test.sh PACKAGE.deb
set -euo pipefail

given=$(realpath "${1:?usage: deb-test.sh BINARY or PACKAGE.deb}")
appliance=$(dirname "$(realpath "$0")")
for tool in dpkg-deb lintian python3; do
  command -v $tool > /dev/null || { echo "SKIPPED: $tool is not installed"; exit 77; }
done

# The package, and others of it that differ in one thing each.
packages=$(mktemp -d "${TMPDIR:-/tmp}/unoc-deb-test.XXXXXX")
trap 'rm -rf "$packages"' EXIT
if [[ $given == *.deb ]]; then
  cp "$given" "$packages/current.deb"
else
  cargo deb --version > /dev/null 2>&1 || { echo 'SKIPPED: cargo-deb is not installed (ops/test.sh installs it)'; exit 77; }
  "$appliance/deb/build.sh" "$given" "$packages" --fast > /dev/null
  mv "$packages"/unoc_*.deb "$packages/current.deb"
fi
complaints=$(lintian --allow-root "$packages/current.deb")
[ -z "$complaints" ] || { echo "FAILED: lintian: $complaints" >&2; exit 1; }
echo 'ok: lintian has no complaint'

version=$(dpkg-deb -f "$packages/current.deb" Version)
repack() { # NAME VERSION [FILE SED-SCRIPT]: the package with another version, and a file changed
  local tree=$packages/tree
  rm -rf "$tree"
  dpkg-deb -R "$packages/current.deb" "$tree"
  sed -i "s/^Version: .*/Version: $2/" "$tree/DEBIAN/control"
  [ $# -eq 2 ] || sed -i "$4" "$tree/$3"
  dpkg-deb -Znone --root-owner-group -b "$tree" "$packages/$1.deb" > /dev/null
}
repack older "$version~older"
repack older-schema "$version~earlier" DEBIAN/preinst 's/^package_schema=.*/package_schema=0/'
repack other-configuration "$version+other" etc/unoc/unoc.toml '$a # A line that is new in this version.'
rm -rf "$packages/tree"

binary=$packages/current.deb # Not installed by the container's script.
is_bare=1
. "$appliance/container.sh"
cleanup_container=$(trap -p EXIT | sed "s/^trap -- '//; s/' EXIT$//")
trap 'rm -rf "$packages"; '"$cleanup_container" EXIT

base=http://127.0.0.1:5001
inside mkdir /root/packages
cp "$packages"/*.deb "/proc/$leader/root/root/packages/"
package() { # ARGUMENTS...: runs dpkg; its words are in $run/dpkg
  inside env DEBIAN_FRONTEND=noninteractive "$@" > "$run/dpkg" 2>&1 < /dev/null || {
    local status=$?
    cat "$run/dpkg" >&2
    return $status
  }
}
install() { package dpkg -i "/root/packages/$1.deb"; }
installed() { inside dpkg-query -W -f '${Version}' unoc; }
is_serving() { fetch -o /dev/null $base/health; }
state() { inside systemctl is-active unoc || true; }
says() { grep -qF -- "$1" "$run/dpkg" || { cat "$run/dpkg" >&2; expect "the words of dpkg" 'as above' "$1"; }; }
provision() {
  fetch -o /dev/null -H 'content-type: application/json' -d "{\"name\":\"$1\",\"device_type\":\"POP\"}" \
    $base/api/devices/provision
}
has_device() { [[ $(fetch "$base/api/devices?q=$1") == *"\"name\":\"$1\""* ]]; }
# The process runs the file that is installed, not one that an upgrade replaced.
runs_installed() {
  local main
  main=$(show MainPID)
  [ "$(inside stat -L -c %i "/proc/$main/exe")" = "$(inside stat -c %i /usr/bin/unoc)" ]
}

install older
expect 'the service after the installation' "$(state) $(inside systemctl is-enabled unoc)" 'active enabled'
is_serving
expect 'the user' "$(inside getent passwd unoc | cut -d : -f 6,7)" /var/lib/unoc:/usr/sbin/nologin
expect 'the configuration' "$(inside stat -c '%U %a' /etc/unoc/unoc.toml)" 'root 644'
inside bash -c 'cd / && runuser -u unoc -- unoc config check' > /dev/null
for file in /usr/share/man/man1/unoc-backup.1.gz /usr/share/bash-completion/completions/unoc /usr/share/doc/unoc/copyright; do
  inside test -s $file
done
provision before-upgrade
passed 'installed: enabled, started, with user, configuration, manual pages and completions'

main=$(show MainPID)
install current
expect 'the version' "$(installed)" "$version"
is_serving
[ "$(show MainPID)" != "$main" ] || expect 'the process after an upgrade' "$main" 'another one'
runs_installed || expect 'the program that runs' 'the old one' 'the installed one'
has_device before-upgrade || expect 'a device from before the upgrade' gone kept
passed 'upgraded: the new program runs, with the site'

inside sed -i 's/^#site_name.*/site_name = "Kept"/' /etc/unoc/unoc.toml
is_kept() { inside grep -q '^site_name = "Kept"' /etc/unoc/unoc.toml; }
install older
says 'so the site is kept'
is_kept || expect 'the configuration after a downgrade' replaced kept
# dpkg asks here, unless it is told to keep what was changed.
package dpkg --force-confdef -i /root/packages/other-configuration.deb
is_kept || expect 'the configuration after an upgrade' replaced kept
is_serving
has_device before-upgrade || expect 'a device from before the downgrade' gone kept
passed 'downgraded and upgraded: a changed configuration is kept'

main=$(show MainPID)
inside unoc backup now > /dev/null
provision after-the-backup
! install older-schema 2> /dev/null || expect 'a downgrade that cannot read the store' accepted refused
says 'It would refuse to start'
expect 'the version after a refused downgrade' "$(installed)" "$version+other"
expect 'the process after a refused downgrade' "$(show MainPID) $(state)" "$main active"
# The commands that it printed. dpkg would ask what becomes of the changed configuration.
inside bash -c 'echo force-confdef > /etc/dpkg/dpkg.cfg.d/test'
sed -n 's/^unoc:   //p' "$run/dpkg" > "$run/commands"
expect 'the number of commands' "$(wc -l < "$run/commands")" 6
backup=$(inside unoc backup list --json | sed -n 's/.*"id": "\([^"]*\)".*/\1/p' | head -n 1)
while read -r words; do
  words=${words//PACKAGE//root/packages/older-schema.deb}
  inside bash -ec "${words//BACKUP/$backup}" > "$run/words" 2>&1 < /dev/null || {
    cat "$run/words" >&2
    expect "$words" failed 'ended with 0'
  }
done < "$run/commands"
inside rm /etc/dpkg/dpkg.cfg.d/test
expect 'the version after the downgrade' "$(installed)" "$version~earlier"
has_device before-upgrade || expect 'a device of the backup' gone restored
! has_device after-the-backup || expect 'a device after the backup' kept gone
passed 'a downgrade that cannot read the store is refused, and the commands that it prints go back to a backup'

install current
! install older-schema 2> /dev/null || expect 'a downgrade that cannot read the store' accepted refused
package env UNOC_ALLOW_DOWNGRADE=1 dpkg --force-confdef -i /root/packages/older-schema.deb
expect 'the version after an allowed downgrade' "$(installed)" "$version~earlier"
passed 'it is not refused if that is asked for'

inside systemctl stop unoc
install older
says 'was stopped and stays so'
expect 'a stopped service after an upgrade' "$(state)" inactive
inside systemctl start unoc
inside systemctl disable --quiet unoc
install current
expect 'a disabled service that ran' "$(state) $(inside systemctl is-enabled unoc || true)" 'active disabled'
runs_installed || expect 'the program that runs' 'the old one' 'the installed one'
inside systemctl stop unoc
install older
expect 'a disabled, stopped service' "$(state) $(inside systemctl is-enabled unoc || true)" 'inactive disabled'
inside systemctl enable --quiet unoc
passed 'a stopped service stays stopped, a disabled one disabled'

package dpkg --remove unoc
says 'the site is kept in /var/lib/unoc'
! inside test -e /usr/bin/unoc || expect /usr/bin/unoc kept removed
inside test -e /var/lib/unoc/unoc.redb
is_kept || expect 'the configuration after a removal' gone kept
install current
is_serving
has_device before-upgrade || expect 'a device from before the removal' gone kept
passed 'removed: data and configuration are kept, and used by the next installation'

package dpkg --purge unoc
expect 'the service after a purge' "$(state)" inactive
for path in /usr/bin/unoc /etc/unoc /var/lib/unoc /usr/lib/systemd/system/unoc.service \
  /etc/systemd/system/multi-user.target.wants/unoc.service; do
  ! inside test -e $path && ! inside test -L $path || expect $path kept removed
done
install current
is_serving
! has_device before-upgrade || expect 'a device from before the purge' kept gone
passed 'purged: configuration and data are gone; installed again'
