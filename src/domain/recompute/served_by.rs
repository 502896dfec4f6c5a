//! What serves a leaf is known while nothing works, too.

use std::sync::Arc;

use super::tests::{Chain, NOW, chain, hold, hold_link, link, provision};
use crate::domain::{
    AccessLines, DarkReason, DeleteLink, DeviceId, DevicePatch, DeviceType, Lifecycle, Optics,
    Status, UpdateDevice, World, designed_path,
};

/// The node, its port, the splitter and its port, by name.
fn served_by(world: &World, leaf: DeviceId) -> Option<[String; 4]> {
    let served = world.device(leaf)?.served_by.as_ref()?;
    let device = |id: DeviceId| world.device(id).unwrap().name.to_string();
    let line = &served.line;
    assert_eq!(world.interface(line.port).unwrap().name, line.port_name);
    let splitter_port = served.splitter_port.map(|port| world.interface(port).unwrap());
    Some([
        device(line.node),
        line.port_name.to_string(),
        line.splitter.map(device).unwrap_or_default(),
        splitter_port.map(|port| port.name.to_string()).unwrap_or_default(),
    ])
}

fn names(texts: [&str; 4]) -> Option<[String; 4]> {
    Some(texts.map(str::to_owned))
}

fn set_lifecycle(chain: &mut Chain, id: DeviceId, lifecycle: Lifecycle) {
    let patch = DevicePatch { lifecycle: Some(lifecycle), ..DevicePatch::default() };
    chain.world.execute(UpdateDevice { id, patch }, NOW).unwrap();
}

#[test]
fn a_line_stays_known_during_an_outage() {
    let check = |break_it: &dyn Fn(&mut Chain)| {
        let mut chain = chain();
        break_it(&mut chain);
        let line = ["OLT", "pon0", "SPLITTER", "out0"];
        assert_eq!(served_by(&chain.world, chain.ont), names(line));
        assert_eq!(served_by(&chain.world, chain.cpe), names(["AON_SWITCH", "eth0", "", ""]));
        chain
    };
    check(&|_| {});
    let is_dark = |chain: Chain| {
        assert_eq!(chain.world.device(chain.ont).unwrap().status, Status::Down);
    };
    is_dark(check(&|chain| {
        let held = hold_link(chain.feeder, Some(Status::Down));
        chain.world.execute(held, NOW).unwrap();
    }));
    is_dark(check(&|chain| hold(&mut chain.world, chain.edge, Status::Down)));
    is_dark(check(&|chain| hold(&mut chain.world, chain.olt, Status::Down)));
    is_dark(check(&|chain| hold(&mut chain.world, chain.splitter, Status::Down)));
    is_dark(check(&|chain| set_lifecycle(chain, chain.odf, Lifecycle::Planned)));
    is_dark(check(&|chain| set_lifecycle(chain, chain.ont, Lifecycle::Retired)));
    check(&|chain| hold(&mut chain.world, chain.switch, Status::Down));
}

#[test]
fn a_leaf_that_no_fibre_connects_with_an_olt_has_no_line() {
    let mut chain = chain();
    chain.world.execute(DeleteLink(chain.feeder), NOW).unwrap();
    assert_eq!(served_by(&chain.world, chain.ont), None);
    assert_eq!(designed_path(&chain.world, chain.ont), None);
}

#[test]
fn light_decides_between_two_olts_and_design_when_both_are_dark() {
    let mut chain = chain();
    let world = &mut chain.world;
    let other = provision(world, DeviceType::Olt, "other", Optics::default());
    link(world, chain.edge, other, 0.1);
    // Longer than the way through the ODF.
    let second = link(world, other, chain.splitter, 19.0);
    let node = |world: &World| served_by(world, chain.ont).unwrap()[0].clone();
    assert_eq!(node(world), "OLT");
    world.execute(hold_link(chain.feeder, Some(Status::Down)), NOW).unwrap();
    assert_eq!(node(world), "other");
    world.execute(hold_link(second, Some(Status::Down)), NOW).unwrap();
    assert_eq!(node(world), "OLT");
}

#[test]
fn the_leaves_of_a_splitter_share_their_line() {
    let mut chain = chain();
    let next = provision(&mut chain.world, DeviceType::Ont, "next", Optics::default());
    link(&mut chain.world, chain.splitter, next, 1.0);
    let line = |world: &World, id: DeviceId| {
        Arc::clone(&world.device(id).unwrap().served_by.as_ref().unwrap().line)
    };
    let [first, second] = [chain.ont, next].map(|id| line(&chain.world, id));
    assert!(Arc::ptr_eq(&first, &second));
    let mut lines = AccessLines::default();
    let shared = [chain.ont, next].map(|id| {
        let mut served = chain.world.device(id).unwrap().served_by.clone().unwrap();
        served.line = Arc::new(served.line.as_ref().clone());
        lines.share(&mut served);
        served
    });
    let [first, second] = shared.map(|served| served.line);
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn the_designed_path_shows_where_the_light_stops() {
    // OLT, link, ODF, link, splitter, link, ONT.
    let check = |break_it: &dyn Fn(&mut Chain), lit_count, reason| {
        let mut chain = chain();
        let lit = chain.world.device(chain.ont).unwrap().signal.unwrap();
        break_it(&mut chain);
        let path = designed_path(&chain.world, chain.ont).unwrap();
        assert_eq!(path.signal, lit);
        assert_eq!((path.lit_count, path.dark_reason), (lit_count, reason));
        let devices: Vec<DeviceId> = path.hops.iter().map(|hop| hop.device).collect();
        assert_eq!(devices, [chain.splitter, chain.odf, chain.olt]);
    };
    check(&|_| {}, 7, None);
    let cut = |chain: &mut Chain| {
        chain.world.execute(hold_link(chain.feeder, Some(Status::Down)), NOW).unwrap();
    };
    check(&cut, 3, Some(DarkReason::HeldDown));
    let held = |chain: &mut Chain| hold(&mut chain.world, chain.splitter, Status::Down);
    check(&held, 4, Some(DarkReason::HeldDown));
    let planned = |chain: &mut Chain| set_lifecycle(chain, chain.odf, Lifecycle::Planned);
    check(&planned, 2, Some(DarkReason::NotInService));
    let unlit = |chain: &mut Chain| hold(&mut chain.world, chain.edge, Status::Down);
    check(&unlit, 0, Some(DarkReason::NoUpstream));
    let retired = |chain: &mut Chain| set_lifecycle(chain, chain.ont, Lifecycle::Retired);
    check(&retired, 6, Some(DarkReason::NotInService));
    // The first of two breaks counts, seen from the OLT.
    let both = |chain: &mut Chain| {
        cut(chain);
        hold(&mut chain.world, chain.olt, Status::Down);
    };
    check(&both, 0, Some(DarkReason::HeldDown));
}
