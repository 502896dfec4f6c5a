//! The demo site: a small town on two OLTs and an active branch, with a few troubles.

use super::planner::{Place, Planner, spread_km};
use crate::domain::{DeviceId, DeviceType, InterfaceType, Optics, Status};

const LEAVES_PER_SPLITTER: u32 = 12;
const AON_LEAVES: u32 = 10;

pub(super) fn build(mut planner: Planner<'_, '_>) {
    let core = build_core(&mut planner);
    let [west, east] = core.pops;
    for (index, (edge, pop)) in [(core.edges[0], west), (core.edges[1], east)].iter().enumerate() {
        build_pon(&mut planner, *edge, *pop, u32::try_from(index).expect("two OLTs"));
    }
    build_active_branch(&mut planner, core.edges[1], east);
}

struct Core {
    edges: [DeviceId; 2],
    pops: [DeviceId; 2],
}

/// Backbone, two cores that know each other, two edges with a redundant uplink each.
fn build_core(planner: &mut Planner<'_, '_>) -> Core {
    let at = |parent, x, y| Place { parent, x, y };
    let site = planner.device(DeviceType::CoreSite, format_args!("Core Site"), at(None, 0.0, 0.0));
    let west = planner.device(DeviceType::Pop, format_args!("POP West"), at(None, -600.0, 320.0));
    let east = planner.device(DeviceType::Pop, format_args!("POP East"), at(None, 600.0, 320.0));
    let inside = Some(site);
    let gateway =
        planner.device(DeviceType::BackboneGateway, format_args!("BB-GW-1"), at(inside, 0.0, 0.0));
    let mut cores = [gateway; 2];
    for (index, x) in [-200.0, 200.0].into_iter().enumerate() {
        let name = format_args!("CORE-{}", index + 1);
        cores[index] = planner.device(DeviceType::CoreRouter, name, at(inside, x, 120.0));
        planner.trunk(gateway, cores[index], 0.05);
    }
    planner.trunk(cores[0], cores[1], 0.02);
    let mut edges = [gateway; 2];
    for (index, (pop, x)) in [(west, -600.0), (east, 600.0)].into_iter().enumerate() {
        let name = format_args!("EDGE-{}", index + 1);
        edges[index] = planner.device(DeviceType::EdgeRouter, name, at(Some(pop), x, 260.0));
        planner.trunk(cores[0], edges[index], 6.4);
        planner.trunk(cores[1], edges[index], 7.1);
    }
    Core { edges, pops: [west, east] }
}

/// An OLT, its ODF, two PONs with a splitter each and the subscribers behind them.
fn build_pon(planner: &mut Planner<'_, '_>, edge: DeviceId, pop: DeviceId, olt_index: u32) {
    let side = if olt_index == 0 { -1.0 } else { 1.0 };
    let x = side * 600.0;
    let at = |x, y| Place { parent: Some(pop), x, y };
    let number = olt_index + 1;
    let olt = planner.device(DeviceType::Olt, format_args!("OLT-{number}"), at(x, 380.0));
    planner.trunk(edge, olt, 0.01);
    let odf = planner.device(DeviceType::Odf, format_args!("ODF-{number}"), at(x, 480.0));
    for pon in 0..2_u32 {
        let name = format_args!("SPL-{number}-{}", pon + 1);
        let splitter_x = x + (f64::from(pon) - 0.5) * 520.0;
        let street = Place { parent: None, x: splitter_x, y: 620.0 };
        let splitter = planner.device(DeviceType::Splitter, name, street);
        let row = pon as usize;
        planner.fibre(planner.port(olt, 2 + row), planner.port(odf, 2 * row), 0.02);
        let feeder_km = spread_km(u64::from(number * 10 + pon), 2.5, 6.0);
        planner.fibre(planner.port(odf, 2 * row + 1), planner.port(splitter, 0), feeder_km);
        for leaf in 0..LEAVES_PER_SPLITTER {
            build_subscriber(planner, splitter, Subscriber { olt: number, pon, leaf, splitter_x });
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

fn build_subscriber(planner: &mut Planner<'_, '_>, splitter: DeviceId, who: Subscriber) {
    let Subscriber { olt, pon, leaf, splitter_x } = who;
    let is_business = leaf == 0;
    let (device_type, word) =
        if is_business { (DeviceType::BusinessOnt, "BONT") } else { (DeviceType::Ont, "ONT") };
    let x = splitter_x + (f64::from(leaf) - f64::from(LEAVES_PER_SPLITTER - 1) / 2.0) * 40.0;
    let place = Place { parent: None, x, y: 780.0 };
    let name = format_args!("{word}-{olt}-{}-{:02}", pon + 1, leaf + 1);
    let ont = planner.device_with(device_type, name, place, trouble(who));
    let port = planner.new_port(ont, InterfaceType::Optical);
    let drop_km = spread_km(u64::from(olt * 1000 + pon * 100 + leaf), 0.05, 0.9);
    planner.fibre(planner.port(splitter, 1 + leaf as usize), port, drop_km);
    if (olt, pon, leaf) == (2, 1, 7) {
        planner.hold(ont, Status::Down, "Customer moved out, socket removed");
    }
}

/// Receivers that are worse than their neighbours': one weak, one almost deaf, one deaf.
///
/// About 16 dB lie between an OLT at +5 dBm and a subscriber of this site (1:16 splitter 13.9,
/// ODF 0.5, fibre about 1), so a subscriber receives about -11 dBm.
fn trouble(who: Subscriber) -> Optics {
    let sensitivity_min_dbm = match (who.olt, who.pon, who.leaf) {
        (1, 0, 4) => Some(-15.5),
        (1, 1, 9) => Some(-12.5),
        (2, 0, 6) => Some(-8.0),
        _ => None,
    };
    Optics { sensitivity_min_dbm, ..Optics::default() }
}

fn build_active_branch(planner: &mut Planner<'_, '_>, edge: DeviceId, pop: DeviceId) {
    let place = Place { parent: Some(pop), x: 1040.0, y: 380.0 };
    let switch = planner.device(DeviceType::AonSwitch, format_args!("AON-1"), place);
    planner.trunk(edge, switch, 0.8);
    for leaf in 0..AON_LEAVES {
        let place = Place { parent: None, x: 1000.0 + f64::from(leaf) * 40.0, y: 560.0 };
        let name = format_args!("CPE-1-{:02}", leaf + 1);
        let cpe = planner.device(DeviceType::AonCpe, name, place);
        // eth ports follow mgmt0 and lo0; wan0 is the CPE's first port.
        let drop_km = spread_km(u64::from(90_000 + leaf), 0.1, 1.8);
        planner.fibre(planner.port(switch, 2 + leaf as usize), planner.port(cpe, 0), drop_km);
    }
}
