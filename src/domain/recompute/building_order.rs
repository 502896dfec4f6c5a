//! The order in which a network is built does not matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::option;
use proptest::prelude::*;

use super::tests::{
    NOW, attempt, connect, hold, hold_link, optics, optics_of, provision, status, tune,
};
use crate::domain::{
    AccessLine, ClearDeviceOverride, CreateInterface, CreateLink, Device, DeviceId, DeviceType,
    InterfaceId, Link, NewCrossConnect, Optics, Reason, ReplaceCrossConnects, Status, World,
};

/// A network to build: devices, and links by the indexes of devices.
#[derive(Clone, Debug)]
struct Plan {
    devices: Vec<(DeviceType, Optics, Option<Status>)>,
    /// Lengths differ, so that no two paths are equally good.
    links: Vec<(usize, usize, f64, Option<Status>)>,
    device_order: Vec<usize>,
    link_order: Vec<usize>,
}

fn plan() -> impl Strategy<Value = Plan> {
    use DeviceType as T;
    let kinds = [
        [T::BackboneGateway, T::CoreRouter, T::EdgeRouter, T::Olt, T::Odf, T::Splitter, T::Ont],
        [T::CoreRouter, T::EdgeRouter, T::Olt, T::AonSwitch, T::Hop, T::AonCpe, T::BusinessOnt],
        [T::Ont, T::Splitter, T::Ont, T::Nvt, T::AonCpe, T::Ont, T::Odf],
    ];
    let count = kinds.as_flattened().len();
    let of_kind = |kind: &DeviceType| {
        let kind = *kind;
        let held = option::weighted(0.15, status());
        (optics(), held).prop_map(move |(optics, held)| (kind, optics_of(kind, optics), held))
    };
    let devices = kinds.as_flattened().iter().map(of_kind).collect::<Vec<_>>();
    let link = (0..count, 0..count, 0.0..80.0, option::weighted(0.1, status()));
    let links = proptest::collection::vec(link, 40..110);
    (devices, links).prop_flat_map(|(devices, links)| {
        let orders = [devices.len(), links.len()].map(|count| (0..count).collect::<Vec<_>>());
        let [device_order, link_order] = orders.map(|order| Just(order).prop_shuffle());
        (Just(devices), Just(links), device_order, link_order).prop_map(
            |(devices, links, device_order, link_order)| Plan {
                devices,
                links,
                device_order,
                link_order,
            },
        )
    })
}

impl Plan {
    /// In the order of the lists, overrides last.
    fn build(&self) -> World {
        let mut world = World::default();
        let mut ids = Vec::new();
        for (place, (kind, optics, _)) in self.devices.iter().enumerate() {
            ids.push(provision(&mut world, *kind, &format!("d{place}"), *optics));
        }
        for (a, b, km, held) in &self.links {
            self.connect(&mut world, [ids[*a], ids[*b]], *km, *held);
        }
        for (id, (_, _, held)) in ids.iter().zip(&self.devices) {
            if let Some(status) = held {
                hold(&mut world, *id, *status);
            }
        }
        world
    }

    /// The same ports and cross-connects in other orders, overrides first, with values that change
    /// later.
    fn build_otherwise(&self, one: &World) -> World {
        let mut world = World::default();
        let mut ids = vec![DeviceId(0); self.devices.len()];
        for place in &self.device_order {
            let (kind, _, held) = self.devices[*place];
            let id = provision(&mut world, kind, &format!("d{place}"), Optics::default());
            hold(&mut world, id, held.unwrap_or(Status::Down));
            ids[*place] = id;
        }
        let links: Vec<&Arc<Link>> = one.links_by_id().collect();
        for place in &self.link_order {
            if let Some(link) = links.get(*place) {
                link_same_ports(&mut world, one, link);
            }
        }
        for device in one.devices() {
            record_joins(&mut world, one, device);
        }
        for place in self.device_order.iter().rev() {
            let (_, optics, held) = self.devices[*place];
            world.execute(tune(ids[*place], optics), NOW).unwrap();
            if held.is_none() {
                world.execute(ClearDeviceOverride(ids[*place]), NOW).unwrap();
            }
        }
        world
    }

    /// Links that no rule allows are refused.
    fn connect(&self, world: &mut World, [a, b]: [DeviceId; 2], km: f64, held: Option<Status>) {
        if let Ok(decision) = world.execute(connect(a, b, km), NOW)
            && held.is_some()
        {
            world.execute(hold_link(decision.reply.link.id, held), NOW).unwrap();
        }
    }
}

/// The port of the same name at the device of the same name, which gets one if it has none.
fn same_port(world: &mut World, one: &World, port: InterfaceId) -> InterfaceId {
    let port = one.interface(port).unwrap();
    let device = world.device_named(&one.device(port.device).unwrap().name).unwrap();
    let (name, interface_type) = (port.name.clone(), port.interface_type);
    world.port_named(device, &name).unwrap_or_else(|| {
        world.execute(CreateInterface { device, name, interface_type }, NOW).unwrap().reply.id
    })
}

fn link_same_ports(world: &mut World, one: &World, link: &Link) {
    let [b, a] = [link.b, link.a].map(|port| same_port(world, one, port));
    let Link { length_km, medium, status_override, .. } = link.clone();
    let joins = Default::default();
    let create = CreateLink { a, b, length_km, medium, joins, validate: true };
    let made = world.execute(create, NOW).unwrap().reply.id;
    world.execute(hold_link(made, status_override.map(|set| set.status)), NOW).unwrap();
}

/// Gives a device the cross-connects of the one with its name.
fn record_joins(world: &mut World, one: &World, device: &Device) {
    let joined = one.ports(device.id).iter().filter_map(|port| {
        let to = one.interface(*port)?.cross_connect.as_ref()?.to;
        (*port < to).then_some([*port, to])
    });
    let cross_connects = joined
        .map(|ports| {
            let ports = ports.map(|port| same_port(world, one, port));
            NewCrossConnect { ports, loss_db: None }
        })
        .collect();
    let device = world.device_named(&device.name).unwrap();
    // Only an ODF, NVT or HOP has some.
    attempt(world, ReplaceCrossConnects { device, cross_connects }, NOW);
}

/// What operators see, without ids: devices by name, links by their ends and length.
fn seen(world: &World) -> (BTreeMap<String, String>, BTreeMap<String, Status>) {
    let devices = world.devices().map(|device| {
        let Device { status, reasons, signal, through_loss_db, served_by, .. } = device.as_ref();
        // Recorded in the one, assumed in the other.
        let reasons: Vec<Reason> =
            reasons.iter().filter(|reason| *reason != Reason::JoinsAssumed).collect();
        let name = |id: DeviceId| world.device(id).unwrap().name.to_string();
        // The switch of a CPE is chosen by its id.
        let served_by = served_by.as_ref().filter(|_| device.device_type != DeviceType::AonCpe);
        let served_by = served_by.map(|served| {
            let AccessLine { node, port_name, splitter, .. } = served.line.as_ref();
            let port = served.splitter_port.map(|port| &world.interface(port).unwrap().name);
            format!("{} {port_name} {:?} {port:?}", name(*node), splitter.map(name))
        });
        let text = format!("{status:?} {reasons:?} {signal:?} {through_loss_db:?} {served_by:?}");
        (device.name.to_string(), text)
    });
    let links = world.links().map(|link| {
        let ends =
            world.ends(link.id).unwrap().map(|id| world.device(id).unwrap().name.to_string());
        let [first, last] = [ends.iter().min().unwrap(), ends.iter().max().unwrap()];
        (format!("{first} {last} {:?}", link.length_km), link.status)
    });
    (devices.collect(), links.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_building_does_not_matter(plan in plan()) {
        let one = plan.build();
        let other = plan.build_otherwise(&one);
        prop_assert_eq!(seen(&one), seen(&other));
    }
}
