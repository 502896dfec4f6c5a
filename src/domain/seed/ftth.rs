//! A realistic FTTH network of a given size.
//!
//! Per POP: an edge router, up to 16 OLTs with an ODF each, 8 PONs per OLT, one 1:32 splitter per
//! PON 1 to 9 km away, drops of 20 to 900 m. Every 50th leaf is a business line, and each 40
//! PONs are followed by an AON switch with leaves of its own.

use super::builder::{NetworkBuilder, Placement, spread_km};
use crate::domain::{DeviceId, DeviceType, InterfaceType};

const LEAVES_PER_PON: u32 = 32;
const PONS_PER_OLT: u32 = 8;
const OLTS_PER_POP: u32 = 16;
/// An AON switch has 24 ports for subscribers.
const LEAVES_PER_SWITCH: u32 = 24;
const PONS_PER_SWITCH: u32 = 40;
const BUSINESS_EVERY: u32 = 50;

/// On the canvas: the distance of the leaves of a PON from their splitter, and the share of the
/// circle that they take; the feeder comes through the gap at the top.
const RING_RADIUS: f64 = 170.0;
const RING_SHARE: f64 = 0.84;
/// On the canvas: from one PON to the next; an OLT has two rows of four.
const PON_PITCH: f64 = 420.0;
const PONS_PER_ROW: u32 = 4;
/// On the canvas: from one OLT to the next in a POP of four by four, and from one POP to the next.
const OLT_PITCH: [f64; 2] = [1_760.0, 1_260.0];
const OLTS_PER_ROW: u32 = 4;
const POP_PITCH: [f64; 2] = [8_000.0, 6_100.0];

pub(super) fn build(network: NetworkBuilder<'_, '_>, leaves: u32) {
    let leaves_per_pop = LEAVES_PER_PON * PONS_PER_OLT * OLTS_PER_POP;
    let pops = leaves.div_ceil(leaves_per_pop).max(1);
    let columns = f64::from(pops).sqrt().ceil();
    let mut builder =
        FtthBuilder { network, cores: Vec::new(), made: 0, leaves, switches: 0, columns };
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
            builder.build_switch(here, pon % (PONS_PER_OLT * OLTS_PER_POP) / PONS_PER_SWITCH);
        }
        pon += 1;
    }
}

struct FtthBuilder<'e, 'w> {
    network: NetworkBuilder<'e, 'w>,
    cores: Vec<DeviceId>,
    made: u32,
    leaves: u32,
    switches: u32,
    /// POPs side by side on the canvas.
    columns: f64,
}

#[derive(Clone, Copy)]
struct PopSite {
    container: DeviceId,
    edge: DeviceId,
    /// The canvas above its first OLT.
    at: [f64; 2],
}

#[derive(Clone, Copy)]
struct OltSite {
    olt: DeviceId,
    odf: DeviceId,
    container: DeviceId,
    at: [f64; 2],
}

impl FtthBuilder<'_, '_> {
    fn build_core(&mut self) {
        let middle = (self.columns * POP_PITCH[0] - PON_PITCH) / 2.0 - PON_PITCH;
        let top = |x, y| Placement { parent: None, x: middle + x, y };
        let gateway = self.network.device(
            DeviceType::BackboneGateway,
            format_args!("BB-GW-1"),
            top(0.0, -1_900.0),
        );
        for number in 1..=2_u32 {
            let placement = top(f64::from(number) * 1_200.0 - 1_800.0, -1_150.0);
            let name = format_args!("CORE-{number}");
            let core = self.network.device(DeviceType::CoreRouter, name, placement);
            self.network.trunk(gateway, core, 0.1);
            self.cores.push(core);
        }
        self.network.trunk(self.cores[0], self.cores[1], 2.0);
    }

    fn build_pop(&mut self, index: u32) -> PopSite {
        let number = index + 1;
        let row = (f64::from(index) / self.columns).floor();
        let at = [(f64::from(index) - row * self.columns) * POP_PITCH[0], row * POP_PITCH[1]];
        let middle = at[0] + OLT_PITCH[0] * 1.5 + PON_PITCH * 1.5;
        let placement = |parent| Placement { parent, x: middle, y: at[1] };
        let container =
            self.network.device(DeviceType::Pop, format_args!("POP-{number:03}"), placement(None));
        let name = format_args!("EDGE-{number:03}");
        let edge = self.network.device(DeviceType::EdgeRouter, name, placement(Some(container)));
        for core in self.cores.clone() {
            let km = spread_km(u64::from(number) << 8 | core.0, 4.0, 38.0);
            self.network.trunk(core, edge, km);
        }
        PopSite { container, edge, at }
    }

    fn build_olt(&mut self, pop: PopSite, index: u32) -> OltSite {
        let number = index + 1;
        let container = pop.container;
        let slot = index % OLTS_PER_POP;
        let at = [
            pop.at[0] + f64::from(slot % OLTS_PER_ROW) * OLT_PITCH[0],
            pop.at[1] + 220.0 + f64::from(slot / OLTS_PER_ROW) * OLT_PITCH[1],
        ];
        let x = at[0] + PON_PITCH * 1.5;
        let placement = |y| Placement { parent: Some(container), x, y: at[1] + y };
        let olt =
            self.network.device(DeviceType::Olt, format_args!("OLT-{number:04}"), placement(0.0));
        self.network.trunk(pop.edge, olt, 0.02);
        let odf =
            self.network.device(DeviceType::Odf, format_args!("ODF-{number:04}"), placement(100.0));
        OltSite { olt, odf, container, at }
    }

    fn build_pon(&mut self, site: OltSite, pon: u32) {
        let slot = pon % PONS_PER_OLT;
        let row = slot as usize;
        let x = site.at[0] + f64::from(slot % PONS_PER_ROW) * PON_PITCH;
        let y = site.at[1] + 400.0 + f64::from(slot / PONS_PER_ROW) * PON_PITCH;
        let placement = Placement { parent: Some(site.container), x, y };
        let name = format_args!("SPL-{:05}", pon + 1);
        let splitter = self.network.device(DeviceType::Splitter, name, placement);
        // pon ports follow mgmt0 and lo0; the ODF joins its ports in pairs.
        let pon_port = self.network.port(site.olt, 2 + row);
        let [pigtail, feeder] =
            [2 * row, 2 * row + 1].map(|index| self.network.port(site.odf, index));
        self.network.fibre(pon_port, pigtail, 0.015);
        self.network.cross_connect(pigtail, feeder);
        let feeder_km = spread_km(u64::from(pon), 1.0, 9.0);
        let feeder_end = self.network.port(splitter, 0);
        self.network.fibre(feeder, feeder_end, feeder_km);
        let count = LEAVES_PER_PON.min(self.leaves - self.made);
        for output in 1..=count {
            let is_business = self.made % BUSINESS_EVERY == BUSINESS_EVERY - 1;
            let device_type = if is_business { DeviceType::BusinessOnt } else { DeviceType::Ont };
            let ont = self.build_leaf(device_type, "ONT", ring_position([x, y], output, count));
            let port = self.network.new_port(ont, InterfaceType::Optical);
            let drop_km = spread_km(u64::from(self.made) << 20, 0.02, 0.9);
            self.network.fibre(self.network.port(splitter, output as usize), port, drop_km);
        }
    }

    /// `row`: of the POP on the canvas.
    fn build_switch(&mut self, pop: PopSite, row: u32) {
        let count = LEAVES_PER_SWITCH.min(self.leaves - self.made);
        if count == 0 {
            return;
        }
        self.switches += 1;
        let x = pop.at[0] + f64::from(OLTS_PER_ROW) * OLT_PITCH[0];
        let y = pop.at[1] + 540.0 + f64::from(row) * OLT_PITCH[1];
        let placement = Placement { parent: Some(pop.container), x, y };
        let name = format_args!("AON-{:04}", self.switches);
        let switch = self.network.device(DeviceType::AonSwitch, name, placement);
        self.network.trunk(pop.edge, switch, 0.02);
        for index in 0..count {
            let at = ring_position([x, y], index + 1, count);
            let cpe = self.build_leaf(DeviceType::AonCpe, "CPE", at);
            let drop_km = spread_km(u64::from(self.made) << 20, 0.1, 4.0);
            let wan = self.network.port(cpe, 0);
            self.network.fibre(self.network.port(switch, 2 + index as usize), wan, drop_km);
        }
    }

    fn build_leaf(&mut self, device_type: DeviceType, word: &str, at: [f64; 2]) -> DeviceId {
        let placement = Placement { parent: None, x: at[0], y: at[1] };
        self.made += 1;
        self.network.device(device_type, format_args!("{word}-{:06}", self.made), placement)
    }
}

/// The position around a splitter or switch of the leaf with this number of `count`.
fn ring_position(center: [f64; 2], number: u32, count: u32) -> [f64; 2] {
    let share = (f64::from(number) - 0.5) / f64::from(count);
    let angle = std::f64::consts::TAU * (0.5 + (0.5 - share) * RING_SHARE);
    let round = |value: f64| (value * 10.0).round() / 10.0;
    [round(center[0] + RING_RADIUS * angle.sin()), round(center[1] - RING_RADIUS * angle.cos())]
}
