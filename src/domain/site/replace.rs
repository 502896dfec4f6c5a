//! Putting a given site in the place of the current one.

use super::Site;
use crate::domain::command::{Command, CommandKind};
use crate::domain::plant::assumed_joins::join_site_without_cross_connects;
use crate::domain::transaction::Transaction;
use crate::domain::{AccessLines, Device, Interface, Link, Refusal, World, recompute};

/// Puts this site in the place of the current one, ids, times and counters as given; a greater
/// counter of the current site stays. Every status is computed again.
///
/// Refused with [`Refusal::Inconsistent`] when the site breaks an invariant: the first one.
#[derive(Clone, Debug)]
pub struct ReplaceSite(pub Site);

impl Command for ReplaceSite {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::ReplaceSite
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        let Self(site) = self;
        site.check_ids().map_err(Refusal::Inconsistent)?;
        clear(transaction);
        let mut lines = AccessLines::default();
        for mut device in site.devices {
            device.served_by.iter_mut().for_each(|served| lines.share(served));
            transaction.put(device);
        }
        for interface in site.interfaces {
            transaction.put(interface);
        }
        for link in site.links {
            transaction.put(link);
        }
        transaction.raise_counters(site.counters);
        transaction.keep_times();
        join_site_without_cross_connects(transaction);
        recompute::recompute_all(transaction);
        transaction.world().check_invariants().map_err(Refusal::Inconsistent)
    }

    fn reply(_: &World, (): ()) {}
}

/// Removes every entity; ids go on.
pub(super) fn clear(transaction: &mut Transaction<'_>) {
    let mut links: Vec<_> = transaction.world().links().map(|link| link.id).collect();
    let mut interfaces: Vec<_> = transaction.world().interfaces().map(|port| port.id).collect();
    let mut devices: Vec<_> = transaction.world().devices().map(|device| device.id).collect();
    links.sort_unstable();
    interfaces.sort_unstable_by(|a, b| b.cmp(a));
    devices.sort_unstable();
    for id in links {
        transaction.remove::<Link>(id);
    }
    for id in interfaces {
        transaction.remove::<Interface>(id);
    }
    for id in devices {
        transaction.remove::<Device>(id);
    }
}
