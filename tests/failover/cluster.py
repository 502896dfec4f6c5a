"""Three PostgreSQL nodes under Patroni and one etcd on loopback, in a directory of their own.

Every process runs as `nobody` when this is root, and ends when this script does. Debian's packages
patroni, etcd-server and postgresql bring the programs.
"""

import glob
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

NOBODY = 65534
PASSWORD = "unoc-pw"
NODES = 3
# Patroni's smallest: a dead leader is noticed after at most this.
TTL_S = 20
LOOP_S = 2
RETRY_S = 5
PATIENCE_S = 180


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def until(what, condition, patience_s=PATIENCE_S):
    """What `condition` gives once it gives something; it is asked ten times a second."""
    end = time.monotonic() + patience_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"waited in vain: {what}")
        time.sleep(0.1)


def get(url):
    """Status and body; status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


class Cluster:
    def __init__(self):
        newest = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]), default="")
        for program in (f"{newest}/postgres", "patroni", "etcd", "psql", "setpriv"):
            if not shutil.which(program):
                raise SystemExit(f"{program} is missing: apt-get install postgresql patroni etcd-server")
        self.binaries = newest
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="unoc-failover."))
        os.chmod(self.directory, 0o755)
        self.etcd_port = free_port()
        self.processes = {}
        self.nodes = [{"name": f"node{number}", "port": free_port(), "api": free_port()} for number in range(NODES)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.processes):
            self.kill(name)
        shutil.rmtree(self.directory, ignore_errors=True)

    def start(self):
        etcd = self.own("etcd")
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{free_port()}"
        self.launch("etcd", [
            "etcd", "--name", "etcd", "--data-dir", str(etcd / "data"), "--unsafe-no-fsync",
            "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", f"etcd={peer}",
        ])
        until("etcd answers", lambda: get(f"{client}/health")[0] == 200)
        for node in self.nodes:
            self.start_node(node)
            # The first one makes the database; the others copy it.
            until("the first node leads", self.leader)
        until("all nodes follow", lambda: len(self.followers()) == NODES - 1)
        until("a database", lambda: self.sql(self.leader(), "CREATE DATABASE unoc", database="postgres") is not None)

    def start_node(self, node):
        directory = self.own(node["name"])
        file = directory / "patroni.json"
        file.write_text(json.dumps(self.settings(node, directory)))
        self.give(file)
        self.launch(node["name"], ["patroni", str(file)])

    def settings(self, node, directory):
        login = {"username": "unoc", "password": PASSWORD}
        return {
            "scope": "unoc",
            "name": node["name"],
            "restapi": {"listen": f"127.0.0.1:{node['api']}", "connect_address": f"127.0.0.1:{node['api']}"},
            "etcd3": {"host": f"127.0.0.1:{self.etcd_port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL_S, "loop_wait": LOOP_S, "retry_timeout": RETRY_S,
                    # How far behind a node may be and still lead: a lost tail is what is tested.
                    "maximum_lag_on_failover": 64 << 20,
                    "postgresql": {"use_pg_rewind": True, "parameters": {"wal_log_hints": "on"}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{node['port']}", "connect_address": f"127.0.0.1:{node['port']}",
                "data_dir": str(directory / "data"), "bin_dir": self.binaries, "pgpass": str(directory / "pgpass"),
                "authentication": {"superuser": login, "replication": login, "rewind": login},
                "parameters": {"unix_socket_directories": str(directory), "shared_buffers": "32MB", "max_connections": 50},
                "pg_hba": ["local all all trust", "host all all 127.0.0.1/32 scram-sha-256",
                           "host replication all 127.0.0.1/32 scram-sha-256"],
            },
        }

    def own(self, name):
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        self.give(directory)
        return directory

    def give(self, path):
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)

    def launch(self, name, command):
        identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
        with open(self.directory / f"{name}.log", "ab") as log:
            # A session of its own, so that a node can be killed with all that belongs to it.
            self.processes[name] = subprocess.Popen(
                ["setpriv", *identity, "--pdeathsig=KILL", "--", *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                env={"PATH": "/usr/bin:/bin", "HOME": str(self.directory / name), "LC_ALL": "C", "LANG": "C"},
            )

    def family(self, name):
        """The process ids of a node: Patroni, and PostgreSQL, which Patroni puts into other groups."""
        children = {}
        for stat in glob.glob("/proc/[0-9]*/stat"):
            try:
                text = pathlib.Path(stat).read_text()
            except OSError:
                continue
            pid, parent = int(text.split(" ", 1)[0]), int(text.rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(pid)
        found, queue = [], [self.processes[name].pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            queue.extend(children.get(pid, []))
        data = str(self.directory / name / "data")
        for line in glob.glob("/proc/[0-9]*/cmdline"):
            # The first process of PostgreSQL may belong to nobody when Patroni was started anew.
            try:
                is_its = data in pathlib.Path(line).read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            pid = int(line.split("/")[2])
            if is_its and pid not in found:
                found.extend([pid, *children.get(pid, [])])
        return found

    def kill(self, name):
        """kill -9 of everything at once, as when the host loses power."""
        for pid in self.freeze(name):
            self.signal(pid, signal.SIGKILL)
        self.processes.pop(name).wait()

    def freeze(self, name):
        """Stops a node where it stands, as a virtual machine that its host no longer runs."""
        family = self.family(name)
        for pid in family:
            self.signal(pid, signal.SIGSTOP)
        return family

    def thaw(self, family):
        for pid in family:
            self.signal(pid, signal.SIGCONT)

    @staticmethod
    def signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def hold_replication(self, leader):
        """Stops what sends the leader's log to the others: from here on they miss what it commits."""
        asked = "SELECT pid FROM pg_stat_replication"
        senders = until("the leader answers", lambda: self.sql(leader, asked, database="postgres")).split()
        for pid in senders:
            self.signal(int(pid), signal.SIGSTOP)

    def leader(self):
        """The node that leads, once it can be written to."""
        return next((node for node in self.nodes if self.is_leader(node)), None)

    def is_leader(self, node):
        status, body = get(f"http://127.0.0.1:{node['api']}/primary")
        return status == 200 and '"role": "replica"' not in body

    def followers(self):
        """The nodes that copy the leader's log and are at most 16 MB behind."""
        def follows(node):
            status, body = get(f"http://127.0.0.1:{node['api']}/replica?lag=16MB")
            return status == 200 and '"state": "running"' in body and not self.is_leader(node)
        return [node for node in self.nodes if follows(node)]

    def sql(self, node, statement, database="unoc"):
        """What a statement says, unaligned; None when the node cannot be asked."""
        asked = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement,
             f"postgresql://unoc@127.0.0.1:{node['port']}/{database}?connect_timeout=2"],
            env={"PATH": "/usr/bin:/bin", "PGPASSWORD": PASSWORD}, capture_output=True, text=True, check=False,
        )
        return asked.stdout.strip() if asked.returncode == 0 else None

    def url(self):
        hosts = ",".join(f"127.0.0.1:{node['port']}" for node in self.nodes)
        return f"postgresql://unoc:{PASSWORD}@{hosts}/unoc?target_session_attrs=read-write"
