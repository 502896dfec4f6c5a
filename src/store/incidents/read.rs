//! Reading incidents and maintenance windows.

use std::ops::Bound;

use redb::ReadableTable;

use super::incident::{Incident, IncidentState};
use super::maintenance::MaintenanceWindow;
use super::record::{decode_incident, decode_window};
use crate::domain::Timestamp;
use crate::store::error::StoreError;
use crate::store::snapshot::{Snapshot, open_if_written};
use crate::store::tables;

/// A place in the list of incidents, which orders them by state and then from new to old: those that are
/// not closed by the time they were first seen, the others by the time they were closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentPosition {
    pub state: IncidentState,
    pub at: Timestamp,
    pub id: u64,
}

/// The ids of the next incident and of the next maintenance window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncidentCounters {
    pub next_incident: u64,
    pub next_window: u64,
}

impl Default for IncidentCounters {
    fn default() -> Self {
        Self { next_incident: 1, next_window: 1 }
    }
}

impl IncidentPosition {
    pub fn of(incident: &Incident) -> Self {
        let at = incident.closure.as_ref().map_or(incident.first_seen, |closure| closure.at);
        Self { state: incident.state(), at, id: incident.id }
    }

    pub(super) fn key(self) -> (u8, i64, u64) {
        (state_code(self.state), self.at.0, self.id)
    }
}

impl Snapshot {
    pub fn incident(&self, id: u64) -> Result<Option<Incident>, StoreError> {
        let Some(table) = open_if_written(self.transaction(), tables::INCIDENTS)? else {
            return Ok(None);
        };
        read_incident(&table, id)
    }

    /// The incident of a problem: the one that is not closed, or else the last one.
    pub fn incident_of_key(&self, key: &str) -> Result<Option<Incident>, StoreError> {
        let Some(keys) = open_if_written(self.transaction(), tables::INCIDENT_KEYS)? else {
            return Ok(None);
        };
        let Some(id) = keys.get(key)?.map(|id| id.value()) else { return Ok(None) };
        self.incident(id)
    }

    /// Incidents of one state, the newest first, beginning after a position of that state.
    pub fn incidents(
        &self,
        state: IncidentState,
        after: Option<IncidentPosition>,
    ) -> Result<impl Iterator<Item = Result<Incident, StoreError>> + use<>, StoreError> {
        let code = state_code(state);
        let end = match after {
            Some(after) => Bound::Excluded((code, after.at.0, after.id)),
            None => Bound::Included((code, i64::MAX, u64::MAX)),
        };
        let index = open_if_written(self.transaction(), tables::INCIDENT_ORDER)?;
        let records = open_if_written(self.transaction(), tables::INCIDENTS)?;
        let rows = match index {
            Some(index) => Some(index.range((Bound::Included((code, i64::MIN, 0)), end))?.rev()),
            None => None,
        };
        let found = rows.into_iter().flatten().filter_map(move |row| {
            let id = match row {
                Ok((key, _)) => key.value().2,
                Err(error) => return Some(Err(error.into())),
            };
            read_incident(records.as_ref()?, id).transpose()
        });
        Ok(found)
    }

    /// How many incidents have this state.
    pub fn incident_count(&self, state: IncidentState) -> Result<usize, StoreError> {
        let Some(index) = open_if_written(self.transaction(), tables::INCIDENT_ORDER)? else {
            return Ok(0);
        };
        let code = state_code(state);
        Ok(index.range((code, i64::MIN, 0)..=(code, i64::MAX, u64::MAX))?.count())
    }

    /// Every maintenance window, also those that have ended, by id.
    pub fn maintenance_windows(&self) -> Result<Vec<MaintenanceWindow>, StoreError> {
        let Some(table) = open_if_written(self.transaction(), tables::MAINTENANCE)? else {
            return Ok(Vec::new());
        };
        let rows = table.iter()?;
        rows.map(|row| {
            let (id, value) = row?;
            decode_window(id.value(), value.value())
        })
        .collect()
    }

    pub fn incident_counters(&self) -> Result<IncidentCounters, StoreError> {
        let Some(table) = open_if_written(self.transaction(), tables::INCIDENT_COUNTERS)? else {
            return Ok(IncidentCounters::default());
        };
        let counters = table.get(())?.map(|counters| counters.value());
        Ok(counters.map_or_else(IncidentCounters::default, |(next_incident, next_window)| {
            IncidentCounters { next_incident, next_window }
        }))
    }
}

pub(super) fn read_incident(
    table: &impl ReadableTable<u64, &'static [u8]>,
    id: u64,
) -> Result<Option<Incident>, StoreError> {
    table.get(id)?.map(|value| decode_incident(id, value.value())).transpose()
}

/// The state's number in keys.
pub(super) const fn state_code(state: IncidentState) -> u8 {
    match state {
        IncidentState::Open => 1,
        IncidentState::Acknowledged => 2,
        IncidentState::Closed => 3,
    }
}
