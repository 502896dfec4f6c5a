//! An incident while it is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::flapping;
use super::report::ProblemReport;
use crate::domain::Timestamp;
use crate::store::{Closure, Incident, MaintenanceWindow, TimelineEntry, TimelineKind};

/// How often the state of a problem that came or went lately is noted for the detection of flapping.
const SAMPLE_INTERVAL: i64 = 60 * 1_000_000;

/// An incident that is being changed, and what there is to tell of it.
pub(super) struct Draft {
    pub(super) incident: Incident,
    /// What happened.
    pub(super) noted: Vec<TimelineKind>,
    now: Timestamp,
}

impl Draft {
    pub(super) fn of(incident: &Incident, now: Timestamp) -> Self {
        Self { incident: incident.clone(), noted: Vec::new(), now }
    }

    /// A new incident.
    pub(super) fn opened(id: u64, report: ProblemReport, now: Timestamp) -> Self {
        let is_lasting = report.is_lasting();
        let text = report.detail.clone();
        let incident = Incident {
            id,
            key: report.key,
            source: report.source,
            severity: report.severity,
            title: report.title,
            detail: report.detail,
            subject: report.subject,
            places: report.places,
            customer_count: report.customer_count,
            customer_count_max: report.customer_count,
            customer_count_told: report.customer_count,
            count: 1,
            occurrence: report.occurrence,
            is_lasting,
            is_active: true,
            first_seen: now,
            last_seen: now,
            acknowledgement: None,
            closure: None,
            history: flapping::push(0, true),
            sampled: now,
            is_flapping: false,
            muted_by: None,
            timeline: Vec::new(),
            timeline_removed: 0,
        };
        let mut draft = Self { incident, noted: Vec::new(), now };
        draft.note(TimelineKind::Opened, None, text);
        draft
    }

    /// Whether there is anything to tell.
    pub(super) fn is_noted(&self) -> bool {
        !self.noted.is_empty()
    }

    /// Adds an entry to the timeline, of which listeners are told.
    pub(super) fn note(
        &mut self,
        kind: TimelineKind,
        name: Option<String>,
        text: impl Into<String>,
    ) {
        self.incident.note(TimelineEntry { at: self.now, kind, name, text: text.into() });
        self.noted.push(kind);
    }

    /// Counts that the cause came again.
    pub(super) fn count_again(&mut self, report: &ProblemReport) {
        self.incident.count = self.incident.count.saturating_add(1);
        self.incident.occurrence = report.occurrence;
        self.incident.is_active = true;
        self.note(TimelineKind::Reopened, None, report.detail.clone());
    }

    /// Takes over what a source knows now.
    pub(super) fn adopt(&mut self, report: ProblemReport) {
        let incident = &mut self.incident;
        let (severity, customers) = (incident.severity, report.customer_count);
        let told = incident.customer_count_told;
        incident.severity = report.severity;
        incident.title = report.title;
        incident.detail = report.detail;
        incident.subject = report.subject;
        incident.places = report.places;
        incident.customer_count = customers;
        incident.customer_count_max = incident.customer_count_max.max(customers);
        let text = incident.detail.clone();
        // The most severe is the smallest.
        if report.severity < severity || (customers > 0 && customers >= told.saturating_mul(2)) {
            self.incident.customer_count_told = customers;
            self.note(TimelineKind::Escalated, None, text);
        } else if report.severity > severity {
            self.note(TimelineKind::Eased, None, text);
        }
    }

    pub(super) fn close(&mut self, name: Option<String>, text: impl Into<String>) {
        self.incident.closure = Some(Closure { at: self.now, name: name.clone() });
        self.note(TimelineKind::Closed, name, text);
        self.incident.is_flapping = false;
    }

    /// Notes a state that begins now for the detection of flapping, after those since the last one.
    pub(super) fn push_state(&mut self, is_problem: bool) {
        self.catch_up();
        self.push(is_problem);
        self.incident.sampled = self.now;
    }

    /// Notes that the last state has lasted until now.
    pub(super) fn catch_up(&mut self) {
        let elapsed = self.now.0.saturating_sub(self.incident.sampled.0);
        let missed = elapsed.div_euclid(SAMPLE_INTERVAL).min(i64::from(flapping::STATES));
        let last = self.incident.history & 1 == 1;
        for _ in 0..missed {
            self.push(last);
        }
        if missed != 0 {
            // Also after the clock was set back.
            self.incident.sampled = self.now;
        }
    }

    fn push(&mut self, is_problem: bool) {
        let was_flapping = self.incident.is_flapping;
        self.incident.history = flapping::push(self.incident.history, is_problem);
        if self.incident.closure.is_some() {
            return;
        }
        self.incident.is_flapping = flapping::is_flapping(self.incident.history, was_flapping);
        match (was_flapping, self.incident.is_flapping) {
            (false, true) => {
                self.note(TimelineKind::FlappingBegan, None, "The cause comes and goes");
            }
            (true, false) => {
                self.note(TimelineKind::FlappingEnded, None, "The cause no longer comes and goes");
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Mutes the incident while maintenance of its place is under way.
    pub(super) fn update_mute(&mut self, windows: &BTreeMap<u64, Arc<MaintenanceWindow>>) {
        let window = muting_window(&self.incident, windows, self.now).cloned();
        let before =
            std::mem::replace(&mut self.incident.muted_by, window.as_ref().map(|it| it.id));
        match (before, window) {
            (None, Some(window)) => {
                let text = format!("Maintenance: {}", window.reason);
                self.note(TimelineKind::Muted, Some(window.name.clone()), text);
            }
            (Some(_), None) if self.incident.is_active => {
                let text = "The maintenance has ended, and the problem still exists";
                self.note(TimelineKind::Unmuted, None, text);
            }
            (Some(_), None) => self.note(TimelineKind::Unmuted, None, "The maintenance has ended"),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

/// Whether a report says something that the incident does not have.
pub(super) fn differs(incident: &Incident, report: &ProblemReport) -> bool {
    (incident.severity, incident.customer_count, incident.subject)
        != (report.severity, report.customer_count, report.subject)
        || (&incident.title, &incident.detail, &incident.places)
            != (&report.title, &report.detail, &report.places)
}

/// The maintenance that mutes an incident now.
pub(super) fn muting_window<'w>(
    incident: &Incident,
    windows: &'w BTreeMap<u64, Arc<MaintenanceWindow>>,
    now: Timestamp,
) -> Option<&'w Arc<MaintenanceWindow>> {
    windows.values().find(|window| {
        let is_here = window.device.is_none_or(|id| incident.places.contains(&id));
        is_here && window.starts_at <= now && now < window.ends_at
    })
}

/// When the state of an incident is noted next.
pub(super) fn next_sample(incident: &Incident) -> Timestamp {
    Timestamp(incident.sampled.0.saturating_add(SAMPLE_INTERVAL))
}
