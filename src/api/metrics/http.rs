//! How long requests take, by route.

use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use rustc_hash::FxHashMap;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{OpenApi, path::Operation};

use crate::util::metrics::{Histogram, Metric, MetricSeries, MetricValue};

/// From a read of one entity to a list of the largest site.
const REQUEST_BOUNDS_S: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// The route and the method of all requests that no documented route takes: files of the page, unknown
/// paths, other methods.
const OTHER: &str = "other";
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// The requests by route, method and class of the status. The number of series is bounded by the documented
/// routes, whatever clients ask for. Counting takes no lock.
#[derive(Default)]
pub(in crate::api) struct HttpMetrics {
    /// By the path as the router matches it. Set once, before the first request.
    routes: OnceLock<FxHashMap<String, Vec<MethodMetrics>>>,
    other: ClassHistograms,
}

struct MethodMetrics {
    method: Method,
    /// The path as the document has it.
    route: String,
    classes: ClassHistograms,
}

/// A histogram for each of [`CLASSES`] that was answered.
#[derive(Default)]
struct ClassHistograms([OnceLock<Histogram>; CLASSES.len()]);

impl HttpMetrics {
    /// Sets the routes, which are served under `base_path`.
    pub(in crate::api) fn set_routes(&self, document: &OpenApi, base_path: &str) {
        let routes = document.paths.paths.iter().map(|(route, item)| {
            let methods = methods(item).map(|method| MethodMetrics {
                method,
                route: route.clone(),
                classes: ClassHistograms::default(),
            });
            (format!("{base_path}{route}"), methods.collect())
        });
        // The router is made once.
        self.routes.set(routes.collect()).ok();
    }

    /// Counts a request by the time until the head of its response.
    pub(in crate::api) fn count(
        &self,
        route: Option<&str>,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let known = route.and_then(|route| {
            let methods = self.routes.get()?.get(route)?;
            methods.iter().find(|known| known.method == *method)
        });
        let classes = known.map_or(&self.other, |known| &known.classes);
        let class = usize::from(status.as_u16() / 100).checked_sub(2);
        if let Some(histogram) = class.and_then(|class| classes.0.get(class)) {
            let histogram = histogram.get_or_init(|| Histogram::new(REQUEST_BOUNDS_S));
            histogram.observe_duration(took);
        }
    }

    pub(super) fn metrics(&self) -> Metric {
        let known = self.routes.get().into_iter().flat_map(|routes| routes.values().flatten());
        let known = known.map(|of| (of.route.as_str(), of.method.as_str(), &of.classes));
        let mut all: Vec<_> = known.chain([(OTHER, OTHER, &self.other)]).collect();
        all.sort_by_key(|(route, method, _)| (*route, *method));
        let series = all.into_iter().flat_map(|(route, method, ClassHistograms(classes))| {
            let classes = CLASSES.into_iter().zip(classes);
            classes.filter_map(move |(class, histogram)| {
                let labels = vec![
                    ("route", route.to_owned().into()),
                    ("method", method.to_owned().into()),
                    ("status", class.into()),
                ];
                let value = MetricValue::Histogram(histogram.get()?.read());
                Some(MetricSeries { labels, value })
            })
        });
        Metric {
            name: "unoc_http_request_duration_seconds",
            help: "Time from a request to the head of its response",
            series: series.collect(),
        }
    }
}

/// The documented methods of a path.
fn methods(item: &PathItem) -> impl Iterator<Item = Method> {
    let operations: [(&Option<Operation>, Method); 5] = [
        (&item.get, Method::GET),
        (&item.post, Method::POST),
        (&item.put, Method::PUT),
        (&item.patch, Method::PATCH),
        (&item.delete, Method::DELETE),
    ];
    operations.into_iter().filter_map(|(operation, method)| operation.as_ref().map(|_| method))
}
