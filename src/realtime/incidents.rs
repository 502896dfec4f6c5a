//! The event `incidents` of the namespace `/live`: which incidents changed.
//!
//! It has their ids only: a client reads what it shows. `ids` is null when there are more than a client
//! reads one by one.

use serde::Serialize;

use super::fanout::Event;
use crate::incidents::IncidentNews;

/// Incidents in one event.
const IDS_MAX: usize = 100;

#[derive(Serialize)]
struct ChangedIncidents {
    ids: Option<Vec<u64>>,
    /// Whether maintenance windows changed.
    has_maintenance: bool,
}

pub(super) fn changed(news: &IncidentNews) -> Event {
    let ids: Vec<u64> = news.incidents.iter().map(|incident| incident.id).collect();
    let ids = Some(ids).filter(|ids| ids.len() <= IDS_MAX);
    Event::new("incidents", &ChangedIncidents { ids, has_maintenance: news.has_windows })
}

/// Asks clients to read all that they show.
pub(super) fn missed() -> Event {
    Event::new("incidents", &ChangedIncidents { ids: None, has_maintenance: true })
}
