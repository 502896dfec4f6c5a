# Boots systemd in a temporary container and installs UNOC in it by `unoc install`. The tests that need that source this
# file, with `binary` set to the path of the program.
#
# Needs root and Debian's debootstrap and systemd-container; exits with 77 where it cannot run. A Debian tree with
# PostgreSQL is created once (two minutes) in UNOC_TEST_CACHE (default: a directory in the user's cache) and never changed
# afterwards.
# shellcheck shell=bash

: "${binary:?set it to the path of the program}"
# A test that needs more packages (with a comma in front of each) gives its tree a name of its own.
rootfs=${UNOC_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/unoc-test}/${tree:-debian12}

skip() {
  echo "SKIPPED: $*"
  exit 77
}

[ "$(id -u)" -eq 0 ] || skip 'booting a container needs root'
for tool in systemd-nspawn unshare nsenter setpriv; do
  command -v $tool > /dev/null || skip "$tool is not installed (apt-get install systemd-container)"
done
unshare --mount true 2> /dev/null || skip 'this machine does not allow mount namespaces'
if [ ! -x "$rootfs/lib/systemd/systemd" ]; then
  command -v debootstrap > /dev/null || skip 'debootstrap is not installed'
  mkdir -p "$(dirname "$rootfs")"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,procps,curl,sudo,sysstat,age,zstd,postgresql"${more_packages:-}" \
    bookworm "$rootfs.new" > /dev/null || skip "debootstrap could not create $rootfs"
  mv "$rootfs.new" "$rootfs"
fi

# The container has an overlay over the tree, a cgroup of its own, and no network but its own loopback.
name=unoc-test-$$
# Where the program is before it is installed.
download=/root/download
run=$(mktemp -d "${TMPDIR:-/tmp}/unoc-test.XXXXXX")
cat > "$run/boot" << BOOT
set -eu
mount --make-rprivate /
if mountpoint -q /sys/fs/cgroup; then umount -R -l /sys/fs/cgroup; fi
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir /sys/fs/cgroup/$name
echo \$\$ > /sys/fs/cgroup/$name/cgroup.procs
mkdir -p /run/systemd
mount -t tmpfs -o mode=755 tmpfs /run/systemd
mkdir $run/overlay
mount -t tmpfs -o mode=755 tmpfs $run/overlay
mkdir $run/overlay/upper $run/overlay/work $run/overlay/root
mount -t overlay overlay -o lowerdir=$rootfs,upperdir=$run/overlay/upper,workdir=$run/overlay/work $run/overlay/root
root=$run/overlay/root
: > \$root/etc/machine-id
cp $binary \$root$download
exec setpriv --pdeathsig TERM systemd-nspawn -q -D \$root -M $name --boot --register=no --keep-unit \
  --private-network --console=pipe --system-call-filter=bpf
BOOT
unshare --mount --propagation private bash "$run/boot" < /dev/null > "$run/console" 2>&1 &
container=$!

finish() {
  local status=$?
  trap - EXIT
  if [ $status -ne 0 ] && [ $status -ne 77 ]; then
    inside journalctl -u unoc -n 40 --no-pager -o cat >&2 || true
    tail -n 20 "$run/console" >&2
  fi
  kill "$container" 2> /dev/null || true
  wait "$container" 2> /dev/null || true
  local cgroups
  cgroups=$(findmnt -rn -t cgroup2 -o TARGET | head -n 1 || true)
  if [ -n "$cgroups" ] && [ -d "$cgroups/$name" ]; then
    find "$cgroups/$name" -depth -type d -exec rmdir {} \; 2> /dev/null || true
  fi
  rm -rf --one-file-system "$run"
  exit $status
}
trap finish EXIT

# until_true SECONDS WHAT COMMAND...: waits until a command succeeds; after the deadline the test fails and names WHAT.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    if [ $SECONDS -ge $deadline ]; then
      echo "FAILED: timed out waiting for $what" >&2
      exit 1
    fi
    sleep 0.1
  done
}

# Finds the init of the container, a child of this script in a process namespace of its own.
find_leader() {
  leader=
  local child
  for child in $(pgrep -P "$container"); do
    [ "$(cat "/proc/$child/comm" 2> /dev/null)" != systemd ] || leader=$child
  done
  [ -n "$leader" ]
}

inside() { nsenter -t "$leader" -m -u -i -n -p -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root SYSTEMD_PAGER= SYSTEMD_COLORS=0 "$@"; }
show() { inside systemctl show unoc --value -p "$1"; }
fetch() { inside curl --silent --show-error --fail --max-time 5 "$@"; }
# An engineer's account, which may use sudo and read the journal. On a terminal, curl shows no progress.
add_engineer() {
  inside bash -c 'echo "127.0.1.1 $(uname -n)" >> /etc/hosts'
  inside useradd --create-home --shell /bin/bash --groups sudo,adm engineer
  inside bash -c 'echo no-progress-meter > /home/engineer/.curlrc'
  inside bash -c 'echo "engineer ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/engineer'
}
passed() { echo "ok: $*"; }
expect() { # WHAT SEEN WANTED
  [ "$2" = "$3" ] || {
    echo "FAILED: $1: got $2, expected $3" >&2
    exit 1
  }
}

if ! (until_true 20 'the container' find_leader) 2> /dev/null; then
  skip "the container does not start here: $(tail -n 1 "$run/console")"
fi
find_leader
booted() { [[ $(inside systemctl is-system-running) =~ ^(running|degraded)$ ]]; }
until_true 20 'the end of the boot' booted
passed "booted $(inside systemctl --version | head -n 1)"

# Set by a test that installs in another way.
[ -z "${is_bare:-}" ] || return 0

started=$(date +%s%N)
inside "$download" install > "$run/words" 2>&1 || {
  cat "$run/words" >&2
  exit 1
}
took_ms=$((($(date +%s%N) - started) / 1000000))
expect 'the state after the installation' "$(inside systemctl is-active unoc)" active
grep -q ' and is healthy' "$run/words" || expect 'the end of the installation' "$(cat "$run/words")" 'its health'
[[ $(show StatusText) =~ ^(Serving http://127.0.0.1:5001/|healthy, ) ]] || expect status "$(show StatusText)" 'Serving …'
passed "installed, with the first answer of /health after $took_ms ms; $(show StatusText)"
