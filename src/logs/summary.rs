//! The warnings and errors of a time, in groups, for the daily review.

use std::collections::HashMap;
use std::sync::Arc;

use tracing::Level;

use super::line::LogLine;
use super::log::Logs;
use super::ring::Which;
use super::template::template;
use crate::domain::Timestamp;

/// What a group is compared with: a group that has no line in this time before `since` is new.
const COMPARED_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Lines that are looked at between two locks of the ring.
const PORTION: usize = 1_000;

/// The warnings and errors since a time, those of one kind as one group.
#[derive(Debug)]
pub struct LogSummary {
    pub since: Timestamp,
    /// No warning or error from this time on is missing: the log does not reach further back.
    pub complete_since: Timestamp,
    /// From when on lines before `since` were compared; `None` if there are none.
    pub compared_since: Option<Timestamp>,
    /// New ones first, then errors, then the most frequent.
    pub groups: Vec<LogGroup>,
}

/// Warnings or errors whose messages differ only in numbers, ids and quoted names.
#[derive(Debug)]
pub struct LogGroup {
    pub level: Level,
    /// The message, with an ellipsis for each such part.
    pub message: String,
    pub count: u64,
    pub first_at: Timestamp,
    pub newest: Arc<LogLine>,
    /// Whether there was none in the 24 hours before; `None` if the log does not reach that far back.
    pub is_new: Option<bool>,
}

/// A group while its lines are read, newest first.
struct Reading {
    newest: Option<Arc<LogLine>>,
    count: u64,
    first_at: Timestamp,
    was_before: bool,
}

impl Logs {
    /// Returns the warnings and errors since a time.
    pub fn summary(&self, since: Timestamp) -> LogSummary {
        let complete_since = self.rings.complete_since(Which::Warnings);
        let compared_since = Timestamp(since.0.saturating_sub(COMPARED_MICROS)).max(complete_since);
        let compared_since = (compared_since < since).then_some(compared_since);
        let groups = self.grouped(since, compared_since.unwrap_or(since));
        let groups = groups.into_iter().filter_map(|(key, reading)| {
            let is_new = compared_since.map(|_| !reading.was_before);
            reading.ended(key, is_new)
        });
        let mut groups: Vec<LogGroup> = groups.collect();
        groups.sort_by(|a, b| {
            let rank = |group: &LogGroup| (group.is_new != Some(true), group.level);
            rank(a).cmp(&rank(b)).then_with(|| (b.count, b.newest.id).cmp(&(a.count, a.newest.id)))
        });
        LogSummary { since, complete_since, compared_since, groups }
    }

    /// Returns the time by the log's clock.
    pub fn now(&self) -> Timestamp {
        self.rings.now()
    }

    fn grouped(&self, since: Timestamp, from: Timestamp) -> HashMap<GroupKey, Reading> {
        let mut groups: HashMap<GroupKey, Reading> = HashMap::new();
        let mut before = u64::MAX;
        loop {
            let portion = self.rings.before(Which::Warnings, before, PORTION);
            let Some(oldest) = portion.last() else { return groups };
            before = oldest.id;
            for line in portion.into_iter().filter(|line| line.at >= from) {
                let key = GroupKey {
                    level: line.level,
                    target: line.target().into(),
                    message: template(line.message()),
                };
                groups.entry(key).or_insert_with(|| Reading::new(line.at)).add(line, since);
            }
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
struct GroupKey {
    level: Level,
    target: Box<str>,
    message: String,
}

impl Reading {
    fn new(at: Timestamp) -> Self {
        Self { newest: None, count: 0, first_at: at, was_before: false }
    }

    fn add(&mut self, line: Arc<LogLine>, since: Timestamp) {
        if line.at < since {
            self.was_before = true;
            return;
        }
        self.count += 1;
        self.first_at = line.at;
        self.newest.get_or_insert(line);
    }

    /// Returns the group, if it has a line since the time.
    fn ended(self, key: GroupKey, is_new: Option<bool>) -> Option<LogGroup> {
        Some(LogGroup {
            level: key.level,
            message: key.message,
            count: self.count,
            first_at: self.first_at,
            newest: self.newest?,
            is_new,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use tracing::{error, info, warn};

    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn shown(summary: &LogSummary) -> Vec<(&str, u64, Option<bool>)> {
        let groups = summary.groups.iter();
        groups.map(|group| (group.message.as_str(), group.count, group.is_new)).collect()
    }

    #[test]
    fn lines_of_one_kind_are_one_group_and_new_kinds_come_first() {
        let now = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&now);
        let logs = Logs::new(Level::INFO, move || Timestamp(clock.load(Ordering::SeqCst)));
        let at = |hours: i64, call: &dyn Fn()| {
            now.store(hours * HOUR, Ordering::SeqCst);
            tracing::dispatcher::with_default(&logs.dispatch(), call);
        };
        at(1, &|| error!("Target \"old\" failed"));
        at(30, &|| warn!("Retry 1"));
        at(50, &|| warn!("Retry 2"));
        at(51, &|| warn!(bytes = 7, "Retry 3"));
        at(52, &|| error!("Target \"b\" failed"));
        at(52, &|| info!("not counted"));
        let since = Timestamp(48 * HOUR);
        let summary = logs.summary(since);
        assert_eq!(
            shown(&summary),
            [("Target \"…\" failed", 1, Some(true)), ("Retry …", 2, Some(false))]
        );
        let retry = &summary.groups[1];
        assert_eq!((retry.first_at, retry.newest.at), (Timestamp(50 * HOUR), Timestamp(51 * HOUR)));
        assert_eq!((retry.newest.message(), retry.newest.fields()), ("Retry 3", "{\"bytes\":7}"));
        assert_eq!(summary.compared_since, Some(Timestamp(24 * HOUR)));
        assert_eq!(summary.complete_since, Timestamp(0));
        // Nothing before is known.
        let all = logs.summary(Timestamp(0));
        assert_eq!(all.compared_since, None);
        assert_eq!(shown(&all), [("Target \"…\" failed", 2, None), ("Retry …", 3, None)]);
    }
}
