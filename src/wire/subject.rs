//! The device or link that a problem or an override is about, as it is shown.

use crate::domain::{Device, DeviceId, Override, OverrideReason, RootCause, World};

/// How a device or link is shown in a list.
pub struct Subject<'w> {
    /// `device` or `link`.
    pub kind: &'static str,
    pub id: u64,
    /// The device's name, or those of the link's ends.
    pub name: String,
    /// The container of the device, or of the link's upper end.
    pub place: Option<String>,
    pub set: Option<&'w Override>,
}

impl<'w> Subject<'w> {
    pub fn new(world: &'w World, cause: RootCause) -> Self {
        let device = |id: DeviceId| world.device(id).map(AsRef::as_ref);
        match cause {
            RootCause::Device(id) => {
                let one = device(id);
                Self {
                    kind: "device",
                    id: id.0,
                    name: one.map(|device| device.name.to_string()).unwrap_or_default(),
                    place: one.and_then(|device| place(world, device)),
                    set: one.and_then(|device| device.status_override.as_deref()),
                }
            }
            RootCause::Link(id) => {
                let ends = world.ends(id).map(|ends| ends.map(device));
                let names = ends.map(|ends| {
                    ends.map(|end| end.map(|device| device.name.to_string()).unwrap_or_default())
                });
                let upper = ends.and_then(|[a, _]| a);
                Self {
                    kind: "link",
                    id: id.0,
                    name: names.map(|names| names.join(" - ")).unwrap_or_default(),
                    place: upper.and_then(|device| place(world, device)),
                    set: world.link(id).and_then(|link| link.status_override.as_deref()),
                }
            }
        }
    }

    /// The reason of the override, if the operator gave one.
    pub fn override_reason(&self) -> Option<String> {
        let reason = self.set?.reason.as_ref();
        reason.map(|reason| OverrideReason::as_str(reason).to_owned())
    }
}

fn place(world: &World, device: &Device) -> Option<String> {
    Some(world.device(device.parent?)?.name.to_string())
}
