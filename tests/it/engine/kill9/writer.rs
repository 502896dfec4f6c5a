//! Writers: each sends changes over its own connection and records what was acknowledged.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Scope;

use serde_json::{Value, json};

use super::http::Client;
use super::ledger::{Change, Device, Part, parts_of};
use crate::harness::commands::Rng;

/// Devices that a writer has at a time: enough to choose from, few enough to compare quickly.
const DEVICES_MAX: usize = 40;
/// Types with their port counts (contract-v2 and the type table of the domain).
const TYPES: [(&str, usize); 5] =
    [("ONT", 1), ("EDGE_ROUTER", 2), ("HOP", 8), ("OLT", 10), ("ODF", 48)];

/// What one client knows across all restarts of the server.
pub(crate) struct Writer {
    name: String,
    rng: Rng,
    made: u64,
    /// The devices and links that were acknowledged.
    acknowledged: Part,
    /// The change that had no answer when the connection ended.
    pending: Option<Change>,
    pub(crate) acknowledged_count: u64,
    /// Changes without an answer that were kept, and that were not.
    pub(crate) kept_count: u64,
    pub(crate) lost_count: u64,
    /// Changes answered with 507: nothing was kept.
    pub(crate) refused_count: u64,
}

/// Some writers, each with its own devices.
pub(crate) fn writers(count: usize, seed: u64) -> Vec<Writer> {
    (0..count).map(|number| Writer::new(number, seed)).collect()
}

/// Runs all writers until the server ends or `stop` is set; they end with the scope.
pub(crate) fn run_all<'scope>(
    scope: &'scope Scope<'scope, '_>,
    writers: &'scope mut [Writer],
    address: SocketAddr,
    stop: &'scope AtomicBool,
) {
    for writer in writers {
        scope.spawn(move || writer.run(address, stop));
    }
}

/// Compares a site with what all writers know, and updates what they know of changes without an answer.
pub(crate) fn check_writers(writers: &mut [Writer], export: &str, when: &str) {
    let mut parts = parts_of(export);
    for writer in writers {
        let seen = parts.remove(&writer.name).unwrap_or_default();
        writer.check(seen, when);
    }
    assert!(parts.is_empty(), "{when}: devices that no writer created: {:?}", parts.keys());
}

/// The counts of all writers in a line.
pub(crate) fn totals(writers: &[Writer]) -> String {
    let sum = |of: fn(&Writer) -> u64| writers.iter().map(of).sum::<u64>();
    format!(
        "{} changes acknowledged, none lost; of {} without an answer {} were kept whole; {} refused",
        sum(|writer| writer.acknowledged_count),
        sum(|writer| writer.kept_count + writer.lost_count),
        sum(|writer| writer.kept_count),
        sum(|writer| writer.refused_count),
    )
}

impl Writer {
    fn new(number: usize, seed: u64) -> Self {
        Self {
            name: format!("w{number}"),
            rng: Rng::new(seed ^ (number as u64) << 32),
            made: 0,
            acknowledged: Part::default(),
            pending: None,
            acknowledged_count: 0,
            kept_count: 0,
            lost_count: 0,
            refused_count: 0,
        }
    }

    fn run(&mut self, address: SocketAddr, stop: &AtomicBool) {
        let Ok(mut client) = Client::connect(address) else { return };
        while !stop.load(Ordering::Relaxed) {
            let change = self.next_change();
            self.pending = Some(change.clone());
            match self.send(&mut client, &change) {
                Ok(Some(answer)) => {
                    self.acknowledged = self.after_answer(&change, &answer);
                    self.acknowledged_count += 1;
                }
                Ok(None) => self.refused_count += 1,
                Err(_) => return,
            }
            self.pending = None;
        }
    }

    fn check(&mut self, seen: Part, when: &str) {
        let pending = self.pending.take();
        if seen == self.acknowledged {
            self.lost_count += u64::from(pending.is_some());
            return;
        }
        let explained = pending.as_ref().and_then(|change| self.acknowledged.after(change, &seen));
        assert!(
            explained.as_ref() == Some(&seen),
            "{when}: writer {} expects\n{:?}\nand perhaps {pending:?}\nbut found\n{seen:?}",
            self.name,
            self.acknowledged,
        );
        self.acknowledged = seen;
        self.kept_count += 1;
    }

    /// A random change that the server accepts.
    fn next_change(&mut self) -> Change {
        let count = self.acknowledged.devices.len();
        if count < 2 || (count < DEVICES_MAX && self.rng.chance(30)) {
            self.made += 1;
            let (device_type, port_count) = self.rng.one_of(&TYPES);
            let name = format!("{}-{}", self.name, self.made);
            let x = f64::from(u32::try_from(self.rng.below(1000)).expect("below 1000")) / 4.0;
            return Change::Provision { name, device_type, port_count, x };
        }
        let (name, other) = (self.any_device(), self.any_device());
        match self.rng.below(10) {
            0 | 1 => Change::DeleteDevice { name },
            2 | 3 if name != other => Change::Connect { a: name, b: other },
            4 if !self.acknowledged.links.is_empty() => {
                let at = self.rng.below(self.acknowledged.links.len());
                let id = self.acknowledged.links.keys().nth(at).expect("it is below the length");
                Change::DeleteLink { id: *id }
            }
            5 => Change::ClearOverride { name },
            6 => Change::Move { name, x: f64::from(u32::try_from(self.made).unwrap_or(0)) + 0.5 },
            _ => {
                let status = self.rng.one_of(&["UP", "DOWN"]);
                Change::Override { name, status, reason: format!("r{}", self.rng.next()) }
            }
        }
    }

    fn any_device(&mut self) -> String {
        let at = self.rng.below(self.acknowledged.devices.len());
        self.acknowledged.devices.keys().nth(at).expect("it is below the length").clone()
    }

    /// The answer to a change; `None` when it was refused for lack of space.
    fn send(&self, client: &mut Client, change: &Change) -> io::Result<Option<Value>> {
        let id = |name: &str| self.acknowledged.device(name).id;
        let (method, path, body, expected) = match change {
            Change::Provision { name, device_type, x, .. } => {
                let body = json!({
                    "name": name, "device_type": device_type, "x": x, "validate_upstream": false,
                });
                ("POST", "/api/devices/provision".to_owned(), Some(body), 201)
            }
            Change::Override { name, status, reason } => {
                let body = json!({"status_override": status, "override_reason": reason});
                ("PATCH", format!("/api/devices/{}/override", id(name)), Some(body), 200)
            }
            Change::ClearOverride { name } => {
                ("DELETE", format!("/api/devices/{}/override", id(name)), None, 200)
            }
            Change::Move { name, x } => {
                let body = json!({"x": x, "y": 0});
                ("PATCH", format!("/api/devices/{}", id(name)), Some(body), 200)
            }
            Change::Connect { a, b } => {
                let body =
                    json!({"device_a_id": id(a), "device_b_id": id(b), "link_type": "fiber"});
                let path = "/api/links/create-simple?validate=false".to_owned();
                ("POST", path, Some(body), 200)
            }
            Change::DeleteLink { id } => ("DELETE", format!("/api/links/{id}"), None, 204),
            Change::DeleteDevice { name } => {
                ("DELETE", format!("/api/devices/{}", id(name)), None, 204)
            }
        };
        let answer = client.call(method, &path, body.as_ref())?;
        match answer.status {
            507 => Ok(None),
            // The engine stops: whether this was kept is unknown until the restart.
            503 => Err(io::ErrorKind::ConnectionAborted.into()),
            status if status == expected => {
                Ok(Some(if answer.body.is_empty() { Value::Null } else { answer.json() }))
            }
            status => panic!("{method} {path} {change:?}: {status} {}", answer.text()),
        }
    }

    /// The acknowledged part after an answer.
    fn after_answer(&self, change: &Change, answer: &Value) -> Part {
        let mut seen = Part::default();
        match change {
            Change::Provision { name, device_type, x, .. } => {
                let made = Device {
                    id: id_of(&answer["device"]),
                    device_type: (*device_type).to_owned(),
                    status_override: None,
                    x: *x,
                    ports: ports_of(&answer["interfaces"]),
                };
                seen.devices.insert(name.clone(), made);
            }
            Change::Connect { .. } => {
                let ends = (id_of(&answer["interface_a"]), id_of(&answer["interface_b"]));
                seen.links.insert(id_of(&answer["link"]), ends);
            }
            _ => {}
        }
        let part = self.acknowledged.after(change, &seen);
        part.unwrap_or_else(|| panic!("the answer does not fit {change:?}: {answer}"))
    }
}

fn id_of(entity: &Value) -> u64 {
    entity["id"].as_u64().expect("entities have ids")
}

fn ports_of(interfaces: &Value) -> BTreeMap<u64, String> {
    let ports = interfaces.as_array().expect("a list of interfaces").iter();
    ports.map(|port| (id_of(port), port["name"].as_str().expect("a name").to_owned())).collect()
}
