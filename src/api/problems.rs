//! The problems of the network, one entry per cause.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::conditional;
use super::error::ApiError;
use super::state::ApiState;
use crate::domain::{
    Device, DeviceId, Override, OverrideReason, Problem, ProblemKind, RootCause, Severity, World,
    problems,
};
use crate::wire::Time;

/// Most problems in one answer.
const PROBLEMS_MAX: usize = 1_000;
/// Most affected devices listed per problem; `device_count` is the number of all.
const VICTIMS_MAX: usize = 100;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list_problems))
}

/// All problems, the most severe first.
#[derive(Serialize, ToSchema)]
struct Problems {
    /// Number of problems; at most 1,000 are listed.
    count: usize,
    problems: Vec<ProblemView>,
}

/// One cause and the devices that it affects.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
struct ProblemView {
    /// `device` or `link`.
    kind: &'static str,
    id: u64,
    /// The device's name, or those of the link's ends.
    name: String,
    /// The container of the cause, or of the link's upper end.
    place: Option<String>,
    /// `held`, `conflict`, or a status reason such as `no_upstream` or `signal_critical`.
    problem: &'static str,
    /// `critical`, `major` or `minor`.
    severity: &'static str,
    /// The reason of the override, if the operator gave one.
    override_reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// Number of devices below that it affects.
    device_count: usize,
    /// Number of subscribers that it affects.
    leaf_count: usize,
    /// At most 100 of these devices.
    device_ids: Vec<u64>,
}

/// One entry per cause; the affected devices are listed under their cause.
#[utoipa::path(
    get,
    path = "/api/problems",
    tag = "topology",
    responses((status = 200, body = Problems), (status = 304, description = "Unchanged"))
)]
async fn list_problems(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seq = state.handle().read().seq();
    if let Some(response) = conditional::not_modified(&state, &headers, seq) {
        return Ok(response);
    }
    let (seq, body) = state.problems().get(state.handle(), all).await?;
    Ok(conditional::json_bytes(&state, seq, body))
}

fn all(world: &World) -> Problems {
    let found = problems(world);
    let views = found.iter().take(PROBLEMS_MAX).map(|problem| view(world, problem)).collect();
    Problems { count: found.len(), problems: views }
}

fn view(world: &World, problem: &Problem) -> ProblemView {
    let device = |id: DeviceId| world.device(id).map(AsRef::as_ref);
    let (kind, id, name, upper, set) = match problem.cause {
        RootCause::Device(id) => {
            let cause = device(id);
            let name = cause.map(|device| device.name.to_string());
            let set = cause.and_then(|device| device.status_override.as_ref());
            ("device", id.0, name.unwrap_or_default(), cause, set)
        }
        RootCause::Link(id) => {
            let ends = world.ends(id).map(|ends| ends.map(device));
            let names = ends.map(|ends| {
                ends.map(|end| end.map(|device| device.name.to_string()).unwrap_or_default())
            });
            let set = world.link(id).and_then(|link| link.status_override.as_ref());
            let name = names.map(|names| names.join(" - ")).unwrap_or_default();
            ("link", id.0, name, ends.and_then(|[a, _]| a), set)
        }
    };
    ProblemView {
        kind,
        id,
        name,
        place: upper.and_then(|device| place(world, device)),
        problem: word(problem.kind),
        severity: match problem.severity {
            Severity::Critical => "critical",
            Severity::Major => "major",
            Severity::Minor => "minor",
        },
        override_reason: set.and_then(reason),
        since: Time(problem.since),
        device_count: problem.victims.len(),
        leaf_count: problem.leaf_count,
        device_ids: problem.victims.iter().take(VICTIMS_MAX).map(|id| id.0).collect(),
    }
}

fn place(world: &World, device: &Device) -> Option<String> {
    Some(world.device(device.parent?)?.name.to_string())
}

fn reason(set: &Override) -> Option<String> {
    set.reason.as_ref().map(|reason| OverrideReason::as_str(reason).to_owned())
}

fn word(kind: ProblemKind) -> &'static str {
    use crate::domain::{Reason, SignalClass};
    match kind {
        ProblemKind::Held => "held",
        ProblemKind::Conflict => "conflict",
        ProblemKind::Unreachable(reason) => reason.as_str(),
        ProblemKind::Signal(SignalClass::NoSignal) => Reason::NoSignal.as_str(),
        ProblemKind::Signal(SignalClass::Critical) => Reason::SignalCritical.as_str(),
        ProblemKind::Signal(SignalClass::Overload) => Reason::SignalOverload.as_str(),
        ProblemKind::Signal(SignalClass::Warning | SignalClass::Ok) => {
            Reason::SignalWarning.as_str()
        }
    }
}
