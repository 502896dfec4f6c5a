//! Writing incidents and maintenance windows.

use std::sync::Arc;

use redb::{ReadableTable, WriteTransaction};

use super::incident::{Incident, IncidentState};
use super::maintenance::MaintenanceWindow;
use super::read::{IncidentCounters, IncidentPosition, read_incident, state_code};
use super::record::{encode_incident, encode_window};
use crate::domain::Timestamp;
use crate::store::error::StoreError;
use crate::store::notices::{self, NoticeBatch};
use crate::store::open::Store;
use crate::store::snapshot::Snapshot;
use crate::store::tables;
use crate::util::Usage;

/// Closed incidents that are kept: five a day for 400 days; about 4 MB, at most 80 MB with full timelines.
pub const CLOSED_INCIDENTS_MAX: usize = 2000;
/// How long a closed incident is kept, 400 days: the same month of the last year can be compared.
pub const CLOSED_INCIDENT_AGE_US_MAX: i64 = 400 * 24 * 60 * 60 * 1_000_000;

/// What to write in one transaction.
#[derive(Clone, Debug)]
pub struct IncidentBatch {
    pub at: Timestamp,
    pub counters: IncidentCounters,
    /// As they are from now on.
    pub incidents: Vec<Arc<Incident>>,
    pub windows: Vec<Arc<MaintenanceWindow>>,
    /// Windows that are forgotten.
    pub removed_windows: Vec<u64>,
    /// Who is to be told of it.
    pub notices: NoticeBatch,
}

impl Snapshot {
    /// How many closed incidents are kept.
    pub fn closed_incident_usage(&self) -> Result<Usage, StoreError> {
        Ok(Usage::of(self.incident_count(IncidentState::Closed)?, CLOSED_INCIDENTS_MAX))
    }
}

impl Store {
    /// Remembers incidents, maintenance windows and notices in one durable transaction; closed incidents that are
    /// too many or too old are forgotten. The site and its seq stay what they are.
    pub fn save_incidents(&self, batch: &IncidentBatch) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        for incident in &batch.incidents {
            save_incident(&tx, incident)?;
        }
        if batch.incidents.iter().any(|incident| incident.state() == IncidentState::Closed) {
            forget_old(&tx, batch.at)?;
        }
        {
            let mut windows = tx.open_table(tables::MAINTENANCE)?;
            for window in &batch.windows {
                windows.insert(window.id, encode_window(window).as_slice())?;
            }
            for id in &batch.removed_windows {
                windows.remove(id)?;
            }
            let IncidentCounters { next_incident, next_window } = batch.counters;
            tx.open_table(tables::INCIDENT_COUNTERS)?.insert((), (next_incident, next_window))?;
        }
        notices::save(&tx, &batch.notices)?;
        tx.commit()?;
        Ok(())
    }
}

fn save_incident(tx: &WriteTransaction, incident: &Incident) -> Result<(), StoreError> {
    let mut records = tx.open_table(tables::INCIDENTS)?;
    let mut order = tx.open_table(tables::INCIDENT_ORDER)?;
    if let Some(before) = read_incident(&records, incident.id)? {
        order.remove(IncidentPosition::of(&before).key())?;
    }
    order.insert(IncidentPosition::of(incident).key(), ())?;
    records.insert(incident.id, encode_incident(incident).as_slice())?;
    let mut keys = tx.open_table(tables::INCIDENT_KEYS)?;
    let last = keys.get(incident.key.as_str())?.map_or(0, |id| id.value());
    // A note may be added to an older one.
    if last < incident.id {
        keys.insert(incident.key.as_str(), incident.id)?;
    }
    Ok(())
}

fn forget_old(tx: &WriteTransaction, now: Timestamp) -> Result<(), StoreError> {
    let mut records = tx.open_table(tables::INCIDENTS)?;
    let mut order = tx.open_table(tables::INCIDENT_ORDER)?;
    let mut keys = tx.open_table(tables::INCIDENT_KEYS)?;
    let code = state_code(IncidentState::Closed);
    let mut closed = Vec::new();
    for row in order.range((code, i64::MIN, 0)..=(code, i64::MAX, u64::MAX))? {
        closed.push(row?.0.value());
    }
    let surplus = closed.len().saturating_sub(CLOSED_INCIDENTS_MAX);
    let oldest = now.0.saturating_sub(CLOSED_INCIDENT_AGE_US_MAX);
    let is_old = |index: usize, at: i64| index < surplus || at < oldest;
    let old = closed.into_iter().enumerate().take_while(|(index, key)| is_old(*index, key.1));
    for (_, key) in old {
        let forgotten = read_incident(&records, key.2)?;
        order.remove(key)?;
        records.remove(key.2)?;
        let Some(forgotten) = forgotten else { continue };
        let is_last = keys.get(forgotten.key.as_str())?.is_some_and(|id| id.value() == key.2);
        if is_last {
            keys.remove(forgotten.key.as_str())?;
        }
    }
    Ok(())
}
