#!/usr/bin/env bash
# Builds the container image of a program that is already compiled.
#
#   appliance/container-image/build.sh BINARY TAG [options of `podman build`, or of `docker build`]
#
# UNOC_CONTAINER_TOOL (default: podman) is the tool, with its global options.
set -euo pipefail

binary=$(realpath "${1:?usage: build.sh BINARY TAG}")
tag=${2:?usage: build.sh BINARY TAG}
shift 2
read -ra tool <<< "${UNOC_CONTAINER_TOOL:-podman}"
# Only Docker's format has a health check.
[ "${tool[0]}" != podman ] || set -- --format docker "$@"

context=$(mktemp -d "${TMPDIR:-/tmp}/unoc-image.XXXXXX")
trap 'rm -rf "$context"' EXIT
mkdir "$context/data"
install -m 755 "$binary" "$context/unoc"
"${tool[@]}" build "$@" -t "$tag" -f "$(dirname "$(realpath "$0")")/Containerfile" "$context"
