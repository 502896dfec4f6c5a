//! Random commands on cross-connects, split ratios and lifecycles.

use unoc::domain::{
    AddCrossConnects, CreateLink, DeviceId, DevicePatch, DeviceType, EndJoin, InterfaceId,
    Lifecycle, LinkPatch, NewCrossConnect, ProvisionDevice, RemoveCrossConnect,
    ReplaceCrossConnects, SplitRatio, UpdateDevice, UpdateLink, World,
};

use super::any_command::AnyCommand;
use super::commands::Generator;

impl Generator {
    pub(super) fn plant_command(&mut self, world: &World) -> AnyCommand {
        match self.rng.below(20) {
            0..7 => {
                let device = self.through_part(world);
                let cross_connects = self.cross_connects(world, device);
                AddCrossConnects { device, cross_connects }.into()
            }
            7 | 8 => {
                let device = self.through_part(world);
                let cross_connects = self.cross_connects(world, device);
                ReplaceCrossConnects { device, cross_connects }.into()
            }
            9..11 => {
                let device = self.through_part(world);
                let joined = |port: &&InterfaceId| {
                    world.interface(**port).is_some_and(|port| port.cross_connect.is_some())
                };
                let joined = world.ports(device).iter().find(joined).copied();
                let port = joined.unwrap_or_else(|| self.port_of(world, device));
                RemoveCrossConnect { device, port }.into()
            }
            11..13 => {
                let id = self.of_types(world, &[DeviceType::Splitter]);
                let split_ratio = self.rng.chance(90).then(|| self.rng.one_of(&SplitRatio::ALL));
                let patch =
                    DevicePatch { split_ratio: Some(split_ratio), ..DevicePatch::default() };
                UpdateDevice { id, patch }.into()
            }
            13 | 14 => {
                let mut new = self.new_device(world);
                new.device_type =
                    if self.rng.chance(95) { DeviceType::Splitter } else { new.device_type };
                new.optics.pon_class = None;
                new.optics.split_ratio = SplitRatio::new(2);
                ProvisionDevice::from(new).into()
            }
            15 => {
                let id = self.device(world);
                let lifecycle = Some(self.rng.one_of(&Lifecycle::ALL));
                UpdateDevice { id, patch: DevicePatch { lifecycle, ..DevicePatch::default() } }
                    .into()
            }
            16 => {
                let id = self.link(world);
                let lifecycle = Some(self.rng.one_of(&Lifecycle::ALL));
                UpdateLink { id, patch: LinkPatch { lifecycle, ..LinkPatch::default() } }.into()
            }
            _ => {
                let mut link: CreateLink = self.new_link(world);
                let part = world.interface(link.a).map(|port| port.device);
                let part = part.unwrap_or_else(|| self.through_part(world));
                link.joins[0] = EndJoin::With(self.port_of(world, part));
                link.into()
            }
        }
    }

    fn cross_connects(&mut self, world: &World, device: DeviceId) -> Vec<NewCrossConnect> {
        let count = 1 + self.rng.below(2);
        let new = |_| {
            let ports = [self.port_of(world, device), self.port_of(world, device)];
            let loss_db = self.rng.chance(40).then(|| self.rng.quarter().abs() / 100.0);
            NewCrossConnect { ports, loss_db }
        };
        (0..count).map(new).collect()
    }

    /// Mostly one with a link.
    fn port_of(&mut self, world: &World, device: DeviceId) -> InterfaceId {
        let ports = world.ports(device);
        if ports.is_empty() || self.rng.chance(3) {
            return self.port(world);
        }
        let linked: Vec<InterfaceId> =
            ports.iter().copied().filter(|port| world.link_at(*port).is_some()).collect();
        if linked.is_empty() || self.rng.chance(20) {
            self.rng.one_of(ports)
        } else {
            self.rng.one_of(&linked)
        }
    }

    fn through_part(&mut self, world: &World) -> DeviceId {
        self.of_types(world, &[DeviceType::Odf, DeviceType::Nvt, DeviceType::Hop])
    }

    fn of_types(&mut self, world: &World, types: &[DeviceType]) -> DeviceId {
        self.device_where(world, |world, id| {
            world.device(id).is_some_and(|device| types.contains(&device.device_type))
        })
    }
}
