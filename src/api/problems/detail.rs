//! Everything about one problem.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::cause::{PathCause, index_of};
use super::changes::Touched;
use super::list::{ProblemView, all_problems};
use crate::api::answer_cache::to_json;
use crate::api::conditional;
use crate::api::error::ApiError;
use crate::api::state::ApiState;
use crate::domain::{
    CausePath, Device, DeviceId, DeviceType, LinkId, PathPart, Problem, Redundancy, Status,
    Timestamp, UplinkState, World, cause_path, redundancy,
};
use crate::query::{AuditView, changes_before};
use crate::util::run_blocking;
use crate::wire;

/// Most bytes of the changes of one row: about 60 devices before and after.
const ROW_BYTES_MAX: usize = 64 << 10;

/// One cause: what it affects, its place on the path, and what was changed before it.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemDetail)]
struct ProblemDetailView<'a> {
    #[serde(flatten)]
    problem: ProblemView,
    path: CausePathView,
    /// Of a router, an OLT, an AON switch, or a link between such; null in a PON, where there is none.
    redundancy: Option<RedundancyView>,
    /// Changes of the cause, its ends and its path in the hour before it began, newest first; of each,
    /// only these entities.
    changes: Vec<AuditView<'a>>,
    /// There were more changes than are listed.
    has_more_changes: bool,
}

/// The path from a gateway down to a cause.
#[derive(Serialize, ToSchema)]
#[schema(as = CausePath)]
struct CausePathView {
    /// Whether it begins at a backbone gateway.
    is_complete: bool,
    /// Devices and the links between them from the top; the cause last, or the device below it if it is a
    /// link.
    parts: Vec<CausePathPart>,
    /// The last part that light or traffic reaches; null if the first one is dark.
    last_lit: Option<PartName>,
    /// The first part that light or traffic does not reach; null if all are lit.
    first_dark: Option<PartName>,
}

/// A part of the path to a cause.
#[derive(Serialize, ToSchema)]
struct CausePathPart {
    #[serde(flatten)]
    part: PartName,
    /// Of a device.
    device_type: Option<&'static str>,
    /// Effective.
    #[schema(schema_with = wire::status_schema)]
    status: &'static str,
    /// Whether light or traffic reaches it.
    is_lit: bool,
    /// Of a link: its port at the device above.
    upper_port: Option<String>,
    /// Of a link: its port at the device below.
    lower_port: Option<String>,
    /// Of a link.
    length_km: Option<f64>,
}

/// A device or link.
#[derive(Serialize, ToSchema)]
struct PartName {
    /// `device` or `link`.
    kind: &'static str,
    id: u64,
    /// The device's name, or those of the link's ends, the upper one first.
    name: String,
}

/// The uplinks of a device.
#[derive(Serialize, ToSchema)]
#[schema(as = Redundancy)]
struct RedundancyView {
    /// The cause, or the active device below the link.
    device_id: u64,
    device_name: String,
    uplink_count: usize,
    /// How many of them reach a gateway now.
    working_uplink_count: usize,
    uplinks: Vec<UplinkView>,
}

/// An uplink of a device.
#[derive(Serialize, ToSchema)]
#[schema(as = Uplink)]
struct UplinkView {
    link_id: u64,
    /// The next router on the way to a gateway.
    via_id: u64,
    via_name: String,
    is_working: bool,
}

/// One cause: what it affects, its place on the path from the gateway, the redundancy that is left, and
/// what was changed just before.
#[utoipa::path(
    get,
    path = "/api/problems/{kind}/{id}",
    tag = "topology",
    params(
        ("kind" = String, Path, description = "`device` or `link`"),
        ("id" = u64, Path, description = "Id of the device or link that is the cause"),
    ),
    responses(
        (status = 200, body = ProblemDetailView<'_>),
        (status = 304, description = "Unchanged"),
    )
)]
pub(super) async fn get_problem(
    State(state): State<ApiState>,
    PathCause(cause): PathCause,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seq = state.handle().read().seq();
    if let Some(response) = conditional::not_modified(&state, &headers, seq) {
        return Ok(response);
    }
    let (seq_of_problems, answer) = all_problems(&state).await?;
    let index = index_of(&answer.problems, cause)?;
    let look = move |world: &World| Found::new(world, &answer.problems[index]);
    let (seq_of_path, found) = state.handle().inspect(look).await?;
    // A commit may come between both: the answer is then only as new as its older part.
    let seq = seq_of_problems.min(seq_of_path);
    let snapshot = state.handle().read();
    let body = run_blocking(move || {
        let Found { since, problem, path, redundancy, touched } = found;
        let before = changes_before(&snapshot, since, |image| touched.has(image))?;
        Ok::<_, ApiError>(to_json(ProblemDetailView {
            problem,
            path,
            redundancy,
            changes: before.rows.iter().map(|row| AuditView::new(row, ROW_BYTES_MAX)).collect(),
            has_more_changes: before.has_more,
        }))
    });
    Ok(conditional::json_bytes(&state, seq, body.await??))
}

/// What the graph shows of a problem.
struct Found {
    since: Timestamp,
    problem: ProblemView,
    path: CausePathView,
    redundancy: Option<RedundancyView>,
    touched: Touched,
}

impl Found {
    fn new(world: &World, problem: &Problem) -> Self {
        let path = cause_path(world, problem.cause);
        Self {
            since: problem.since,
            problem: ProblemView::new(world, problem),
            redundancy: redundancy(world, problem.cause).map(|found| uplinks(world, &found)),
            touched: Touched::new(world, problem.cause, &path),
            path: path_view(world, &path),
        }
    }
}

fn path_view(world: &World, path: &CausePath) -> CausePathView {
    let is_gateway = |device: &Device| device.device_type == DeviceType::BackboneGateway;
    let is_complete = match path.parts.first() {
        Some(PathPart::Device(id)) => world.device(*id).is_some_and(|device| is_gateway(device)),
        _ => false,
    };
    let name = |index: usize| part_name(world, &path.parts, index);
    CausePathView {
        is_complete,
        parts: (0..path.parts.len()).map(|index| part_view(world, path, index)).collect(),
        last_lit: path.lit_count.checked_sub(1).map(name),
        first_dark: (path.lit_count < path.parts.len()).then(|| name(path.lit_count)),
    }
}

fn part_view(world: &World, path: &CausePath, index: usize) -> CausePathPart {
    let mut view = CausePathPart {
        part: part_name(world, &path.parts, index),
        device_type: None,
        status: Status::Down.as_str(),
        is_lit: index < path.lit_count,
        upper_port: None,
        lower_port: None,
        length_km: None,
    };
    match path.parts[index] {
        PathPart::Device(id) => {
            if let Some(device) = world.device(id) {
                view.device_type = Some(device.device_type.as_str());
                view.status = device.effective_status().as_str();
            }
        }
        PathPart::Link(id) => {
            if let Some(link) = world.link(id) {
                view.status = link.status.as_str();
                view.length_km = link.length_km;
            }
            view.upper_port = port_name(world, id, neighbour(&path.parts, index.checked_sub(1)));
            view.lower_port = port_name(world, id, neighbour(&path.parts, Some(index + 1)));
        }
    }
    view
}

fn part_name(world: &World, parts: &[PathPart], index: usize) -> PartName {
    let name = |id: Option<DeviceId>| {
        let device = id.and_then(|id| world.device(id));
        device.map(|device| device.name.to_string()).unwrap_or_default()
    };
    match parts[index] {
        PathPart::Device(id) => PartName { kind: "device", id: id.0, name: name(Some(id)) },
        PathPart::Link(id) => {
            let ends = [index.checked_sub(1), Some(index + 1)].map(|at| neighbour(parts, at));
            PartName { kind: "link", id: id.0, name: ends.map(name).join(" - ") }
        }
    }
}

/// The device at this place of the path.
fn neighbour(parts: &[PathPart], index: Option<usize>) -> Option<DeviceId> {
    match parts.get(index?)? {
        PathPart::Device(id) => Some(*id),
        PathPart::Link(_) => None,
    }
}

fn port_name(world: &World, link: LinkId, device: Option<DeviceId>) -> Option<String> {
    let link = world.link(link)?;
    let ports = [link.a, link.b].into_iter().filter_map(|id| world.interface(id));
    ports.into_iter().find(|port| Some(port.device) == device).map(|port| port.name.to_string())
}

fn uplinks(world: &World, found: &Redundancy) -> RedundancyView {
    let name = |id: DeviceId| world.device(id).map(|device| device.name.to_string());
    let view = |uplink: &UplinkState| UplinkView {
        link_id: uplink.link.0,
        via_id: uplink.via.0,
        via_name: name(uplink.via).unwrap_or_default(),
        is_working: uplink.is_working,
    };
    RedundancyView {
        device_id: found.device.0,
        device_name: name(found.device).unwrap_or_default(),
        uplink_count: found.uplinks.len(),
        working_uplink_count: found.uplinks.iter().filter(|uplink| uplink.is_working).count(),
        uplinks: found.uplinks.iter().map(view).collect(),
    }
}
