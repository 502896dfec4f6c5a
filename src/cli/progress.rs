//! The progress of long operations, shown on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};
use std::time::Duration;

/// Entities between two updates of the bar.
const REPORT_EVERY: u64 = 1_000;

/// A progress bar or a spinner; silent if standard error is not a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn counting(what: &'static str) -> Self {
        let bar = ProgressBar::new(0).with_message(what);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar }
    }

    /// A spinner, for a step of unknown length.
    pub(super) fn waiting(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }

    pub(super) fn at(&self, done: u64, total: u64) {
        if done.is_multiple_of(REPORT_EVERY) || done == total {
            self.bar.set_length(total);
            self.bar.set_position(done);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
