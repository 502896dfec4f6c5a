//! What a check is: its limits, how often it runs, and what to do when it fails.

use std::time::Duration;

use super::unit::CheckUnit;
use crate::domain::Severity;

/// What checks are listed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckGroup {
    Store,
    Host,
    Mirror,
    Backups,
    Jobs,
    Service,
}

impl CheckGroup {
    pub const ALL: [Self; 6] =
        [Self::Store, Self::Host, Self::Mirror, Self::Backups, Self::Jobs, Self::Service];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Host => "host",
            Self::Mirror => "mirror",
            Self::Backups => "backups",
            Self::Jobs => "jobs",
            Self::Service => "service",
        }
    }
}

/// Which side of a limit is the wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitSide {
    /// Values at or above the limit.
    Above,
    /// Values at or below the limit.
    Below,
}

/// Where a state begins and where it ends. The band between them keeps a value that wavers from changing the
/// state with each reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The first value that is too much, or too little.
    pub enter: f64,
    /// The first value that is in order again.
    pub leave: f64,
}

impl Threshold {
    pub const fn new(enter: f64, leave: f64) -> Self {
        Self { enter, leave }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckLimits {
    pub side: LimitSide,
    pub warning: Option<Threshold>,
    pub critical: Option<Threshold>,
}

/// A row of the table of checks.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckSpec {
    /// Its name in the API, also that of its time series, such as `disk.free`.
    pub id: &'static str,
    pub group: CheckGroup,
    /// What is measured.
    pub title: &'static str,
    pub unit: CheckUnit,
    /// `None` where a value is only recorded.
    pub limits: Option<CheckLimits>,
    /// The title of its incident.
    pub problem: &'static str,
    /// What to do, with the command if there is one.
    pub remedy: &'static str,
    /// Readings in a row that lead into a worse state, and into a better one.
    pub readings_to_worsen: u8,
    pub readings_to_improve: u8,
    /// From the end of one reading to the begin of the next one.
    pub interval: Duration,
    /// A reading that takes longer is given up.
    pub deadline: Duration,
    /// Whether a reading that takes too long is itself the problem; otherwise nothing was measured.
    pub is_late_critical: bool,
    /// The severity of the incident of a warning.
    pub warning_severity: Severity,
    /// False where something else opens the incidents, such as the jobs.
    pub has_incident: bool,
}

const SHORT_INTERVAL: Duration = Duration::from_secs(15);
const LONG_INTERVAL: Duration = Duration::from_secs(60);
/// System calls and reads of memory.
const SHORT_DEADLINE: Duration = Duration::from_secs(5);

impl CheckSpec {
    /// A check that runs every 15 s, without limits.
    pub(super) const fn new(
        id: &'static str,
        group: CheckGroup,
        title: &'static str,
        unit: CheckUnit,
    ) -> Self {
        Self {
            id,
            group,
            title,
            unit,
            limits: None,
            problem: "",
            remedy: "",
            readings_to_worsen: 2,
            readings_to_improve: 2,
            interval: SHORT_INTERVAL,
            deadline: SHORT_DEADLINE,
            is_late_critical: false,
            warning_severity: Severity::Minor,
            has_incident: true,
        }
    }

    pub(super) const fn above(
        mut self,
        warning: Option<Threshold>,
        critical: Option<Threshold>,
    ) -> Self {
        self.limits = Some(CheckLimits { side: LimitSide::Above, warning, critical });
        self
    }

    pub(super) const fn below(
        mut self,
        warning: Option<Threshold>,
        critical: Option<Threshold>,
    ) -> Self {
        self.limits = Some(CheckLimits { side: LimitSide::Below, warning, critical });
        self
    }

    /// The title of its incident, and what to do.
    pub(super) const fn wrong(mut self, problem: &'static str, remedy: &'static str) -> Self {
        (self.problem, self.remedy) = (problem, remedy);
        self
    }

    /// How many readings in a row change the state.
    pub(super) const fn after(mut self, to_worsen: u8, to_improve: u8) -> Self {
        (self.readings_to_worsen, self.readings_to_improve) = (to_worsen, to_improve);
        self
    }

    pub(super) const fn each_minute(mut self) -> Self {
        self.interval = LONG_INTERVAL;
        self
    }

    /// A reading that is not there in time is critical.
    pub(super) const fn in_time(mut self, deadline: Duration) -> Self {
        (self.deadline, self.is_late_critical) = (deadline, true);
        self
    }

    pub(super) const fn major(mut self) -> Self {
        self.warning_severity = Severity::Major;
        self
    }

    pub(super) const fn without_incident(mut self) -> Self {
        self.has_incident = false;
        self
    }
}
