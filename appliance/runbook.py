"""Runs the commands of docs/OPERATIONS.md in a booted container and compares them with the document.

    runbook.py REPOSITORY LEADER

LEADER is the process id of the container's init. appliance/deployment.py does the same with docs/DEPLOYMENT.md. The first
section of each document explains the notation to its readers:

- In a block of shell commands, each line that begins with `#>` is a line which the command above it prints; `…` stands for
  any text. The lines come in this order, others may stand between them. `#> nothing` means that it prints nothing,
  `#> exit status N` is its status if that is not 0, `#> ^C` that it runs until it is interrupted, `#< TEXT` what is typed.
- In a table with the column `expected`, that column has the same: each `code` in it is text that the command prints, a
  number from 200 on in front is the HTTP status, `exit status N` the status.
- `not run by the test: REASON`, as a `#>` line or in any column, keeps the test from running a command, which is counted.
- A command anywhere else, as `code` in a sentence or in another table, must be one of those above or its beginning.
- A block of `toml` or `ini` whose first line is `# PATH` or `# systemctl edit UNIT` is written there: merged into unoc.toml,
  appended to a drop-in, in place of any other file.

A command without an expectation, or that appears nowhere with one, is a failure. So is a command of ops/RUNBOOK.md that is
none of these.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import pty
import re
import shlex
import subprocess
import sys

# What begins a command of an operator.
COMMAND = re.compile(
    r"((\./)?unoc|curl|tar|sudo|systemctl|systemd-analyze|journalctl|psql|df|findmnt|timedatectl|iostat|top|dmesg|age|test|ss|\{) (?!=)"
    r"|(dmesg|top)$"
)
# Where a block of settings is to be written.
FILE = re.compile(r"# (?:systemctl edit (\S+)|(/\S+))$")
NOT_RUN = re.compile(r"not run by the test: (.+?)\s*(?:\||$)")
TIMEOUT_S = 60
# How long a command runs that only Ctrl-C ends.
FOLLOWED_S = 3


@dataclasses.dataclass
class Step:
    line: int
    command: str
    section: str = ""
    printed: list = dataclasses.field(default_factory=list)
    status: int | None = None
    http_status: str = ""
    typed: str = ""
    interrupted: bool = False
    silent: bool = False
    reason: str = ""
    # The settings that `command` names the file of.
    settings: str = ""

    def is_complete(self):
        return (self.printed or self.status is not None or self.http_status or self.interrupted or self.silent or self.reason
                or self.settings)


def fail(page, line, words):
    raise SystemExit(f"FAILED: {page}:{line}: {words}")


def read(repository, page):
    """The commands of the document with their expectations, and those that are only mentioned, as (line, command)."""
    text = pathlib.Path(repository, page).read_text(encoding="utf-8")
    steps, mentioned = [], []
    section, block, file, expected_column = "", None, None, None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            block, file = None if block is not None else line.strip()[3:], None
            if block in ("bash", "shell", "console", "shell-session"):
                fail(page, number, f"a block of {block} would not be run: write it as sh")
            continue
        if block is not None:
            if block == "sh" and line.strip():
                read_block_line(steps, number, section, line.strip())
            elif block in ("toml", "ini") and FILE.match(line):
                file = Step(number, line.removeprefix("# "), section)
                steps.append(file)
            elif file:
                file.settings += line + "\n"
            continue
        if line.startswith("#"):
            section = line.lstrip("# ")
        if not line.startswith("|"):
            expected_column = None
            mentioned += [(number, span) for span in spans(line) if COMMAND.match(span)]
            continue
        cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if "expected" in cells:
            expected_column = cells.index("expected")
        elif expected_column is None:
            reason = NOT_RUN.search(line)
            for span in spans(" ".join(cells)):
                if COMMAND.match(span):
                    if reason:
                        steps.append(Step(number, span, section, reason=reason[1]))
                    else:
                        mentioned.append((number, span))
        else:
            steps += row_steps(page, number, section, cells, expected_column)
    return steps, mentioned


def spans(text):
    return re.findall(r"`([^`]+)`", text)


def read_block_line(steps, number, section, line):
    last = steps[-1] if steps else None
    if line.startswith("#< "):
        last.typed += line[3:] + "\n"
    elif line.startswith("#> "):
        read_expectation(last, line[3:])
    elif last and last.command.endswith("\\"):
        last.command = last.command[:-1] + without_comment(line).strip()
    else:
        steps.append(Step(number, without_comment(line), section))


def read_expectation(step, words):
    reason = NOT_RUN.match(words)
    if reason:
        step.reason = reason[1]
    elif words == "nothing":
        step.silent = True
    elif words == "^C":
        step.interrupted = True
    elif words.startswith("exit status "):
        step.status = int(words.removeprefix("exit status "))
    else:
        step.printed.append(words)


def without_comment(line):
    """The command without the remark behind it, which at least one blank and `# ` set apart."""
    return re.sub(r"\s+# .*$", "", line)


def row_steps(page, number, section, cells, expected_column):
    expected = cells[expected_column]
    reason = NOT_RUN.search(" | ".join(cells))
    others = " ".join(cell for column, cell in enumerate(cells) if column != expected_column)
    commands = [span for span in spans(others) if COMMAND.match(span)]
    if not commands and not reason and set("".join(cells)) != {"-"}:
        fail(page, number, "no command that the test knows in a row with an expectation")
    if len(commands) > 1:
        fail(page, number, "more than one command in a row with an expectation: give each its own row")
    for command in commands:
        step = Step(number, command, section, reason=reason[1] if reason else "")
        step.printed = spans(expected)
        step.silent = expected == "nothing"
        status = re.search(r"exit status (\d+)", expected)
        step.status = int(status[1]) if status else None
        http = re.match(r"([2-5]\d\d)\b", expected)
        step.http_status = http[1] if http else ""
        yield step


class Host:
    """The booted container, in which an engineer types."""

    def __init__(self, leader):
        self.leader = leader
        # The functions and variables that earlier commands set.
        self.session = ""

    def run(self, command, typed="", interrupted=False, user="engineer"):
        """The output (both streams) and the exit status of a command."""
        home = "/root" if user == "root" else f"/home/{user}"
        script = f"cd {home}\n{self.session}{command}\n"
        if interrupted:
            script = f"timeout -k 5 -s INT {FOLLOWED_S} bash -c {shlex.quote(script)}\n"
        words = ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-C", "--", "runuser", "-u", user, "--", "env", "-i"]
        words += [f"PATH=/usr/local/bin:/usr/bin:/bin{':/usr/sbin:/sbin' if user == 'root' else ''}", f"HOME={home}", f"USER={user}", "LANG=C.UTF-8", "PAGER=cat"]
        words += ["SYSTEMD_PAGER=", "SYSTEMD_COLORS=0", "bash", "-c", script]
        # A question is asked only on a terminal.
        terminal, keyboard = pty.openpty() if typed else (None, subprocess.DEVNULL)
        try:
            if typed:
                os.write(terminal, typed.encode())
            done = subprocess.run(words, stdin=keyboard, text=True, errors="replace", stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
            output, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as expired:
            output, status = f"{(expired.stdout or b'').decode(errors='replace')}\n(no end within {TIMEOUT_S} s)", None
        finally:
            if typed:
                os.close(terminal)
                os.close(keyboard)
        if re.match(r"\w+(\(\) |=)", command):
            self.session += command + "\n"
        return output, status

    def write(self, target, settings):
        """The output and the exit status of writing a block of settings to the file that its first line names."""
        unit, path = FILE.match(f"# {target}").groups()
        if unit:
            unit = unit if "." in unit else f"{unit}.service"
            folder = f"/etc/systemd/system/{unit}.d"
            return self.run(f"mkdir -p {folder} && cat >> {folder}/override.conf << 'END' && systemctl daemon-reload\n"
                            f"{settings}END", user="root")
        if path.endswith("/unoc.toml"):
            settings = merged(self.run(f"cat {path}", user="root")[0], settings)
        # The file keeps its owner and mode.
        return self.run(f"cat > {path} << 'END'\n{settings}END", user="root")


def merged(old, new):
    """A TOML file with further settings, in place of those of the same names; its tables come after all other keys."""
    def parts(text):
        tables = re.search(r"^\[", text, re.MULTILINE)
        return (text[:tables.start()], text[tables.start():]) if tables else (text, "")
    (old_keys, old_tables), (new_keys, new_tables) = parts(old), parts(new)
    for name in re.findall(r"^(\w+) *=", new_keys, re.MULTILINE):
        old_keys = re.sub(rf"^{name} *=.*\n", "", old_keys, flags=re.MULTILINE)
    return old_keys + new_keys + (new_tables or old_tables)


# What has happened before a command, as the text above it says: scripts that root runs.
BEFORE = {
    "sudo unoc logs --text 'client connected'": '''
        server='http://localhost:5001/socket.io/?EIO=4&transport=polling'
        sid=$(curl -sf "$server" | sed 's/.*"sid":"\\([^"]*\\)".*/\\1/')
        curl -sf -d 40 "$server&sid=$sid"
        sleep 0.5''',
    # A device is overridden, of which an incident warns two seconds later.
    "sudo unoc logs --since 1h --level warn": '''
        olt=$(curl -sf 'http://localhost:5001/api/devices?device_type=OLT&limit=1' | sed 's/^[^0-9]*\\([0-9]*\\).*/\\1/')
        curl -sf -X PATCH "http://localhost:5001/api/devices/$olt/override" -H 'Content-Type: application/json' \\
          -d '{"status_override":"DOWN","override_reason":"splice work"}'
        for _ in {1..50}; do ! curl -s 'http://localhost:5001/api/logs?level=warn' | grep WARN || break; sleep 0.2; done''',
    "sudo unoc logs --request-id 0199f3a1…": '''
        curl -s -X DELETE -H 'X-Request-Id: runbook-test' http://localhost:5001/api/devices/999999''',
    "sudo unoc restore /path/unoc_20261125_021500.sql.zst.age --identity /path/key.txt": '''
        install -d /path
        install -m 644 /home/engineer/key.txt /var/lib/unoc/backups/*.age /path''',
    # The host is lost, and what is known of its site is in unoc.toml.
    "sudo unoc install --no-start": '''
        site_id=$(sed -n 's/.*"site_id": *"\\([^"]*\\)".*/\\1/p' /var/lib/unoc/site.json)
        echo "site_id = '$site_id'" >> /etc/unoc/unoc.toml
        systemctl stop unoc
        rm -r /var/lib/unoc''',
    "sudo unoc import - --dry-run < devices.csv": '''
        printf 'name,device_type\\nPOP-9,POP\\n' > /home/engineer/devices.csv''',
    "sudo sh -c 'cd /var/lib/unoc && mkdir old && for f in unoc.redb site.json undo backups; do [ ! -e $f ] || mv $f old/; done'": '''
        sed -i /^site_id/d /etc/unoc/unoc.toml''',
    "sudo unoc backup now --backup-dir /another/disk": '''
        install -d -o unoc -m 700 /another/disk''',
    # The store is lost, while the service is stopped.
    "sudo ls -l /var/lib/unoc": '''
        rm /var/lib/unoc/unoc.redb''',
    "sudo rm /var/lib/unoc/site.json": '''
        systemctl stop unoc
        rm /var/lib/unoc/unoc.redb''',
    # The site is new since then.
    "sudo unoc runbook": '''
        unoc backup now''',
}

# What stands for something on this host, and the command that names it.
EXAMPLES = {
    "unoc_20261125_021500": "ls /var/lib/unoc/backups | sed -n 's/[.]json$//p' | tail -n 1",
    "20261125_021500-seq4711": "ls /var/lib/unoc/quarantine | tail -n 1",
    "0199f3a1…": "echo runbook-test",
}


def substitute(host, command, examples):
    """The command with the names of this host in place of the document's examples."""
    for example, name in examples.items():
        if example in command:
            command = command.replace(example, host.run(name, user="root")[0].strip())
    return command


def difference(step, output, status):
    """What differs from the expectation, or nothing."""
    # `timeout` ends with 124 when the command ran until the interrupt and then ended.
    expected_status = 124 if step.interrupted else step.status or 0
    if status != expected_status:
        return f"exit status {status}, expected {expected_status}"
    if step.silent and output.strip():
        return "it prints something, expected nothing"
    position = 0
    for words in step.printed:
        pattern = ".*?".join(re.escape(part.strip() if "…" in words else part) for part in words.split("…"))
        found = re.compile(re.sub(r"(\\ )+", r"[ \\t]+", pattern)).search(output, position)
        if not found:
            return f"it does not print: {words}"
        position = found.end()
    return None


def is_known(mention, steps):
    """Whether a command with an expectation begins like this one, up to a placeholder such as NAME."""
    def plain(command):
        return command.removeprefix("sudo ").removeprefix("./") + " "
    # The method of a request is no placeholder.
    beginning = plain(re.sub(r"(?<!-X) (?:'?…|[A-Z]+\b).*", "", mention))
    return len(beginning.split()) > 1 and any(
        plain(step.command).startswith(beginning) or f" {beginning}" in plain(step.command) for step in steps)


def run_page(page, steps, host, before, examples):
    """The faults of a page's commands: each runs in the document's order, after what `before` has for it, by its command or,
    where several are the same, by its section and command."""
    known = {key for step in steps for key in keys(step)}
    faults = [f"no such command in {page}: {key}" for key in before.keys() - known]
    run = skipped = 0
    for step in steps:
        if step.reason:
            skipped += 1
            print(f"not run: {step.command} ({step.reason})")
            continue
        run += 1
        for preparation in [before[key] for key in keys(step) if key in before]:
            words, status = host.run(f"set -e\n{preparation}", user="root")
            if status != 0:
                faults.append(f"{page}:{step.line}: cannot prepare: {step.command}\n    {words}")
        command = substitute(host, step.command, examples)
        output, status = host.write(command, step.settings) if step.settings else host.run(command, step.typed, step.interrupted)
        wrong = difference(step, output, status)
        if not wrong and step.http_status:
            answered, _ = host.run(command.replace("curl ", "curl -s -o /dev/null -w '%{http_code}' ", 1))
            if answered != step.http_status:
                wrong = f"HTTP status {answered}, expected {step.http_status}"
        if wrong:
            faults.append(f"{page}:{step.line}: {command}\n  {wrong}; it prints:\n    " + output[:3000].replace("\n", "\n    "))
    print(f"commands of {page}: {run} run, {skipped} not run for the reasons above, {len(faults)} faults")
    return faults


def keys(step):
    return step.command, f"{step.section}: {step.command}"


def read_complete(repository, page):
    """What `read` returns, once each command has an expectation, and the mentions of commands that have none."""
    steps, mentioned = read(repository, page)
    for step in steps:
        if not step.is_complete():
            fail(page, step.line, f"no expectation for: {step.command}")
    return steps, [f"{page}:{line}: appears nowhere with its expectation: {command}"
                   for line, command in mentioned if not is_known(command, steps)]


def report(faults):
    for fault in faults:
        print(f"FAILED: {fault}", file=sys.stderr)
    return 1 if faults else 0


def main():
    repository, leader = sys.argv[1:]
    page = "docs/OPERATIONS.md"
    steps, faults = read_complete(repository, page)
    told, mentioned = read(repository, "ops/RUNBOOK.md")
    mentioned += [(step.line, step.command) for step in told]
    faults += [f"ops/RUNBOOK.md:{line}: not in {page}: {command}" for line, command in mentioned if not is_known(command, steps)]
    return report(faults + run_page(page, steps, Host(leader), BEFORE, EXAMPLES))


if __name__ == "__main__":
    sys.exit(main())
