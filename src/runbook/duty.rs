//! A duty: who does it, how often, and its state.

use crate::domain::Timestamp;
use crate::store::DutyRecord;

const HOUR_US: i64 = 3_600_000_000;

/// How often a duty is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    Continuous,
    /// Once in each shift of an operator.
    Shift,
    Daily,
    Weekly,
    Monthly,
}

impl Frequency {
    pub const ALL: [Self; 5] =
        [Self::Continuous, Self::Shift, Self::Daily, Self::Weekly, Self::Monthly];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continuous => "continuous",
            Self::Shift => "shift",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// The time in microseconds from one time to the next one; a shift is 12 hours at most, and a month
    /// has 31 days.
    pub const fn period_us(self) -> i64 {
        match self {
            Self::Continuous => 0,
            Self::Shift => 12 * HOUR_US,
            Self::Daily => 24 * HOUR_US,
            Self::Weekly => 7 * 24 * HOUR_US,
            Self::Monthly => 31 * 24 * HOUR_US,
        }
    }
}

/// Who does a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoneBy {
    Appliance,
    Operator,
}

impl DoneBy {
    pub const ALL: [Self; 2] = [Self::Appliance, Self::Operator];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Appliance => "appliance",
            Self::Operator => "operator",
        }
    }
}

/// Whether a duty is done, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DutyState {
    Ok,
    /// Nothing is known of it yet.
    Unknown,
    /// A person has to do it now.
    Due,
    /// It is done, but not as it should be, or a person did not do it in time.
    Warning,
    /// It failed.
    Error,
}

impl DutyState {
    pub const ALL: [Self; 5] = [Self::Ok, Self::Unknown, Self::Due, Self::Warning, Self::Error];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Due => "due",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How a duty is done at once: a `POST` without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DutyAction {
    /// What a button says.
    pub label: &'static str,
    /// The path under the base path.
    pub path: &'static str,
}

/// A duty as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct Duty {
    pub key: &'static str,
    pub title: &'static str,
    pub frequency: Frequency,
    pub done_by: DoneBy,
    pub state: DutyState,
    /// What shows the state, in a sentence or two without the last period.
    pub evidence: String,
    /// A command that does it, or shows more, on the host.
    pub command: Option<&'static str>,
    /// When it was last done.
    pub last_done_at: Option<Timestamp>,
    /// When it has to be done next.
    pub next_due_at: Option<Timestamp>,
    /// When a person had to have done it at the latest, if there was something to do.
    pub overdue_at: Option<Timestamp>,
    /// What a person recorded last.
    pub last_record: Option<DutyRecord>,
    /// The page with the details, under the base path.
    pub page: &'static str,
    pub action: Option<DutyAction>,
    /// The newest report of it.
    pub report_id: Option<u64>,
}

impl Duty {
    /// A duty of the appliance of which nothing is known.
    pub(super) fn of_appliance(
        key: &'static str,
        title: &'static str,
        frequency: Frequency,
        page: &'static str,
    ) -> Self {
        Self {
            key,
            title,
            frequency,
            done_by: DoneBy::Appliance,
            state: DutyState::Unknown,
            evidence: String::new(),
            command: None,
            last_done_at: None,
            next_due_at: None,
            overdue_at: None,
            last_record: None,
            page,
            action: None,
            report_id: None,
        }
    }
}
