//! Random plants and random cuts.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::tests::Plant;
use crate::domain::{
    AddCrossConnects, DeleteLink, DeviceId, DeviceType, LinkId, NewCrossConnect, Optics, Problem,
    ProblemKind, RemoveCrossConnect, RootCause, problems,
};
use DeviceType as T;

/// One feeder of a plan: on which OLT and by which ODF and closure its splitters hang.
#[derive(Clone, Debug)]
struct PonPlan {
    olt: usize,
    odf: usize,
    /// Through how many closures the feeder goes.
    closures: usize,
    leaves: usize,
    /// A second splitter behind the first one.
    has_cascade: bool,
    /// A second feeder from another OLT.
    second_olt: Option<usize>,
}

fn pons() -> impl Strategy<Value = Vec<PonPlan>> {
    let second_olt = proptest::option::weighted(0.3, 0..3_usize);
    let pon = (0..3_usize, 0..2_usize, 0..3_usize, 1..4_usize, any::<bool>(), second_olt).prop_map(
        |(olt, odf, closures, leaves, has_cascade, second_olt)| PonPlan {
            olt,
            odf,
            closures,
            leaves,
            has_cascade,
            second_olt,
        },
    );
    proptest::collection::vec(pon, 1..8)
}

/// A leaf, and the alternatives of links that each light it.
type LitBy = (DeviceId, Vec<Vec<LinkId>>);

/// Builds the plan in its order. Closures and ODFs are shared by all PONs that name them.
fn build(plans: &[PonPlan]) -> (Plant, Vec<LitBy>) {
    let mut plant = Plant::new();
    let olts = [0; 3].map(|_| plant.add_olt());
    let odfs = [0; 2].map(|_| plant.add(T::Odf));
    let closures = [0; 2].map(|_| plant.add(T::Nvt));
    // Two in a row are within the budget.
    let low_loss = Optics { insertion_loss_db: Some(3.0), ..Optics::default() };
    let mut lit = Vec::new();
    for plan in plans {
        let splitter = plant.add_with(T::Splitter, low_loss);
        let mut feeders =
            vec![feeder(&mut plant, plan, [olts[plan.olt], splitter], &odfs, &closures)];
        if let Some(olt) = plan.second_olt {
            feeders.push(feeder(&mut plant, plan, [olts[olt], splitter], &odfs, &closures));
        }
        let behind = |plant: &mut Plant, from: DeviceId, path: &[LinkId]| -> Vec<LitBy> {
            let leaf = |_| {
                let ont = plant.add(T::Ont);
                let drop = plant.connect(from, ont);
                let way = |feeder: &Vec<LinkId>| [feeder, path, &[drop][..]].concat();
                (ont, feeders.iter().map(way).collect())
            };
            (0..plan.leaves).map(leaf).collect()
        };
        lit.extend(behind(&mut plant, splitter, &[]));
        if plan.has_cascade {
            let second = plant.add_with(T::Splitter, low_loss);
            let middle = plant.connect(splitter, second);
            lit.extend(behind(&mut plant, second, &[middle]));
        }
    }
    (plant, lit)
}

/// Links from an OLT to a splitter, with every cross-connect on the way recorded.
fn feeder(
    plant: &mut Plant,
    plan: &PonPlan,
    [olt, splitter]: [DeviceId; 2],
    odfs: &[DeviceId],
    closures: &[DeviceId],
) -> Vec<LinkId> {
    let parts = std::iter::once(odfs[plan.odf]).chain(closures.iter().copied().take(plan.closures));
    let stops: Vec<DeviceId> = std::iter::once(olt).chain(parts).chain([splitter]).collect();
    let mut links: Vec<LinkId> =
        stops.windows(2).map(|two| plant.connect(two[0], two[1])).collect();
    // A second feeder from a passive part has to name the second input.
    if let Some(last) = links.last_mut()
        && plant.port_name(splitter, *last) != "in0"
    {
        let port = plant.world.port_at(stops[stops.len() - 2], *last).unwrap();
        plant.run(DeleteLink(*last));
        let input = plant.add_port(splitter, "in1");
        *last = plant.link(port, input);
    }
    for (part, joined) in stops[1..].iter().zip(links.windows(2)) {
        let ports = [joined[0], joined[1]].map(|link| plant.world.port_at(*part, link).unwrap());
        for port in ports {
            let is_joined = plant.world.interface(port).unwrap().cross_connect.is_some();
            if is_joined {
                plant.run(RemoveCrossConnect { device: *part, port });
            }
        }
        let cross_connects = vec![NewCrossConnect { ports, loss_db: None }];
        plant.run(AddCrossConnects { device: *part, cross_connects });
    }
    links
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// For each set of cuts, exactly the leaves that have no way around them go dark.
    #[test]
    fn what_is_behind_a_cut_goes_dark_and_nothing_else(
        plans in pons(),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let (mut plant, lit) = build(&plans);
        prop_assert_eq!(plant.dark(), BTreeSet::new());
        let links: Vec<LinkId> = plant.world.links_by_id().map(|link| link.id).collect();
        let cuts: BTreeSet<LinkId> = cuts.iter().map(|index| *index.get(&links)).collect();
        let at_router = |link: &LinkId| {
            let ends = plant.world.ends(*link).unwrap();
            ends.iter().any(|id| plant.world.device(*id).unwrap().device_type.is_router())
        };
        prop_assume!(!cuts.iter().any(at_router));
        for cut in &cuts {
            plant.cut(*cut);
        }
        let is_dark = |(_, ways): &&LitBy| {
            ways.iter().all(|way| way.iter().any(|link| cuts.contains(link)))
        };
        let expected: BTreeSet<DeviceId> = lit.iter().filter(is_dark).map(|(leaf, _)| *leaf).collect();
        prop_assert_eq!(plant.dark(), expected.clone());
        // Each dark leaf is behind one of the causes, and no other is.
        let is_outage = |problem: &Problem| !matches!(problem.kind, ProblemKind::Signal(_));
        let found: Vec<Problem> = problems(&plant.world).into_iter().filter(is_outage).collect();
        let victims: BTreeSet<DeviceId> = found
            .iter()
            .flat_map(|problem| problem.victims.iter().copied())
            .filter(|id| plant.world.device(*id).unwrap().device_type.is_optical_leaf())
            .collect();
        prop_assert_eq!(victims, expected);
        for problem in found {
            let is_cut = matches!(problem.cause, RootCause::Link(link) if cuts.contains(&link));
            prop_assert!(is_cut, "{problem:?}");
        }
    }
}
