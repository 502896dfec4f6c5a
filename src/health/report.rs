//! The problem that a check reports.

use super::handle::CheckStatus;
use super::spec::{CheckSpec, LimitSide};
use super::tracker::CheckState;
use crate::domain::Severity;
use crate::incidents::{IncidentSource, ProblemReport};

/// With what the keys of the incidents begin.
pub(super) const PREFIX: &str = "check:";

pub(super) fn key(spec: &CheckSpec) -> String {
    format!("{PREFIX}{}", spec.id)
}

/// The problem that a check has now; `None` if it has none.
pub(super) fn problem(status: &CheckStatus) -> Option<ProblemReport> {
    let spec = &status.spec;
    let severity = match status.state {
        CheckState::Warning => spec.warning_severity,
        CheckState::Critical => Severity::Critical,
        CheckState::Ok | CheckState::Unknown => return None,
    };
    let source = IncidentSource::Check;
    Some(ProblemReport::lasting(source, key(spec), severity, spec.problem, detail(status)))
}

/// `Free space: 12 MiB, critical at 80 MiB. Free some space …`
fn detail(status: &CheckStatus) -> String {
    let CheckStatus { spec, state, value, message, .. } = status;
    let mut detail = spec.title.to_owned();
    if let Some(value) = value {
        detail.push_str(&format!(": {}", spec.unit.text(*value)));
        if let Some(limit) = limit_text(spec, *state) {
            detail.push_str(&format!(", {limit}"));
        }
    }
    if let Some(message) = message {
        detail.push_str(&format!(". {message}"));
    }
    let end = if detail.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{detail}{end} {}", spec.remedy)
}

/// `critical from 80 MiB down`.
fn limit_text(spec: &CheckSpec, state: CheckState) -> Option<String> {
    let limits = spec.limits?;
    let (word, threshold) = match state {
        CheckState::Critical => ("critical", limits.critical?),
        CheckState::Warning => ("a warning", limits.warning?),
        CheckState::Ok | CheckState::Unknown => return None,
    };
    let limit = spec.unit.text(threshold.enter);
    Some(match limits.side {
        LimitSide::Above => format!("{word} from {limit}"),
        LimitSide::Below => format!("{word} below {limit}"),
    })
}
