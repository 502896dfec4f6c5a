#!/usr/bin/env bash
# Builds the Debian package of a program that is already compiled: [package.metadata.deb] in Cargo.toml says what is in
# it, this script makes what the program and the dependencies generate.
#
#   appliance/deb/build.sh BINARY DIRECTORY [cargo-deb's options]   prints the path of the package
#
# Needs cargo-deb, dpkg and python3. SOURCE_DATE_EPOCH (default: the time of the last commit) is the time in the package.
set -euo pipefail

binary=$(realpath "${1:?usage: build.sh BINARY DIRECTORY}")
directory=$(realpath "${2:?usage: build.sh BINARY DIRECTORY}")
shift 2
repository=$(realpath "$(dirname "$(realpath "$0")")/../..")
cd "$repository"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}

# cargo-deb reads maintainer scripts and assets beside Cargo.toml only, so it works on a copy that has the generated ones.
copy=$(mktemp -d "${TMPDIR:-/tmp}/unoc-deb.XXXXXX")
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard -- ':!tests' ':!*.png' | xargs -0 cp --parents -t "$copy"
made=$copy/target/package
mkdir -p "$made/man" "$copy/target/release"

cp "$binary" "$copy/target/release/unoc"
"$binary" man "$made/man" > /dev/null
for shell in bash zsh fish; do "$binary" completions $shell > "$made/unoc.$shell"; done
version=$("$binary" version --json)
schema=$(sed -n 's/.*"store_schema":\([0-9]*\).*/\1/p' <<< "$version")
version=$(sed -n 's/.*"version":"\([^"]*\)".*/\1/p' <<< "$version")
[ -n "$schema" ] && [ -n "$version" ] || { echo "$binary does not tell its version and the schema of its store" >&2; exit 1; }
sed -i "s/@STORE_SCHEMA@/$schema/" "$copy/appliance/deb/preinst"

maintainer=$(sed -n '/^\[package.metadata.deb\]/,/^\[/s/^maintainer = "\(.*\)"/\1/p' Cargo.toml)
cat > "$made/changelog" << CHANGELOG
unoc ($version-1) unstable; urgency=medium

  * Version $version: see /usr/share/doc/unoc/changelog.gz.

 -- $maintainer  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
cat > "$made/copyright" << 'COPYRIGHT'
UNOC is licensed under the Apache License, Version 2.0: on Debian systems its text is in
/usr/share/common-licenses/Apache-2.0.

Copyright 2026 the authors of UNOC

The program and its page contain software of others. Their licences and copyright notices are in
/usr/share/doc/unoc/third-party-licences.txt.gz.
COPYRIGHT
ops/dependencies.py licences | gzip -9n > "$made/third-party-licences.txt.gz"
# The configuration is the one of `unoc install`.
mkdir "$made/root"
"$binary" install --root "$made/root" > /dev/null
cp "$made/root/etc/unoc/unoc.toml" "$made/"
rm -rf "$made/root"
gzip -9n "$made"/man/*.1
gzip -9nc CHANGELOG.md > "$made/changelog.gz"
# The modes in the package are those of Cargo.toml; the times those of the files or of SOURCE_DATE_EPOCH, if earlier.
cd "$copy"
env -u CARGO_TARGET_DIR cargo deb --quiet --locked --no-build --no-strip --output "$directory/" "$@"
