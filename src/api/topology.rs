//! Totals of the network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer_cache::{SummaryAnswer, to_json};
use super::conditional;
use super::error::ApiError;
use super::state::ApiState;
use crate::domain::{
    CustomerCounts, DeviceClass, DeviceId, Lifecycle, RootCause, Severity, SignalClass, Status,
    World, problems,
};
use crate::engine::EngineError;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(summary))
}

/// Counts by type, status and signal class.
#[derive(Default, Serialize, ToSchema)]
struct Summary {
    device_count: usize,
    interface_count: usize,
    link_count: usize,
    /// Devices by type and effective status.
    by_type: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    /// Devices by effective status.
    by_status: BTreeMap<&'static str, usize>,
    /// Leaves by signal class; a leaf without an optical path counts as NO_SIGNAL.
    by_signal_class: BTreeMap<&'static str, usize>,
    /// Links by status.
    links_by_status: BTreeMap<&'static str, usize>,
    /// Overridden devices and links.
    overridden_count: usize,
    overridden_link_count: usize,
    /// Leaves in service that fibre is connected with.
    customer_count: usize,
    /// Customers that are DOWN, without those behind planned work.
    without_service_count: usize,
    /// Customers that are DEGRADED.
    degraded_count: usize,
    /// Customers that are UP with too small an optical margin, or with too much light.
    low_margin_count: usize,
    /// Customers that are DOWN because of planned work.
    planned_work_count: usize,
    /// Leaves in service that no fibre was connected with yet.
    not_connected_count: usize,
    /// Devices that are planned.
    planned_device_count: usize,
    /// Devices that are retired.
    retired_device_count: usize,
    /// Links that are planned.
    planned_link_count: usize,
    /// Links that are retired.
    retired_link_count: usize,
}

/// Counts by type, status and signal class.
#[utoipa::path(
    get,
    path = "/api/topology/summary",
    tag = "topology",
    responses((status = 200, body = Summary), (status = 304, description = "Unchanged"))
)]
async fn summary(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let seq = state.handle().read().seq();
    if let Some(response) = conditional::not_modified(&state, &headers, seq) {
        return Ok(response);
    }
    let (seq, answer) = shared_summary(&state).await?;
    Ok(conditional::json_bytes(&state, seq, Bytes::clone(&answer.body)))
}

/// Returns the totals and their seq; they are counted once for all who ask.
pub(super) async fn shared_summary(
    state: &ApiState,
) -> Result<(u64, Arc<SummaryAnswer>), EngineError> {
    let make = |(summary, planned_work): (Summary, BTreeSet<DeviceId>)| SummaryAnswer {
        customer_count: summary.customer_count,
        without_service_count: summary.without_service_count,
        degraded_count: summary.degraded_count,
        planned_work_count: summary.planned_work_count,
        overridden_count: summary.overridden_count,
        planned_work: planned_work.into_iter().collect(),
        body: to_json(summary),
    };
    state.summary().get(state.handle(), count, make).await
}

/// Counts, and returns the devices that planned work affects, too.
fn count(world: &World) -> (Summary, BTreeSet<DeviceId>) {
    let planned_work = in_planned_work(world);
    let mut summary = Summary {
        device_count: world.devices().count(),
        interface_count: world.interfaces().count(),
        link_count: world.links().count(),
        ..Summary::default()
    };
    summary.count_devices(world);
    summary.count_links(world);
    summary.count_customers(world, &planned_work);
    (summary, planned_work)
}

impl Summary {
    fn count_devices(&mut self, world: &World) {
        for device in world.devices() {
            let status = device.effective_status().as_str();
            let of_type = self.by_type.entry(device.device_type.as_str()).or_default();
            *of_type.entry(status).or_default() += 1;
            *self.by_status.entry(status).or_default() += 1;
            self.overridden_count += usize::from(device.status_override.is_some());
            match device.lifecycle {
                Lifecycle::Planned => self.planned_device_count += 1,
                Lifecycle::Retired => self.retired_device_count += 1,
                Lifecycle::InService => {}
            }
            if device.device_type.is_optical_leaf() && device.is_customer() {
                let class = device.signal.map_or(SignalClass::NoSignal, |signal| signal.class);
                *self.by_signal_class.entry(class.as_str()).or_default() += 1;
            }
        }
    }

    fn count_links(&mut self, world: &World) {
        for link in world.links() {
            *self.links_by_status.entry(link.status.as_str()).or_default() += 1;
            self.overridden_link_count += usize::from(link.status_override.is_some());
            match link.lifecycle {
                Lifecycle::Planned => self.planned_link_count += 1,
                Lifecycle::Retired => self.retired_link_count += 1,
                Lifecycle::InService => {}
            }
        }
        self.overridden_count += self.overridden_link_count;
    }

    fn count_customers(&mut self, world: &World, in_planned_work: &BTreeSet<DeviceId>) {
        let mut counts = CustomerCounts::default();
        let leaves = world.devices().filter(|one| one.device_type.class() == DeviceClass::Leaf);
        for leaf in leaves.filter(|leaf| leaf.is_in_service()) {
            if !leaf.is_customer() {
                self.not_connected_count += 1;
                continue;
            }
            self.customer_count += 1;
            if leaf.effective_status() == Status::Down && in_planned_work.contains(&leaf.id) {
                self.planned_work_count += 1;
            } else {
                counts.add(leaf);
            }
        }
        self.without_service_count = counts.without_service;
        self.degraded_count = counts.degraded;
        self.low_margin_count = counts.low_margin;
    }
}

/// Devices whose root cause is planned work. Only then is the network analysed.
fn in_planned_work(world: &World) -> BTreeSet<DeviceId> {
    let devices = world.devices().filter_map(|device| device.status_override.as_ref());
    let links = world.links().filter_map(|link| link.status_override.as_ref());
    if !devices.chain(links).any(|set| set.is_planned_work) {
        return BTreeSet::new();
    }
    let planned = problems(world).into_iter().filter(|one| one.severity == Severity::Planned);
    let affected = planned.flat_map(|problem| {
        let itself = match problem.cause {
            RootCause::Device(id) => Some(id),
            RootCause::Link(_) => None,
        };
        problem.victims.into_iter().chain(itself)
    });
    affected.collect()
}
