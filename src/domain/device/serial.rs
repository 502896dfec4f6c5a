//! The uniqueness of serials.

use crate::domain::{DeviceId, Refusal, World};

/// No other device than `own` has this serial.
pub(in crate::domain) fn check_serial(
    world: &World,
    own: Option<DeviceId>,
    serial: Option<&str>,
) -> Result<(), Refusal> {
    let Some(serial) = serial else { return Ok(()) };
    let owner = world.device_with_serial(serial).filter(|owner| Some(*owner) != own);
    match owner.and_then(|owner| world.device(owner)) {
        None => Ok(()),
        Some(owner) => {
            Err(Refusal::SerialTaken { serial: serial.to_owned(), owner: owner.name.to_string() })
        }
    }
}
