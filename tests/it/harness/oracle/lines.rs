//! What serves each leaf: the access node, its port and the splitter.

use std::collections::BTreeMap;

use unoc::domain::{AccessLine, DeviceId, DeviceType, ServedBy, World};

use super::Oracle;
use super::status::{LightPath, Passages, Place, best_path, is_leaf};
use super::tables::is_passive;
use DeviceType as T;

impl Oracle {
    /// What serves each leaf: along its path, or else along the one it would have if everything were in use.
    pub(super) fn recompute_lines(
        &mut self,
        passages: &Passages,
        paths: &BTreeMap<Place, LightPath>,
        program: &World,
    ) {
        let all = self.steps_over(|_| true);
        let designed = self.light_paths(&all, passages, |_| true);
        let switches = self.all(|device| device.device_type == T::AonSwitch);
        let built = self.reached(&all, passages, &switches, |one| is_passive(one.device_type));
        for id in self.all(is_leaf) {
            let served_by = if self.devices[&id].device_type == T::AonCpe {
                let chosen = program.device(DeviceId(id)).and_then(|one| one.served_by.clone());
                assert_eq!(chosen.is_some(), built.contains(&id), "the switch of {id}");
                if let Some(served) = &chosen {
                    self.check_switch(id, served);
                }
                chosen
            } else {
                let path = best_path(paths, id).or_else(|| best_path(&designed, id));
                path.map(|path| self.line_of(path))
            };
            self.devices.get_mut(&id).expect("it was found before").served_by = served_by;
        }
    }

    /// The line of a CPE is at the end of its path, or else at some switch.
    fn check_switch(&self, cpe: u64, served: &ServedBy) {
        let port = &self.interfaces[&served.line.port.0];
        assert_eq!((port.device, &port.name), (served.line.node, &served.line.port_name));
        assert_eq!(self.devices[&port.device.0].device_type, T::AonSwitch);
        if let Some(last) = self.devices[&cpe].uplink.last() {
            let link = &self.links[&last.0];
            assert!([link.a, link.b].contains(&port.id), "the port of {cpe}");
        }
    }

    fn line_of(&self, path: &LightPath) -> ServedBy {
        let port_at = |(device, link): &(u64, u64)| {
            let link = &self.links[link];
            let ports = [link.a, link.b].map(|port| &self.interfaces[&port.0]);
            ports.into_iter().find(|port| port.device.0 == *device).expect("the link ends there")
        };
        let is_splitter = |node: &&(u64, u64)| self.devices[&node.0].device_type == T::Splitter;
        let splitter = path.nodes.iter().find(is_splitter);
        let port = port_at(path.nodes.last().expect("it begins at an OLT"));
        let line = AccessLine {
            node: port.device,
            port: port.id,
            port_name: port.name.clone(),
            splitter: splitter.map(|(device, _)| DeviceId(*device)),
        };
        let splitter_port = splitter.map(|node| port_at(node).id);
        ServedBy { line: line.into(), splitter_port }
    }
}
