//! How a cell refers to a device.

use crate::domain::{DeviceId, Name, World};

/// The device with a name; or with an id, with or without a `#`.
pub(super) fn device_by_text(world: &World, text: &str) -> Option<DeviceId> {
    let by_name = Name::new(text).ok().and_then(|name| world.device_named(&name));
    by_name.or_else(|| {
        let id = text.strip_prefix('#').unwrap_or(text).parse().ok().map(DeviceId)?;
        world.device(id).map(|device| device.id)
    })
}
