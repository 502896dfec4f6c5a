"""python-socketio against a running server: every v2 event on `/` and the numbered changes on `/live`,
over websocket and over polling at once, while this script drives the REST API.

    python_client.py http://127.0.0.1:PORT

It seeds the server anew: only for a server with nothing to lose. Exit 0 when everything held, else 1.
"""

import asyncio
import os
import sys

import aiohttp
import socketio

# An event follows its HTTP answer by far less than this.
EVENT_S_MAX = 10
# The heartbeat of /live comes every 5 s; two may be lost.
HEARTBEAT_S_MAX = 15

FULL_DEVICE = (
    "id name device_type status x y tx_power_dbm sensitivity_min_dbm insertion_loss_db parent_container_id "
    "status_override override_reason created_at updated_at"
).split()
FULL_INTERFACE = "id name interface_type status device_id created_at updated_at".split()
FULL_LINK = (
    "id status a_interface_id b_interface_id length_km physical_medium_id link_loss_db created_at updated_at"
).split()
# Payloads with these keys and no others.
EXACT_KEYS = {
    "device_created": "device_id name device_type interface_count".split(),
    "device:created": "id name device_type status x y".split(),
    "device:deleted": ["id"],
    "link:deleted": ["id"],
    "topology:reset": [],
}
# Payloads with at least these keys: what the domain computes may be added.
LEAST_KEYS = {
    "device:updated": FULL_DEVICE,
    "interface:created": FULL_INTERFACE,
    "link:created": FULL_LINK,
}
# The events of /live that are no part of its numbers.
UNNUMBERED_KEYS = {"heartbeat": ["seq"], "incidents": ["ids", "has_maintenance"]}


class Broken(Exception):
    """What the server did not keep."""


def check(condition, message):
    if not condition:
        raise Broken(message)


def check_keys(where, payload, keys, exact):
    check(isinstance(payload, dict), f"{where}: the payload is no object: {payload!r}")
    missing = [key for key in keys if key not in payload]
    check(not missing, f"{where}: missing keys {missing}: {payload}")
    extra = [key for key in payload if key not in keys]
    check(not (exact and extra), f"{where}: keys too many {extra}: {payload}")


class Watcher:
    """One client over one transport, both namespaces on one connection: what it saw, and the waiting for it."""

    def __init__(self, transport):
        self.transport = transport
        self.events = []
        self.live = []
        self.news = asyncio.Condition()
        self.closing = False
        self.failure = None
        self.client = socketio.AsyncClient(reconnection=False)
        for namespace, seen in (("/", self.events), ("/live", self.live)):
            self.listen(namespace, seen)

    def listen(self, namespace, seen):
        async def on_any(name, *payloads):
            async with self.news:
                seen.append((name, payloads))
                self.news.notify_all()

        async def on_disconnect(reason=None):
            if not self.closing:
                async with self.news:
                    self.failure = f"disconnected {namespace}: {reason}"
                    self.news.notify_all()

        self.client.on("*", on_any, namespace=namespace)
        self.client.on("disconnect", on_disconnect, namespace=namespace)

    async def connect(self, base):
        await self.client.connect(
            base, transports=[self.transport], namespaces=["/", "/live"], wait_timeout=EVENT_S_MAX
        )

    async def close(self):
        self.closing = True
        await self.client.disconnect()

    async def until(self, what, condition, seconds=EVENT_S_MAX):
        """Waits until `condition()` gives something; fails with `what` after the deadline."""

        def ready():
            return self.failure or condition()

        async def wait():
            async with self.news:
                await self.news.wait_for(ready)

        try:
            await asyncio.wait_for(wait(), seconds)
        except asyncio.TimeoutError:
            tail = f"{self.events[-6:]} on /, {self.live[-3:]} on /live"
            raise Broken(f"{self.transport}: no {what} within {seconds} s; last events: {tail}") from None
        check(not self.failure, f"{self.transport}: {self.failure}")

    def caused(self):
        return [event for event in self.events if event[0] != "device:updated"]

    def updates(self, since=0):
        return [payloads[0] for name, payloads in self.events[since:] if name == "device:updated"]

    def latest(self, kind, entity_id):
        """The latest value that /live told about an entity; a string when it told none."""
        value = "never told"
        for name, payloads in self.live:
            for item in payloads[0]["items"] if name == "changes" else []:
                if (item["kind"], item["id"]) == (kind, entity_id):
                    value = item["value"]
        return value


class Drive:
    """The calls, and the events that each must send."""

    def __init__(self, base, session, watchers):
        self.base = base
        self.session = session
        self.watchers = watchers
        # In order, `device:updated` apart: those also follow from computed status.
        self.expected = []
        self.overrides = 0

    async def call(self, method, path, status, body=None):
        async with self.session.request(method, self.base + path, json=body) as answer:
            text = await answer.text()
            check(answer.status == status, f"{method} {path}: {answer.status} instead of {status}: {text}")
            return await answer.json() if text else None

    async def expect(self, *events):
        self.expected.extend(events)
        names = ", ".join(name for name, _ in events)
        for watcher in self.watchers:
            await watcher.until(names, lambda: len(watcher.caused()) >= len(self.expected))

    async def expect_update(self, what, marks=None, **values):
        def fits(payload):
            return all(payload.get(key) == value for key, value in values.items())

        for n, watcher in enumerate(self.watchers):
            since = marks[n] if marks else 0
            await watcher.until(f"device:updated of {what}", lambda: any(map(fits, watcher.updates(since))))

    def marks(self):
        return [len(watcher.events) for watcher in self.watchers]

    async def provision(self, name, device_type, ports):
        body = {"name": name, "device_type": device_type}
        answer = await self.call("POST", "/api/devices/provision", 201, body)
        device = answer["device"]
        check(len(answer["interfaces"]) == ports, f"{device_type}: {len(answer['interfaces'])} ports, not {ports}")
        await self.expect(
            ("device_created", {"device_id": device["id"], **body, "interface_count": ports}),
            ("device:created", {"id": device["id"], **body, "x": 0.0, "y": 0.0}),
        )
        return device | {"interfaces": answer["interfaces"]}

    async def override(self, device):
        """An override and its event: when it arrives, everything sent before has arrived."""
        self.overrides += 1
        body = {"status_override": "DOWN", "override_reason": f"round {self.overrides}"}
        answer = await self.call("PATCH", f"/api/devices/{device['id']}/override", 200, body)
        check(answer["device"]["status_override"] == "DOWN", "the answer does not show the override")
        await self.expect_update("an override", id=device["id"], **body)

    async def clear_override(self, device, path):
        marks = self.marks()
        await self.call("DELETE", f"/api/devices/{device['id']}/{path}", 200)
        await self.expect_update("a cleared override", marks, id=device["id"], status_override=None)

    async def expect_silent_move(self, moved, marker):
        """A position change sends nothing on `/`: the next event is that of the override after it."""
        await self.override(marker)
        marks = self.marks()
        await self.call("PATCH", f"/api/devices/{moved['id']}", 200, {"x": 11, "y": 22})
        await self.override(marker)
        for mark, watcher in zip(marks, self.watchers):
            name, payloads = watcher.events[mark]
            silent = name == "device:updated" and payloads[0]["id"] == marker["id"]
            check(silent, f"{watcher.transport}: a position change sent {name} {payloads}")

    async def run(self, tag):
        await self.call("POST", "/api/seed", 201)
        await self.expect(("topology:reset", {}))

        edge = await self.provision(f"edge-{tag}", "EDGE_ROUTER", 2)
        olt = await self.provision(f"olt-{tag}", "OLT", 10)
        ont = await self.provision(f"ont-{tag}", "ONT", 1)
        raw_body = {"name": f"raw-{tag}", "device_type": "ONT", "x": 3.0, "y": 4.0}
        raw = await self.call("POST", "/api/devices", 201, raw_body)
        await self.expect(("device:created", {"id": raw["id"], **raw_body}))

        await self.override(ont)
        await self.clear_override(ont, "override")
        legacy = {"status": "DEGRADED", "reason": "legacy"}
        await self.call("POST", f"/api/devices/{ont['id']}/override-status", 200, legacy)
        await self.expect_update("a legacy override", id=ont["id"], status_override="DEGRADED", override_reason="legacy")
        await self.clear_override(ont, "override-status")
        await self.expect_silent_move(olt, edge)

        simple = await self.link(olt, ont, raw)
        await self.call("DELETE", f"/api/links/{simple['link']['id']}", 204)
        await self.expect(("link:deleted", {"id": simple["link"]["id"]}))
        await self.call("DELETE", f"/api/devices/{ont['id']}", 204)
        await self.expect(("device:deleted", {"id": ont["id"]}))
        await self.override(edge)
        return edge["id"], ont["id"], simple["link"]["id"]

    async def link(self, olt, ont, raw):
        """Both ways of making a link; the second link is deleted again, the first is handed back."""
        body = {"device_a_id": olt["id"], "device_b_id": ont["id"], "link_type": "fiber"}
        simple = await self.call("POST", "/api/links/create-simple", 200, body)
        port_a, port_b = simple["interface_a"], simple["interface_b"]
        ends = {"a_interface_id": port_a["id"], "b_interface_id": port_b["id"]}
        await self.expect(
            ("interface:created", {"id": port_b["id"], "device_id": ont["id"], "name": port_b["name"]}),
            ("link:created", {"id": simple["link"]["id"], **ends}),
        )
        port_body = {"name": "extra0", "interface_type": "OPTICAL", "device_id": raw["id"]}
        port = await self.call("POST", "/api/interfaces", 201, port_body)
        await self.expect(("interface:created", {"id": port["id"], **port_body}))

        pon = next(port for port in olt["interfaces"] if port["name"] == "pon1")
        body = {"a_interface_id": pon["id"], "b_interface_id": port["id"], "length_km": 1.5}
        link = await self.call("POST", "/api/links", 201, body)
        await self.expect(("link:created", {"id": link["id"], **body}))
        await self.call("DELETE", f"/api/links/{link['id']}", 204)
        await self.expect(("link:deleted", {"id": link["id"]}))
        return simple


def check_root(watcher, expected):
    for name, payloads in watcher.events:
        where = f"{watcher.transport}: {name}"
        check(len(payloads) == 1, f"{where}: {len(payloads)} arguments instead of one")
        check(name in EXACT_KEYS or name in LEAST_KEYS, f"{where}: no event of the contract: {payloads}")
        check_keys(where, payloads[0], (EXACT_KEYS | LEAST_KEYS)[name], name in EXACT_KEYS)
    caused = watcher.caused()
    for n, (name, values) in enumerate(expected):
        seen_name, payloads = caused[n]
        check(seen_name == name, f"{watcher.transport}: event {n} is {seen_name}, not {name}")
        for key, value in values.items():
            seen = payloads[0][key]
            check(seen == value, f"{watcher.transport}: {name}.{key} is {seen!r}, not {value!r}")
    check(len(caused) == len(expected), f"{watcher.transport}: events too many: {caused[len(expected):]}")


def check_live(watcher):
    """The numbers of /live leave no gap: a span holds the steps after `from_seq` up to `to_seq`, the first
    one starts at the snapshot or before it, each next one where the last ended. `resync` is a span too big
    to be sent."""
    where = f"{watcher.transport} /live"
    name, payloads = watcher.live[0]
    check(name == "snapshot", f"{where}: the first event is {name}, not snapshot")
    check_keys(f"{where}: snapshot", payloads[0], ["seq", "run", "site", "version"], True)
    at, first = payloads[0]["seq"], True
    for name, (payload,) in watcher.live[1:]:
        if name in UNNUMBERED_KEYS:
            check_keys(f"{where}: {name}", payload, UNNUMBERED_KEYS[name], True)
            continue
        check(name in ("changes", "resync"), f"{where}: unknown event {name}")
        check_keys(f"{where}: {name}", payload, ["from_seq", "to_seq"] + ["items"] * (name == "changes"), True)
        joins = payload["from_seq"] <= at if first else payload["from_seq"] == at
        check(joins, f"{where}: {name} starts after {payload['from_seq']}, the last ended at {at}")
        check(payload["to_seq"] > payload["from_seq"], f"{where}: {name} covers nothing: {payload}")
        at, first = max(at, payload["to_seq"]), False
        for item in payload.get("items", []):
            check_item(where, item)


def check_item(where, item):
    check_keys(f"{where}: item", item, ["kind", "id", "value"], True)
    check(item["kind"] in ("device", "interface", "link"), f"{where}: unknown kind {item['kind']}")
    check(item["value"] is None or item["value"]["id"] == item["id"], f"{where}: value of another entity: {item}")


async def expect_live(watcher, last_reason, kept, deleted, deleted_link):
    def told():
        value = watcher.latest("device", kept)
        return isinstance(value, dict) and value["override_reason"] == last_reason

    def caught_up():
        spans = [payloads[0] for name, payloads in watcher.live if name in ("changes", "resync")]
        return any(
            name == "heartbeat" and payloads[0]["seq"] == spans[-1]["to_seq"] for name, payloads in watcher.live
        )

    await watcher.until("last override on /live", told)
    for kind, entity_id in (("device", deleted), ("link", deleted_link)):
        value = watcher.latest(kind, entity_id)
        check(value is None, f"{watcher.transport} /live: the deleted {kind} is {value!r}, not null")
    await watcher.until("heartbeat with the last number", caught_up, HEARTBEAT_S_MAX)


async def main(base):
    watchers = [Watcher("websocket"), Watcher("polling")]
    try:
        for watcher in watchers:
            await watcher.connect(base)
            await watcher.until("snapshot", lambda: any(name == "snapshot" for name, _ in watcher.live))
        async with aiohttp.ClientSession() as session:
            drive = Drive(base, session, watchers)
            left = await drive.run(f"py-{os.getpid()}")
        for watcher in watchers:
            await expect_live(watcher, f"round {drive.overrides}", *left)
            check_root(watcher, drive.expected)
            check_live(watcher)
            counts = f"{len(watcher.events)} events on /, {len(watcher.live)} on /live"
            print(f"{watcher.transport}: {counts}, all as promised")
    finally:
        for watcher in watchers:
            await watcher.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python_client.py BASE_URL")
    try:
        asyncio.run(main(sys.argv[1]))
    except (Broken, aiohttp.ClientError, socketio.exceptions.SocketIOError) as error:
        sys.exit(f"FAILED: {error}")
