"""The mirror under fail-over: a real `unoc` against three PostgreSQL nodes under Patroni.

    run.py UNOC [ROUNDS [KIND…]]

Run by hand; needs Debian's patroni, etcd-server and postgresql, best as root. In each round clients write
while the leader

- killed: is killed with all its processes;
- behind: is killed after its replication was held up, so that the new leader lacks what the mirror had
  already committed;
- frozen: stands still with its connections open, and wakes up as a leader that is none any more.

Then the mirror must hold exactly the site again: every acknowledged write, no row too many. Prints the
rows of docs/RELIABILITY.md; exit 0 when all held.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time

from cluster import Cluster, free_port, get, until

WRITERS = 4
# Long enough for some rounds of the mirror to be committed and then lost.
HELD_S = 4
KINDS = ("killed", "behind", "frozen")
COLUMNS = "id, name, device_type"


class Writers:
    """Clients that provision devices and note each acknowledged one."""

    def __init__(self, port, prefix):
        self.prefix, self.port, self.stopping, self.lock = prefix, port, threading.Event(), threading.Lock()
        self.acknowledged, self.unanswered, self.slowest_s = {}, 0, 0.0
        self.threads = [threading.Thread(target=self.write, args=(number,)) for number in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def write(self, writer):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        number = 0
        while not self.stopping.is_set():
            name, number = f"{self.prefix}-{writer}-{number}", number + 1
            body = json.dumps({"name": name, "device_type": "POP", "validate_upstream": False})
            started = time.monotonic()
            try:
                client.request("POST", "/api/devices/provision", body, {"Content-Type": "application/json"})
                answer = client.getresponse()
                text = answer.read()
            except OSError:
                client.close()
                with self.lock:
                    self.unanswered += 1
                continue
            if answer.status != 201:
                raise SystemExit(f"{answer.status}: {text}")
            with self.lock:
                self.acknowledged[name] = json.loads(text)["device"]["id"]
                self.slowest_s = max(self.slowest_s, time.monotonic() - started)
            # A site's pace, not a benchmark's.
            self.stopping.wait(0.02)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


class Appliance:
    def __init__(self, program, cluster):
        self.port, directory = free_port(), cluster.directory / "site"
        self.log = cluster.directory / "unoc.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [program, "serve", "--port", str(self.port), "--data-dir", str(directory)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"DATABASE_URL": cluster.url(), "HOME": "/nonexistent"},
            )
        until("unoc answers", lambda: get(f"http://127.0.0.1:{self.port}/api/health")[0] == 200)

    def seq(self):
        return json.loads(get(f"http://127.0.0.1:{self.port}/api/health")[1])["seq"]

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=30)


def applied(cluster, node):
    return int(cluster.sql(node, "SELECT applied_seq FROM sync_state") or -1)


def in_mirror(cluster, node):
    """The devices as the mirror has them, straight from PostgreSQL."""
    asked = f"SELECT coalesce(json_agg(json_build_array({COLUMNS})), '[]') FROM devices"
    rows = until("PostgreSQL answers", lambda: cluster.sql(node, asked))
    return {tuple(row) for row in json.loads(rows)}


def in_site(appliance):
    devices = json.loads(get(f"http://127.0.0.1:{appliance.port}/api/devices")[1])
    devices = devices["items"] if isinstance(devices, dict) else devices
    return {(device["id"], device["name"], device["device_type"]) for device in devices}


def current(cluster, appliance):
    leader = cluster.leader()
    return leader if leader and applied(cluster, leader) == appliance.seq() else None


def other(node, former):
    return node if node is not former else None


def fail_over(cluster, appliance, number, kind):
    writers = Writers(appliance.port, f"r{number}")
    until("some writes", lambda: len(writers.acknowledged) > 100)
    leader = cluster.leader()
    until("the mirror follows", lambda: appliance.seq() - applied(cluster, leader) < 200)
    if kind == "behind":
        cluster.hold_replication(leader)
        time.sleep(HELD_S)
    before = applied(cluster, leader)
    family = cluster.freeze(leader["name"]) if kind == "frozen" else cluster.kill(leader["name"])
    gone = time.monotonic()
    successor = until("a successor", lambda: other(cluster.leader(), leader))
    promoted = time.monotonic()
    # The mirror may be there already; then nothing of the tail can be seen to be missing.
    lost = max(0, before - applied(cluster, successor))
    until("the mirror goes on", lambda: applied(cluster, successor) > before)
    followed = time.monotonic()
    if kind == "frozen":
        cluster.thaw(family)
        until("the former leader follows", lambda: len(cluster.followers()) == len(cluster.nodes) - 1)
    writers.stop()
    until("the mirror is current", lambda: current(cluster, appliance))
    site, mirror = in_site(appliance), in_mirror(cluster, cluster.leader())
    expected = {(id, name, "POP") for name, id in writers.acknowledged.items()}
    faults = {
        "acknowledged, not in the site": expected - site,
        "in the site, not in the mirror": site - mirror,
        "in the mirror, not in the site": mirror - site,
    }
    if kind != "frozen":
        cluster.start_node(leader)
    until("the killed node follows", lambda: len(cluster.followers()) == len(cluster.nodes) - 1)
    print(f"| {kind} | {len(writers.acknowledged)} acknowledged, {writers.unanswered} unanswered,"
          f" slowest {writers.slowest_s * 1000:.0f} ms | {lost} commits of the mirror lost"
          f" | leader after {promoted - gone:.1f} s, mirror goes on {followed - promoted:.1f} s later |", flush=True)
    return {what: (len(rows), sorted(rows)[:5]) for what, rows in faults.items() if rows}


def main():
    program, rounds = os.path.realpath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else len(KINDS)
    kinds = sys.argv[3:] or KINDS
    with Cluster() as cluster:
        cluster.start()
        appliance = Appliance(program, cluster)
        try:
            until("the first mirror", lambda: current(cluster, appliance))
            for number in range(rounds):
                faults = fail_over(cluster, appliance, number, kinds[number % len(kinds)])
                if faults:
                    raise SystemExit(f"round {number}: {faults}")
            code = appliance.stop()
            if code != 0:
                raise SystemExit(f"unoc ended with {code}")
        except BaseException:
            appliance.process.kill()
            lines = [line for line in appliance.log.read_text().splitlines() if " INFO POST " not in line]
            print("\n".join(lines[-60:]), file=sys.stderr)
            raise
    print(f"{rounds} fail-overs: the mirror was exactly the site after each")


if __name__ == "__main__":
    main()
