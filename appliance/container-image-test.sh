#!/usr/bin/env bash
# Builds the container image with podman, on a base made of Debian's packages, and runs its files as the image says: its
# user, environment, entry point, a read-only root and one volume, under bubblewrap, because podman's own runtime needs
# more rights than a test machine may give.
#
#   appliance/container-image-test.sh BINARY
set -euo pipefail

binary=$(realpath "${1:?usage: container-image-test.sh BINARY}")
appliance=$(dirname "$(realpath "$0")")
skip() { echo "SKIPPED: $*"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip 'unpacking an image needs root'
for tool in podman mmdebstrap bwrap nsenter python3 curl; do
  command -v $tool > /dev/null || skip "$tool is not installed"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/unoc-image-test.XXXXXX")
# The user of the image enters it.
chmod 711 "$work"
box=
finish() {
  local status=$?
  [ -z "$box" ] || kill -KILL "$box" 2> /dev/null || true
  [ $status -eq 0 ] || [ $status -eq 77 ] || tail -n 3 "$work"/*.log >&2 2> /dev/null || true
  rm -rf --one-file-system "$work"
  exit $status
}
trap finish EXIT
passed() { echo "ok: $*"; }
expect() { # WHAT SEEN WANTED
  [ "$2" = "$3" ] || { echo "FAILED: $1: got $2, expected $3" >&2; exit 1; }
}

# What the default base has, too: the C library, time zones, the authorities that sign certificates; no shell.
mmdebstrap --quiet --variant=extract --include=base-files,libc6,libgcc-s1,ca-certificates,tzdata bookworm "$work/base.tar" \
  2> "$work/base.log" || skip "mmdebstrap cannot make the base: $(tail -n 1 "$work/base.log")"
podman=(podman --root "$work/images" --runroot "$work/run" --storage-driver vfs)
"${podman[@]}" import -q "$work/base.tar" localhost/unoc-base > "$work/import.log" 2>&1
UNOC_CONTAINER_TOOL="${podman[*]}" "$appliance/container-image/build.sh" "$binary" localhost/unoc \
  --build-arg BASE=localhost/unoc-base > "$work/build.log" 2>&1
mkdir "$work/root" "$work/volume"
"${podman[@]}" save -q --format docker-dir -o "$work/saved" localhost/unoc > "$work/save.log" 2>&1
"${podman[@]}" image inspect localhost/unoc > "$work/inspected.json"

# Unpacks the layers, and writes down what the image says about running it.
python3 - "$work" << 'UNPACK'
import json, pathlib, subprocess, sys
work = pathlib.Path(sys.argv[1])
for layer in json.loads((work / "saved/manifest.json").read_text())["layers"]:
    file = work / "saved" / layer["digest"].removeprefix("sha256:")
    subprocess.run(["tar", "-C", work / "root", "-xf", file], check=True)
image = json.loads((work / "inspected.json").read_text())[0]
config = image["Config"]
lines = [config["User"], config["StopSignal"], " ".join(config["Volumes"]), " ".join(config["Entrypoint"] + config["Cmd"])]
lines += [" ".join(image["Healthcheck"]["Test"]), " ".join(config["Env"]), str(image["Size"] // 1_000_000)]
(work / "said").write_text("\n".join(lines) + "\n")
UNPACK
{ read -r user; read -r signal; read -r volume; read -r command; read -r check; read -r environment; read -r size; } < "$work/said"
expect 'the user' "$user" 65532:65532
expect 'the volume' "$volume" /var/lib/unoc
expect 'the signal' "$signal" SIGTERM
expect 'the owner of the volume' "$(stat -c %u:%g "$work/root$volume")" 65532:65532
expect 'the health check' "$check" 'CMD /usr/bin/unoc healthcheck'
passed "the image is built, $size MB"

chown 65532:65532 "$work/volume"
read -ra words <<< "$command"
read -ra variables <<< "$environment"
as_image() {
  setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set -all env -i "${variables[@]}" "$@"
}
status=0
as_image timeout 60 bwrap --unshare-all --as-pid-1 --die-with-parent --cap-drop ALL --ro-bind "$work/root" / \
  --bind "$work/volume" "$volume" --proc /proc --dev /dev "${words[@]}" > "$work/refused.log" 2>&1 || status=$?
expect 'the exit status without a user' "$status" 3
grep -q 'user add NAME --role admin' "$work/refused.log" || expect 'the refusal' "$(tail -n 1 "$work/refused.log")" 'the command'
passed 'it does not listen on all addresses before there is a user'

variables+=(UNOC_INSECURE_NO_AUTH=1)
# Process 1 of namespaces of its own, with only its loopback interface. bubblewrap writes the process's id in ours.
as_image bwrap --unshare-all --as-pid-1 --die-with-parent --cap-drop ALL --info-fd 3 \
  --ro-bind "$work/root" / --bind "$work/volume" "$volume" --proc /proc --dev /dev \
  "${words[@]}" 3> "$work/info" > "$work/unoc.log" 2>&1 &
box=$!
inside() { nsenter -t "$leader" -n "$@"; }
answers() {
  leader=$(sed -n 's/.*"child-pid": \([0-9]*\).*/\1/p' "$work/info")
  [ -n "$leader" ] && inside curl -sf -o "$work/health" http://127.0.0.1:5001/health/ready
}
for _ in {1..200}; do ! answers || break; sleep 0.1; done
answers || { echo 'FAILED: the container does not answer' >&2; exit 1; }
expect 'the user of the process' "$(sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "/proc/$leader/status")" 65532
expect 'its capabilities' "$(sed -n 's/^CapBnd:\t//p' "/proc/$leader/status")" 0000000000000000
[ -s "$work/volume/unoc.redb" ] || expect 'the store' missing 'in the volume'
passed 'it serves as process 1, without root, on a read-only root'

read -ra check_words <<< "${check#CMD }"
healthy() {
  env -i "${variables[@]}" "$(type -P nsenter)" -t "$leader" -m -n -p -S 65532 -G 65532 "${check_words[@]}" \
    > "$work/check.log" 2>&1
}
healthy || expect 'the health check of a running server' failed passed
kill -STOP "$leader"
! healthy || expect 'the health check of a server that hangs' passed failed
kill -CONT "$leader"
healthy || expect 'the health check afterwards' failed passed
passed 'the health check tells a server that hangs'

started=$(date +%s%N)
kill -s "$signal" "$leader"
status=0
wait "$box" || status=$?
box=
expect 'the exit status after the stop signal' "$status" 0
took_ms=$((($(date +%s%N) - started) / 1000000))
[ $took_ms -lt 5000 ] || expect 'the stop' "$took_ms ms" 'below 5000 ms'
passed "$signal stops it cleanly in $took_ms ms"
