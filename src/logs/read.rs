//! Reading the rings in pages, and in full.

use std::sync::Arc;

use super::filter::LogFilter;
use super::line::LogLine;
use super::log::Logs;
use crate::domain::Timestamp;

/// Lines that are looked at between two locks of the ring: copying their references takes some 10 µs.
const PORTION: usize = 1_000;

/// Which page of the matching lines.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// Only lines with a greater id.
    pub after: u64,
    /// Only lines with a smaller id.
    pub before: u64,
    pub lines_max: usize,
    /// Most bytes of their texts.
    pub bytes_max: usize,
}

/// The newest lines of a range that match a filter.
#[derive(Debug)]
pub struct LogPage {
    /// Newest first.
    pub lines: Vec<Arc<LogLine>>,
    /// Lines of the range with a smaller id than this were not looked at.
    pub next_before: Option<u64>,
    /// No matching line from this time on is missing in the ring.
    pub complete_since: Timestamp,
    /// The newest line of all when the page was read.
    pub last_id: u64,
}

impl Logs {
    /// Returns the newest lines of a range that match a filter.
    pub fn page(&self, filter: &LogFilter, request: &PageRequest) -> LogPage {
        let which = filter.which();
        let last_id = self.last_id();
        let mut page = LogPage {
            lines: Vec::new(),
            next_before: None,
            complete_since: self.rings.complete_since(which),
            last_id,
        };
        let mut bytes = 0;
        let mut before = request.before.min(last_id.saturating_add(1));
        loop {
            let portion = self.rings.before(which, before, PORTION);
            let Some(oldest) = portion.last() else { return page };
            before = oldest.id;
            for line in portion {
                if line.id <= request.after {
                    return page;
                }
                if !filter.takes(&line) {
                    continue;
                }
                bytes += line.bytes();
                let is_full = page.lines.len() >= request.lines_max
                    || (bytes > request.bytes_max && !page.lines.is_empty());
                if is_full {
                    page.next_before = page.lines.last().map(|last| last.id);
                    return page;
                }
                page.lines.push(line);
            }
        }
    }

    /// Returns matching lines with a greater id than `after` up to `until`, oldest first, out of the next
    /// few of the ring, and the last id that was looked at; `None` at the end.
    pub fn next_lines(
        &self,
        filter: &LogFilter,
        after: u64,
        until: u64,
    ) -> Option<(Vec<Arc<LogLine>>, u64)> {
        let mut lines = self.rings.after(filter.which(), after, PORTION);
        lines.retain(|line| line.id <= until);
        let last = lines.last()?.id;
        lines.retain(|line| filter.takes(line));
        Some((lines, last))
    }

    /// Returns the newest lines after `after`, oldest first, and how many older ones were left out.
    pub fn newest_after(
        &self,
        after: u64,
        lines_max: usize,
        bytes_max: usize,
    ) -> (Vec<Arc<LogLine>>, u64) {
        let request = PageRequest { after, before: u64::MAX, lines_max, bytes_max };
        let mut page = self.page(&LogFilter::default(), &request);
        page.lines.reverse();
        let logged = page.lines.last().map_or(0, |last| last.id.saturating_sub(after));
        let missed = logged.saturating_sub(page.lines.len() as u64);
        (page.lines, missed)
    }

    /// Returns the id of the newest line.
    pub fn last_id(&self) -> u64 {
        self.rings.last_id()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tracing::Level;

    use super::*;
    use crate::logs::line::LineText;

    const TARGETS: [&str; 3] = ["unoc::sync", "unoc::sync::round", "unoc::api"];
    const LEVELS: [Level; 3] = [Level::INFO, Level::WARN, Level::ERROR];

    /// The parts of a line, by their place in small lists.
    type Parts = (usize, usize, usize, usize);

    fn filter() -> impl Strategy<Value = LogFilter> {
        let one_of = |words: &'static [&'static str]| {
            prop::option::of(prop::sample::select(words).prop_map(str::to_owned))
        };
        (
            prop::option::of(prop::sample::select(&LEVELS)),
            one_of(&["unoc::sync", "unoc::api", "unoc"]),
            one_of(&["RED", "b", "\"n\":1"]),
            one_of(&["r0", "r1"]),
            prop::option::of((0_i64..60).prop_map(Timestamp)),
        )
            .prop_map(|(level, target, text, request_id, since)| LogFilter {
                level,
                target,
                text,
                request_id,
                since,
            })
    }

    fn logged(parts: &[Parts]) -> Logs {
        let ticks = std::sync::atomic::AtomicI64::new(1);
        let logs = Logs::new(Level::INFO, move || {
            Timestamp(ticks.fetch_add(1, std::sync::atomic::Ordering::SeqCst))
        });
        for (level, target, word, request) in parts {
            let message = ["red", "blue", "green"][*word];
            let request_id = ["", "r0", "r1"][*request];
            let text =
                LineText::new(TARGETS[*target], message, request_id, &format!("{{\"n\":{word}}}"));
            logs.rings.push(LEVELS[*level], text);
        }
        logs
    }

    fn ids(lines: &[Arc<LogLine>]) -> Vec<u64> {
        lines.iter().map(|line| line.id).collect()
    }

    proptest! {
        /// Pages, and the whole log in portions, are what a filter of a list finds.
        #[test]
        fn pages_are_what_a_list_has(
            parts in prop::collection::vec((0_usize..3, 0_usize..3, 0_usize..3, 0_usize..3), 0..60),
            filter in filter(),
            after in 0_u64..70,
            before in prop::option::of(0_u64..70),
            lines_max in 1_usize..20,
        ) {
            let logs = logged(&parts);
            let before = before.unwrap_or(u64::MAX);
            let all = logs.rings.after(crate::logs::ring::Which::All, 0, usize::MAX);
            let expected: Vec<u64> = all
                .iter()
                .filter(|line| filter.takes(line) && line.id > after && line.id < before)
                .map(|line| line.id)
                .collect();
            let mut found = Vec::new();
            let mut next = Some(before);
            while let Some(before) = next {
                let request = PageRequest { after, before, lines_max, bytes_max: 1 << 20 };
                let page = logs.page(&filter, &request);
                prop_assert!(page.lines.len() <= lines_max);
                found.extend(ids(&page.lines));
                next = page.next_before;
            }
            found.reverse();
            prop_assert_eq!(&found, &expected);

            let until = before.saturating_sub(1);
            let (mut found, mut after) = (Vec::new(), after);
            while let Some((lines, last)) = logs.next_lines(&filter, after, until) {
                found.extend(ids(&lines));
                after = last;
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_page_is_bounded_in_bytes_and_a_batch_counts_what_it_leaves_out() {
        let logs = logged(&[(0, 0, 0, 0); 10]);
        let newest = logs.last_id();
        let request = PageRequest { after: 0, before: u64::MAX, lines_max: 10, bytes_max: 1 };
        let page = logs.page(&LogFilter::default(), &request);
        assert_eq!((ids(&page.lines), page.next_before), (vec![newest], Some(newest)));
        let (lines, missed) = logs.newest_after(newest - 8, 3, 1 << 20);
        assert_eq!((ids(&lines), missed), (vec![newest - 2, newest - 1, newest], 5));
        assert_eq!(logs.newest_after(newest, 3, 1 << 20).1, 0);
    }
}
