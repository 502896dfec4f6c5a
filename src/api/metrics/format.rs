//! Which format of the metrics a request asks for, and the text in it.

use std::fmt;

use axum::http::{HeaderMap, header};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, prometheus_text, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use crate::util::metrics::{Metric, MetricSeries, MetricValue};

/// Versions of OpenMetrics that scrapers request; they do not differ for what is here.
const OPENMETRICS_VERSIONS: [&str; 2] = ["1.0.0", "0.0.1"];
const TEXT_VERSION: &str = "0.0.4";

/// A format of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    OpenMetrics,
}

impl Format {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Text => prometheus_text::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Returns the format that `Accept` prefers; the text of Prometheus for a client that accepts
    /// neither, such as a browser.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best = (0.0, Self::Text);
        for range in values.flat_map(|value| value.split(',')) {
            let (format, weight) = Self::of_range(range);
            if let Some(format) = format.filter(|_| weight > best.0) {
                best = (weight, format);
            }
        }
        best.1
    }

    /// Returns the format of a media range, and its weight.
    fn of_range(range: &str) -> (Option<Self>, f64) {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let (mut version, mut weight) = (None, 1.0);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim().to_ascii_lowercase().as_str() {
                "version" => version = Some(value.trim().trim_matches('"')),
                // RFC 9110, 12.4.2: a weight goes from 0 to 1.
                "q" => weight = value.trim().parse().unwrap_or(0.0_f64).clamp(0.0, 1.0),
                _ => {}
            }
        }
        let format = match kind.as_str() {
            "application/openmetrics-text"
                if version.is_none_or(|version| OPENMETRICS_VERSIONS.contains(&version)) =>
            {
                Some(Self::OpenMetrics)
            }
            "text/plain" if version.is_none_or(|version| version == TEXT_VERSION) => {
                Some(Self::Text)
            }
            "text/*" | "*/*" => Some(Self::Text),
            _ => None,
        };
        (format, weight)
    }

    /// The metrics as text.
    ///
    /// # Errors
    /// When the encoder refuses a metric.
    pub(super) fn encode(self, metrics: Vec<Metric>) -> Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(MeasuredMetrics(metrics)));
        let mut body = String::new();
        match self {
            Self::Text => prometheus_text::encode(&mut body, &registry),
            Self::OpenMetrics => text::encode(&mut body, &registry),
        }?;
        Ok(body)
    }
}

/// Our metrics in the eyes of the encoder.
#[derive(Debug)]
struct MeasuredMetrics(Vec<Metric>);

impl Collector for MeasuredMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // A metric without a series is not there yet.
        for metric in self.0.iter().filter(|metric| !metric.series.is_empty()) {
            let kind = kind_of(&metric.series[0].value);
            // The encoder adds both again.
            let name = metric.name.strip_suffix("_total").unwrap_or(metric.name);
            let (name, unit) = without_unit(name);
            let help = format!("{}.", metric.help);
            let mut metric_encoder = encoder.encode_descriptor(name, &help, unit.as_ref(), kind)?;
            for series in &metric.series {
                encode_series(series, &mut metric_encoder)?;
            }
        }
        Ok(())
    }
}

fn encode_series(series: &MetricSeries, metric: &mut MetricEncoder<'_>) -> fmt::Result {
    type NoExemplar = [(&'static str, &'static str); 0];
    let mut encoder = metric.encode_family(&series.labels)?;
    match &series.value {
        MetricValue::Counter(value) => encoder.encode_counter::<NoExemplar, _, f64>(value, None),
        MetricValue::Gauge(value) => encoder.encode_gauge(value),
        MetricValue::Histogram(reading) => encoder.encode_histogram::<NoExemplar>(
            reading.sum,
            reading.count,
            &reading.buckets,
            None,
        ),
    }
}

const fn kind_of(value: &MetricValue) -> MetricType {
    match value {
        MetricValue::Counter(_) => MetricType::Counter,
        MetricValue::Gauge(_) => MetricType::Gauge,
        MetricValue::Histogram(_) => MetricType::Histogram,
    }
}

fn without_unit(name: &str) -> (&str, Option<Unit>) {
    for unit in [Unit::Seconds, Unit::Bytes] {
        let without = name.strip_suffix(unit.as_str()).and_then(|name| name.strip_suffix('_'));
        if let Some(without) = without {
            return (without, Some(unit));
        }
    }
    (name, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_format_is_taken() {
        let check = |accept: &str, expected: Format| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(Format::accepted(&headers), expected, "{accept}");
        };
        // As Prometheus 3 asks, and as Prometheus 2.
        check(
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,\
             */*;q=0.2",
            Format::OpenMetrics,
        );
        check("application/openmetrics-text; version=0.0.1,text/plain;q=0.5", Format::OpenMetrics);
        check("text/plain;version=0.0.4;q=0.6,application/openmetrics-text;q=0.5", Format::Text);
        check("application/openmetrics-text", Format::OpenMetrics);
        check("Application/OpenMetrics-Text; Version=\"1.0.0\"; Q=1", Format::OpenMetrics);
        check("application/openmetrics-text;version=2.0.0, */*;q=0.1", Format::Text);
        check("application/openmetrics-text;q=0, */*;q=0.1", Format::Text);
        check("text/html,application/xhtml+xml,*/*;q=0.8", Format::Text);
        check("application/json", Format::Text);
        check("", Format::Text);
        assert_eq!(Format::accepted(&HeaderMap::new()), Format::Text);
    }
}
