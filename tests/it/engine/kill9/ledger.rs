//! What was acknowledged to a writer, compared with the site.

use std::collections::BTreeMap;

use serde_json::Value;

/// The part of a site that one writer made: devices by name, links by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Part {
    pub(crate) devices: BTreeMap<String, Device>,
    /// The two interfaces of each link.
    pub(crate) links: BTreeMap<u64, (u64, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Device {
    pub(crate) id: u64,
    pub(crate) device_type: String,
    /// Status and reason.
    pub(crate) status_override: Option<(String, String)>,
    pub(crate) x: f64,
    /// Names by id.
    pub(crate) ports: BTreeMap<u64, String>,
}

/// A change that was sent.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Provision { name: String, device_type: &'static str, port_count: usize, x: f64 },
    Override { name: String, status: &'static str, reason: String },
    ClearOverride { name: String },
    Move { name: String, x: f64 },
    Connect { a: String, b: String },
    DeleteLink { id: u64 },
    DeleteDevice { name: String },
}

impl Part {
    pub(crate) fn device(&self, name: &str) -> &Device {
        &self.devices[name]
    }

    /// The part after a change whose outcome is `seen`, from which new ids are taken. `None` when `seen`
    /// cannot be that outcome.
    pub(crate) fn after(&self, change: &Change, seen: &Part) -> Option<Part> {
        let mut part = self.clone();
        match change {
            Change::Provision { name, device_type, port_count, x } => {
                let made = seen.devices.get(name)?.clone();
                let is_whole = made.device_type == *device_type
                    && made.ports.len() == *port_count
                    && made.status_override.is_none()
                    && made.x.to_bits() == x.to_bits();
                part.devices.insert(name.clone(), is_whole.then_some(made)?);
            }
            Change::Override { name, status, reason } => {
                let set = Some(((*status).to_owned(), reason.clone()));
                part.devices.get_mut(name)?.status_override = set;
            }
            Change::ClearOverride { name } => part.devices.get_mut(name)?.status_override = None,
            Change::Move { name, x } => part.devices.get_mut(name)?.x = *x,
            Change::Connect { a, b } => {
                let (id, ends) = seen.links.iter().find(|(id, _)| !self.links.contains_key(id))?;
                part.links.insert(*id, *ends);
                for (name, port) in [(a, ends.0), (b, ends.1)] {
                    let ports = &mut part.devices.get_mut(name)?.ports;
                    let name = format!("port{}", ports.len() + 1);
                    ports.entry(port).or_insert(name);
                }
            }
            Change::DeleteLink { id } => {
                part.links.remove(id)?;
            }
            Change::DeleteDevice { name } => {
                let gone = part.devices.remove(name)?;
                part.links
                    .retain(|_, (a, b)| !gone.ports.contains_key(a) && !gone.ports.contains_key(b));
            }
        }
        Some(part)
    }
}

/// A site from its export: the parts by the first letters of the devices' names, up to `-`.
pub(crate) fn parts_of(export: &str) -> BTreeMap<String, Part> {
    let mut owners = BTreeMap::new();
    let mut port_owners = BTreeMap::new();
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    let mut lines = export.lines().map(|line| -> Value {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("not an export ({error}): {line}"))
    });
    let header = lines.next().expect("an export has a header");
    let mut entities = 0;
    for line in lines {
        entities += 1;
        let id = line["id"].as_u64().expect("entities have ids");
        match line["kind"].as_str() {
            Some("device") => {
                let name = text(&line["name"]);
                let owner = name.split('-').next().unwrap_or_default().to_owned();
                owners.insert(id, (owner.clone(), name.clone()));
                let devices = &mut parts.entry(owner).or_default().devices;
                assert!(
                    devices.insert(name, device(id, &line)).is_none(),
                    "a duplicate name: {line}"
                );
            }
            Some("interface") => {
                let device_id = line["device_id"].as_u64().expect("ports have devices");
                let (owner, name) = &owners[&device_id];
                port_owners.insert(id, owner.clone());
                let part = parts.get_mut(owner).expect("devices come first");
                let device = part.devices.get_mut(name).expect("devices come first");
                device.ports.insert(id, text(&line["name"]));
            }
            _ => {
                let end = |key: &str| line[key].as_u64().expect("links have ends");
                let ends = (end("a_interface_id"), end("b_interface_id"));
                let owner = &port_owners[&ends.0];
                assert_eq!(owner, &port_owners[&ends.1], "a link between two writers: {line}");
                parts.get_mut(owner).expect("ports come first").links.insert(id, ends);
            }
        }
    }
    assert_eq!(header["entities"], entities, "the header counts the lines");
    parts
}

fn device(id: u64, line: &Value) -> Device {
    let set = line["status_override"].as_str();
    Device {
        id,
        device_type: text(&line["device_type"]),
        status_override: set.map(|status| (status.to_owned(), text(&line["override_reason"]))),
        x: line["x"].as_f64().expect("devices have a position"),
        ports: BTreeMap::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("this is a text").to_owned()
}
