//! Containers: which device may be the parent of which.

use crate::domain::{DeviceId, DeviceType, Refusal, World};

/// The parent exists, is a container, and its child is not one.
pub(in crate::domain) fn check_parent(
    world: &World,
    child_type: DeviceType,
    parent: DeviceId,
) -> Result<(), Refusal> {
    let parent = world.device(parent).ok_or(Refusal::ParentNotFound)?;
    check_containment(parent.device_type, || parent.name.to_string(), child_type)
}

/// A device of the child's type may have a parent of the other type. `name` is the parent's, for
/// the refusal.
pub(in crate::domain) fn check_containment(
    parent_type: DeviceType,
    name: impl FnOnce() -> String,
    child_type: DeviceType,
) -> Result<(), Refusal> {
    if !parent_type.is_container() {
        return Err(Refusal::ParentNotContainer { name: name(), device_type: parent_type });
    }
    if child_type.is_container() {
        return Err(Refusal::ContainerHasNoParent(child_type));
    }
    Ok(())
}
