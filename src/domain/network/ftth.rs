//! A believable FTTH network of a given size.
//!
//! Per POP: an edge router, up to 16 OLTs with an ODF each, 8 PONs per OLT, one 1:32 splitter per
//! PON 1 to 9 km away, drops of 20 to 900 m. Every 50th leaf is a business line, and every 40th
//! PON's worth of leaves hangs off an AON switch instead.

use super::planner::{Place, Planner, spread_km};
use crate::domain::{DeviceId, DeviceType, InterfaceType};

const LEAVES_PER_PON: u32 = 32;
const PONS_PER_OLT: u32 = 8;
const OLTS_PER_POP: u32 = 16;
/// An AON switch has 24 ports for subscribers.
const LEAVES_PER_SWITCH: u32 = 24;
const PONS_PER_SWITCH: u32 = 40;
const BUSINESS_EVERY: u32 = 50;
/// Distance between neighbouring leaves on the canvas.
const LEAF_PITCH: f64 = 24.0;

pub(super) fn build(planner: Planner<'_, '_>, leaves: u32) {
    let mut builder = Builder { planner, cores: Vec::new(), made: 0, leaves, switches: 0 };
    builder.build_core();
    let (mut pop, mut olt, mut pon) = (None, None, 0);
    while builder.made < leaves {
        if pon % (PONS_PER_OLT * OLTS_PER_POP) == 0 {
            pop = Some(builder.build_pop(pon / (PONS_PER_OLT * OLTS_PER_POP)));
        }
        let here = pop.expect("a POP precedes its PONs");
        if pon % PONS_PER_OLT == 0 {
            olt = Some(builder.build_olt(here, pon / PONS_PER_OLT));
        }
        builder.build_pon(olt.expect("an OLT precedes its PONs"), pon);
        if pon % PONS_PER_SWITCH == PONS_PER_SWITCH - 1 {
            builder.build_switch(here);
        }
        pon += 1;
    }
}

struct Builder<'e, 'w> {
    planner: Planner<'e, 'w>,
    cores: Vec<DeviceId>,
    made: u32,
    leaves: u32,
    switches: u32,
}

#[derive(Clone, Copy)]
struct PopSite {
    container: DeviceId,
    edge: DeviceId,
}

#[derive(Clone, Copy)]
struct OltSite {
    olt: DeviceId,
    odf: DeviceId,
    container: DeviceId,
}

impl Builder<'_, '_> {
    /// Where the next leaf's column stands.
    fn column(&self) -> f64 {
        f64::from(self.made) * LEAF_PITCH
    }

    fn build_core(&mut self) {
        let top = |x, y| Place { parent: None, x, y };
        let gateway = self.planner.device(
            DeviceType::BackboneGateway,
            format_args!("BB-GW-1"),
            top(0.0, -800.0),
        );
        for number in 1..=2_u32 {
            let place = top(f64::from(number) * 400.0 - 600.0, -600.0);
            let name = format_args!("CORE-{number}");
            let core = self.planner.device(DeviceType::CoreRouter, name, place);
            self.planner.trunk(gateway, core, 0.1);
            self.cores.push(core);
        }
        self.planner.trunk(self.cores[0], self.cores[1], 2.0);
    }

    fn build_pop(&mut self, index: u32) -> PopSite {
        let number = index + 1;
        let x = self.column();
        let place = |parent| Place { parent, x, y: -300.0 };
        let container =
            self.planner.device(DeviceType::Pop, format_args!("POP-{number:03}"), place(None));
        let name = format_args!("EDGE-{number:03}");
        let edge = self.planner.device(DeviceType::EdgeRouter, name, place(Some(container)));
        for core in self.cores.clone() {
            let km = spread_km(u64::from(number) << 8 | core.0, 4.0, 38.0);
            self.planner.trunk(core, edge, km);
        }
        PopSite { container, edge }
    }

    fn build_olt(&mut self, pop: PopSite, index: u32) -> OltSite {
        let number = index + 1;
        let container = pop.container;
        let x = self.column();
        let place = |y| Place { parent: Some(container), x, y };
        let olt =
            self.planner.device(DeviceType::Olt, format_args!("OLT-{number:04}"), place(-150.0));
        self.planner.trunk(pop.edge, olt, 0.02);
        let odf =
            self.planner.device(DeviceType::Odf, format_args!("ODF-{number:04}"), place(-50.0));
        OltSite { olt, odf, container }
    }

    fn build_pon(&mut self, site: OltSite, pon: u32) {
        let row = (pon % PONS_PER_OLT) as usize;
        let place = Place { parent: Some(site.container), x: self.column(), y: 80.0 };
        let name = format_args!("SPL-{:05}", pon + 1);
        let splitter = self.planner.device(DeviceType::Splitter, name, place);
        // pon ports follow mgmt0 and lo0; the ODF joins its ports in pairs.
        let pon_port = self.planner.port(site.olt, 2 + row);
        self.planner.fibre(pon_port, self.planner.port(site.odf, 2 * row), 0.015);
        let feeder_km = spread_km(u64::from(pon), 1.0, 9.0);
        let feeder_end = self.planner.port(splitter, 0);
        self.planner.fibre(self.planner.port(site.odf, 2 * row + 1), feeder_end, feeder_km);
        let count = LEAVES_PER_PON.min(self.leaves - self.made);
        for output in 1..=count as usize {
            let is_business = self.made % BUSINESS_EVERY == BUSINESS_EVERY - 1;
            let device_type = if is_business { DeviceType::BusinessOnt } else { DeviceType::Ont };
            let ont = self.build_leaf(device_type, "ONT");
            let port = self.planner.new_port(ont, InterfaceType::Optical);
            let drop_km = spread_km(u64::from(self.made) << 20, 0.02, 0.9);
            self.planner.fibre(self.planner.port(splitter, output), port, drop_km);
        }
    }

    fn build_switch(&mut self, pop: PopSite) {
        let count = LEAVES_PER_SWITCH.min(self.leaves - self.made);
        if count == 0 {
            return;
        }
        self.switches += 1;
        let place = Place { parent: Some(pop.container), x: self.column(), y: -150.0 };
        let name = format_args!("AON-{:04}", self.switches);
        let switch = self.planner.device(DeviceType::AonSwitch, name, place);
        self.planner.trunk(pop.edge, switch, 0.02);
        for index in 0..count as usize {
            let cpe = self.build_leaf(DeviceType::AonCpe, "CPE");
            let drop_km = spread_km(u64::from(self.made) << 20, 0.1, 4.0);
            let wan = self.planner.port(cpe, 0);
            self.planner.fibre(self.planner.port(switch, 2 + index), wan, drop_km);
        }
    }

    fn build_leaf(&mut self, device_type: DeviceType, word: &str) -> DeviceId {
        let place = Place { parent: None, x: self.column(), y: 260.0 };
        self.made += 1;
        self.planner.device(device_type, format_args!("{word}-{:06}", self.made), place)
    }
}
