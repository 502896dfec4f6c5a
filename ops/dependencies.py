#!/usr/bin/env python3
"""Lists what the program is made of: the crates that are linked into it, and the packages of the page.

    dependencies.py licences                 the licence texts, grouped, as text
    dependencies.py sbom VERSION             a software bill of materials in CycloneDX 1.6, as JSON

The crates are those that cargo compiles for `--target` (default: x86_64-unknown-linux-gnu), without tests and build
scripts. The packages of the page are those that its bundler found in it: assets/dist/assets/licenses.md. The output
depends only on the sources: no time, no path of this machine.
"""

from __future__ import annotations

import argparse
import base64
import json
import pathlib
import re
import subprocess
import sys
import tomllib

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "assets/dist/assets/licenses.md"
# What the bundler does not list, because it is in the style sheet and in the icons.
ALSO_IN_THE_PAGE = ("@iconify-json/lucide", "tailwindcss")
# What a file with a licence or a copyright notice is called.
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|copyright|notice|unlicense)([-_.].*)?", re.IGNORECASE)
# Expressions from before SPDX separate the alternatives by a slash.
SLASH = re.compile(r"\s*/\s*")


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=REPOSITORY, check=True, text=True, stdout=subprocess.PIPE).stdout


def crates(target):
    """The crates of the program, sorted, each with name, version, licence, checksum and directory."""
    tree = cargo("tree", "--locked", "--edges", "normal", "--target", target, "--prefix", "none", "--format", "{p}")
    linked = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    checksums = {}
    for package in tomllib.loads((REPOSITORY / "Cargo.lock").read_text(encoding="utf-8"))["package"]:
        checksums[package["name"], package["version"]] = package.get("checksum")
    found = []
    for package in json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))["packages"]:
        name, version = package["name"], package["version"]
        if package["source"] and (name, f"v{version}") in linked:
            found.append({
                "name": name,
                "version": version,
                "licence": SLASH.sub(" OR ", package["license"] or ""),
                "checksum": checksums[name, version],
                "directory": pathlib.Path(package["manifest_path"]).parent,
                "repository": package["repository"],
            })
    missing = len(linked) - len(found) - 1
    if missing:
        raise SystemExit(f"cargo metadata does not know {missing} of the crates that cargo tree lists")
    return sorted(found, key=lambda crate: (crate["name"], crate["version"]))


def page_packages():
    """The packages that the bundler found in the page, each with name, version, licence and text."""
    found = []
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        name, version, licence = re.fullmatch(r"(\S+) - (\S+) \((.+)\)", heading).groups()
        found.append({"name": name, "version": version, "licence": licence, "text": text.strip()})
    if not found:
        raise SystemExit(f"{PAGE} lists no package: build the page again")
    locked = npm_lock()
    for name in ALSO_IN_THE_PAGE:
        package = locked[f"node_modules/{name}"]
        found.append({"name": name, "version": package["version"], "licence": package["license"], "text": ""})
    return sorted(found, key=lambda package: package["name"])


def npm_lock():
    return json.loads((REPOSITORY / "assets/package-lock.json").read_text(encoding="utf-8"))["packages"]


def npm_integrity():
    """The digest of each npm package in the lock file, as (algorithm, hexadecimal), by name and version."""
    found = {}
    for path, package in npm_lock().items():
        if "integrity" in package:
            algorithm, _, digest = package["integrity"].partition("-")
            name = path.rpartition("node_modules/")[2]
            found[name, package["version"]] = (algorithm, base64.b64decode(digest).hex())
    return found


def texts(crate):
    """The texts of a crate's licences and notices; many crates keep one for each of several licences."""
    files = sorted(file for file in crate["directory"].iterdir() if file.is_file() and LICENCE_FILE.fullmatch(file.name))
    # Where the GPL is one of several licences, another one is chosen.
    files = [file for file in files if "GPL" not in file.name.upper()]
    return [file.read_text(encoding="utf-8", errors="replace").strip() for file in files]


def licences(target):
    """All texts, each once, below the names of those that are under it."""
    names_of = {}
    without = []
    for crate in crates(target):
        name = f"{crate['name']} {crate['version']} ({crate['licence']})"
        found = texts(crate)
        if not found:
            without.append(f"{name}, {crate['repository']}")
        for text in found:
            # Texts that differ only in blanks are one.
            names_of.setdefault(" ".join(text.split()), (text, []))[1].append(name)
    for package in page_packages():
        name = f"{package['name']} {package['version']} ({package['licence']}), in the page"
        if package["text"]:
            names_of.setdefault(" ".join(package["text"].split()), (package["text"], []))[1].append(name)
        else:
            without.append(name)
    rule = "-" * 80
    print("UNOC contains software of others. Under each list of names stands the licence or the notice that comes with it.")
    for text, names in sorted(names_of.values(), key=lambda entry: entry[1][0].lower()):
        print(f"\n{rule}\n" + "\n".join(names) + f"\n{rule}\n\n{text}")
    if without:
        print(f"\n{rule}\nThese come without a text of their own; the texts of their licences stand above:\n{rule}\n")
        print("\n".join(without))


def sbom(version, target):
    components = []
    for crate in crates(target):
        components.append(component(crate, f"pkg:cargo/{crate['name']}@{crate['version']}", ("SHA-256", crate["checksum"])))
    digests = npm_integrity()
    for package in page_packages():
        algorithm, digest = digests[package["name"], package["version"]]
        name = package["name"].replace("@", "%40")
        digest = (algorithm.upper().replace("SHA", "SHA-"), digest)
        components.append(component(package, f"pkg:npm/{name}@{package['version']}", digest))
    program = {"type": "application", "name": "unoc", "version": version, "bom-ref": f"unoc@{version}"}
    program["licenses"] = [{"expression": "Apache-2.0"}]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": program},
        "components": components,
    }
    print(json.dumps(document, indent=2, ensure_ascii=False))


def component(package, purl, digest):
    described = {"type": "library", "bom-ref": purl, "name": package["name"], "version": package["version"], "purl": purl}
    if package["licence"]:
        described["licenses"] = [{"expression": package["licence"]}]
    described["hashes"] = [{"alg": digest[0], "content": digest[1]}]
    return described


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--target", default="x86_64-unknown-linux-gnu")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("licences")
    commands.add_parser("sbom").add_argument("version")
    arguments = parser.parse_args()
    if arguments.command == "licences":
        licences(arguments.target)
    else:
        sbom(arguments.version, arguments.target)


if __name__ == "__main__":
    sys.exit(main())
