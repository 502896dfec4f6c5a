//! Replies and refusals in a form in which those of the program and the oracle are compared.

use std::sync::Arc;

use unoc::domain::{
    ConnectedDevices, Device, DeviceReply, Interface, Link, ProvisionedDevice, ProvisionedDevices,
    Refusal,
};

/// The text of a refused import, without the broken invariant.
pub(crate) const INCONSISTENT: &str = "The site to load is not consistent";

/// The reply to an accepted command.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) kind: &'static str,
    pub(crate) devices: Vec<Device>,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) links: Vec<Link>,
    pub(crate) interface_count: usize,
    /// Of the two devices of a new link.
    pub(crate) names: Vec<String>,
}

/// A refusal: its text, and the texts of its rows.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) text: String,
    pub(crate) rows: Vec<(usize, String)>,
}

impl From<ProvisionedDevice> for Answer {
    fn from(provisioned: ProvisionedDevice) -> Self {
        let ProvisionedDevice { device, interfaces, connected, .. } = provisioned;
        let mut answer = connected.map(Self::from).unwrap_or_default();
        let ends = std::mem::take(&mut answer.interfaces);
        let own = interfaces.into_iter().map(Arc::unwrap_or_clone);
        Self {
            kind: "provisioned",
            devices: vec![Arc::unwrap_or_clone(device)],
            interfaces: own.chain(ends).collect(),
            ..answer
        }
    }
}

impl From<ProvisionedDevices> for Answer {
    fn from(ProvisionedDevices { devices, interface_count, .. }: ProvisionedDevices) -> Self {
        Self {
            kind: "provisioned many",
            devices: devices.into_iter().map(Arc::unwrap_or_clone).collect(),
            interface_count,
            ..Self::default()
        }
    }
}

impl From<DeviceReply> for Answer {
    fn from(reply: DeviceReply) -> Self {
        Self::from(reply.device)
    }
}

impl From<Arc<Device>> for Answer {
    fn from(device: Arc<Device>) -> Self {
        Self { kind: "device", devices: vec![Arc::unwrap_or_clone(device)], ..Self::default() }
    }
}

impl From<Arc<Interface>> for Answer {
    fn from(port: Arc<Interface>) -> Self {
        Self { kind: "interface", interfaces: vec![Arc::unwrap_or_clone(port)], ..Self::default() }
    }
}

impl From<Vec<Arc<Interface>>> for Answer {
    fn from(ports: Vec<Arc<Interface>>) -> Self {
        let interfaces = ports.into_iter().map(Arc::unwrap_or_clone).collect();
        Self { kind: "cross-connects", interfaces, ..Self::default() }
    }
}

impl From<Arc<Link>> for Answer {
    fn from(link: Arc<Link>) -> Self {
        Self { kind: "link", links: vec![Arc::unwrap_or_clone(link)], ..Self::default() }
    }
}

impl From<ConnectedDevices> for Answer {
    fn from(ConnectedDevices { link, a, b, names }: ConnectedDevices) -> Self {
        Self {
            kind: "connected",
            names: names.iter().map(ToString::to_string).collect(),
            interfaces: vec![Arc::unwrap_or_clone(a), Arc::unwrap_or_clone(b)],
            links: vec![Arc::unwrap_or_clone(link)],
            ..Self::default()
        }
    }
}

impl From<()> for Answer {
    fn from((): ()) -> Self {
        Self { kind: "done", ..Self::default() }
    }
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Self {
        let text = match refusal {
            Refusal::Inconsistent(_) => INCONSISTENT.to_owned(),
            other => other.to_string(),
        };
        let rows = match refusal {
            Refusal::Rows { rows, .. } => {
                rows.iter().map(|row| (row.index, row.refusal.to_string())).collect()
            }
            _ => Vec::new(),
        };
        Self { text, rows }
    }
}
