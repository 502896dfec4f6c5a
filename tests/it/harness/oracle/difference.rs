//! Changes in a form in which those of the program and the oracle are compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use unoc::domain::{Change, Device, EntityKey, EntityKind, Interface, Link};

use super::Oracle;

/// An entity before or after a change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Image {
    Device(Device),
    Interface(Interface),
    Link(Link),
}

/// Each changed entity, before and after.
pub(crate) type Difference = BTreeMap<EntityKey, (Option<Image>, Option<Image>)>;

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
