//! Duties that a person does and records.

use super::duty::{DoneBy, Duty, DutyState, Frequency};
use super::facts::RunbookFacts;
use crate::domain::Timestamp;

/// A duty that a person has to do again a period after it was last recorded. It is overdue after one and a
/// half periods; a site that never had a record counts from when its store was created.
pub(super) fn by_record(
    key: &'static str,
    title: &'static str,
    frequency: Frequency,
    facts: &RunbookFacts<'_>,
) -> Duty {
    let record = facts.record(key);
    let period_us = frequency.period_us();
    let since = record.as_ref().map_or(facts.created_at, |record| record.at);
    // A record from a clock that was ahead must not put the duty off.
    let since = since.min(facts.now);
    let due_at = Timestamp(since.0.saturating_add(period_us));
    let overdue_at = Timestamp(due_at.0.saturating_add(period_us / 2));
    let state = match facts.now {
        now if now >= overdue_at => DutyState::Warning,
        now if now >= due_at || record.is_none() => DutyState::Due,
        _ => DutyState::Ok,
    };
    Duty {
        done_by: DoneBy::Operator,
        state,
        last_done_at: record.as_ref().map(|record| record.at),
        next_due_at: Some(if record.is_none() { facts.now } else { due_at }),
        overdue_at: Some(overdue_at),
        last_record: record,
        ..Duty::of_appliance(key, title, frequency, "")
    }
}

/// A duty that waits for a person only while there is something to look at.
fn unless_idle(duty: Duty, is_idle: bool) -> Duty {
    // Since when there is something to look at is not known: it may be due, but is never late.
    let (state, next_due_at) = match is_idle {
        true => (DutyState::Ok, None),
        false => (duty.state.min(DutyState::Due), duty.next_due_at),
    };
    Duty { state, next_due_at, overdue_at: None, ..duty }
}

pub(super) fn overrides(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    let count = facts.overridden_count;
    let duty = Duty {
        evidence: match count {
            0 => "Nothing is overridden".to_owned(),
            1 => "1 device or link is overridden".to_owned(),
            _ => format!("{count} devices and links are overridden"),
        },
        page: "/operations/overrides",
        ..by_record(key, "Review of the overrides", Frequency::Shift, facts)
    };
    unless_idle(duty, count == 0)
}

pub(super) fn contacts(key: &'static str, facts: &RunbookFacts<'_>) -> Duty {
    Duty {
        evidence:
            "Check that the people, addresses and telephone numbers of the escalation are right"
                .to_owned(),
        page: "/operations/incidents",
        ..by_record(key, "Review of contacts and escalation", Frequency::Monthly, facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{HealthFacts, ReadFacts};
    use crate::store::DutyRecord;
    use crate::sync::SyncHandle;

    const HOUR_US: i64 = 3_600_000_000;

    fn state(frequency: Frequency, created_h: i64, recorded_h: Option<i64>) -> DutyState {
        let now = Timestamp(10_000 * HOUR_US);
        let ago = |hours: i64| Timestamp(now.0 - hours * HOUR_US);
        let record = |at| DutyRecord { id: 1, at, name: "Ada".to_owned(), note: None };
        let facts = RunbookFacts {
            now,
            created_at: ago(created_h),
            health: HealthFacts { status: "healthy", reason: None },
            read: ReadFacts { device_count: 0, seq: 0, asked: None },
            sync: &SyncHandle::off(now).status(),
            sync_message: String::new(),
            backups: Err(String::new()),
            jobs: &[],
            overridden_count: 0,
            volume: Err(String::new()),
            records: recorded_h.map(|hours| ("duty", record(ago(hours)))).into_iter().collect(),
            reports: Vec::new(),
        };
        by_record("duty", "Duty", frequency, &facts).state
    }

    #[test]
    fn a_duty_is_due_a_period_after_its_record_and_late_after_one_and_a_half() {
        for (frequency, created_h, recorded_h, expected) in [
            (Frequency::Daily, 1, None, DutyState::Due),
            (Frequency::Daily, 35, None, DutyState::Due),
            (Frequency::Daily, 36, None, DutyState::Warning),
            (Frequency::Daily, 900, Some(23), DutyState::Ok),
            (Frequency::Daily, 900, Some(24), DutyState::Due),
            (Frequency::Daily, 900, Some(36), DutyState::Warning),
            (Frequency::Shift, 900, Some(11), DutyState::Ok),
            (Frequency::Shift, 900, Some(18), DutyState::Warning),
            (Frequency::Monthly, 900, Some(30 * 24), DutyState::Ok),
            // The clock was ahead when it was recorded.
            (Frequency::Daily, 900, Some(-48), DutyState::Ok),
        ] {
            let found = state(frequency, created_h, recorded_h);
            assert_eq!(found, expected, "{frequency:?}, {created_h} h old, record {recorded_h:?}");
        }
    }
}
