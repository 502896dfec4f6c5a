//! What a part of the program measures of itself: atomics where it works, and series when somebody asks.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts values by size. Observing takes no lock.
#[derive(Debug)]
pub struct Histogram {
    /// Upper bounds of the buckets, ascending; what is larger is counted in one more.
    bounds: &'static [f64],
    counts: Box<[AtomicU64]>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

/// The content of a [`Histogram`].
#[derive(Clone, Debug)]
pub struct HistogramReading {
    /// The upper bound of each bucket and the values in it alone; the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
    pub sum: f64,
    pub count: u64,
}

impl Histogram {
    pub fn new(bounds: &'static [f64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::default()).collect();
        Self { bounds, counts, sum: AtomicU64::new(0.0_f64.to_bits()) }
    }

    pub fn observe(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // It never returns `None`, so it never fails.
        self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok();
    }

    /// Observes a duration in seconds.
    pub fn observe_duration(&self, took: Duration) {
        self.observe(took.as_secs_f64());
    }

    /// What was observed so far. A value that is observed meanwhile may be in the buckets and not in the
    /// sum.
    pub fn read(&self) -> HistogramReading {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        HistogramReading { buckets, sum: f64::from_bits(self.sum.load(Ordering::Relaxed)), count }
    }
}

/// The durations of attempts, by how they ended.
#[derive(Debug)]
pub struct AttemptDurations {
    succeeded: Histogram,
    failed: Histogram,
}

impl AttemptDurations {
    pub fn new(bounds: &'static [f64]) -> Self {
        Self { succeeded: Histogram::new(bounds), failed: Histogram::new(bounds) }
    }

    pub fn observe(&self, took: Duration, has_succeeded: bool) {
        let histogram = if has_succeeded { &self.succeeded } else { &self.failed };
        histogram.observe_duration(took);
    }

    /// A series for each outcome, also for one that there was not: a rule has to see its first. They have
    /// the given label, and `outcome`.
    pub fn series(&self, label: &'static str, value: &'static str) -> [MetricSeries; 2] {
        let outcomes = [("succeeded", &self.succeeded), ("failed", &self.failed)];
        outcomes.map(|(outcome, histogram)| MetricSeries {
            labels: vec![(label, value.into()), ("outcome", outcome.into())],
            value: MetricValue::Histogram(histogram.read()),
        })
    }
}

/// A metric by the conventions of Prometheus, with the series that it has now.
#[derive(Clone, Debug)]
pub struct Metric {
    /// With its base unit; that of a counter ends in `_total`.
    pub name: &'static str,
    /// A sentence without its full stop.
    pub help: &'static str,
    /// All of one kind.
    pub series: Vec<MetricSeries>,
}

/// The value of a metric for one set of labels.
#[derive(Clone, Debug)]
pub struct MetricSeries {
    pub labels: Vec<(&'static str, Cow<'static, str>)>,
    pub value: MetricValue,
}

#[derive(Clone, Debug)]
pub enum MetricValue {
    Counter(f64),
    Gauge(f64),
    Histogram(HistogramReading),
}

impl Metric {
    pub fn gauge(name: &'static str, help: &'static str, value: f64) -> Self {
        Self::single(name, help, MetricValue::Gauge(value))
    }

    pub fn counter(name: &'static str, help: &'static str, value: f64) -> Self {
        Self::single(name, help, MetricValue::Counter(value))
    }

    pub fn histogram(name: &'static str, help: &'static str, histogram: &Histogram) -> Self {
        Self::single(name, help, MetricValue::Histogram(histogram.read()))
    }

    /// A gauge with a series for each value of a label.
    pub fn gauges(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, f64)>,
    ) -> Self {
        let series = values.into_iter().map(|(of, value)| MetricSeries {
            labels: vec![(label, of.into())],
            value: MetricValue::Gauge(value),
        });
        Self { name, help, series: series.collect() }
    }

    /// A histogram with a series for each value of a label.
    pub fn histograms<'a>(
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, &'a Histogram)>,
    ) -> Self {
        let series = values.into_iter().map(|(of, histogram)| MetricSeries {
            labels: vec![(label, of.into())],
            value: MetricValue::Histogram(histogram.read()),
        });
        Self { name, help, series: series.collect() }
    }

    fn single(name: &'static str, help: &'static str, value: MetricValue) -> Self {
        Self { name, help, series: vec![MetricSeries { labels: Vec::new(), value }] }
    }
}

/// Converts a count; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "values of metrics are floats")]
pub const fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_first_bucket_that_is_not_below_it() {
        let histogram = Histogram::new(&[0.5, 1.0]);
        for value in [0.25, 0.5, 0.75, 1.0, 7.5] {
            histogram.observe(value);
        }
        let HistogramReading { buckets, sum, count } = histogram.read();
        assert_eq!(buckets, [(0.5, 2), (1.0, 2), (f64::INFINITY, 1)]);
        assert_eq!((sum.to_string().as_str(), count), ("10", 5));
    }

    #[test]
    fn no_value_is_lost_between_threads() {
        let histogram = Histogram::new(&[1.0]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| histogram.observe(1.0)));
            }
        });
        let HistogramReading { sum, count, .. } = histogram.read();
        assert_eq!((sum.to_string().as_str(), count), ("40000", 40_000));
    }
}
