//! Which devices have ports with a cross-connect.

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use crate::domain::{DeviceId, Edit, Interface};

/// How many ports of a device have a cross-connect; only of devices with such ports.
#[derive(Debug, Default)]
pub(super) struct JoinedPorts(FxHashMap<DeviceId, usize>);

impl JoinedPorts {
    pub(super) fn has_any(&self, device: DeviceId) -> bool {
        self.0.contains_key(&device)
    }

    pub(super) fn apply(&mut self, edit: &Edit<Interface>) {
        let device = |port: &Interface| port.cross_connect.is_some().then_some(port.device);
        let before = edit.before.as_deref().and_then(device);
        let after = edit.after.as_deref().and_then(device);
        if before == after {
            return;
        }
        if let Some(device) = before
            && let Entry::Occupied(mut count) = self.0.entry(device)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        if let Some(device) = after {
            *self.0.entry(device).or_default() += 1;
        }
    }
}
