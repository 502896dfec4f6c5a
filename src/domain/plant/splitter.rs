//! The ports and the ratio of a splitter.

use rustc_hash::FxHashSet;

use crate::domain::interface::splitter_side::SplitterSide;
use crate::domain::{Device, DeviceClass, DeviceId, InterfaceId, SplitRatio, World};

/// The side of a port of a splitter: by its name, `in0` or `out5`. A port with another name, as UNOC
/// v2 made them, is an input if no named input is in use and its link leads to an active device.
pub(in crate::domain) fn side_of(
    world: &World,
    splitter: DeviceId,
    port: InterfaceId,
) -> SplitterSide {
    let named = world.splitter_ports(splitter);
    if named.inputs.contains(&port) {
        return SplitterSide::Input;
    }
    let is_every_port_named =
        named.inputs.len() + named.output_count == world.ports(splitter).len();
    let is_output = is_every_port_named
        || world
            .interface(port)
            .is_some_and(|port| SplitterSide::of_name(&port.name) == Some(SplitterSide::Output))
        || named.inputs.iter().any(|input| world.link_at(*input).is_some())
        || !leads_to_active(world, splitter, port);
    if is_output { SplitterSide::Output } else { SplitterSide::Input }
}

/// Whether an active device, which is no leaf, is reached from a port over passive parts, whatever is
/// joined in them.
fn leads_to_active(world: &World, splitter: DeviceId, port: InterfaceId) -> bool {
    let Some((first, _)) = world.link_at(port).and_then(|link| world.other_end(splitter, link))
    else {
        return false;
    };
    let mut seen = FxHashSet::from_iter([splitter, first]);
    let mut queue = vec![first];
    while let Some(id) = queue.pop() {
        let Some(device) = world.device(id) else { continue };
        match device.device_type.class() {
            DeviceClass::Active => return true,
            DeviceClass::Leaf | DeviceClass::Container => {}
            DeviceClass::Passive => {
                let next = world.neighbours(id).iter().map(|neighbour| neighbour.device);
                queue.extend(next.filter(|next| seen.insert(*next)));
            }
        }
    }
    false
}

/// The ratio of a splitter: its own, or else that of its outputs, whether or not they are in use.
pub(in crate::domain) fn split_ratio(world: &World, splitter: &Device) -> SplitRatio {
    splitter.optics.split_ratio.unwrap_or_else(|| {
        let named = world.splitter_ports(splitter.id);
        if named.inputs.len() + named.output_count == world.ports(splitter.id).len() {
            return SplitRatio::at_least(named.output_count);
        }
        let ports = world.ports(splitter.id).iter().copied();
        let linked = ports.filter(|port| {
            world.link_at(*port).is_some()
                && side_of(world, splitter.id, *port) == SplitterSide::Output
        });
        SplitRatio::at_least(linked.count().max(named.output_count))
    })
}
