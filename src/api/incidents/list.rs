//! Listing incidents.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::view::{IncidentDetailView, IncidentView};
use crate::api::error::ApiError;
use crate::api::extract::{PathId, Query422};
use crate::api::listing::next_link;
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::Timestamp;
use crate::incidents::{Incident, IncidentError, IncidentPosition, IncidentState};
use crate::store::{Snapshot, StoreError};
use crate::util::run_blocking;

/// Most incidents in one answer, about 300 kB.
const ROWS_MAX: u64 = 500;
const ROWS_DEFAULT: u64 = 50;

/// Incidents of the appliance, and how many there are.
#[derive(Serialize, ToSchema)]
#[schema(as = Incidents)]
struct IncidentsView {
    /// How many are open, those that are acknowledged not counted.
    open_count: usize,
    acknowledged_count: usize,
    /// Open ones first, then acknowledged ones, then closed ones; each from new to old.
    incidents: Vec<IncidentView>,
}

/// Which incidents.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IncidentsQuery {
    /// `open`, `acknowledged`, `closed`, or `not_closed`, which is the first two.
    #[param(value_type = Option<String>)]
    states: &'static [IncidentState],
    /// `critical`, `major` or `minor`.
    #[param(value_type = Option<String>)]
    severity: Option<&'static str>,
    /// `network`, `job`, `check` or `service`.
    #[param(value_type = Option<String>)]
    source: Option<&'static str>,
    /// Only the incident of this problem: the one that is not closed, or else the last one.
    key: Option<String>,
    /// At most this many; the next page is in a `Link` header with `rel="next"`.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 500)]
    limit: u64,
    /// Where the list continues: as the `Link` header has it.
    #[param(value_type = Option<String>)]
    after: Option<IncidentPosition>,
}

const STATES: [&str; 4] = ["open", "acknowledged", "closed", "not_closed"];
const SEVERITIES: [&str; 3] = ["critical", "major", "minor"];
const SOURCES: [&str; 4] = ["network", "job", "check", "service"];

impl FromFields for IncidentsQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let states = fields.optional("state", parse::one_of(&STATES));
        let severity = fields.optional("severity", parse::one_of(&SEVERITIES));
        let source = fields.optional("source", parse::one_of(&SOURCES));
        let key = fields.optional("key", parse::text);
        let limit = fields.optional("limit", parse::integer_in(1, ROWS_MAX));
        let after = fields.optional("after", parse::read(read_position, AFTER_ERROR));
        Some(Self {
            states: match states {
                Some("open") => &[IncidentState::Open],
                Some("acknowledged") => &[IncidentState::Acknowledged],
                Some("closed") => &[IncidentState::Closed],
                Some(_) => &[IncidentState::Open, IncidentState::Acknowledged],
                None => &IncidentState::ALL,
            },
            severity,
            source,
            key,
            limit: limit.unwrap_or(ROWS_DEFAULT),
            after,
        })
    }
}

/// Incidents, those that are not closed first.
#[utoipa::path(
    get,
    path = "/api/incidents",
    tag = "incidents",
    params(IncidentsQuery),
    responses((status = 200, body = IncidentsView))
)]
pub(super) async fn list_incidents(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    Query422(query): Query422<IncidentsQuery>,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let (view, next) = run_blocking(move || select(&snapshot, &query)).await??;
    let mut response = Json(view).into_response();
    let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    let next = next.map(|next| next_link(&path, position_text(next)));
    if let Some(link) = next.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// One incident with its timeline, and with who was told of it.
#[utoipa::path(
    get,
    path = "/api/incidents/{id}",
    tag = "incidents",
    params(("id" = u64, Path)),
    responses((status = 200, body = IncidentDetailView))
)]
pub(super) async fn get_incident(
    State(state): State<ApiState>,
    PathId(id): PathId,
) -> Result<Json<IncidentDetailView>, ApiError> {
    let snapshot = state.handle().read();
    let incident = snapshot.incident(id)?.ok_or(IncidentError::NotFound)?;
    Ok(Json(IncidentDetailView::new(incident, snapshot.notices_of(id)?)))
}

/// Returns a page, and where the next one begins if there is one. Timelines are left out one by one: those
/// of a page may be 16 MB.
fn select(
    snapshot: &Arc<Snapshot>,
    query: &IncidentsQuery,
) -> Result<(IncidentsView, Option<IncidentPosition>), StoreError> {
    let limit = usize::try_from(query.limit).expect("at most ROWS_MAX");
    let mut page = Page { limit, incidents: Vec::new(), last: None, has_more: false };
    if let Some(key) = &query.key {
        let found = snapshot.incident_of_key(key)?;
        page.fill(found.filter(|incident| query.includes(incident)).map(Ok))?;
    } else {
        let begin = query.after.map(|after| after.state);
        for state in query.states.iter().filter(|state| begin.is_none_or(|begin| **state >= begin))
        {
            let after = query.after.filter(|after| after.state == *state);
            page.fill(snapshot.incidents(*state, after)?.filter(|incident| {
                incident.as_ref().map_or(true, |incident| query.includes(incident))
            }))?;
        }
    }
    let next = page.last.filter(|_| page.has_more);
    let view = IncidentsView {
        open_count: snapshot.incident_count(IncidentState::Open)?,
        acknowledged_count: snapshot.incident_count(IncidentState::Acknowledged)?,
        incidents: page.incidents,
    };
    Ok((view, next))
}

struct Page {
    limit: usize,
    incidents: Vec<IncidentView>,
    last: Option<IncidentPosition>,
    has_more: bool,
}

impl Page {
    fn fill(
        &mut self,
        found: impl IntoIterator<Item = Result<Incident, StoreError>>,
    ) -> Result<(), StoreError> {
        for incident in found {
            if self.incidents.len() >= self.limit {
                self.has_more = true;
                return Ok(());
            }
            let incident = incident?;
            self.last = Some(IncidentPosition::of(&incident));
            self.incidents.push(incident.into());
        }
        Ok(())
    }
}

impl IncidentsQuery {
    fn includes(&self, incident: &Incident) -> bool {
        self.states.contains(&incident.state())
            && self.severity.is_none_or(|word| word == incident.severity.as_str())
            && self.source.is_none_or(|word| word == incident.source.as_str())
    }
}

const AFTER_ERROR: &str = "Input should be a position from a Link header";

/// A position as it is written in a link: `closed.1795439016111211.7`.
fn position_text(position: IncidentPosition) -> String {
    format!("{}.{}.{}", position.state.as_str(), position.at.0, position.id)
}

fn read_position(text: &str) -> Option<IncidentPosition> {
    let mut parts = text.splitn(3, '.');
    let word = parts.next()?;
    let state = IncidentState::ALL.into_iter().find(|state| state.as_str() == word)?;
    let at = Timestamp(parts.next()?.parse().ok()?);
    Some(IncidentPosition { state, at, id: parts.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let position = IncidentPosition { state: IncidentState::Closed, at: Timestamp(-5), id: 7 };
        assert_eq!(position_text(position), "closed.-5.7");
        assert_eq!(read_position("closed.-5.7"), Some(position));
        for text in ["", "closed", "closed.1", "closed.1.2.3", "closed.x.1", "shut.1.2"] {
            assert_eq!(read_position(text), None, "{text}");
        }
    }
}
