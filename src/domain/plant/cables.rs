//! Parts with many fibres.

use std::collections::BTreeSet;

use super::tests::Plant;
use crate::domain::recompute::designed_light::designed_light;
use crate::domain::{DeviceType as T, LinkPatch, UpdateLink};

/// Fibres of a cable. Searching each of them again from each other one would take minutes.
const FIBRES: usize = 144;

#[test]
fn a_cable_between_two_parts_is_crossed_once() {
    let mut plant = Plant::new();
    let (olt, odf, closure) = (plant.add_olt(), plant.add(T::Odf), plant.add(T::Nvt));
    for _ in 0..FIBRES {
        plant.connect(odf, closure);
    }
    let ont = plant.add(T::Ont);
    plant.connect(closure, ont);
    assert_eq!(plant.dark(), BTreeSet::from([ont]));
    let feeder = plant.connect(olt, odf);
    assert_eq!(plant.dark(), BTreeSet::new());
    plant.cut(feeder);
    assert_eq!(plant.dark(), BTreeSet::from([ont]));
}

/// Light reaches the ODF by a long feeder, and from another OLT through a splitter. The search is right
/// only if the better of both crosses the ODF first.
#[test]
fn a_part_is_crossed_from_the_best_way_into_it() {
    let mut plant = Plant::new();
    let [far, near] = [0; 2].map(|_| plant.add_olt());
    let [odf, closure, splitter, ont] =
        [T::Odf, T::Nvt, T::Splitter, T::Ont].map(|of| plant.add(of));
    let long = plant.connect(far, odf);
    let length_km = Some(Some(100.0));
    plant.run(UpdateLink { id: long, patch: LinkPatch { length_km, ..LinkPatch::default() } });
    let middle = plant.connect(odf, splitter);
    let drop = plant.connect(odf, ont);
    let short = plant.connect(near, closure);
    let ends = [plant.port(closure, "port2"), plant.port(splitter, "out0")];
    let back = plant.link(ends[0], ends[1]);
    let uplink = |plant: &Plant| plant.world.device(ont).unwrap().uplink.to_vec();
    let designed = |plant: &Plant| designed_light(&plant.world, ont).unwrap().links;
    let best = [drop, middle, back, short];
    assert_eq!((uplink(&plant), designed(&plant)), (best.to_vec(), best.to_vec()));
    plant.cut(short);
    assert_eq!((uplink(&plant), designed(&plant)), (vec![drop, long], best.to_vec()));
    plant.cut(long);
    assert_eq!((uplink(&plant), designed(&plant)), (vec![], best.to_vec()));
}
