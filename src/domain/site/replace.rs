//! Putting another site in the place of the current one.

use crate::domain::execute::Made;
use crate::domain::transaction::Edits;
use crate::domain::{Device, Interface, Link, Refusal, Site, recompute};

/// Removes every entity; ids go on.
pub(in crate::domain) fn clear(edits: &mut Edits<'_>) {
    let mut links: Vec<_> = edits.world().links().map(|link| link.id).collect();
    let mut interfaces: Vec<_> = edits.world().interfaces().map(|port| port.id).collect();
    let mut devices: Vec<_> = edits.world().devices().map(|device| device.id).collect();
    links.sort_unstable();
    interfaces.sort_unstable_by(|a, b| b.cmp(a));
    devices.sort_unstable();
    for id in links {
        edits.remove::<Link>(id);
    }
    for id in interfaces {
        edits.remove::<Interface>(id);
    }
    for id in devices {
        edits.remove::<Device>(id);
    }
}

/// Loads a site with its ids, times and counters as they are. Status is computed again.
///
/// # Errors
/// [`Refusal::Inconsistent`] when the site breaks an invariant, with the first one it breaks.
pub(in crate::domain) fn replace(edits: &mut Edits<'_>, site: Site) -> Result<Made, Refusal> {
    site.check_ids().map_err(Refusal::Inconsistent)?;
    clear(edits);
    for device in site.devices {
        edits.put(device);
    }
    for interface in site.interfaces {
        edits.put(interface);
    }
    for link in site.links {
        edits.put(link);
    }
    edits.raise_counters(site.counters);
    edits.keep_times();
    recompute::settle_all(edits);
    edits.world().check_invariants().map_err(Refusal::Inconsistent)?;
    Ok(Made::Nothing)
}
