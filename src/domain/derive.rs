//! Status that follows from a command's changes, settled before the command is done.

use std::collections::BTreeSet;

use super::edits::Edits;
use super::rules::status;
use super::{Change, Interface, InterfaceId, Link, LinkId};

/// Recomputes the status of whatever the session's changes can touch, and of nothing else.
pub(super) fn settle(edits: &mut Edits<'_>) {
    let Touched { interfaces, links } = touched(edits);
    for id in links {
        if let Some(status) = link_status(edits, id) {
            edits.update::<Link>(id, |link| link.status = status);
        }
    }
    for id in interfaces {
        if let Some(status) = interface_status(edits, id) {
            edits.update::<Interface>(id, |interface| interface.status = status);
        }
    }
}

/// Ids in order, so that the result does not depend on how the maps are laid out.
struct Touched {
    interfaces: BTreeSet<InterfaceId>,
    links: BTreeSet<LinkId>,
}

fn touched(edits: &Edits<'_>) -> Touched {
    let mut touched = Touched { interfaces: BTreeSet::new(), links: BTreeSet::new() };
    for change in edits.journal() {
        match change {
            Change::Device(edit) => {
                if let (Some(before), Some(after)) = (&edit.before, &edit.after)
                    && before.is_forced_down() != after.is_forced_down()
                {
                    touched.links.extend(edits.world().links_of(after.id));
                }
            }
            Change::Interface(_) => {}
            Change::Link(edit) => {
                touched.links.insert(edit.latest().id);
                let ends = edit.before.iter().chain(&edit.after).flat_map(|link| [link.a, link.b]);
                touched.interfaces.extend(ends);
            }
        }
    }
    touched
}

fn link_status(edits: &Edits<'_>, id: LinkId) -> Option<super::Status> {
    let world = edits.world();
    let link = world.link(id)?;
    let end = |port| world.device(world.interface(port)?.device);
    Some(status::of_link(link, [end(link.a)?, end(link.b)?]))
}

fn interface_status(edits: &Edits<'_>, id: InterfaceId) -> Option<super::Status> {
    let world = edits.world();
    let interface = world.interface(id)?;
    let device = world.device(interface.device)?;
    let link = world.link_at(id).and_then(|link| world.link(link));
    Some(status::of_interface(interface, device.device_type, link.map(AsRef::as_ref)))
}
