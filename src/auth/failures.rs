//! What the audit trail says of failed logins: one row of an account and address soon after the first, and one in a
//! minute after that, with a count.

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

/// What the audit trail calls a request that stops the service.
const SHUT_DOWN: &str = "stop service";

/// What is said of a failure. The name as it was typed is not: people type passwords there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum FailedAccount {
    Known(String),
    Unknown,
    /// No account: the token that stops the service.
    ShutdownToken,
}

/// Counts failures until they are written, which no login waits for: how long an answer takes would tell whether there
/// is such a user.
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
    /// No row tells of it yet, and one is to do so at once.
    is_new: bool,
    row_ends_at: Timestamp,
}

impl FailureLog {
    /// Counts a failure.
    pub(super) fn count(&self, account: FailedAccount, origin: AuditOrigin, now: Timestamp) {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pair = FailedPair { account, origin: Some((origin.actor, origin.address)) };
        if !pairs.contains_key(&pair) && pairs.len() >= PAIRS_MAX {
            pair = FailedPair { account: FailedAccount::Unknown, origin: None };
        }
        // Too many pairs are one row, when the minute is over.
        let (is_new, row_ends_at) = (pair.origin.is_some(), after(now, ROW_SPAN));
        let count = pairs.entry(pair);
        count.or_insert(FailureCount { unwritten: 0, is_new, row_ends_at }).unwritten += 1;
    }

    /// Returns the rows to write: of new pairs, and of the minutes that are over.
    pub(super) fn take_due(&self, now: Timestamp) -> Vec<AuditEvent> {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<_> = pairs.extract_if(|_, count| count.row_ends_at <= now).collect();
        let mut events: Vec<_> =
            over.iter().filter_map(|(pair, count)| event(pair, count.unwritten)).collect();
        let new = pairs.iter_mut().filter(|(_, count)| count.is_new);
        events.extend(new.filter_map(|(pair, count)| {
            count.is_new = false;
            event(pair, std::mem::take(&mut count.unwritten))
        }));
        events
    }

    /// Returns all rows to write.
    pub(super) fn take_all(&self) -> Vec<AuditEvent> {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.drain().filter_map(|(pair, count)| event(&pair, count.unwritten)).collect()
    }
}

/// Returns the row of so many failures; `None` for none.
fn event(pair: &FailedPair, count: u64) -> Option<AuditEvent> {
    let (actor, address) = pair.origin.clone().unwrap_or_else(|| ("api".to_owned(), String::new()));
    let origin = AuditOrigin { actor, address, request_id: String::new() };
    let user = match (&pair.account, &pair.origin) {
        (FailedAccount::Known(name), _) => name.as_str(),
        (FailedAccount::Unknown, Some(_)) => "(unknown)",
        (FailedAccount::Unknown, None) => "(others)",
        (FailedAccount::ShutdownToken, _) => "(shutdown token)",
    };
    let action = match pair.account {
        FailedAccount::ShutdownToken => SHUT_DOWN,
        FailedAccount::Known(_) | FailedAccount::Unknown => "log in",
    };
    let details = json!({"user": user, "attempts": count});
    (count > 0).then(|| AuditEvent::refused(origin, action, details))
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
    fn the_first_failures_are_a_row_soon_and_the_others_of_their_minute_are_one() {
        let log = FailureLog::default();
        assert_eq!(log.take_due(Timestamp(0)), []);
        log.count(ada(), origin("192.0.2.7"), Timestamp(0));
        let rows = log.take_due(Timestamp(1));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].details, json!({"user": "ada", "attempts": 1}));
        assert_eq!(rows[0].origin.address, "192.0.2.7");
        for _ in 0..5 {
            log.count(ada(), origin("192.0.2.7"), Timestamp(1));
        }
        log.count(FailedAccount::Unknown, origin("192.0.2.7"), Timestamp(1));
        let rows = log.take_due(Timestamp(MINUTE - 1));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].details, json!({"user": "(unknown)", "attempts": 1}));
        let rows = log.take_due(Timestamp(MINUTE + 1));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].details, json!({"user": "ada", "attempts": 5}));
        log.count(ada(), origin("192.0.2.7"), Timestamp(MINUTE + 2));
        assert_eq!(log.take_all().len(), 1);
        assert_eq!(log.take_all(), []);
    }

    #[test]
    fn a_flood_is_a_bounded_number_of_rows() {
        let log = FailureLog::default();
        for index in 0..10_000 {
            let address = origin(&format!("2001:db8::{index:x}"));
            log.count(FailedAccount::Unknown, address, Timestamp(0));
        }
        assert_eq!(log.take_due(Timestamp(1)).len(), PAIRS_MAX);
        let due = log.take_due(Timestamp(MINUTE));
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].details, json!({"user": "(others)", "attempts": 9900}));
    }
}
