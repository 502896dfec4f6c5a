//! Answers, refusals and changes in a form in which those of the program and the oracle are compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use unoc::domain::{
    Change, ConnectedDevices, Device, DeviceReply, EntityKey, EntityKind, Interface, Link,
    ProvisionedDevice, ProvisionedDevices, Refusal,
};

use super::Oracle;

/// The text of a refused import, without the broken invariant.
pub(super) const INCONSISTENT: &str = "The site to load is not consistent";

/// The reply to an accepted command.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(super) kind: &'static str,
    pub(crate) devices: Vec<Device>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) links: Vec<Link>,
    pub(super) interface_count: usize,
    /// Of the two devices of a new link.
    pub(super) names: Vec<String>,
}

/// A refusal: its text, and the texts of its rows.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    pub(super) text: String,
    pub(super) rows: Vec<(usize, String)>,
}

/// An entity before or after a change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Image {
    Device(Device),
    Interface(Interface),
    Link(Link),
}

/// Each changed entity, before and after.
pub(crate) type Difference = BTreeMap<EntityKey, (Option<Image>, Option<Image>)>;

impl From<ProvisionedDevice> for Answer {
    fn from(ProvisionedDevice { device, interfaces, .. }: ProvisionedDevice) -> Self {
        Self {
            kind: "provisioned",
            devices: vec![Arc::unwrap_or_clone(device)],
            interfaces: interfaces.into_iter().map(Arc::unwrap_or_clone).collect(),
            ..Self::default()
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

/// The changes of a decision.
///
/// # Panics
/// When an entity is named twice.
pub(crate) fn difference_of(changes: &[Change]) -> Difference {
    let mut difference = Difference::new();
    for change in changes {
        let sides = match change {
            Change::Device(edit) => {
                let image = |side: &Arc<Device>| Image::Device(Device::clone(side));
                (edit.before.as_ref().map(image), edit.after.as_ref().map(image))
            }
            Change::Interface(edit) => {
                let image = |side: &Arc<Interface>| Image::Interface(Interface::clone(side));
                (edit.before.as_ref().map(image), edit.after.as_ref().map(image))
            }
            Change::Link(edit) => {
                let image = |side: &Arc<Link>| Image::Link(Link::clone(side));
                (edit.before.as_ref().map(image), edit.after.as_ref().map(image))
            }
        };
        let twice = difference.insert(change.key(), sides);
        assert!(twice.is_none(), "a decision names {:?} twice", change.key());
    }
    difference
}

impl Oracle {
    /// The differences from an earlier state.
    pub(crate) fn difference_from(&self, before: &Self) -> Difference {
        let mut difference = Difference::new();
        compare(
            &mut difference,
            EntityKind::Device,
            [&before.devices, &self.devices],
            Image::Device,
        );
        compare(
            &mut difference,
            EntityKind::Interface,
            [&before.interfaces, &self.interfaces],
            Image::Interface,
        );
        compare(&mut difference, EntityKind::Link, [&before.links, &self.links], Image::Link);
        difference
    }
}

fn compare<T: Clone + PartialEq>(
    difference: &mut Difference,
    kind: EntityKind,
    [before, after]: [&BTreeMap<u64, T>; 2],
    image: impl Fn(T) -> Image,
) {
    for id in before.keys().chain(after.keys()) {
        let sides = (before.get(id), after.get(id));
        if sides.0 != sides.1 {
            let sides = (sides.0.cloned().map(&image), sides.1.cloned().map(&image));
            difference.insert(EntityKey { kind, id: *id }, sides);
        }
    }
}
