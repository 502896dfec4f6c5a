//! The port that a new link takes at a device.

use rustc_hash::FxHashSet;

use super::create::check_can_carry_link;
use crate::domain::interface::create::{add_port, add_port_named};
use crate::domain::interface::splitter_outputs::linked_output_count;
use crate::domain::interface::splitter_side::SplitterSide;
use crate::domain::plant::far_end::{FarEnd, FarEnds, far_end};
use crate::domain::plant::joins::{cross_connect, joined_link, linked_ports};
use crate::domain::plant::splitter::{side_of, split_ratio};
use crate::domain::transaction::Transaction;
use crate::domain::{
    Device, DeviceClass, DeviceId, DeviceType, Interface, InterfaceId, InterfaceType, Refusal,
    World,
};

/// Which ports a new link may take.
#[derive(Clone, Copy)]
pub(super) struct PortChoice<'c> {
    /// Those that the caller has chosen.
    pub(super) ports: [Option<InterfaceId>; 2],
    /// Ports that are taken only where they are chosen.
    pub(super) reserved: &'c FxHashSet<InterfaceId>,
}

/// The ports of two devices for a link between them: for each the one that is chosen, or else the next
/// free port of the right kind, or a new one.
pub(super) fn take_ports(
    transaction: &mut Transaction<'_>,
    [a, b]: [&Device; 2],
    choice: PortChoice<'_>,
    interface_type: InterfaceType,
) -> Result<[InterfaceId; 2], Refusal> {
    let PortChoice { ports: [a_chosen, b_chosen], reserved } = choice;
    let mut first = NewEnd {
        device: a,
        chosen: a_chosen,
        other: b,
        other_port: b_chosen,
        is_first: true,
        interface_type,
        reserved,
    };
    let mut second = NewEnd {
        device: b,
        chosen: b_chosen,
        other: a,
        other_port: a_chosen,
        is_first: false,
        interface_type,
        reserved,
    };
    // What an ODF, NVT or HOP takes depends on the other port.
    if is_through(a) && !is_through(b) {
        let b_port = take_port(transaction, second)?;
        first.other_port = Some(b_port);
        return Ok([take_port(transaction, first)?, b_port]);
    }
    let a_port = take_port(transaction, first)?;
    second.other_port = Some(a_port);
    Ok([a_port, take_port(transaction, second)?])
}

/// An end of a new link.
#[derive(Clone, Copy)]
struct NewEnd<'d> {
    device: &'d Device,
    /// The port that the caller has chosen.
    chosen: Option<InterfaceId>,
    /// The device at the other end.
    other: &'d Device,
    /// The port at the other end, where it is chosen already.
    other_port: Option<InterfaceId>,
    /// Whether the device is the one that was named first.
    is_first: bool,
    interface_type: InterfaceType,
    /// Ports that are taken only where they are chosen.
    reserved: &'d FxHashSet<InterfaceId>,
}

fn is_through(device: &Device) -> bool {
    device.device_type.is_passive() && device.device_type != DeviceType::Splitter
}

fn take_port(transaction: &mut Transaction<'_>, end: NewEnd<'_>) -> Result<InterfaceId, Refusal> {
    let world = transaction.world();
    let NewEnd { device, chosen, other, other_port, interface_type, reserved, .. } = end;
    if let Some(port) = chosen {
        return check_chosen(world, device.id, port);
    }
    let found = match device.device_type {
        // Such a link is refused, with the name of the port that it would have got.
        _ if interface_type == InterfaceType::Loopback => None,
        DeviceType::Splitter => {
            return take_splitter_port(transaction, end);
        }
        _ if is_through(device) => {
            let end = direct_end(world, other, other_port);
            free_joined_port(world, device.id, reserved, end)
                .or_else(|| free_unjoined_port(world, device.id, reserved))
        }
        device_type => {
            let is_router = other.device_type.is_router();
            free_ports(world, device.id, reserved)
                .filter(|port| is_of_type(device_type, port, interface_type))
                .find(|port| is_for(device_type, is_router, port))
                .map(|port| port.id)
        }
    };
    let port = match found {
        Some(port) => port,
        None => add_port(transaction, device, interface_type)?,
    };
    let port = transaction.world().interface(port).ok_or(Refusal::InterfaceNotFound)?;
    check_can_carry_link(port).map(|()| port.id)
}

/// A port of the device that can carry a link and carries none.
fn check_chosen(
    world: &World,
    device: DeviceId,
    port: InterfaceId,
) -> Result<InterfaceId, Refusal> {
    let found = world.interface(port).filter(|port| port.device == device);
    check_can_carry_link(found.ok_or(Refusal::PortNotOfDevice(port))?)?;
    match world.link_at(port) {
        Some(_) => Err(Refusal::InterfaceLinked),
        None => Ok(port),
    }
}

/// Ports that carry no link, and could, in the order of their creation; without those of `reserved`.
fn free_ports<'w>(
    world: &'w World,
    device: DeviceId,
    reserved: &FxHashSet<InterfaceId>,
) -> impl Iterator<Item = &'w Interface> {
    let ports = world.ports(device).iter().filter_map(|port| world.interface(*port));
    let is_free = |port: &InterfaceId| world.link_at(*port).is_none() && !reserved.contains(port);
    ports.filter(move |port| port.can_carry_link() && is_free(&port.id)).map(AsRef::as_ref)
}

/// Whether a port has the type that is asked for. Those of a switch and its CPE take either.
fn is_of_type(device_type: DeviceType, port: &Interface, interface_type: InterfaceType) -> bool {
    matches!(device_type, DeviceType::AonSwitch | DeviceType::AonCpe)
        || port.interface_type == interface_type
}

/// Whether a port of an active device or a leaf is the right one towards another device.
fn is_for(device_type: DeviceType, is_towards_router: bool, port: &Interface) -> bool {
    let name = port.name.as_str();
    let downstream_prefix = match device_type {
        DeviceType::Olt => "pon",
        DeviceType::AonSwitch => "eth",
        DeviceType::AonCpe => return name.starts_with("wan") || name.starts_with("port"),
        // The other ports of these are for the customer's own devices, or for traffic.
        _ => return name.starts_with("port"),
    };
    name.starts_with(downstream_prefix) != is_towards_router
}

/// What the other device is, seen over a link that ends at it directly.
fn direct_end(world: &World, device: &Device, port: Option<InterfaceId>) -> FarEnd {
    match (device.device_type.class(), port) {
        (DeviceClass::Active, _) => FarEnd::Active(device.device_type),
        (DeviceClass::Leaf, _) => FarEnd::Leaf(device.device_type),
        (DeviceClass::Passive, Some(port)) if device.device_type == DeviceType::Splitter => {
            match side_of(world, device.id, port) {
                SplitterSide::Input => FarEnd::SplitterInput,
                SplitterSide::Output => FarEnd::SplitterOutput,
            }
        }
        (DeviceClass::Passive | DeviceClass::Container, _) => FarEnd::Open,
    }
}

/// A free port whose cross-connect leads to a link that the new one continues.
fn free_joined_port(
    world: &World,
    part: DeviceId,
    reserved: &FxHashSet<InterfaceId>,
    end: FarEnd,
) -> Option<InterfaceId> {
    let mut ends = FarEnds::new(world, part);
    let mut free = free_ports(world, part, reserved).map(|port| port.id);
    free.find(|port| joined_link(world, *port).is_some_and(|link| end.can_meet(ends.of(link))))
}

fn free_unjoined_port(
    world: &World,
    part: DeviceId,
    reserved: &FxHashSet<InterfaceId>,
) -> Option<InterfaceId> {
    let mut free = free_ports(world, part, reserved).map(|port| port.id);
    free.find(|port| cross_connect(world, *port).is_none())
}

fn take_splitter_port(
    transaction: &mut Transaction<'_>,
    end: NewEnd<'_>,
) -> Result<InterfaceId, Refusal> {
    let world = transaction.world();
    let NewEnd { device: splitter, interface_type, reserved, .. } = end;
    let side = splitter_side(world, end);
    let named = world.splitter_ports(splitter.id);
    if named.output_count == 0 {
        // A splitter without ports, as UNOC v2's clients create it.
        return add_port(transaction, splitter, interface_type);
    }
    let unnamed_inputs = unnamed_input_count(world, splitter);
    if side == SplitterSide::Input && unnamed_inputs > 0 {
        // Once a named input is in use, its other feeder would be at an output.
        if unnamed_inputs >= INPUTS_MAX {
            return Err(Refusal::NoFreeSplitterInput(splitter.name.to_string()));
        }
        return add_port(transaction, splitter, interface_type);
    }
    let mut free = free_ports(world, splitter.id, reserved)
        .filter(|port| SplitterSide::of_name(&port.name) == Some(side));
    if let Some(port) = free.next() {
        return Ok(port.id);
    }
    drop(free);
    let ratio = split_ratio(world, splitter);
    let name = splitter.name.to_string();
    match side {
        SplitterSide::Input if named.inputs.len() < INPUTS_MAX => {
            add_port_named(transaction, splitter, "in", named.inputs.len(), interface_type)
        }
        SplitterSide::Input => Err(Refusal::NoFreeSplitterInput(name)),
        SplitterSide::Output => {
            if linked_output_count(world, splitter) >= usize::from(ratio.outputs()) {
                return Err(Refusal::NoFreeSplitterOutput { name, ratio });
            }
            let number = named.output_count;
            add_port_named(transaction, splitter, "out", number, interface_type)
        }
    }
}

/// Splitters are 1:N or 2:N.
const INPUTS_MAX: usize = 2;

/// The side of a splitter that a new link belongs to. Where the plant does not tell, the device that
/// was named first is above.
fn splitter_side(world: &World, end: NewEnd<'_>) -> SplitterSide {
    let NewEnd { device: splitter, other, other_port, is_first, .. } = end;
    if let Some(port) = other_port.filter(|_| other.device_type == DeviceType::Splitter) {
        return side_of(world, other.id, port).opposite();
    }
    if let Some(side) = other_port.and_then(|port| side_towards(world, other.id, port)) {
        return side;
    }
    let inputs = &world.splitter_ports(splitter.id).inputs;
    let has_free_input = inputs.iter().any(|input| world.link_at(*input).is_none())
        && unnamed_input_count(world, splitter) == 0;
    match other.device_type.class() {
        DeviceClass::Active => SplitterSide::Input,
        DeviceClass::Leaf | DeviceClass::Container => SplitterSide::Output,
        DeviceClass::Passive if !has_free_input => SplitterSide::Output,
        DeviceClass::Passive if other.device_type == DeviceType::Splitter => {
            // The one that is fed already is above.
            let named = &world.splitter_ports(other.id).inputs;
            let is_fed = named.iter().any(|input| world.link_at(*input).is_some())
                || unnamed_input_count(world, other) > 0;
            if is_fed { SplitterSide::Input } else { SplitterSide::Output }
        }
        DeviceClass::Passive => {
            let links = linked_ports(world, other.id).into_iter();
            let mut far_ends = FarEnds::new(world, other.id);
            let ends: Vec<FarEnd> = links.map(|at| far_ends.of(at.link)).collect();
            let leads_to_leaf = ends.iter().any(|end| matches!(end, FarEnd::Leaf(_)));
            if ends.iter().any(|end| end.is_feeder()) {
                SplitterSide::Input
            } else if leads_to_leaf || is_first {
                SplitterSide::Output
            } else {
                SplitterSide::Input
            }
        }
    }
}

/// The side of a splitter towards a port of an ODF, NVT or HOP: by what the port's cross-connect leads
/// to, if it leads anywhere.
fn side_towards(world: &World, part: DeviceId, port: InterfaceId) -> Option<SplitterSide> {
    let end = far_end(world, part, joined_link(world, port)?);
    if end.is_feeder() {
        Some(SplitterSide::Input)
    } else {
        end.is_drop().then_some(SplitterSide::Output)
    }
}

/// How many inputs in use have another name than `in0` or `in1`, as UNOC v2 made them.
fn unnamed_input_count(world: &World, splitter: &Device) -> usize {
    let named = world.splitter_ports(splitter.id);
    if named.inputs.len() + named.output_count == world.ports(splitter.id).len() {
        return 0;
    }
    let linked = linked_ports(world, splitter.id).into_iter().filter(|at| {
        !named.inputs.contains(&at.port)
            && side_of(world, splitter.id, at.port) == SplitterSide::Input
    });
    linked.count()
}
