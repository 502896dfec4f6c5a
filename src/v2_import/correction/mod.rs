//! Turning v2's rows into a site that holds every invariant. This never fails: a report lists what
//! was corrected or left out.
//!
//! Rows are processed in the order of their ids, so that the result does not depend on their order
//! in PostgreSQL.

mod corrector;
mod devices;
mod interfaces;
mod links;
mod names;
mod values;

pub use corrector::V2LinkStatus;

use corrector::Corrector;

use super::report::V2ImportReport;
use super::tables::{ROW_ID_MAX, RowCounts, V2Tables};
use crate::domain::{IdCounters, Refusal, ReplaceSite, Site, Timestamp, World};

/// The corrected site of v2, and what was corrected.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrectedSite {
    pub site: Site,
    pub report: V2ImportReport,
}

impl CorrectedSite {
    /// Loads the site into a world of its own, as an import does, and discards that world.
    ///
    /// # Errors
    /// [`Refusal`] of the import; no case is known.
    pub fn dry_run(self, now: Timestamp) -> Result<V2ImportReport, Refusal> {
        World::default().execute(ReplaceSite(self.site), now)?;
        Ok(self.report)
    }
}

/// Applies [`super::CORRECTION_RULES`] to v2's tables. `now` replaces times that v2 lacks or that
/// cannot be read, and is the beginning of each status, which v2 does not record.
pub fn correct(mut tables: V2Tables, link_status: V2LinkStatus, now: Timestamp) -> CorrectedSite {
    tables.sort();
    let mut corrector = Corrector { now, link_status, report: V2ImportReport::default() };
    corrector.report.read = tables.counts();
    let next_ids = tables.next_ids;
    let devices = devices::correct(&mut corrector, tables.devices);
    let mut ports = interfaces::correct(&mut corrector, &devices, tables.interfaces);
    ports.next_id = next_id(ports.interfaces.last().map(|port| port.id.0), next_ids.interface);
    let links = links::correct(&mut corrector, &mut ports, &tables.links);
    let counters = IdCounters {
        device: next_id(devices.last().map(|device| device.id.0), next_ids.device),
        interface: ports.next_id,
        link: next_id(links.last().map(|link| link.id.0), next_ids.link),
    };
    let site = Site { counters, devices, interfaces: ports.interfaces, links };
    let mut report = corrector.report;
    report.loaded = RowCounts {
        devices: site.devices.len(),
        interfaces: site.interfaces.len(),
        links: site.links.len(),
    };
    report.findings.sort_by_key(|finding| (finding.table, finding.id, finding.rule));
    CorrectedSite { site, report }
}

/// The next id: above the greatest one, and not below the next id of v2's sequence.
fn next_id(greatest: Option<u64>, next_in_v2: Option<u64>) -> u64 {
    let after = greatest.map_or(1, |id| id.saturating_add(1));
    after.max(next_in_v2.unwrap_or(1).min(ROW_ID_MAX))
}
