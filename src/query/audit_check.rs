//! Whether the audit trail is as it was written, by itself and by what backups and PostgreSQL know of it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Timestamp;
use crate::store::{
    AuditFault, AuditHead, AuditHeadState, AuditVerification, Snapshot, StoreError,
};
use crate::wire::Time;

/// A row of the trail that is known from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAuditHead {
    /// Such as `backup unoc_20261129_021500`.
    pub source: String,
    /// When it was the newest row.
    pub at: Timestamp,
    pub head: AuditHead,
}

/// What a check of the trail found.
#[derive(Clone, Debug)]
pub struct AuditCheck {
    pub verification: AuditVerification,
    /// What others know of the trail, and where that stands in it.
    pub known: Vec<(KnownAuditHead, AuditHeadState)>,
    /// What else is wrong: the row, and a sentence.
    others: Vec<(u64, String)>,
}

/// Reads the whole trail, and looks for the rows that are known from elsewhere.
///
/// # Errors
/// When the store cannot be read.
pub fn check_audit(
    snapshot: &Snapshot,
    known: Vec<KnownAuditHead>,
) -> Result<AuditCheck, StoreError> {
    let verification = snapshot.verify_audit()?;
    let found = |known: KnownAuditHead| {
        let state = snapshot.find_audit_head(known.head)?;
        Ok((known, state))
    };
    let known = known.into_iter().map(found).collect::<Result<_, StoreError>>()?;
    Ok(AuditCheck { verification, known, others: Vec::new() })
}

impl AuditCheck {
    /// Adds what was found elsewhere to be wrong with a row.
    pub fn add(&mut self, row: u64, problem: String) {
        self.others.push((row, problem));
    }

    /// What is wrong, in sentences; what an operator accepted is left out.
    pub fn problems(&self) -> Vec<String> {
        self.sentences(false)
    }

    /// What was wrong before an operator accepted it.
    pub fn accepted_problems(&self) -> Vec<String> {
        self.sentences(true)
    }

    fn sentences(&self, are_accepted: bool) -> Vec<String> {
        let wanted = self.found_problems().filter(|it| self.is_accepted(it) == are_accepted);
        wanted.map(|problem| problem.text).collect()
    }

    /// Whether an operator accepted it: it is about an earlier row, or was known elsewhere by then.
    fn is_accepted(&self, problem: &AuditProblem) -> bool {
        let AuditVerification { accepted_by, accepted_at, .. } = &self.verification;
        let is_known = accepted_at.zip(problem.known_at).is_some_and(|(at, known)| known <= at);
        is_known || accepted_by.is_some_and(|row| problem.row < row)
    }

    fn found_problems(&self) -> impl Iterator<Item = AuditProblem> {
        let faults = self.verification.faults.iter().map(|fault| AuditProblem {
            row: fault.row(),
            known_at: None,
            text: sentence(&fault.to_string()),
        });
        let known = self.known.iter().filter_map(|(known, state)| {
            let text = head_problem(known, *state)?;
            Some(AuditProblem { row: known.head.id, known_at: Some(known.at), text })
        });
        let others = self.others.iter().map(|(row, text)| AuditProblem {
            row: *row,
            known_at: None,
            text: text.clone(),
        });
        faults.chain(known).chain(others)
    }

    /// The check as JSON.
    pub fn view(&self) -> AuditCheckView {
        let AuditVerification { chain, gaps, .. } = &self.verification;
        AuditCheckView {
            is_intact: self.problems().is_empty(),
            problems: self.problems(),
            accepted_problems: self.accepted_problems(),
            accepted_by: self.verification.accepted_by,
            row_count: self.verification.row_count,
            unchained_count: self.verification.unchained_count,
            restored_count: self.verification.restored_count,
            erased_image_count: self.verification.erased_image_count,
            first_id: chain.map(|chain| chain.anchor.first_id),
            head: chain.map(|chain| chain.head.into()),
            gaps: gaps
                .iter()
                .map(|gap| AuditGapView { first_id: gap.first_id, last_id: gap.last_id })
                .collect(),
            known: self.known.iter().map(|(known, state)| known_view(known, *state)).collect(),
        }
    }
}

/// One thing that is wrong with the trail.
struct AuditProblem {
    /// The row that it is about.
    row: u64,
    /// Since when somebody else knows better, if that is how it was found.
    known_at: Option<Timestamp>,
    text: String,
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn head_problem(known: &KnownAuditHead, state: AuditHeadState) -> Option<String> {
    let KnownAuditHead { source, head, .. } = known;
    let id = head.id;
    match state {
        AuditHeadState::Same | AuditHeadState::TooOld | AuditHeadState::LeftOut { .. } => None,
        AuditHeadState::Different => Some(format!(
            "Row {id} is not the one that {source} knows: the trail was replaced, or changed and its \
             hashes computed again"
        )),
        AuditHeadState::Removed => Some(format!("Row {id}, which {source} knows, was removed")),
        AuditHeadState::Missing => Some(format!(
            "The trail ends before row {id}, which {source} knows: its newest rows were removed, or an \
             older store was put back"
        )),
    }
}

/// Whether the audit trail is as it was written.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditCheck)]
pub struct AuditCheckView {
    /// Whether there is no problem, apart from accepted ones.
    is_intact: bool,
    /// At most 100 faults of rows, and what others know better.
    problems: Vec<String>,
    /// Those before the row in which an operator accepted them.
    accepted_problems: Vec<String>,
    accepted_by: Option<u64>,
    row_count: u64,
    /// Rows from before there was a chain, which nothing protects.
    unchained_count: u64,
    /// Rows that came back from a backup: the chain covers all but their changes.
    restored_count: u64,
    /// Images of entities whose personal data was erased; the chain covers the rest of them.
    erased_image_count: u64,
    /// The first row in the chain; older ones were removed by age, or are from before it.
    first_id: Option<u64>,
    /// Keep it elsewhere to notice later whether the trail was cut or changed.
    head: Option<AuditHeadView>,
    /// Numbers that were left out when the site continued above those of another copy.
    gaps: Vec<AuditGapView>,
    /// What backups and PostgreSQL know of the trail.
    known: Vec<KnownAuditHeadView>,
}

/// A row and its hash.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditHead)]
struct AuditHeadView {
    id: u64,
    /// 64 hexadecimal digits.
    hash: String,
}

/// Numbers without rows.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditGap)]
struct AuditGapView {
    first_id: u64,
    last_id: u64,
}

/// A row that is known from elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = KnownAuditHead)]
struct KnownAuditHeadView {
    source: String,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    id: u64,
    hash: String,
    /// `same`; `too_old`: removed by age; `left_out`: the site continued above its number; `different`,
    /// `removed`, `missing`: a problem.
    state: &'static str,
}

impl From<AuditHead> for AuditHeadView {
    fn from(head: AuditHead) -> Self {
        Self { id: head.id, hash: head.hash.to_string() }
    }
}

fn known_view(known: &KnownAuditHead, state: AuditHeadState) -> KnownAuditHeadView {
    KnownAuditHeadView {
        source: known.source.clone(),
        at: Time(known.at),
        id: known.head.id,
        hash: known.head.hash.to_string(),
        state: match state {
            AuditHeadState::Same => "same",
            AuditHeadState::TooOld => "too_old",
            AuditHeadState::LeftOut { .. } => "left_out",
            AuditHeadState::Different => "different",
            AuditHeadState::Removed => "removed",
            AuditHeadState::Missing => "missing",
        },
    }
}

impl AuditFault {
    /// The last row that it is about.
    fn row(&self) -> u64 {
        match self {
            Self::Unreadable { id, .. }
            | Self::Changed { id }
            | Self::ChangesChanged { id }
            | Self::Foreign { id }
            | Self::NotRestored { id } => *id,
            Self::Removed { last_id, .. } => *last_id,
            Self::CutOff { head_id, .. } | Self::Empty { head_id } => *head_id,
            Self::NoHead => u64::MAX,
        }
    }
}
