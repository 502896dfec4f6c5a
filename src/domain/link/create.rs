//! Making ports and links, and taking links away.

use crate::domain::execute::Made;
use crate::domain::link::rules as link_rules;
use crate::domain::status::rules as status;
use crate::domain::transaction::Edits;
use crate::domain::{
    ConnectDevices, Device, DeviceId, Interface, InterfaceId, InterfaceType, Link, LinkId,
    LinkPatch, Medium, Name, NewInterface, NewLink, Override, Refusal, Status,
};

/// More ports than any chassis in access networks has; bounds what one device can cost.
pub(in crate::domain) const INTERFACES_PER_DEVICE_MAX: usize = 4096;

/// Makes a port on a device.
pub(in crate::domain) fn create_interface(
    edits: &mut Edits<'_>,
    new: &NewInterface,
) -> Result<InterfaceId, Refusal> {
    let device = edits.world().device(new.device).ok_or(Refusal::DeviceNotFound)?.clone();
    if port_named(edits, device.id, new.name.as_str()) {
        return Err(Refusal::InterfaceNameTaken {
            name: new.name.to_string(),
            device: device.name.to_string(),
        });
    }
    put_interface(edits, &device, new.name.clone(), new.interface_type)
}

/// Makes a link between two existing ports.
pub(in crate::domain) fn create_link(
    edits: &mut Edits<'_>,
    new: &NewLink,
) -> Result<LinkId, Refusal> {
    let world = edits.world();
    let a = world.interface(new.a).ok_or(Refusal::InterfaceNotFound)?;
    let b = world.interface(new.b).ok_or(Refusal::InterfaceNotFound)?;
    check_ends(edits, a.device, b.device, new.validate)?;
    for end in [a, b] {
        check_carries(end)?;
        if world.link_at(end.id).is_some() {
            return Err(Refusal::InterfaceLinked);
        }
    }
    put_link(edits, [new.a, new.b], new.length_km, new.medium, None)
}

/// Makes a link between two devices, with a new port on each.
pub(in crate::domain) fn connect(
    edits: &mut Edits<'_>,
    new: &ConnectDevices,
) -> Result<LinkId, Refusal> {
    let missing = |end, id| Refusal::EndNotFound { end, id };
    let a = edits.world().device(new.a).ok_or_else(|| missing('A', new.a))?.clone();
    let b = edits.world().device(new.b).ok_or_else(|| missing('B', new.b))?.clone();
    check_ends(edits, a.id, b.id, new.validate)?;
    let a_port = add_port(edits, &a, new.interface_type)?;
    let b_port = add_port(edits, &b, new.interface_type)?;
    check_carries(edits.world().interface(a_port).ok_or(Refusal::InterfaceNotFound)?)?;
    let status_override = match new.status {
        Status::Up => None,
        Status::Down | Status::Degraded => Some(Override { status: new.status, reason: None }),
    };
    put_link(edits, [a_port, b_port], new.length_km, new.medium, status_override)
}

/// Sets the given values of a link and keeps the others.
pub(in crate::domain) fn update_link(
    edits: &mut Edits<'_>,
    id: LinkId,
    patch: LinkPatch,
) -> Result<LinkId, Refusal> {
    edits.world().link(id).ok_or(Refusal::LinkNotFound)?;
    edits.update::<Link>(id, |link| {
        link.length_km = patch.length_km.unwrap_or(link.length_km);
        link.medium = patch.medium.unwrap_or(link.medium);
        if let Some(set) = patch.status_override {
            link.status_override = set;
        }
    });
    Ok(id)
}

/// Takes a link away; its ports stay.
pub(in crate::domain) fn delete_link(edits: &mut Edits<'_>, id: LinkId) -> Result<Made, Refusal> {
    edits.world().link(id).ok_or(Refusal::LinkNotFound)?;
    edits.remove::<Link>(id);
    Ok(Made::Nothing)
}

/// Makes the next port of a device, named `port{number of ports + 1}` or the next free number.
pub(in crate::domain) fn add_port(
    edits: &mut Edits<'_>,
    device: &Device,
    interface_type: InterfaceType,
) -> Result<InterfaceId, Refusal> {
    let mut number = edits.world().ports(device.id).len() + 1;
    let name = loop {
        let name = Name::generated(format_args!("port{number}"));
        if !port_named(edits, device.id, name.as_str()) {
            break name;
        }
        number += 1;
    };
    put_interface(edits, device, name, interface_type)
}

/// Makes a link without looking at any rule.
pub(in crate::domain) fn put_link(
    edits: &mut Edits<'_>,
    [a, b]: [InterfaceId; 2],
    length_km: Option<f64>,
    medium: Option<Medium>,
    status_override: Option<Override>,
) -> Result<LinkId, Refusal> {
    let id = edits.next_link_id()?;
    let now = edits.now();
    edits.put(Link {
        id,
        a,
        b,
        length_km,
        medium,
        status: Status::Up,
        status_override,
        status_since: now,
        created_at: now,
        updated_at: now,
    });
    Ok(id)
}

fn check_ends(edits: &Edits<'_>, a: DeviceId, b: DeviceId, validate: bool) -> Result<(), Refusal> {
    if a == b {
        return Err(Refusal::SelfLink);
    }
    let type_of = |id| edits.world().device(id).map(|device| device.device_type);
    let (a, b) =
        (type_of(a).ok_or(Refusal::DeviceNotFound)?, type_of(b).ok_or(Refusal::DeviceNotFound)?);
    let is_container = a.is_container() || b.is_container();
    if is_container || (validate && link_rules::rule_between(a, b).is_none()) {
        return Err(Refusal::NoLinkRule(a, b));
    }
    Ok(())
}

fn check_carries(port: &Interface) -> Result<(), Refusal> {
    if port.can_carry_link() { Ok(()) } else { Err(Refusal::NotALinkEnd(port.name.to_string())) }
}

fn port_named(edits: &Edits<'_>, device: DeviceId, name: &str) -> bool {
    let world = edits.world();
    world
        .ports(device)
        .iter()
        .filter_map(|port| world.interface(*port))
        .any(|port| port.name.as_str() == name)
}

fn put_interface(
    edits: &mut Edits<'_>,
    device: &Device,
    name: Name,
    interface_type: InterfaceType,
) -> Result<InterfaceId, Refusal> {
    if edits.world().ports(device.id).len() >= INTERFACES_PER_DEVICE_MAX {
        return Err(Refusal::TooManyInterfaces(device.name.to_string()));
    }
    let id = edits.next_interface_id()?;
    let now = edits.now();
    let mut interface = Interface {
        id,
        device: device.id,
        name,
        interface_type,
        status: Status::Down,
        created_at: now,
        updated_at: now,
    };
    interface.status = status::of_interface(&interface, device.device_type, None);
    edits.put(interface);
    Ok(id)
}
