#!/usr/bin/env bash
# Makes what is published of the committed version into DIRECTORY: program, Debian package, manual pages, changes,
# licences of everything that is in the program, bill of materials, checksums. Then tests the program and the package on a
# booted host.
#
#   ops/release.sh DIRECTORY            about twenty minutes on two cores
#   ops/release.sh --twice DIRECTORY    builds a second time in another directory, and compares every byte
#   ops/release.sh --profile NAME …     with another profile of cargo than `dist`, to try the script out sooner
#
# The version is the one of Cargo.toml. What is made depends on the commit and on the tools only: paths of this machine are
# replaced, times are the commit's. CARGO_TARGET_DIR is honoured; the copies that are built are in its folder `published`.
# Needs cargo-deb and zig (ops/test.sh installs both), dpkg and python3. UNOC_TEST_CACHE is as in ops/test.sh.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."

usage() { sed -n '/^#   ops/s/^#   //p' "$0" >&2; exit 2; }
profile=dist builds=(1)
while [[ ${1:-} == --* ]]; do
  case $1 in
    --twice) builds=(1 second) ;;
    --profile) profile=${2:?$(usage)}; shift ;;
    *) usage ;;
  esac
  shift
done
[ $# -eq 1 ] || usage
mkdir -p "$1"
directory=$(realpath "$1")
[ -z "$(ls -A "$directory")" ] || { echo "$directory is not empty" >&2; exit 2; }
[ -z "$(git status --porcelain)" ] || { echo 'commit or remove local changes first: git status' >&2; exit 2; }

cache=${UNOC_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/unoc-test}
export PATH=$cache/cargo-deb/bin:$cache/zig/bin:$PATH UNOC_TEST_CACHE=$cache
cargo deb --version > /dev/null 2>&1 || { echo 'cargo-deb is not installed: ops/test.sh installs it' >&2; exit 1; }
python3 -m ziglang version > /dev/null 2>&1 || { echo 'zig is not installed: ops/test.sh installs it' >&2; exit 1; }
for tool in dpkg-shlibdeps python3 lintian; do
  command -v $tool > /dev/null || { echo "$tool is not installed" >&2; exit 1; }
done

version=$(sed -n '/^\[package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
name=unoc-$version
program=$name-$(uname -m)-linux
published=$(realpath -m "${CARGO_TARGET_DIR:-target}")/published
cargo_home=${CARGO_HOME:-$HOME/.cargo}
# Read by rust-embed, cargo-deb, tar and gzip's callers.
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$commit")
export SOURCE_DATE_EPOCH

changes() { awk -v heading="## [$version]" 'index($0, heading) == 1 { found = 1; next } /^## / { found = 0 } found' CHANGELOG.md; }
[ -n "$(changes)" ] || { echo "CHANGELOG.md has no section of version $version" >&2; exit 1; }

# build PLACE: compiles the commit in PLACE/source.
build() {
  rm -rf "$1/source"
  git clone --quiet --shared --no-checkout . "$1/source"
  git -C "$1/source" checkout --quiet --detach "$commit"
  (
    cd "$1/source"
    export CARGO_TARGET_DIR=$1/target
    export RUSTFLAGS="--remap-path-prefix=$1=/unoc --remap-path-prefix=$cargo_home=/cargo"
    export CFLAGS="-ffile-prefix-map=$1=/unoc -ffile-prefix-map=$cargo_home=/cargo"
    declare -x "CARGO_TARGET_$(uname -m | tr '[:lower:]' '[:upper:]')_UNKNOWN_LINUX_GNU_LINKER=$1/source/ops/zig-cc"
    cargo build --locked --profile "$profile" --bin unoc
  )
}

# assemble PLACE DIRECTORY: makes the files that are published from what was built in PLACE.
assemble() {
  local binary=$2/$program
  cp "$1/target/${profile/#dev/debug}/unoc" "$binary"
  cd "$1/source"
  appliance/deb/build.sh "$binary" "$2" > /dev/null
  rm -rf "$1/man"
  "$binary" man "$1/man" > /dev/null
  tar -C "$1/man" --sort=name --owner=0 --group=0 --numeric-owner --mode=644 --mtime="@$SOURCE_DATE_EPOCH" -c . |
    gzip -9n > "$2/$name-man.tar.gz"
  changes > "$2/$name-changes.md"
  ops/dependencies.py licences > "$2/$name-licences.txt"
  ops/dependencies.py sbom "$version" > "$2/$name.cdx.json"
  cd "$2"
  sha256sum -- * > SHA256SUMS.new
  mv SHA256SUMS.new SHA256SUMS
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/unoc-release.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
for place in "${builds[@]}"; do
  echo "building $version with the profile $profile in $published/$place"
  mkdir -p "$published/$place" "$scratch/$place"
  build "$published/$place"
  (assemble "$published/$place" "$scratch/$place")
done
if [ ${#builds[@]} -eq 2 ]; then
  diff "$scratch/1/SHA256SUMS" "$scratch/second/SHA256SUMS" ||
    { echo 'FAILED: the two builds differ in the files above' >&2; exit 1; }
  echo "ok: two builds in two directories have the same bytes"
fi
if grep -aqF -e "$published" -e "$cargo_home" "$scratch/1/$program"; then
  echo 'FAILED: the program contains a path of this machine' >&2
  exit 1
fi
cp "$scratch"/1/* "$directory/"
ls -l "$directory"

skipped=0
for test in "userland-test.sh $program" "boot-test.sh $program" \
  "deb-test.sh unoc_$version-1_$(dpkg --print-architecture).deb"; do
  status=0
  # shellcheck disable=SC2086  # two words
  (cd "$directory" && set -- $test && "$OLDPWD/appliance/$1" "$2") || status=$?
  [ $status -ne 77 ] || skipped=77
  [ $status -eq 0 ] || [ $status -eq 77 ] || exit $status
done
[ $skipped -eq 0 ] || echo 'NOT TESTED: a test above was skipped; run it before the files are published' >&2
exit $skipped
