//! Answers, refusals and changes in a form in which the program's and the oracle's compare.

use std::collections::BTreeMap;

use unoc::domain::{Change, Device, EntityKey, Interface, Kind, Link, Refusal, Reply};

use super::Oracle;

/// The text of a refused import, without the place of the fault.
pub(super) const INCONSISTENT: &str = "The site to load is not consistent";

/// What an accepted command answers.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(super) kind: &'static str,
    pub(super) devices: Vec<Device>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) links: Vec<Link>,
    pub(super) interface_count: usize,
    /// Of the two devices of a new link.
    pub(super) names: Vec<String>,
}

/// What a refused command answers: the text, and the texts of its rows.
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

impl From<&Reply> for Answer {
    fn from(reply: &Reply) -> Self {
        match reply {
            Reply::Provisioned { device, interfaces, .. } => Self {
                kind: "provisioned",
                devices: vec![Device::clone(device)],
                interfaces: interfaces.iter().map(|port| Interface::clone(port)).collect(),
                ..Self::default()
            },
            Reply::ProvisionedMany { devices, interface_count, .. } => Self {
                kind: "provisioned many",
                devices: devices.iter().map(|device| Device::clone(device)).collect(),
                interface_count: *interface_count,
                ..Self::default()
            },
            Reply::Device { device, .. } => {
                Self { kind: "device", devices: vec![Device::clone(device)], ..Self::default() }
            }
            Reply::Interface(port) => Self {
                kind: "interface",
                interfaces: vec![Interface::clone(port)],
                ..Self::default()
            },
            Reply::Link(link) => {
                Self { kind: "link", links: vec![Link::clone(link)], ..Self::default() }
            }
            Reply::Connected { link, a, b, names } => Self {
                kind: "connected",
                names: names.iter().map(ToString::to_string).collect(),
                interfaces: vec![Interface::clone(a), Interface::clone(b)],
                links: vec![Link::clone(link)],
                ..Self::default()
            },
            Reply::Imported { .. } => Self { kind: "imported", ..Self::default() },
            Reply::Done => Self { kind: "done", ..Self::default() },
        }
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
                let image = |side: &std::sync::Arc<Device>| Image::Device(Device::clone(side));
                (edit.before.as_ref().map(image), edit.after.as_ref().map(image))
            }
            Change::Interface(edit) => {
                let image =
                    |side: &std::sync::Arc<Interface>| Image::Interface(Interface::clone(side));
                (edit.before.as_ref().map(image), edit.after.as_ref().map(image))
            }
            Change::Link(edit) => {
                let image = |side: &std::sync::Arc<Link>| Image::Link(Link::clone(side));
                (edit.before.as_ref().map(image), edit.after.as_ref().map(image))
            }
        };
        let twice = difference.insert(change.key(), sides);
        assert!(twice.is_none(), "a decision names {:?} twice", change.key());
    }
    difference
}

impl Oracle {
    /// What differs from an earlier state.
    pub(crate) fn difference_from(&self, before: &Self) -> Difference {
        let mut difference = Difference::new();
        compare(&mut difference, Kind::Device, [&before.devices, &self.devices], Image::Device);
        compare(
            &mut difference,
            Kind::Interface,
            [&before.interfaces, &self.interfaces],
            Image::Interface,
        );
        compare(&mut difference, Kind::Link, [&before.links, &self.links], Image::Link);
        difference
    }
}

fn compare<T: Clone + PartialEq>(
    difference: &mut Difference,
    kind: Kind,
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
