#!/usr/bin/env bash
# Starts the program in user lands of older and newer systems, each made of Debian's packages, under bubblewrap, and says
# which version of the C library it needs.
#
#   appliance/userland-test.sh BINARY [RELEASE of Debian…]      by default bullseye, bookworm and trixie
#
# A user land that cannot be made here is named, and counts as skipped if there is no other.
set -euo pipefail

binary=$(realpath "${1:?usage: userland-test.sh BINARY [RELEASE…]}")
shift
[ $# -gt 0 ] || set -- bullseye bookworm trixie
skip() { echo "SKIPPED: $*"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip 'making a user land needs root'
for tool in mmdebstrap bwrap objdump; do
  command -v $tool > /dev/null || skip "$tool is not installed"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/unoc-userland.XXXXXX")
box=
finish() {
  local status=$?
  [ -z "$box" ] || kill -KILL "$box" 2> /dev/null || true
  rm -rf --one-file-system "$work"
  exit $status
}
trap finish EXIT

echo "needs glibc $(objdump -T "$binary" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1 | cut -d _ -f 2) or newer"
started=0
for release in "$@"; do
  root=$work/$release
  mkdir -p "$root" "$work/data-$release"
  if ! mmdebstrap --quiet --variant=extract --include=base-files,libc6,libgcc-s1 "$release" "$work/$release.tar" 2> "$work/words"; then
    echo "not made here: $release ($(tail -n 1 "$work/words"))"
    continue
  fi
  tar -C "$root" -xf "$work/$release.tar"
  install -m 755 "$binary" "$root/usr/bin/unoc"
  bwrap --unshare-all --die-with-parent --ro-bind "$root" / --proc /proc --dev /dev --bind "$work/data-$release" /var/lib \
    --setenv UNOC_DATA_DIR /var/lib/unoc /usr/bin/unoc serve > "$work/log" 2>&1 &
  box=$!
  for _ in {1..300}; do
    ! grep -q 'serves http' "$work/log" && kill -0 "$box" 2> /dev/null || break
    sleep 0.1
  done
  if ! grep -q 'serves http' "$work/log"; then
    echo "FAILED: it does not start in $release: $(tail -n 2 "$work/log")" >&2
    exit 1
  fi
  kill -KILL "$box"
  wait "$box" 2> /dev/null || true
  box=
  started=$((started + 1))
  library=$(find "$root/lib/" "$root/usr/lib/" -name libc.so.6 | head -n 1)
  echo "ok: it starts in Debian's $release, glibc $(grep -ao 'stable release version [0-9.]*[0-9]' "$library" | cut -d ' ' -f 4)"
done
[ $started -gt 0 ] || skip 'no user land could be made'
