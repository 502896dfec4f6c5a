//! What computing status costs, in process and on one thread, and how it grows with the network.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use unoc::domain::{
    Blueprint, ClearDeviceOverride, Command, ConnectDevices, DeviceId, DeviceType, InterfaceType,
    Lifecycle, LinkId, LinkPatch, Medium, Name, NewDevice, Optics, Override, Position,
    ProvisionDevice, RefreshStatus, ReseedSite, SetDeviceOverride, SplitRatio, Status, Timestamp,
    UpdateLink, World,
};

use super::LARGE_SITE;
use crate::director::Bench;
use crate::plot::{Plot, Series};
use crate::report::{Row, Target, number};
use crate::stats::Summary;

const SIZES: [u32; 4] = [1_000, 10_000, LARGE_SITE, 1_000_000];
/// Splitters of 1:64 are the largest in ordinary use.
const PON_LEAVES: u32 = 64;
/// A cut takes microseconds; its median needs more rounds than the others'.
const CUTS: usize = 50;
const REFRESH_MS_MAX: f64 = 100.0;
const CUT_MS_MAX: f64 = 1.0;
const NOW: Timestamp = Timestamp(1);
const PLOT_FILE: &str = "performance-growth.svg";

/// Milliseconds of each kind of work on one network.
struct Measured {
    leaves: u32,
    entities: usize,
    refresh_ms: Vec<f64>,
    cut_ms: Vec<f64>,
    /// Changes of the last cut.
    cut_changes: usize,
    lost_ms: Vec<f64>,
    back_ms: Vec<f64>,
    lost_changes: usize,
}

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let mut all = Vec::new();
    for leaves in SIZES {
        all.push(measure_size(leaves, bench.rounds)?);
    }
    if let Some(directory) = &bench.plots {
        std::fs::write(directory.join(PLOT_FILE), plot(&all).svg())?;
    }
    Ok(all.iter().flat_map(rows).collect())
}

fn measure_size(leaves: u32, rounds: usize) -> Result<Measured> {
    let mut world = World::default();
    world.execute(ReseedSite(Blueprint::Ftth { leaves }), NOW)?;
    let feeder = add_pon(&mut world)?;
    let gateway = named(&world, "BB-GW-1")?;
    let mut measured = Measured {
        leaves,
        entities: world.entity_count(),
        refresh_ms: Vec::new(),
        cut_ms: Vec::new(),
        cut_changes: 0,
        lost_ms: Vec::new(),
        back_ms: Vec::new(),
        lost_changes: 0,
    };
    for _ in 0..rounds {
        let (ms, changes) = timed(&mut world, RefreshStatus)?;
        ensure!(changes == 0, "a full recompute changed {changes} entities");
        measured.refresh_ms.push(ms);
    }
    for _ in 0..CUTS {
        for set in [Some(Status::Down), None] {
            let status_override = Some(set.map(down));
            let patch = LinkPatch { status_override, ..LinkPatch::default() };
            let (ms, changes) = timed(&mut world, UpdateLink { id: feeder, patch })?;
            ensure!(changes > PON_LEAVES as usize, "a cut changed {changes} entities");
            measured.cut_ms.push(ms);
            measured.cut_changes = changes;
        }
    }
    for _ in 0..rounds {
        let lost = SetDeviceOverride { id: gateway, status_override: down(Status::Down) };
        let (ms, changes) = timed(&mut world, lost)?;
        ensure!(changes > leaves as usize, "without the backbone {changes} entities changed");
        measured.lost_ms.push(ms);
        measured.lost_changes = changes;
        let (ms, changes) = timed(&mut world, ClearDeviceOverride(gateway))?;
        ensure!(changes == measured.lost_changes, "only {changes} entities came back");
        measured.back_ms.push(ms);
    }
    Ok(measured)
}

/// Carries a command out; returns milliseconds and the number of changes.
fn timed(world: &mut World, command: impl Command) -> Result<(f64, usize)> {
    let started = Instant::now();
    let decision = world.execute(command, NOW)?;
    let elapsed = started.elapsed();
    Ok((elapsed.as_secs_f64() * 1e3, decision.changes.len()))
}

fn down(status: Status) -> Override {
    Override::new(status, None)
}

/// A splitter with [`PON_LEAVES`] subscribers at the first ODF, beside the eight PONs that are
/// there; returns its feeder.
fn add_pon(world: &mut World) -> Result<LinkId> {
    let odf = named(world, "ODF-0001")?;
    let olt = named(world, "OLT-0001")?;
    connect(world, olt, odf, 0.015)?;
    let ratio = SplitRatio::new(PON_LEAVES.into()).context("no such splitter is sold")?;
    let optics = Optics { split_ratio: Some(ratio), ..Optics::default() };
    let splitter = provision(world, DeviceType::Splitter, "bench-splitter", optics)?;
    let feeder = connect(world, odf, splitter, 2.0)?;
    for number in 0..PON_LEAVES {
        let name = format!("bench-ont-{number}");
        let leaf = provision(world, DeviceType::Ont, &name, Optics::default())?;
        connect(world, splitter, leaf, 0.2)?;
    }
    Ok(feeder)
}

fn named(world: &World, name: &str) -> Result<DeviceId> {
    let id = world.device_named(&Name::new(name)?);
    id.with_context(|| format!("the generated network has no {name}"))
}

fn provision(
    world: &mut World,
    device_type: DeviceType,
    name: &str,
    optics: Optics,
) -> Result<DeviceId> {
    let new = NewDevice {
        name: Name::new(name)?,
        device_type,
        parent: None,
        validate_upstream: false,
        position: Position::default(),
        optics,
        lifecycle: Lifecycle::InService,
        details: None,
    };
    Ok(world.execute(ProvisionDevice::from(new), NOW)?.reply.device.id)
}

fn connect(world: &mut World, a: DeviceId, b: DeviceId, length_km: f64) -> Result<LinkId> {
    let new = ConnectDevices {
        a,
        b,
        interface_type: InterfaceType::Optical,
        ports: [None; 2],
        status: Status::Up,
        length_km: Some(length_km),
        medium: Some(Medium::G652d),
        validate: true,
    };
    Ok(world.execute(new, NOW)?.reply.link.id)
}

fn rows(measured: &Measured) -> Vec<Row> {
    let Measured { leaves, entities, cut_changes, lost_changes, .. } = measured;
    let target = if *leaves == LARGE_SITE { Target::AtMost(REFRESH_MS_MAX) } else { Target::None };
    let row = |what: &str, target, times_ms: &[f64], detail: String| {
        let what = format!("{leaves} leaves: {what}");
        Row::new(what, target, Summary::of(times_ms)).unit("ms").detail(detail)
    };
    let refresh_ms = Summary::of(&measured.refresh_ms).median;
    let per_leaf_ns = refresh_ms * 1e6 / f64::from(*leaves);
    let refresh_detail = format!("{entities} entities, {} ns per leaf", number(per_leaf_ns));
    let lost_detail = format!("{lost_changes} entities change");
    vec![
        row("full recompute", target, &measured.refresh_ms, refresh_detail),
        row(
            &format!("one fibre of {PON_LEAVES} leaves cut or repaired"),
            Target::AtMost(CUT_MS_MAX),
            &measured.cut_ms,
            format!("{cut_changes} entities change"),
        ),
        row("the backbone lost", Target::None, &measured.lost_ms, lost_detail),
        row("the backbone back", Target::None, &measured.back_ms, String::new()),
    ]
}

fn plot(all: &[Measured]) -> Plot {
    let series = |name: &str, times_ms: fn(&Measured) -> &[f64]| Series {
        name: name.to_owned(),
        points: all
            .iter()
            .map(|one| (f64::from(one.leaves), Summary::of(times_ms(one)).median))
            .collect(),
    };
    Plot {
        title: "Computing status on one core (medians)".to_owned(),
        x_title: "leaves".to_owned(),
        y_title: "ms".to_owned(),
        series: vec![
            series("backbone lost", |one| &one.lost_ms),
            series("full recompute", |one| &one.refresh_ms),
            series("one fibre of 64 leaves cut", |one| &one.cut_ms),
        ],
    }
}
