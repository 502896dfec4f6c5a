//! The optical path that a leaf has by design.

use super::light_paths::{LightPath, light_paths, links_to_olt};
use super::region::{Reach, RegionFinder};
use crate::domain::optics::budget::received_signal;
use crate::domain::{DeviceId, LinkId, Signal, World};

/// An optical path as if everything that is recorded were in service and nothing were held DOWN.
pub(in crate::domain) struct DesignedLight {
    /// The links up to the OLT, nearest first.
    pub(in crate::domain) links: Vec<LinkId>,
    pub(in crate::domain) signal: Signal,
}

/// The designed optical path of a leaf; `None` where no fibre leads to an OLT.
pub(in crate::domain) fn designed_light(world: &World, leaf: DeviceId) -> Option<DesignedLight> {
    let region = RegionFinder::default().find(world, leaf)?;
    let paths = light_paths(&region, Reach::Designed);
    let device = region.devices.iter().find(|one| one.device.id == leaf)?;
    let cell = device.cells.start;
    let LightPath { olt, .. } = paths[cell].as_ref()?;
    let loss = paths[cell].as_ref()?.loss();
    let mut links = Vec::new();
    links_to_olt(&paths, cell, &mut links);
    Some(DesignedLight { links, signal: received_signal(&olt.optics, &device.device.optics, loss) })
}
