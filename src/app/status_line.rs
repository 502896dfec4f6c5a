//! The line that `systemctl status` shows while the service runs.

use std::time::Duration;

use super::systemd::show_status;
use crate::api::ApiState;
use crate::domain::{EntityKind, Timestamp};
use crate::engine::EngineHandle;
use crate::health::{CheckState, CheckStatus};
use crate::sync::{SyncState, SyncStatus};
use crate::util::{counted, format_span};

/// How often the line may change.
const INTERVAL: Duration = Duration::from_secs(5);
/// Problems that are named; the others are counted.
const NAMED_MAX: usize = 3;
/// The word of `GET /health` when all is well.
const HEALTHY: &str = "healthy";

/// Keeps the line up to date. Never returns: the composition root runs it beside the server.
pub(super) async fn show_status_line(state: ApiState, engine: EngineHandle) {
    let mut tick = tokio::time::interval(INTERVAL);
    // The first tick is at once, when the address is still shown and nothing was checked yet.
    tick.tick().await;
    loop {
        tick.tick().await;
        let (word, reason) = state.health_in_one_word().await;
        let problems = problems(&state.health().checks());
        let mut line = health(word, reason.as_deref(), &problems);
        if let Ok(devices) = engine.read().count(EntityKind::Device) {
            line.push_str(", ");
            line.push_str(&counted(usize::try_from(devices).unwrap_or(usize::MAX), "device"));
        }
        line.push_str(&mirror(&state.sync().status(), engine.now()));
        show_status(&line);
    }
}

/// What the checks find wrong, the worst first.
fn problems(checks: &[CheckStatus]) -> Vec<&'static str> {
    let of = |state| checks.iter().filter(move |check| check.state == state);
    let wrong = of(CheckState::Critical).chain(of(CheckState::Warning));
    wrong.map(|check| check.spec.problem).collect()
}

/// Returns `healthy`, `2 problems: … and …`, or the word and the reason of `GET /health`.
fn health(word: &str, reason: Option<&str>, problems: &[&str]) -> String {
    if problems.is_empty() {
        return reason.map_or_else(|| word.to_owned(), |reason| format!("{word}: {reason}"));
    }
    let named = problems.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join("; ");
    let more = problems.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!("; {more} more") } else { String::new() };
    let word = if word == HEALTHY { String::new() } else { format!("{word}, ") };
    format!("{word}{}: {named}{more}", counted(problems.len(), "problem"))
}

/// Returns `, sync 2 s behind` or the like; nothing without a mirror.
fn mirror(status: &SyncStatus, now: Timestamp) -> String {
    let behind_us = status.behind_since.map_or(0, |since| now.0.saturating_sub(since.0));
    let behind = Duration::from_micros(u64::try_from(behind_us).unwrap_or(0));
    let behind = match behind.as_secs() {
        0 => String::new(),
        seconds @ 1..120 => format!("{seconds} s behind"),
        _ => format!("{} behind", format_span(behind.as_secs_f64())),
    };
    match status.state {
        SyncState::Off => String::new(),
        SyncState::Live if behind.is_empty() => ", sync up to date".to_owned(),
        SyncState::Live => format!(", sync {behind}"),
        state if behind.is_empty() => format!(", sync {}", state.as_str()),
        state => format!(", sync {}, {behind}", state.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_what_is_wrong_in_the_words_of_health() {
        let check = |word, reason, problems: &[&str], expected: &str| {
            assert_eq!(health(word, reason, problems), expected);
        };
        check("healthy", None, &[], "healthy");
        check("degraded", Some("a restore runs"), &[], "degraded: a restore runs");
        check("healthy", None, &["A is slow"], "1 problem: A is slow");
        let two = "unhealthy, 2 problems: A is slow; B fails";
        check("unhealthy", Some("the disk is full"), &["A is slow", "B fails"], two);
        check("healthy", None, &["A", "B", "C", "D", "E"], "5 problems: A; B; C; 2 more");
    }
}
