//! The steps of a drill: what each came to, and how long it took.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::time::{Instant, timeout};

use crate::jobs::RunLog;
use crate::store::{ReportSection, ReportTable, ReportValue};
use crate::util::format_span;

/// The steps carried out so far.
pub(super) struct Steps {
    log: RunLog,
    rows: Vec<Vec<ReportValue>>,
    took: Duration,
}

impl Steps {
    pub(super) fn new(log: RunLog) -> Self {
        Self { log, rows: Vec::new(), took: Duration::ZERO }
    }

    /// Carries out a step, which returns a value and what it came to in a few words.
    ///
    /// # Errors
    /// The step's own, with its name; and when it takes longer than `limit`.
    pub(super) async fn carry_out<T>(
        &mut self,
        name: &str,
        limit: Duration,
        step: impl Future<Output = Result<(T, String)>>,
    ) -> Result<T> {
        let start = Instant::now();
        let late = || Err(anyhow!("it was not done within {} s", limit.as_secs()));
        let done = timeout(limit, step).await.unwrap_or_else(|_| late());
        let found = match &done {
            Ok((_, found)) => found.clone(),
            Err(error) => format!("failed: {error:#}"),
        };
        self.add(name, &found, start.elapsed());
        done.map(|(value, _)| value).with_context(|| format!("the step “{name}” failed"))
    }

    /// How long all steps together took, in seconds.
    pub(super) fn total_s(&self) -> f64 {
        self.took.as_secs_f64()
    }

    fn add(&mut self, name: &str, found: &str, took: Duration) {
        self.took += took;
        let took_s = took.as_secs_f64();
        self.log.line(format!("{name}: {found} ({})", format_span(took_s)));
        let text = |text: &str| ReportValue::Text(text.to_owned());
        self.rows.push(vec![text(name), text(found), ReportValue::Seconds(took_s)]);
    }

    /// The part of the report with all steps.
    pub(super) fn into_section(self) -> ReportSection {
        let columns = ["step", "result", "took"].map(str::to_owned).to_vec();
        let table = ReportTable { columns, rows: self.rows, omitted: 0 };
        ReportSection { title: "Steps".to_owned(), table: Some(table), ..Default::default() }
    }
}
