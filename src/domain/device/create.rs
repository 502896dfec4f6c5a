//! Making, changing and overriding a device.

use crate::domain::device::delete::check_parent;
use crate::domain::execute::Made;
use crate::domain::status::rules as status;
use crate::domain::transaction::Edits;
use crate::domain::{
    Device, DeviceId, DevicePatch, DeviceType, Interface, Name, NewDevice, Override, PonClass,
    Refusal, Uplink, World,
};

/// Makes a device with the ports of its type.
pub(in crate::domain) fn provision(
    edits: &mut Edits<'_>,
    new: NewDevice,
) -> Result<DeviceId, Refusal> {
    if new.validate_upstream {
        check_upstream(edits.world(), new.device_type)?;
    }
    let device_type = new.device_type;
    let id = create(edits, new)?;
    let now = edits.now();
    for run in device_type.row().ports {
        for number in run.first..run.first + run.count {
            let mut interface = Interface {
                id: edits.next_interface_id()?,
                device: id,
                name: Name::generated(format_args!("{}{number}", run.prefix)),
                interface_type: run.interface_type,
                status: super::Status::Down,
                created_at: now,
                updated_at: now,
            };
            interface.status = status::of_interface(&interface, device_type, None);
            edits.put(interface);
        }
    }
    Ok(id)
}

/// Makes a bare device, without ports.
pub(in crate::domain) fn create(
    edits: &mut Edits<'_>,
    new: NewDevice,
) -> Result<DeviceId, Refusal> {
    check_name(edits.world(), &new.name)?;
    if let Some(parent) = new.parent {
        check_parent(edits.world(), new.device_type, parent)?;
    }
    check_pon_class(new.device_type, new.optics.pon_class)?;
    let id = edits.next_device_id()?;
    let now = edits.now();
    edits.put(Device {
        id,
        name: new.name,
        device_type: new.device_type,
        position: new.position,
        optics: new.optics,
        parent: new.parent,
        status: status::of_new_device(new.device_type),
        reasons: status::reasons_of_new_device(new.device_type),
        signal: None,
        uplink: Uplink::default(),
        through_loss_db: None,
        status_since: now,
        status_override: None,
        created_at: now,
        updated_at: now,
    });
    Ok(id)
}

/// Sets the given values of a device and keeps the others.
pub(in crate::domain) fn update(
    edits: &mut Edits<'_>,
    id: DeviceId,
    patch: DevicePatch,
) -> Result<Made, Refusal> {
    let device = edits.world().device(id).ok_or(Refusal::DeviceNotFound)?.clone();
    if let Some(name) = patch.name.as_ref().filter(|name| **name != device.name) {
        check_name(edits.world(), name)?;
    }
    if let Some(Some(parent)) = patch.parent {
        check_parent(edits.world(), device.device_type, parent)?;
    }
    if let Some(pon_class) = patch.pon_class {
        check_pon_class(device.device_type, pon_class)?;
    }
    let is_named = patch.name.as_ref().is_some_and(|name| *name != device.name);
    edits.update::<Device>(id, |device| {
        device.name = patch.name.unwrap_or_else(|| device.name.clone());
        device.position = patch.position.unwrap_or(device.position);
        device.parent = patch.parent.unwrap_or(device.parent);
        let optics = &mut device.optics;
        optics.tx_power_dbm = patch.tx_power_dbm.unwrap_or(optics.tx_power_dbm);
        optics.sensitivity_min_dbm =
            patch.sensitivity_min_dbm.unwrap_or(optics.sensitivity_min_dbm);
        optics.pon_class = patch.pon_class.unwrap_or(optics.pon_class);
        optics.insertion_loss_db = patch.insertion_loss_db.unwrap_or(optics.insertion_loss_db);
    });
    Ok(if is_named { Made::Named(id) } else { Made::Device(id) })
}

/// Sets (`Some`) or clears (`None`) what an operator says of the device's status.
pub(in crate::domain) fn set_override(
    edits: &mut Edits<'_>,
    id: DeviceId,
    set: Option<Override>,
) -> Result<DeviceId, Refusal> {
    edits.world().device(id).ok_or(Refusal::DeviceNotFound)?;
    edits.update::<Device>(id, |device| device.status_override = set);
    Ok(id)
}

/// Only an OLT has a class of transceivers.
pub(in crate::domain) fn check_pon_class(
    device_type: DeviceType,
    class: Option<PonClass>,
) -> Result<(), Refusal> {
    match class {
        Some(_) if device_type != DeviceType::Olt => Err(Refusal::PonClassNotOnOlt(device_type)),
        _ => Ok(()),
    }
}

fn check_name(world: &World, name: &Name) -> Result<(), Refusal> {
    match world.device_named(name) {
        Some(_) => Err(Refusal::NameTaken(name.to_string())),
        None => Ok(()),
    }
}

/// Something exists that a device of this type could connect to.
pub(in crate::domain) fn check_upstream(
    world: &World,
    device_type: DeviceType,
) -> Result<(), Refusal> {
    let Some(upstream) = device_type.row().upstream else { return Ok(()) };
    if upstream.any_of.iter().any(|needed| world.count_of(*needed) > 0) {
        return Ok(());
    }
    Err(Refusal::NoUpstream { device_type, reason: upstream.refusal })
}
