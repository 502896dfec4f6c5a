//! What the audit trail says of failed logins: one row of an account and address in a minute, with a count.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde_json::json;

use super::book::after;
use crate::domain::Timestamp;
use crate::store::{AuditEvent, AuditOrigin};

/// Failures of the same account and address within this are one row.
const ROW_SPAN: Duration = Duration::from_secs(60);
/// Pairs that are counted at a time: what a flood from many addresses may write in a minute. Others are counted
/// together.
const PAIRS_MAX: usize = 100;

/// What is said of a failure. The name as it was typed is not: people type passwords there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum FailedAccount {
    Known(String),
    Unknown,
}

/// Counts failures until they are written.
#[derive(Default)]
pub(super) struct FailureLog {
    /// Held only while it is read or changed.
    pairs: Mutex<FxHashMap<FailedPair, FailureCount>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct FailedPair {
    account: FailedAccount,
    /// Who it is said to be, and from where; `None` for all pairs that are too many.
    origin: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug)]
struct FailureCount {
    /// Those that no row counts yet.
    unwritten: u64,
    row_ends_at: Timestamp,
}

impl FailureLog {
    /// Counts a failure. Returns the row to write, if it is the first one in a minute.
    pub(super) fn count(
        &self,
        account: FailedAccount,
        origin: AuditOrigin,
        now: Timestamp,
    ) -> Option<AuditEvent> {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let source = (origin.actor.clone(), origin.address.clone());
        let mut pair = FailedPair { account, origin: Some(source) };
        if !pairs.contains_key(&pair) && pairs.len() >= PAIRS_MAX {
            pair = FailedPair { account: FailedAccount::Unknown, origin: None };
        }
        if let Some(count) = pairs.get_mut(&pair) {
            count.unwritten += 1;
            return None;
        }
        let event = event(&pair, 1, origin);
        // The row of a pair that is the first of too many counts all of them when the minute is over.
        let unwritten = u64::from(pair.origin.is_none());
        let is_written = pair.origin.is_some();
        pairs.insert(pair, FailureCount { unwritten, row_ends_at: after(now, ROW_SPAN) });
        is_written.then_some(event)
    }

    /// Returns the rows to write of the minutes that are over.
    pub(super) fn take_due(&self, now: Timestamp) -> Vec<AuditEvent> {
        self.take(|count| count.row_ends_at <= now)
    }

    /// Returns all rows to write.
    pub(super) fn take_all(&self) -> Vec<AuditEvent> {
        self.take(|_| true)
    }

    fn take(&self, is_due: impl Fn(&FailureCount) -> bool) -> Vec<AuditEvent> {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let due: Vec<_> = pairs.extract_if(|_, count| is_due(count)).collect();
        let unwritten = due.into_iter().filter(|(_, count)| count.unwritten > 0);
        let events = unwritten.map(|(pair, count)| {
            let (actor, address) =
                pair.origin.clone().unwrap_or_else(|| ("api".to_owned(), String::new()));
            let origin = AuditOrigin { actor, address, request_id: String::new() };
            event(&pair, count.unwritten, origin)
        });
        events.collect()
    }
}

fn event(pair: &FailedPair, count: u64, origin: AuditOrigin) -> AuditEvent {
    let user = match (&pair.account, &pair.origin) {
        (FailedAccount::Known(name), _) => json!(name),
        (FailedAccount::Unknown, Some(_)) => json!("(unknown)"),
        (FailedAccount::Unknown, None) => json!("(others)"),
    };
    AuditEvent::refused(origin, "log in", json!({"user": user, "attempts": count}))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn origin(address: &str) -> AuditOrigin {
        AuditOrigin {
            actor: "api".to_owned(),
            address: address.to_owned(),
            request_id: "r1".to_owned(),
        }
    }

    fn ada() -> FailedAccount {
        FailedAccount::Known("ada".to_owned())
    }

    #[test]
    fn the_first_failure_is_a_row_at_once_and_the_others_of_its_minute_are_one() {
        let log = FailureLog::default();
        let first = log.count(ada(), origin("192.0.2.7"), Timestamp(0)).unwrap();
        assert_eq!(first.details, json!({"user": "ada", "attempts": 1}));
        assert_eq!(first.origin, origin("192.0.2.7"));
        for _ in 0..5 {
            assert_eq!(log.count(ada(), origin("192.0.2.7"), Timestamp(1)), None);
        }
        let other = log.count(FailedAccount::Unknown, origin("192.0.2.7"), Timestamp(1)).unwrap();
        assert_eq!(other.details, json!({"user": "(unknown)", "attempts": 1}));
        assert_eq!(log.take_due(Timestamp(MINUTE - 1)), []);
        let rows = log.take_due(Timestamp(MINUTE + 1));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].details, json!({"user": "ada", "attempts": 5}));
        assert_eq!(rows[0].origin.address, "192.0.2.7");
        log.count(ada(), origin("192.0.2.7"), Timestamp(MINUTE + 2)).unwrap();
        assert_eq!(log.take_all(), []);
    }

    #[test]
    fn a_flood_is_a_bounded_number_of_rows() {
        let log = FailureLog::default();
        let mut rows = 0;
        for index in 0..10_000 {
            let address = origin(&format!("2001:db8::{index:x}"));
            rows += usize::from(log.count(FailedAccount::Unknown, address, Timestamp(0)).is_some());
        }
        assert_eq!(rows, PAIRS_MAX);
        let due = log.take_due(Timestamp(MINUTE));
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].details, json!({"user": "(others)", "attempts": 9900}));
    }
}
