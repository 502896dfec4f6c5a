//! What is recorded of an incident.

use crate::domain::{DeviceId, EntityKey, Severity, Timestamp};

/// Entries of a timeline. Beyond it those after the first are removed: the first says how it began.
pub const TIMELINE_ENTRIES_MAX: usize = 100;
/// Bytes of the texts and names of a timeline, beyond which entries are removed likewise: eight of the
/// longest notes, or a hundred of usual length.
pub const TIMELINE_BYTES_MAX: usize = 32 * 1024;

/// A problem that someone has to know of, from its first sight until its cause is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Grows by one with each incident; never used twice.
    pub id: u64,
    /// Which problem it is: `network:link:12`, `job:backup`. At most one incident of a key is not closed.
    pub key: String,
    pub source: IncidentSource,
    pub severity: Severity,
    /// The problem in one sentence, without numbers that change.
    pub title: String,
    /// What is known now: the number of customers, the message of the failed run.
    pub detail: String,
    /// The device or link that is the cause.
    pub subject: Option<EntityKey>,
    /// The devices whose maintenance mutes it: the cause, or the ends of the link, and their containers.
    pub places: Vec<DeviceId>,
    /// Customers that are affected now; as it closed, those affected last.
    pub customer_count: u32,
    /// The most that were affected at once.
    pub customer_count_max: u32,
    /// The number that was told last: twice as many are told again.
    pub customer_count_told: u32,
    /// How often the cause has come.
    pub count: u32,
    /// Which occurrence was counted last, where the source numbers them; 0 where it does not.
    pub occurrence: u64,
    /// Whether the cause lasts until it is gone. An event, such as a failed run, is over at once.
    pub is_lasting: bool,
    /// Whether the cause exists now. An incident whose cause comes and goes stays open without it.
    pub is_active: bool,
    pub first_seen: Timestamp,
    /// When the cause was last known to exist.
    pub last_seen: Timestamp,
    pub acknowledgement: Option<Acknowledgement>,
    pub closure: Option<Closure>,
    /// The last states, one bit each, the newest lowest; 1 is a problem.
    pub history: u32,
    /// When the newest of these states was noted.
    pub sampled: Timestamp,
    /// Whether the cause comes and goes.
    pub is_flapping: bool,
    /// The maintenance window that mutes it now.
    pub muted_by: Option<u64>,
    /// Oldest first; at most [`TIMELINE_ENTRIES_MAX`] and [`TIMELINE_BYTES_MAX`].
    pub timeline: Vec<TimelineEntry>,
    /// Entries that were removed from the timeline.
    pub timeline_removed: u32,
}

/// Who reported a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IncidentSource {
    /// The analysis of the network: one problem per root cause.
    Network,
    /// A scheduled job.
    Job,
    /// A check of the appliance's health.
    Check,
    /// The service itself: it ended without a shutdown, or has more problems than it can list.
    Service,
    /// A duty that a person did not do in time.
    Duty,
}

/// Where an incident is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IncidentState {
    Open,
    /// Somebody works on it.
    Acknowledged,
    Closed,
}

/// Who works on an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    pub name: String,
    pub note: Option<String>,
    pub at: Timestamp,
}

/// When an incident was closed, and by whom: `None` is by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    pub at: Timestamp,
    pub name: Option<String>,
}

/// Something that happened to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    pub at: Timestamp,
    pub kind: TimelineKind,
    /// The person who did it.
    pub name: Option<String>,
    pub text: String,
}

/// What happened to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineKind {
    Opened,
    /// The cause came again.
    Reopened,
    /// It is more severe, or affects at least twice as many customers.
    Escalated,
    /// It is less severe.
    Eased,
    /// The cause is gone, but it may come again: the incident stays open.
    Gone,
    FlappingBegan,
    FlappingEnded,
    Muted,
    /// Its maintenance has ended, and it still exists.
    Unmuted,
    Acknowledged,
    Noted,
    Closed,
}

impl Incident {
    pub fn state(&self) -> IncidentState {
        match (&self.closure, &self.acknowledgement) {
            (Some(_), _) => IncidentState::Closed,
            (None, Some(_)) => IncidentState::Acknowledged,
            (None, None) => IncidentState::Open,
        }
    }

    /// Adds an entry to the timeline, which stays bounded.
    pub fn note(&mut self, entry: TimelineEntry) {
        self.timeline.push(entry);
        let mut bytes: usize = self.timeline.iter().map(TimelineEntry::size).sum();
        // The first entry and the new one stay.
        let removable = self.timeline.len().saturating_sub(2);
        let mut removed = 0;
        while removed < removable
            && (self.timeline.len() - removed > TIMELINE_ENTRIES_MAX || bytes > TIMELINE_BYTES_MAX)
        {
            removed += 1;
            bytes -= self.timeline[removed].size();
        }
        self.timeline.drain(1..=removed);
        let removed = u32::try_from(removed).unwrap_or(u32::MAX);
        self.timeline_removed = self.timeline_removed.saturating_add(removed);
    }
}

impl TimelineEntry {
    /// Bytes of its texts.
    fn size(&self) -> usize {
        self.text.len() + self.name.as_ref().map_or(0, String::len)
    }
}

impl IncidentSource {
    pub const ALL: [Self; 5] = [Self::Network, Self::Job, Self::Check, Self::Service, Self::Duty];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Job => "job",
            Self::Check => "check",
            Self::Service => "service",
            Self::Duty => "duty",
        }
    }
}

impl IncidentState {
    /// In the order of the list.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Closed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }
}

impl TimelineKind {
    pub const ALL: [Self; 12] = [
        Self::Opened,
        Self::Reopened,
        Self::Escalated,
        Self::Eased,
        Self::Gone,
        Self::FlappingBegan,
        Self::FlappingEnded,
        Self::Muted,
        Self::Unmuted,
        Self::Acknowledged,
        Self::Noted,
        Self::Closed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Escalated => "escalated",
            Self::Eased => "eased",
            Self::Gone => "gone",
            Self::FlappingBegan => "flapping_began",
            Self::FlappingEnded => "flapping_ended",
            Self::Muted => "muted",
            Self::Unmuted => "unmuted",
            Self::Acknowledged => "acknowledged",
            Self::Noted => "noted",
            Self::Closed => "closed",
        }
    }
}
