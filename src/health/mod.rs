//! Health checks: what the appliance measures of itself, and what of it is a problem.
//!
//! A table says of each check what is too much and what to do then; [`CheckTracker`] decides from readings,
//! without time, threads or disks; one task runs the probes that the composition root gives it, keeps their
//! values as time series, and reports what is wrong as incidents. A check that could not be measured three
//! times in a row is unknown: neither in order nor a problem.

mod error;
mod handle;
mod once;
mod probe;
mod reading;
mod report;
mod service;
mod spec;
mod table;
mod tracker;
mod trend;
mod unit;

pub use error::HealthError;
pub use handle::{CheckStatus, HealthHandle};
pub use once::run_once;
pub use probe::{CheckReading, ProbeTable, Unmeasured};
pub use service::{HealthService, start};
pub use spec::{CheckGroup, CheckLimits, CheckSpec, LimitSide, Threshold};
pub use table::{CheckBounds, check_table};
pub use tracker::{CheckState, CheckTracker, MISSED_READINGS_MAX};
pub use trend::{TREND_SPAN_US, TrendPoint, full_after};
pub use unit::CheckUnit;
