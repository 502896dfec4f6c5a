//! The check of a site's ids, names and counters, before it is loaded into a world.

use std::collections::BTreeSet;

use super::error::{InvariantError, ensure};
use crate::domain::{Device, ID_MAX, Site};

impl Site {
    /// Checks I5, and that no id, name, serial or linked port occurs twice, which the maps of a world would
    /// hide. No id or counter is above [`ID_MAX`], so that the site can be worked on.
    pub(in crate::domain) fn check_ids(&self) -> Result<(), InvariantError> {
        if let Some((name, next)) = self.counters.out_of_bounds() {
            let what = format!("{name} is {next}, not between 1 and {}", ID_MAX + 1);
            return Err(InvariantError { invariant: "I5", what });
        }
        let ids = self.devices.iter().map(|device| device.id.0);
        let ids = ids.chain(self.interfaces.iter().map(|port| port.id.0));
        let mut ids = ids.chain(self.links.iter().map(|link| link.id.0));
        if let Some(id) = ids.find(|id| *id > ID_MAX) {
            let what = format!("id {id} is above the greatest one, {ID_MAX}");
            return Err(InvariantError { invariant: "I5", what });
        }
        unique(self.devices.iter().map(|device| device.id), "I5", "device id")?;
        unique(self.interfaces.iter().map(|port| port.id), "I5", "interface id")?;
        unique(self.links.iter().map(|link| link.id), "I5", "link id")?;
        unique(self.devices.iter().map(|device| &device.name), "I1", "device name")?;
        unique(self.devices.iter().filter_map(Device::serial), "I9", "serial")?;
        unique(self.links.iter().flat_map(|link| [link.a, link.b]), "I4", "linked interface")
    }
}

fn unique<T: Ord + std::fmt::Display>(
    items: impl Iterator<Item = T>,
    invariant: &'static str,
    what: &str,
) -> Result<(), InvariantError> {
    let mut seen = BTreeSet::new();
    for item in items {
        ensure(!seen.contains(&item), invariant, || format!("{what} {item} occurs twice"))?;
        seen.insert(item);
    }
    Ok(())
}
