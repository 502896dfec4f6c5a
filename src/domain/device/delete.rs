//! Containers and deletion: what belongs to what, and what goes with it.

use crate::domain::execute::Made;
use crate::domain::transaction::Edits;
use crate::domain::{Device, DeviceId, DeviceType, Interface, Link, Refusal, World};

/// A parent exists, is a container, and its child is none.
pub(in crate::domain) fn check_parent(
    world: &World,
    child_type: DeviceType,
    parent: DeviceId,
) -> Result<(), Refusal> {
    let parent = world.device(parent).ok_or(Refusal::ParentNotFound)?;
    may_contain(parent.device_type, || parent.name.to_string(), child_type)
}

/// Whether what has the one type may stand in what has the other.
pub(in crate::domain) fn may_contain(
    device_type: DeviceType,
    name: impl FnOnce() -> String,
    child_type: DeviceType,
) -> Result<(), Refusal> {
    if !device_type.is_container() {
        return Err(Refusal::ParentNotContainer { name: name(), device_type });
    }
    if child_type.is_container() {
        return Err(Refusal::ContainerHasNoParent(child_type));
    }
    Ok(())
}

/// Deletes a device with its links and interfaces; its children lose their parent.
pub(in crate::domain) fn delete_device(
    edits: &mut Edits<'_>,
    id: DeviceId,
) -> Result<Made, Refusal> {
    edits.world().device(id).ok_or(Refusal::DeviceNotFound)?;
    let beside = edits.world().neighbours(id);
    let links: Vec<_> = beside.iter().map(|neighbour| neighbour.link).collect();
    let ports = edits.world().ports(id).to_vec();
    let children: Vec<_> = edits.world().children(id).collect();
    for link in links {
        edits.remove::<Link>(link);
    }
    for port in ports {
        edits.remove::<Interface>(port);
    }
    for child in children {
        edits.update::<Device>(child, |device| device.parent = None);
    }
    edits.remove::<Device>(id);
    Ok(Made::Nothing)
}
