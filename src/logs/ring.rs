//! The last lines, in rings that are bounded in lines and in bytes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tracing::Level;

use super::line::{LineText, LogLine};
use super::now::Now;
use crate::domain::Timestamp;
use crate::util::Usage;

/// Lines that are kept: a day of a site with a change a second.
const LINES_MAX: usize = 100_000;
/// Memory for them. A line takes about 250 bytes, so that this is reached only by lines with long
/// errors.
const BYTES_MAX: usize = 32 << 20;
/// Warnings and errors that are kept beside them, so that an hour at DEBUG does not push out those that
/// the daily review is about.
const WARNINGS_MAX: usize = 10_000;
/// Memory for those that only this ring still holds.
const WARNING_BYTES_MAX: usize = 8 << 20;

/// All lines, and the warnings and errors among them, which reach further back.
pub(super) struct Rings {
    kept: Mutex<Kept>,
    /// The id of the newest line.
    last_id: AtomicU64,
    now: Now,
    started_at: Timestamp,
}

struct Kept {
    all: Ring,
    warnings: Ring,
    next_id: u64,
}

/// How full a ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingUsage {
    pub lines: Usage,
    pub bytes: Usage,
}

/// Which of the rings to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    All,
    Warnings,
}

impl Rings {
    pub(super) fn new(now: Now) -> Self {
        let started_at = now();
        let next_id = u64::try_from(started_at.0).unwrap_or(0).max(1);
        let kept = Kept {
            all: Ring::new(LINES_MAX, BYTES_MAX),
            warnings: Ring::new(WARNINGS_MAX, WARNING_BYTES_MAX),
            next_id,
        };
        Self { kept: Mutex::new(kept), last_id: AtomicU64::new(next_id - 1), now, started_at }
    }

    /// Adds a line.
    pub(super) fn push(&self, level: Level, text: LineText) {
        let mut kept = self.lock();
        let line = Arc::new(LogLine::new(kept.next_id, (self.now)(), level, text));
        kept.next_id += 1;
        self.last_id.store(line.id, Ordering::Release);
        if level <= Level::WARN {
            kept.warnings.push(Arc::clone(&line));
        }
        kept.all.push(line);
    }

    /// Returns the id of the newest line; one before the first line if there is none.
    pub(super) fn last_id(&self) -> u64 {
        self.last_id.load(Ordering::Acquire)
    }

    /// Returns up to `max` lines with a smaller id than `before`, newest first.
    pub(super) fn before(&self, which: Which, before: u64, max: usize) -> Vec<Arc<LogLine>> {
        self.lock().ring(which).before(before, max)
    }

    /// Returns up to `max` lines with a greater id than `after`, oldest first.
    pub(super) fn after(&self, which: Which, after: u64, max: usize) -> Vec<Arc<LogLine>> {
        self.lock().ring(which).after(after, max)
    }

    /// Returns the time since which no line is missing.
    pub(super) fn complete_since(&self, which: Which) -> Timestamp {
        self.lock().ring(which).complete_since.unwrap_or(self.started_at)
    }

    /// Returns how full a ring is.
    pub(super) fn usage(&self, which: Which) -> RingUsage {
        let kept = self.lock();
        let ring = kept.ring(which);
        RingUsage {
            lines: Usage::of(ring.lines.len(), ring.lines_max),
            bytes: Usage::of(ring.bytes, ring.bytes_max),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.now)()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("no code that panics runs while it is held")
    }
}

impl Kept {
    fn ring(&self, which: Which) -> &Ring {
        match which {
            Which::All => &self.all,
            Which::Warnings => &self.warnings,
        }
    }
}

/// Lines in the order of their ids, without the oldest ones.
///
/// Invariants: R1 ids grow. R2 There are at most `lines_max` lines. R3 `bytes` is the sum of their sizes
/// and at most `bytes_max`.
struct Ring {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    lines_max: usize,
    bytes_max: usize,
    /// The time of the newest line that was removed.
    complete_since: Option<Timestamp>,
}

impl Ring {
    fn new(lines_max: usize, bytes_max: usize) -> Self {
        Self { lines: VecDeque::new(), bytes: 0, lines_max, bytes_max, complete_since: None }
    }

    fn push(&mut self, line: Arc<LogLine>) {
        self.bytes += line.bytes();
        self.lines.push_back(line);
        while self.lines.len() > self.lines_max || self.bytes > self.bytes_max {
            let Some(removed) = self.lines.pop_front() else { return };
            self.bytes -= removed.bytes();
            self.complete_since = Some(removed.at);
        }
    }

    fn before(&self, before: u64, max: usize) -> Vec<Arc<LogLine>> {
        let end = self.lines.partition_point(|line| line.id < before);
        self.lines.range(..end).rev().take(max).cloned().collect()
    }

    fn after(&self, after: u64, max: usize) -> Vec<Arc<LogLine>> {
        let start = self.lines.partition_point(|line| line.id <= after);
        self.lines.range(start..).take(max).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(id: u64, length: usize) -> Arc<LogLine> {
        let at = Timestamp(i64::try_from(id).unwrap());
        let text = LineText::new("unoc::test", &"x".repeat(length), "", "{}");
        Arc::new(LogLine::new(id, at, Level::INFO, text))
    }

    fn ids(lines: &[Arc<LogLine>]) -> Vec<u64> {
        lines.iter().map(|line| line.id).collect()
    }

    proptest! {
        /// The ring is the end of a list of all lines that respects both bounds.
        #[test]
        fn a_ring_is_the_longest_end_within_its_bounds(
            lengths in prop::collection::vec(0_usize..400, 0..80),
            lines_max in 1_usize..40,
            bytes_max in 200_usize..6_000,
            at in 0_u64..90,
            max in 0_usize..50,
        ) {
            let mut ring = Ring::new(lines_max, bytes_max);
            let mut all = Vec::new();
            for (id, length) in (1..).zip(lengths) {
                let line = line(id, length);
                all.push(Arc::clone(&line));
                ring.push(line);
            }
            let fits = |start: usize| {
                let end = &all[start..];
                end.len() <= lines_max && end.iter().map(|line| line.bytes()).sum::<usize>() <= bytes_max
            };
            let start = (0..=all.len()).find(|start| fits(*start)).unwrap();
            let kept = &all[start..];
            prop_assert_eq!(ids(&ring.after(0, usize::MAX)), ids(kept));
            prop_assert_eq!(ring.bytes, kept.iter().map(|line| line.bytes()).sum::<usize>());
            let removed = start.checked_sub(1).map(|last| all[last].at);
            prop_assert_eq!(ring.complete_since, removed);
            let older = kept.iter().rev().filter(|line| line.id < at).take(max).map(|line| line.id);
            prop_assert_eq!(ids(&ring.before(at, max)), older.collect::<Vec<_>>());
            let newer = kept.iter().filter(|line| line.id > at).take(max).map(|line| line.id);
            prop_assert_eq!(ids(&ring.after(at, max)), newer.collect::<Vec<_>>());
        }
    }

    #[test]
    fn warnings_reach_further_back_than_all_lines() {
        let rings = Rings::new(Arc::new(|| Timestamp(1_000)));
        let push = |level| rings.push(level, LineText::new("unoc", "x", "", "{}"));
        push(Level::WARN);
        push(Level::ERROR);
        (0..LINES_MAX).for_each(|_| push(Level::INFO));
        assert_eq!(ids(&rings.after(Which::Warnings, 0, 10)), [1_000, 1_001]);
        assert_eq!(ids(&rings.after(Which::All, 0, 1)), [1_002]);
        assert_eq!(rings.last_id(), 1_001 + LINES_MAX as u64);
    }
}
