//! `GET /metrics`, read as strictly as a monitoring system reads it.

use std::collections::BTreeMap;

use super::http::Http;

/// The samples by name with labels.
pub(crate) type Samples = BTreeMap<String, f64>;

impl Http {
    /// The metrics as OpenMetrics, every line of which must be valid.
    #[track_caller]
    pub(crate) fn metrics(&self) -> Samples {
        let accept = [("accept", "application/openmetrics-text; version=1.0.0, */*; q=0.1")];
        let answer = self.get_with("/metrics", &accept).expect(200);
        let content_type = answer.header("content-type").expect("a header");
        assert!(content_type.starts_with("application/openmetrics-text"), "{content_type}");
        let samples = parsed(answer.text());
        check_histograms(&samples);
        samples
    }
}

fn parsed(text: &str) -> Samples {
    let body = text.strip_suffix("# EOF\n").expect("it ends as the format says");
    let (mut kinds, mut samples) = (BTreeMap::new(), Samples::new());
    for line in body.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            ["#", "TYPE", name, kind] => {
                assert!(kinds.insert(*name, *kind).is_none(), "twice: {line}");
            }
            ["#", "HELP", _, help] => assert!(help.ends_with('.'), "{line}"),
            ["#", "UNIT", name, unit] => assert!(name.ends_with(&format!("_{unit}")), "{line}"),
            [sample, value] => {
                let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
                let name = sample.split('{').next().unwrap_or_default();
                assert!(is_of_a_kind(name, &kinds), "a sample without its type: {line}");
                assert!(value.is_finite(), "{line}");
                assert!(name.starts_with("unoc_") || name.starts_with("process_"), "{line}");
                assert!(samples.insert((*sample).to_owned(), value).is_none(), "twice: {line}");
            }
            _ => panic!("no line of OpenMetrics: {line}"),
        }
    }
    samples
}

/// Whether a metric of a kind has samples of this name.
fn is_of_a_kind(name: &str, kinds: &BTreeMap<&str, &str>) -> bool {
    let of = |suffix: &str, kind: &str| {
        name.strip_suffix(suffix).is_some_and(|family| kinds.get(family) == Some(&kind))
    };
    of("", "gauge")
        || of("_total", "counter")
        || ["_bucket", "_sum", "_count"].iter().any(|suffix| of(suffix, "histogram"))
}

/// The buckets of a histogram never decrease, and the last one has all values.
fn check_histograms(samples: &Samples) {
    let mut buckets: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for (sample, value) in samples {
        let Some((name, labels)) = sample.split_once("_bucket{le=\"") else { continue };
        let (bound, rest) = labels.split_once('"').expect("a quoted bound");
        let rest = rest.trim_start_matches(',');
        let others = if rest == "}" { String::new() } else { format!("{{{rest}") };
        let bound = bound.trim_start_matches('+').parse().expect("a number");
        buckets.entry(format!("{name}_count{others}")).or_default().push((bound, *value));
    }
    for (count, mut buckets) in buckets {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{count}: {buckets:?}");
        let (bound, all) = buckets.last().expect("it has one");
        assert!(bound.is_infinite() && all.to_bits() == samples[&count].to_bits(), "{count}");
    }
}
