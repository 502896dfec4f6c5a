//! The rules: what reports, actions and the passing of time make of incidents. The time is an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::action::{ActionKind, IncidentAction, WindowPlan};
use super::capacity::{NETWORK_INCIDENTS_MAX, is_full};
use super::draft::{Draft, differs, muting_window, next_sample};
use super::erasure::{self, ERASED};
use super::error::IncidentError;
use super::event::{IncidentEvent, IncidentNews};
use super::flapping;
use super::report::ProblemReport;
use crate::domain::{DeviceId, Severity, Timestamp};
use crate::store::{
    Acknowledgement, CLOSED_INCIDENT_AGE_US_MAX, Incident, IncidentBatch, IncidentCounters,
    IncidentSource, MaintenanceWindow, NoticeBatch, TimelineKind,
};

/// A problem that comes again within this time is the same incident: a fibre that is being spliced.
pub const REOPEN_WITHIN: i64 = 10 * MINUTE;
/// Closed incidents that are remembered because they may come again: a storm that comes and goes.
const CLOSED_MAX: usize = 2 * NETWORK_INCIDENTS_MAX;
/// Maintenance windows that have not ended.
pub(super) const WINDOWS_MAX: usize = 200;
/// Maintenance windows that have ended and are still shown.
const ENDED_WINDOWS_MAX: usize = 100;
/// An event that nobody closed is over after this time without another one.
const EVENT_EXPIRY: i64 = 7 * 24 * 60 * MINUTE;
const MINUTE: i64 = 60 * 1_000_000;
/// The incident that stands for the problems of the network that have none of their own.
const OVERFLOW_KEY: &str = "service:overflow";

/// All incidents that are not closed, and those that may still come again.
///
/// Invariants:
/// 1. A key is in `open` or in `closed`, never in both.
/// 2. An incident whose cause is gone is in `open` only while it flaps.
#[derive(Clone, Debug, Default)]
pub struct IncidentBook {
    counters: IncidentCounters,
    open: BTreeMap<String, Arc<Incident>>,
    closed: BTreeMap<String, Arc<Incident>>,
    windows: BTreeMap<u64, Arc<MaintenanceWindow>>,
    changes: BookChanges,
}

/// What is to be written, and told afterwards.
#[derive(Clone, Debug, Default)]
pub struct BookChanges {
    incidents: BTreeMap<u64, Arc<Incident>>,
    windows: BTreeMap<u64, Arc<MaintenanceWindow>>,
    removed_windows: BTreeSet<u64>,
    events: Vec<IncidentEvent>,
}

impl BookChanges {
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty() && !self.has_windows()
    }

    fn has_windows(&self) -> bool {
        !self.windows.is_empty() || !self.removed_windows.is_empty()
    }
}

impl IncidentBook {
    /// A book with the counters and windows of the store, to which its incidents are added by
    /// [`IncidentBook::restore`].
    pub fn new(
        counters: IncidentCounters,
        windows: impl IntoIterator<Item = MaintenanceWindow>,
    ) -> Self {
        let windows = windows.into_iter().map(|it| (it.id, Arc::new(it))).collect();
        Self { counters, windows, ..Self::default() }
    }

    /// Adds an incident of the store, unless it is closed and does not matter any longer.
    pub fn restore(&mut self, incident: Incident, now: Timestamp) {
        let key = incident.key.clone();
        if incident.closure.is_none() {
            self.closed.remove(&key);
            self.open.insert(key, Arc::new(incident));
            return;
        }
        let is_last = self.closed.get(&key).is_none_or(|other| other.id < incident.id);
        if may_return(&incident, now) && is_last && !self.open.contains_key(&key) {
            self.closed.insert(key, Arc::new(incident));
        }
    }

    /// Incidents that are not closed, by key.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.open.values()
    }

    /// Whether the key has an incident that is not closed.
    pub fn has_open(&self, key: &str) -> bool {
        self.open.contains_key(key)
    }

    /// Notes a problem that exists.
    ///
    /// # Errors
    /// [`IncidentError::Full`]: there are too many incidents for another one.
    pub fn observe(&mut self, report: ProblemReport, now: Timestamp) -> Result<(), IncidentError> {
        let report = report.bounded();
        if let Some(incident) = self.open.get(&report.key) {
            let incident = Arc::clone(incident);
            self.observe_again(&incident, report, now);
            return Ok(());
        }
        let closed = self.closed.get(&report.key).cloned();
        let is_counted =
            |it: &Arc<Incident>| report.occurrence != 0 && report.occurrence == it.occurrence;
        if closed.as_ref().is_some_and(is_counted) {
            return Ok(());
        }
        if is_full(self.open.values(), report.source, report.severity) {
            return Err(IncidentError::Full { refused: 1 });
        }
        match closed.filter(|incident| is_recent(incident, now)) {
            Some(incident) => self.reopen(&incident, report, now),
            None => {
                let id = self.counters.next_incident;
                self.counters.next_incident += 1;
                let mut draft = Draft::opened(id, report, now);
                draft.update_mute(&self.windows);
                self.put(draft);
            }
        }
        Ok(())
    }

    /// Notes that a problem does not exist any longer.
    pub fn clear(&mut self, key: &str, now: Timestamp) {
        let Some(incident) = self.open.get(key) else { return };
        if !incident.is_active {
            return;
        }
        let mut draft = Draft::of(incident, now);
        draft.incident.is_active = false;
        draft.incident.last_seen = now;
        draft.push_state(false);
        if draft.incident.is_flapping {
            draft.note(TimelineKind::Gone, None, "The cause is gone, but it comes and goes");
        } else {
            draft.close(None, "The cause is gone");
        }
        self.put(draft);
    }

    /// Notes all problems of a source, whose keys begin with `prefix`: those that are not among `reports`
    /// do not exist any longer. Returns the keys of those that were refused because there are too many.
    #[must_use]
    pub fn reconcile(
        &mut self,
        prefix: &str,
        reports: Vec<ProblemReport>,
        now: Timestamp,
    ) -> BTreeSet<String> {
        let reported: BTreeSet<&str> = reports.iter().map(|report| report.key.as_str()).collect();
        let of_source = self.open.range(prefix.to_owned()..).map(|(key, _)| key);
        let of_source = of_source.take_while(|key| key.starts_with(prefix));
        let gone: Vec<String> =
            of_source.filter(|key| !reported.contains(key.as_str())).cloned().collect();
        for key in gone {
            self.clear(&key, now);
        }
        let mut refused = BTreeSet::new();
        for report in reports {
            let key = report.key.clone();
            if self.observe(report, now).is_err() {
                refused.insert(key);
            }
        }
        refused
    }

    /// Notes all problems of the network; `unlisted` ones exist, but are not among the reports. Those
    /// that get no incident of their own are counted by one of the service. Returns the keys of the
    /// reports among them.
    pub fn reconcile_network(
        &mut self,
        reports: Vec<ProblemReport>,
        unlisted: usize,
        now: Timestamp,
    ) -> BTreeSet<String> {
        let refused = self.reconcile(NETWORK_PREFIX, reports, now);
        let count = refused.len() + unlisted;
        if count == 0 {
            self.clear(OVERFLOW_KEY, now);
            return refused;
        }
        let title = "The network has more problems than incidents are kept for";
        let detail = format!("{count} more are listed among the problems only");
        let source = IncidentSource::Service;
        let overflow =
            ProblemReport::lasting(source, OVERFLOW_KEY, Severity::Critical, title, detail);
        // The service itself is never refused.
        self.observe(overflow, now).ok();
        refused
    }

    /// Does what a person wants. `stored` is the incident of this id if it is not among the open ones.
    ///
    /// # Errors
    /// [`IncidentError::NotFound`], [`IncidentError::Closed`], [`IncidentError::StillActive`].
    pub fn act(
        &mut self,
        id: u64,
        action: IncidentAction,
        stored: Option<Incident>,
        now: Timestamp,
    ) -> Result<(), IncidentError> {
        let IncidentAction { name, kind } = action;
        let found = self.open.values().find(|incident| incident.id == id).cloned();
        let incident = found.or(stored.map(Arc::new)).ok_or(IncidentError::NotFound)?;
        let mut draft = Draft::of(&incident, now);
        let is_closed = incident.closure.is_some();
        match kind {
            ActionKind::Note { text } => draft.note(TimelineKind::Noted, Some(name), text),
            ActionKind::Acknowledge { .. } | ActionKind::Close { .. } if is_closed => {
                return Err(IncidentError::Closed);
            }
            ActionKind::Acknowledge { note } => {
                draft.incident.acknowledgement =
                    Some(Acknowledgement { name: name.clone(), note: note.clone(), at: now });
                draft.note(TimelineKind::Acknowledged, Some(name), note.unwrap_or_default());
            }
            ActionKind::Close { .. } if incident.is_lasting && incident.is_active => {
                return Err(IncidentError::StillActive);
            }
            ActionKind::Close { note } => {
                draft.incident.is_active = false;
                draft.close(Some(name), note.unwrap_or_default());
            }
        }
        self.put(draft);
        Ok(())
    }

    /// Erases what people wrote about an incident. `stored` is the incident of this id if it is not among
    /// the open ones. Returns whether there was any such text.
    pub fn erase_texts(&mut self, id: u64, stored: Option<Incident>, now: Timestamp) -> bool {
        let found = self.open.values().find(|incident| incident.id == id).cloned();
        let Some(incident) = found.or(stored.map(Arc::new)) else { return false };
        let mut draft = Draft::of(&incident, now);
        erasure::erase_texts(&mut draft.incident);
        let is_changed = draft.incident != *incident;
        if is_changed {
            self.put(draft);
        }
        is_changed
    }

    /// Erases the reasons of the maintenance of these devices.
    pub fn erase_window_reasons(&mut self, devices: &BTreeSet<DeviceId>) {
        let is_about = |window: &MaintenanceWindow| {
            window.device.is_some_and(|id| devices.contains(&id)) && window.reason != ERASED
        };
        for window in self.windows.values_mut().filter(|window| is_about(window)) {
            ERASED.clone_into(&mut Arc::make_mut(window).reason);
            self.changes.windows.insert(window.id, Arc::clone(window));
        }
    }

    /// Plans maintenance, which may begin at once.
    ///
    /// # Errors
    /// [`IncidentError::WindowOrder`], [`IncidentError::WindowOver`], [`IncidentError::WindowsFull`].
    pub fn add_window(
        &mut self,
        plan: WindowPlan,
        now: Timestamp,
    ) -> Result<Arc<MaintenanceWindow>, IncidentError> {
        let WindowPlan { device, starts_at, ends_at, reason, name } = plan;
        if ends_at <= starts_at {
            return Err(IncidentError::WindowOrder);
        }
        if ends_at <= now {
            return Err(IncidentError::WindowOver);
        }
        let mut ended: Vec<_> =
            self.windows.values().filter(|window| window.ends_at <= now).collect();
        if self.windows.len() - ended.len() >= WINDOWS_MAX {
            return Err(IncidentError::WindowsFull { max: WINDOWS_MAX });
        }
        ended.sort_by_key(|window| std::cmp::Reverse(window.ends_at));
        let forgotten: Vec<u64> =
            ended.iter().skip(ENDED_WINDOWS_MAX).map(|window| window.id).collect();
        for id in forgotten {
            self.windows.remove(&id);
            self.changes.removed_windows.insert(id);
        }
        let id = self.counters.next_window;
        self.counters.next_window += 1;
        let window = Arc::new(MaintenanceWindow { id, device, starts_at, ends_at, reason, name });
        self.windows.insert(id, Arc::clone(&window));
        self.changes.windows.insert(id, Arc::clone(&window));
        self.update_mutes(now);
        Ok(window)
    }

    /// Deletes a maintenance window, which ends it.
    ///
    /// # Errors
    /// [`IncidentError::WindowNotFound`].
    pub fn remove_window(&mut self, id: u64, now: Timestamp) -> Result<(), IncidentError> {
        self.windows.remove(&id).ok_or(IncidentError::WindowNotFound)?;
        self.changes.windows.remove(&id);
        self.changes.removed_windows.insert(id);
        self.update_mutes(now);
        Ok(())
    }

    /// Does what has become due: windows that began or ended, problems that no longer flap, events that
    /// are long over.
    pub fn tick(&mut self, now: Timestamp) {
        let open: Vec<Arc<Incident>> = self.open.values().cloned().collect();
        for incident in open {
            self.sample(&incident, now);
        }
        self.update_mutes(now);
        self.closed.retain(|_, incident| may_return(incident, now));
    }

    /// When [`IncidentBook::tick`] has something to do next.
    pub fn next_tick(&self, now: Timestamp) -> Option<Timestamp> {
        let samples = self.open.values().filter_map(|incident| {
            let is_mixed = flapping::is_mixed(incident.history);
            if is_mixed { Some(next_sample(incident)) } else { expiry(incident) }
        });
        let windows = self.windows.values().flat_map(|window| [window.starts_at, window.ends_at]);
        samples.chain(windows.filter(|at| *at > now)).min()
    }

    /// Takes what is to be written and told, if there is anything.
    pub fn take_changes(&mut self, now: Timestamp) -> Option<(IncidentBatch, IncidentNews)> {
        let changes = std::mem::take(&mut self.changes);
        if changes.is_empty() {
            return None;
        }
        let incidents: Vec<_> = changes.incidents.values().cloned().collect();
        let news = IncidentNews {
            incidents: incidents.clone(),
            has_windows: changes.has_windows(),
            events: changes.events,
        };
        let batch = IncidentBatch {
            at: now,
            counters: self.counters,
            incidents,
            windows: changes.windows.into_values().collect(),
            removed_windows: changes.removed_windows.into_iter().collect(),
            notices: NoticeBatch::default(),
        };
        Some((batch, news))
    }

    /// A problem that has an open incident is reported again.
    fn observe_again(&mut self, incident: &Arc<Incident>, report: ProblemReport, now: Timestamp) {
        let is_new = report.occurrence != 0 && report.occurrence != incident.occurrence;
        let has_returned = !incident.is_active;
        if !is_new && !has_returned && !differs(incident, &report) {
            return;
        }
        let mut draft = Draft::of(incident, now);
        draft.incident.last_seen = now;
        if is_new || has_returned {
            draft.count_again(&report);
        }
        if has_returned {
            draft.push_state(true);
        }
        draft.adopt(report);
        draft.update_mute(&self.windows);
        self.put(draft);
    }

    /// A problem comes again soon after its incident was closed.
    fn reopen(&mut self, incident: &Arc<Incident>, report: ProblemReport, now: Timestamp) {
        let mut draft = Draft::of(incident, now);
        draft.catch_up();
        draft.incident.closure = None;
        draft.incident.last_seen = now;
        draft.count_again(&report);
        draft.push_state(true);
        draft.adopt(report);
        draft.update_mute(&self.windows);
        self.put(draft);
    }

    fn sample(&mut self, incident: &Arc<Incident>, now: Timestamp) {
        let is_expired = expiry(incident).is_some_and(|at| at <= now);
        let is_due = flapping::is_mixed(incident.history) && next_sample(incident) <= now;
        if !is_expired && !is_due {
            return;
        }
        let mut draft = Draft::of(incident, now);
        draft.catch_up();
        if is_expired {
            draft.incident.is_active = false;
            draft.close(None, "It did not happen again for seven days");
        } else if !draft.incident.is_active && !draft.incident.is_flapping {
            draft.close(None, "The cause is gone and has not come back");
        }
        if draft.is_noted() {
            self.put(draft);
        } else {
            // A restart goes on from the states that were written last: it flaps a little longer.
            self.open.insert(draft.incident.key.clone(), Arc::new(draft.incident));
        }
    }

    fn update_mutes(&mut self, now: Timestamp) {
        let is_other = |incident: &&Arc<Incident>| {
            let window = muting_window(incident, &self.windows, now);
            window.map(|window| window.id) != incident.muted_by
        };
        let changed: Vec<Arc<Incident>> = self.open.values().filter(is_other).cloned().collect();
        for incident in changed {
            let mut draft = Draft::of(&incident, now);
            draft.update_mute(&self.windows);
            self.put(draft);
        }
    }

    /// Keeps a changed incident, to be written and told.
    fn put(&mut self, draft: Draft) {
        let Draft { incident, noted, .. } = draft;
        let incident = Arc::new(incident);
        let key = incident.key.clone();
        // A note on one that was closed long ago is no reason to remember it.
        let is_newest =
            |known: Option<&Arc<Incident>>| known.is_none_or(|known| known.id <= incident.id);
        if incident.closure.is_none() {
            self.closed.remove(&key);
            self.open.insert(key, Arc::clone(&incident));
        } else if is_newest(self.open.get(&key)) && is_newest(self.closed.get(&key)) {
            self.open.remove(&key);
            self.closed.insert(key, Arc::clone(&incident));
            self.forget_oldest_closed();
        }
        for kind in noted {
            let is_quiet = is_quiet(&incident, kind);
            let incident = Arc::clone(&incident);
            self.changes.events.push(IncidentEvent { kind, incident, is_quiet });
        }
        self.changes.incidents.insert(incident.id, incident);
    }

    fn forget_oldest_closed(&mut self) {
        if self.closed.len() <= CLOSED_MAX {
            return;
        }
        let closed_at = |it: &Incident| it.closure.as_ref().map(|closure| closure.at);
        let oldest = self.closed.values().min_by_key(|incident| closed_at(incident));
        if let Some(key) = oldest.map(|incident| incident.key.clone()) {
            self.closed.remove(&key);
        }
    }
}

/// With what the keys of the network's problems begin.
pub(super) const NETWORK_PREFIX: &str = "network:";

/// Whether nobody is to be notified of what happened.
fn is_quiet(incident: &Incident, kind: TimelineKind) -> bool {
    let comes_or_goes = matches!(
        kind,
        TimelineKind::Reopened | TimelineKind::Gone | TimelineKind::Escalated | TimelineKind::Eased
    );
    incident.muted_by.is_some() || (incident.is_flapping && comes_or_goes)
}

/// When an event is over that nobody closed. A job is over with its next run.
fn expiry(incident: &Incident) -> Option<Timestamp> {
    let expires = !incident.is_lasting && incident.source != IncidentSource::Job;
    expires.then(|| Timestamp(incident.last_seen.0.saturating_add(EVENT_EXPIRY)))
}

/// Whether a closed incident is opened again if the problem comes now.
fn is_recent(incident: &Incident, now: Timestamp) -> bool {
    is_closed_within(incident, REOPEN_WITHIN, now)
}

/// Whether a closed incident decides what the next report of its problem means. An event that a person has
/// closed is reported on; it is known as long as the store has its incident.
fn may_return(incident: &Incident, now: Timestamp) -> bool {
    let period = if incident.is_lasting { REOPEN_WITHIN } else { CLOSED_INCIDENT_AGE_US_MAX };
    is_closed_within(incident, period, now)
}

fn is_closed_within(incident: &Incident, period_us: i64, now: Timestamp) -> bool {
    let closed_at = incident.closure.as_ref().map(|closure| closure.at.0);
    closed_at.is_some_and(|at| now.0.saturating_sub(at) < period_us)
}
