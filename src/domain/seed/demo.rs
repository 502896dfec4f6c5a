//! The demo site: a small town on two GPON OLTs of class B+ and an AON switch, with a few faults of
//! the fibre plant.
//!
//! The loss between an OLT and a subscriber is about 19 dB: a 1:32 splitter 17.2, the ODF 0.5, fibre 1 to
//! 2. Class B+ allows 28 (ITU-T G.984.2), so the margin is about 9 dB. Three subscribers have
//! less: one at the end of a long fibre, one behind a bad splice, one behind a second splitter of
//! the wrong ratio.

use super::builder::{NetworkBuilder, Placement, spread_km};
use crate::domain::{DeviceId, DeviceType, InterfaceId, InterfaceType, Optics, PonClass, Status};

const LEAVES_PER_SPLITTER: u32 = 12;
const AON_LEAVES: u32 = 10;
/// A 1:32 splitter, connectors included (GR-1209); less than half of its outputs are in use.
const SPLITTER_DB: f64 = 17.2;
/// A fibre that is bent too tightly in its splice tray; a good splice has 0.1 dB.
const BAD_SPLICE_DB: f64 = 7.2;
/// A 1:16 splitter in a house that was planned with a 1:2.
const WRONG_SPLITTER_DB: f64 = 13.9;
/// A farm outside the town: with its feeder, close to the 20 km that GPON reaches.
const LONG_DROP_KM: f64 = 14.2;

pub(super) fn build(mut network: NetworkBuilder<'_, '_>) {
    let core = build_core(&mut network);
    let [west, east] = core.pops;
    let mut parts = Vec::new();
    for (index, (edge, pop)) in [(core.edges[0], west), (core.edges[1], east)].iter().enumerate() {
        let index = u32::try_from(index).expect("two OLTs");
        build_pon(&mut network, *edge, *pop, index, &mut parts);
    }
    build_aon(&mut network, core.edges[1], east);
    for part in parts {
        build_part(&mut network, part);
    }
}

struct Core {
    edges: [DeviceId; 2],
    pops: [DeviceId; 2],
}

/// A backbone gateway, two core routers that are linked, two edge routers with two uplinks each.
fn build_core(network: &mut NetworkBuilder<'_, '_>) -> Core {
    let at = |parent, x, y| Placement { parent, x, y };
    let site = network.device(DeviceType::CoreSite, format_args!("Core Site"), at(None, 0.0, 0.0));
    let west = network.device(DeviceType::Pop, format_args!("POP West"), at(None, -600.0, 320.0));
    let east = network.device(DeviceType::Pop, format_args!("POP East"), at(None, 600.0, 320.0));
    let inside = Some(site);
    let gateway =
        network.device(DeviceType::BackboneGateway, format_args!("BB-GW-1"), at(inside, 0.0, 0.0));
    let mut cores = [gateway; 2];
    for (index, x) in [-200.0, 200.0].into_iter().enumerate() {
        let name = format_args!("CORE-{}", index + 1);
        cores[index] = network.device(DeviceType::CoreRouter, name, at(inside, x, 120.0));
        network.trunk(gateway, cores[index], 0.05);
    }
    network.trunk(cores[0], cores[1], 0.02);
    let mut edges = [gateway; 2];
    for (index, (pop, x)) in [(west, -600.0), (east, 600.0)].into_iter().enumerate() {
        let name = format_args!("EDGE-{}", index + 1);
        edges[index] = network.device(DeviceType::EdgeRouter, name, at(Some(pop), x, 260.0));
        network.trunk(cores[0], edges[index], 6.4);
        network.trunk(cores[1], edges[index], 7.1);
    }
    Core { edges, pops: [west, east] }
}

/// An OLT, its ODF, two PONs with a splitter each and the subscribers behind them.
fn build_pon(
    network: &mut NetworkBuilder<'_, '_>,
    edge: DeviceId,
    pop: DeviceId,
    olt_index: u32,
    parts: &mut Vec<InlinePart>,
) {
    let side = if olt_index == 0 { -1.0 } else { 1.0 };
    let x = side * 600.0;
    let at = |x, y| Placement { parent: Some(pop), x, y };
    let number = olt_index + 1;
    let optics = Optics { pon_class: Some(PonClass::GponBPlus), ..Optics::default() };
    let name = format_args!("OLT-{number}");
    let olt = network.device_with(DeviceType::Olt, name, at(x, 380.0), optics);
    network.trunk(edge, olt, 0.01);
    let odf = network.device(DeviceType::Odf, format_args!("ODF-{number}"), at(x, 480.0));
    for pon in 0..2_u32 {
        let name = format_args!("SPL-{number}-{}", pon + 1);
        let splitter_x = x + (f64::from(pon) - 0.5) * 520.0;
        let street = Placement { parent: None, x: splitter_x, y: 620.0 };
        let optics = Optics { insertion_loss_db: Some(SPLITTER_DB), ..Optics::default() };
        let splitter = network.device_with(DeviceType::Splitter, name, street, optics);
        let row = pon as usize;
        let [pigtail, feeder] = [2 * row, 2 * row + 1].map(|index| network.port(odf, index));
        network.fibre(network.port(olt, 2 + row), pigtail, 0.02);
        network.cross_connect(pigtail, feeder);
        let feeder_km = spread_km(u64::from(number * 10 + pon), 2.5, 6.0);
        network.fibre(feeder, network.port(splitter, 0), feeder_km);
        for leaf in 0..LEAVES_PER_SPLITTER {
            let subscriber = Subscriber { olt: number, pon, leaf, splitter_x };
            parts.extend(build_subscriber(network, splitter, subscriber));
        }
    }
}

/// Which subscriber of which PON.
#[derive(Clone, Copy)]
struct Subscriber {
    olt: u32,
    pon: u32,
    leaf: u32,
    splitter_x: f64,
}

/// A passive part between a splitter and a subscriber, created after everything else.
#[derive(Clone, Copy)]
struct InlinePart {
    device_type: DeviceType,
    name: &'static str,
    insertion_loss_db: f64,
    placement: Placement,
    from: InterfaceId,
    to: InterfaceId,
    drop_km: f64,
}

/// Returns the part between a subscriber and the splitter, if there is one.
fn build_subscriber(
    network: &mut NetworkBuilder<'_, '_>,
    splitter: DeviceId,
    subscriber: Subscriber,
) -> Option<InlinePart> {
    let Subscriber { olt, pon, leaf, splitter_x } = subscriber;
    let is_business = leaf == 0;
    let (device_type, word) =
        if is_business { (DeviceType::BusinessOnt, "BONT") } else { (DeviceType::Ont, "ONT") };
    let x = splitter_x + (f64::from(leaf) - f64::from(LEAVES_PER_SPLITTER - 1) / 2.0) * 40.0;
    let placement = Placement { parent: None, x, y: 780.0 };
    let name = format_args!("{word}-{olt}-{}-{:02}", pon + 1, leaf + 1);
    let ont = network.device(device_type, name, placement);
    let port = network.new_port(ont, InterfaceType::Optical);
    let mut drop_km = spread_km(u64::from(olt * 1000 + pon * 100 + leaf), 0.05, 0.9);
    let from = network.port(splitter, 1 + leaf as usize);
    let part = |device_type, name, insertion_loss_db| {
        let placement = Placement { parent: None, x, y: 700.0 };
        Some(InlinePart {
            device_type,
            name,
            insertion_loss_db,
            placement,
            from,
            to: port,
            drop_km,
        })
    };
    match (olt, pon, leaf) {
        (1, 0, 4) => drop_km = LONG_DROP_KM,
        (1, 1, 9) => return part(DeviceType::Hop, "HOP-1-2-10", BAD_SPLICE_DB),
        (2, 0, 6) => return part(DeviceType::Splitter, "SPL-2-1-07", WRONG_SPLITTER_DB),
        (2, 1, 7) => {
            network.override_status(ont, Status::Down, "Customer moved out, socket removed")
        }
        _ => {}
    }
    network.fibre(from, port, drop_km);
    None
}

fn build_part(network: &mut NetworkBuilder<'_, '_>, part: InlinePart) {
    let InlinePart { device_type, name, insertion_loss_db, placement, from, to, drop_km } = part;
    let optics = Optics { insertion_loss_db: Some(insertion_loss_db), ..Optics::default() };
    let part = network.device_with(device_type, format_args!("{name}"), placement, optics);
    let [upper, lower] = [0, 1].map(|index| network.port(part, index));
    network.fibre(from, upper, drop_km);
    if device_type == DeviceType::Hop {
        network.cross_connect(upper, lower);
    }
    network.fibre(lower, to, 0.02);
}

fn build_aon(network: &mut NetworkBuilder<'_, '_>, edge: DeviceId, pop: DeviceId) {
    let placement = Placement { parent: Some(pop), x: 1040.0, y: 380.0 };
    let switch = network.device(DeviceType::AonSwitch, format_args!("AON-1"), placement);
    network.trunk(edge, switch, 0.8);
    for leaf in 0..AON_LEAVES {
        let placement = Placement { parent: None, x: 1000.0 + f64::from(leaf) * 40.0, y: 560.0 };
        let name = format_args!("CPE-1-{:02}", leaf + 1);
        let cpe = network.device(DeviceType::AonCpe, name, placement);
        // eth ports follow mgmt0 and lo0; wan0 is the CPE's first port.
        let drop_km = spread_km(u64::from(90_000 + leaf), 0.1, 1.8);
        network.fibre(network.port(switch, 2 + leaf as usize), network.port(cpe, 0), drop_km);
    }
}
