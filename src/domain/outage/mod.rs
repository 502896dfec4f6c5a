//! An outage seen from its cause: the path that leads there, what remains of the redundancy, and the path
//! that a dark customer is designed to have.
//!
//! Everything here follows the plant as it is built, whatever its status: what is dark has no path of
//! its own any more.

pub(super) mod cause_path;
pub(super) mod customer_counts;
pub(super) mod designed_path;
pub(super) mod device_outage;
pub(super) mod outage_tracker;
pub(super) mod planned_outage;
pub(super) mod redundancy;
mod way_up;
