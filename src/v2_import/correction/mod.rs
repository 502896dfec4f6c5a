//! From v2's rows to a site that holds every invariant: never an error, always a report.
//!
//! Rows are looked at in the order of their ids, so that the result does not depend on the order
//! in which PostgreSQL kept them.

mod devices;
mod interfaces;
mod links;
mod names;
mod values;

use super::report::{Report, RowCounts};
use super::tables::{ROW_ID_MAX, Table, Tables};
use crate::domain::{IdCounters, Refusal, ReplaceSite, Site, Timestamp, World};

/// What becomes of the status that stands at v2's links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkStatus {
    /// It is computed: v2 never did, and what stands there is the default of its table.
    #[default]
    Computed,
    /// DOWN and DEGRADED are held by an override, as if an operator had set them.
    Held,
}

/// v2's site in the form of this program, and what was mended for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mended {
    pub site: Site,
    pub report: Report,
}

impl Mended {
    /// Loads the site into a world of its own, as an import would, and throws that world away.
    ///
    /// # Errors
    /// The refusal that an import would meet; none is known.
    pub fn rehearse(self, now: Timestamp) -> Result<Report, Refusal> {
        World::default().execute(ReplaceSite(self.site), now)?;
        Ok(self.report)
    }
}

/// Applies [`super::MENDING_RULES`] to v2's tables. `now` stands where v2 has no time that can be
/// read, and is the time since when each status counts, which v2 does not know.
pub fn mend(mut tables: Tables, link_status: LinkStatus, now: Timestamp) -> Mended {
    tables.sort();
    let mut mending = Mending { now, link_status, report: Report::default() };
    mending.report.read = tables.counts();
    let next_ids = tables.next_ids;
    let devices = devices::mend(&mut mending, tables.devices);
    let mut plant = interfaces::mend(&mut mending, &devices, tables.interfaces);
    plant.next_id = next_id(plant.interfaces.last().map(|port| port.id.0), next_ids.interface);
    let links = links::mend(&mut mending, &mut plant, &tables.links);
    let counters = IdCounters {
        device: next_id(devices.last().map(|device| device.id.0), next_ids.device),
        interface: plant.next_id,
        link: next_id(links.last().map(|link| link.id.0), next_ids.link),
    };
    let site = Site { counters, devices, interfaces: plant.interfaces, links };
    let mut report = mending.report;
    report.loaded = RowCounts {
        devices: site.devices.len(),
        interfaces: site.interfaces.len(),
        links: site.links.len(),
    };
    report.findings.sort_by_key(|finding| (finding.table, finding.id, finding.rule));
    Mended { site, report }
}

/// What every step of mending needs.
struct Mending {
    now: Timestamp,
    link_status: LinkStatus,
    report: Report,
}

/// A row, for the report.
type RowKey = (Table, i64);

/// Ids go on after the greatest one and after what v2's sequence has given out already.
fn next_id(greatest: Option<u64>, next_in_v2: Option<u64>) -> u64 {
    let after = greatest.map_or(1, |id| id.saturating_add(1));
    after.max(next_in_v2.unwrap_or(1).min(ROW_ID_MAX))
}

/// The row's id, if it can be kept: from 1 to [`ROW_ID_MAX`], and not that of the row before it.
fn kept_id(mending: &mut Mending, (table, id): RowKey, last: &mut Option<i64>) -> Option<u64> {
    use super::rules::RuleId;
    let is_twice = last.replace(id) == Some(id);
    let kept = u64::try_from(id).ok().filter(|kept| (1..=ROW_ID_MAX).contains(kept) && !is_twice);
    if kept.is_none() {
        let found = match id {
            _ if is_twice => "the id occurs twice",
            ..1 => "the id is below 1",
            1.. => "the id is too large",
        };
        mending.report.note(RuleId::BadId, (table, id), found, "left out");
    }
    kept
}
