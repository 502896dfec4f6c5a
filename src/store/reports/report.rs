//! What a report holds.

use bincode::{BorrowDecode, Encode};

use crate::domain::Timestamp;

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// The log, the health and the backup of the last day.
    DailyReview,
    /// The newest backup was restored and compared.
    RestoreTest,
    /// Backups that the retention rules no longer keep were removed.
    Pruning,
    /// The site and its mirror in PostgreSQL were compared.
    Reconciliation,
    /// An ONT was provisioned, connected, seen up and deleted in a scratch site.
    ProvisioningTest,
    /// What is used, how it grows, and until when it suffices.
    Capacity,
    /// The site was rebuilt from the newest backup off the host in a scratch appliance.
    DisasterDrill,
    /// A test notice was sent to every contact.
    IncidentDrill,
}

impl ReportKind {
    pub const ALL: [Self; 8] = [
        Self::DailyReview,
        Self::RestoreTest,
        Self::Pruning,
        Self::Reconciliation,
        Self::ProvisioningTest,
        Self::Capacity,
        Self::DisasterDrill,
        Self::IncidentDrill,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DailyReview => "daily_review",
            Self::RestoreTest => "restore_test",
            Self::Pruning => "pruning",
            Self::Reconciliation => "reconciliation",
            Self::ProvisioningTest => "provisioning_test",
            Self::Capacity => "capacity",
            Self::DisasterDrill => "disaster_drill",
            Self::IncidentDrill => "incident_drill",
        }
    }

    /// The kind of a word on the wire.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::DailyReview => "Daily review",
            Self::RestoreTest => "Restore test",
            Self::Pruning => "Pruning of backups",
            Self::Reconciliation => "Comparison with PostgreSQL",
            Self::ProvisioningTest => "Provisioning test",
            Self::Capacity => "Capacity",
            Self::DisasterDrill => "Disaster drill",
            Self::IncidentDrill => "Incident drill",
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::DailyReview => 1,
            Self::RestoreTest => 2,
            Self::Pruning => 3,
            Self::Reconciliation => 4,
            Self::ProvisioningTest => 5,
            Self::Capacity => 6,
            Self::DisasterDrill => 7,
            Self::IncidentDrill => 8,
        }
    }
}

/// What a report says in a word, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportResult {
    Ok,
    /// It was done, and a person should look at what it found.
    Warning,
    /// It could not be done, or what it tested does not work.
    Failed,
}

impl ReportResult {
    pub const ALL: [Self; 3] = [Self::Ok, Self::Warning, Self::Failed];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Ok => 1,
            Self::Warning => 2,
            Self::Failed => 3,
        }
    }
}

/// A report before it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReport {
    pub kind: ReportKind,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub result: ReportResult,
    /// What was found, in a sentence or two.
    pub summary: String,
    pub sections: Vec<ReportSection>,
}

/// A report as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportHead {
    /// Grows by one with each report.
    pub id: u64,
    pub kind: ReportKind,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub result: ReportResult,
    pub summary: String,
}

/// A report that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub head: ReportHead,
    pub sections: Vec<ReportSection>,
}

/// A part of a report: a title, then what there is of a sentence, values by name, and a table.
#[derive(Clone, Debug, Default, PartialEq, Encode, BorrowDecode)]
pub struct ReportSection {
    pub title: String,
    pub text: Option<String>,
    pub facts: Vec<ReportFact>,
    pub table: Option<ReportTable>,
}

/// A value with its name.
#[derive(Clone, Debug, PartialEq, Encode, BorrowDecode)]
pub struct ReportFact {
    pub label: String,
    pub value: ReportValue,
}

/// Rows with as many values as there are columns.
#[derive(Clone, Debug, Default, PartialEq, Encode, BorrowDecode)]
pub struct ReportTable {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<ReportValue>>,
    /// Rows that were left out for lack of space.
    pub omitted: u64,
}

/// A value in its base unit.
#[derive(Clone, Debug, PartialEq, Encode, BorrowDecode)]
pub enum ReportValue {
    /// It is not known, or there is none.
    Absent,
    Text(String),
    Count(u64),
    Bytes(u64),
    Seconds(f64),
    Percent(f64),
    /// Microseconds since 1970.
    Time(i64),
}
