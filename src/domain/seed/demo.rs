//! The demo site: a small town on two GPON OLTs of class B+ and an active branch, with a few
//! troubles of the plant.
//!
//! About 19 dB lie between an OLT and a subscriber: a 1:32 splitter 17.2, the ODF 0.5, fibre 1 to
//! 2. Class B+ bears 28 (ITU-T G.984.2), so the margin is about 9 dB, and three subscribers have
//! less: one at the end of a long fibre, one behind a bad splice, one behind a second splitter of
//! the wrong ratio.

use super::planner::{Place, Planner, spread_km};
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

pub(super) fn build(mut planner: Planner<'_, '_>) {
    let core = build_core(&mut planner);
    let [west, east] = core.pops;
    let mut detours = Vec::new();
    for (index, (edge, pop)) in [(core.edges[0], west), (core.edges[1], east)].iter().enumerate() {
        let index = u32::try_from(index).expect("two OLTs");
        build_pon(&mut planner, *edge, *pop, index, &mut detours);
    }
    build_active_branch(&mut planner, core.edges[1], east);
    for detour in detours {
        build_detour(&mut planner, detour);
    }
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
fn build_pon(
    planner: &mut Planner<'_, '_>,
    edge: DeviceId,
    pop: DeviceId,
    olt_index: u32,
    detours: &mut Vec<Detour>,
) {
    let side = if olt_index == 0 { -1.0 } else { 1.0 };
    let x = side * 600.0;
    let at = |x, y| Place { parent: Some(pop), x, y };
    let number = olt_index + 1;
    let optics = Optics { pon_class: Some(PonClass::GponBPlus), ..Optics::default() };
    let name = format_args!("OLT-{number}");
    let olt = planner.device_with(DeviceType::Olt, name, at(x, 380.0), optics);
    planner.trunk(edge, olt, 0.01);
    let odf = planner.device(DeviceType::Odf, format_args!("ODF-{number}"), at(x, 480.0));
    for pon in 0..2_u32 {
        let name = format_args!("SPL-{number}-{}", pon + 1);
        let splitter_x = x + (f64::from(pon) - 0.5) * 520.0;
        let street = Place { parent: None, x: splitter_x, y: 620.0 };
        let optics = Optics { insertion_loss_db: Some(SPLITTER_DB), ..Optics::default() };
        let splitter = planner.device_with(DeviceType::Splitter, name, street, optics);
        let row = pon as usize;
        planner.fibre(planner.port(olt, 2 + row), planner.port(odf, 2 * row), 0.02);
        let feeder_km = spread_km(u64::from(number * 10 + pon), 2.5, 6.0);
        planner.fibre(planner.port(odf, 2 * row + 1), planner.port(splitter, 0), feeder_km);
        for leaf in 0..LEAVES_PER_SPLITTER {
            let who = Subscriber { olt: number, pon, leaf, splitter_x };
            detours.extend(build_subscriber(planner, splitter, who));
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

/// A part between a splitter and a subscriber, built once everything else stands.
#[derive(Clone, Copy)]
struct Detour {
    device_type: DeviceType,
    name: &'static str,
    insertion_loss_db: f64,
    place: Place,
    from: InterfaceId,
    to: InterfaceId,
    drop_km: f64,
}

/// Returns what lies between a subscriber and the splitter, where that is more than fibre.
fn build_subscriber(
    planner: &mut Planner<'_, '_>,
    splitter: DeviceId,
    who: Subscriber,
) -> Option<Detour> {
    let Subscriber { olt, pon, leaf, splitter_x } = who;
    let is_business = leaf == 0;
    let (device_type, word) =
        if is_business { (DeviceType::BusinessOnt, "BONT") } else { (DeviceType::Ont, "ONT") };
    let x = splitter_x + (f64::from(leaf) - f64::from(LEAVES_PER_SPLITTER - 1) / 2.0) * 40.0;
    let place = Place { parent: None, x, y: 780.0 };
    let name = format_args!("{word}-{olt}-{}-{:02}", pon + 1, leaf + 1);
    let ont = planner.device(device_type, name, place);
    let port = planner.new_port(ont, InterfaceType::Optical);
    let mut drop_km = spread_km(u64::from(olt * 1000 + pon * 100 + leaf), 0.05, 0.9);
    let from = planner.port(splitter, 1 + leaf as usize);
    let detour = |device_type, name, insertion_loss_db| {
        let place = Place { parent: None, x, y: 700.0 };
        Some(Detour { device_type, name, insertion_loss_db, place, from, to: port, drop_km })
    };
    match (olt, pon, leaf) {
        (1, 0, 4) => drop_km = LONG_DROP_KM,
        (1, 1, 9) => return detour(DeviceType::Hop, "HOP-1-2-10", BAD_SPLICE_DB),
        (2, 0, 6) => return detour(DeviceType::Splitter, "SPL-2-1-07", WRONG_SPLITTER_DB),
        (2, 1, 7) => planner.hold(ont, Status::Down, "Customer moved out, socket removed"),
        _ => {}
    }
    planner.fibre(from, port, drop_km);
    None
}

fn build_detour(planner: &mut Planner<'_, '_>, detour: Detour) {
    let Detour { device_type, name, insertion_loss_db, place, from, to, drop_km } = detour;
    let optics = Optics { insertion_loss_db: Some(insertion_loss_db), ..Optics::default() };
    let part = planner.device_with(device_type, format_args!("{name}"), place, optics);
    planner.fibre(from, planner.port(part, 0), drop_km);
    planner.fibre(planner.port(part, 1), to, 0.02);
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

#[cfg(test)]
mod tests {
    use crate::domain::{
        Blueprint, DeviceClass, ReseedSite, SignalClass, Status, Timestamp, World,
    };

    #[test]
    fn troubles_come_from_the_plant_and_not_from_receivers() {
        let mut world = World::default();
        world.execute(ReseedSite(Blueprint::Demo), Timestamp(0)).unwrap();
        world.check_invariants().unwrap();
        let mut troubled = Vec::new();
        for device in world.devices() {
            let optics = device.optics;
            assert_eq!((optics.tx_power_dbm, optics.sensitivity_min_dbm), (None, None));
            let is_leaf = device.device_type.class() == DeviceClass::Leaf;
            if device.effective_status() != Status::Up || is_leaf && device.signal.is_some() {
                let class = device.signal.map(|signal| signal.class);
                if (class, device.effective_status()) != (Some(SignalClass::Ok), Status::Up) {
                    troubled.push((device.name.to_string(), device.effective_status(), class));
                }
            }
        }
        troubled.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            ("ONT-1-1-05", Status::Up, Some(SignalClass::Warning)),
            ("ONT-1-2-10", Status::Degraded, Some(SignalClass::Critical)),
            ("ONT-2-1-07", Status::Down, Some(SignalClass::NoSignal)),
            ("ONT-2-2-08", Status::Down, None),
        ];
        assert_eq!(
            troubled,
            expected.map(|(name, status, class)| (name.to_owned(), status, class))
        );
    }
}
