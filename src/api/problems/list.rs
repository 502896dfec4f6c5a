//! All problems, and what answers about one of them are made from.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::answer_cache::{ProblemsAnswer, to_json};
use crate::api::conditional;
use crate::api::error::ApiError;
use crate::api::state::ApiState;
use crate::domain::{
    CustomerCounts, Problem, ProblemKind, Reason, Severity, SignalClass, World, problems,
};
use crate::wire::{self, Subject, Time};

/// Most problems in one answer.
const PROBLEMS_MAX: usize = 1_000;
/// Most affected devices listed per problem; `device_count` is the number of all.
const VICTIMS_MAX: usize = 100;

/// All problems, the most severe first.
#[derive(Serialize, ToSchema)]
pub(super) struct Problems {
    /// Number of problems; at most 1,000 are listed.
    count: usize,
    /// How many of them are planned work, which alarms nobody.
    planned_count: usize,
    problems: Vec<ProblemView>,
}

/// One cause and the devices that it affects.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemView {
    /// `device` or `link`.
    pub(super) kind: &'static str,
    id: u64,
    /// The device's name, or those of the link's ends.
    name: String,
    /// The container of the cause, or of the link's upper end.
    place: Option<String>,
    /// `held`, `conflict`, or a status reason such as `no_upstream` or `signal_critical`.
    problem: &'static str,
    /// `critical`, `major` or `minor`; `planned` for planned work, which alarms nobody.
    severity: &'static str,
    /// The reason of the override, if the operator gave one.
    override_reason: Option<String>,
    /// The override of the cause.
    #[schema(schema_with = wire::nullable_status_schema)]
    status_override: Option<&'static str>,
    /// When that override ends by itself; null for one that stays until it is cleared.
    #[schema(value_type = Option<String>, format = DateTime)]
    override_ends_at: Option<Time>,
    /// Whether that override is planned work.
    override_is_planned_work: bool,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// Number of devices below that it affects.
    device_count: usize,
    /// Number of subscribers that it affects.
    leaf_count: usize,
    /// At most 100 of these devices.
    device_ids: Vec<u64>,
    /// Subscribers that are DOWN.
    without_service_count: usize,
    /// Subscribers that are DEGRADED.
    degraded_count: usize,
    /// Subscribers that are UP with too small an optical margin, or with too much light.
    low_margin_count: usize,
}

/// One entry per cause; the affected devices are listed under their cause.
#[utoipa::path(
    get,
    path = "/api/problems",
    tag = "topology",
    responses((status = 200, body = Problems), (status = 304, description = "Unchanged"))
)]
pub(super) async fn list_problems(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seq = state.handle().read().seq();
    if let Some(response) = conditional::not_modified(&state, &headers, seq) {
        return Ok(response);
    }
    let (seq, answer) = all_problems(&state).await?;
    Ok(conditional::json_bytes(&state, seq, answer.body.clone()))
}

/// Returns all problems and the seq that they are of; the analysis is shared.
pub(super) async fn all_problems(state: &ApiState) -> Result<(u64, Arc<ProblemsAnswer>), ApiError> {
    let make = |(problems, view)| ProblemsAnswer { problems, body: to_json(view) };
    Ok(state.problems().get(state.handle(), all, make).await?)
}

fn all(world: &World) -> (Vec<Problem>, Problems) {
    let found = problems(world);
    let listed = found.iter().take(PROBLEMS_MAX);
    let views = listed.map(|problem| ProblemView::new(world, problem)).collect();
    let count = found.len();
    let planned_count = found.iter().filter(|one| one.severity == Severity::Planned).count();
    (found, Problems { count, planned_count, problems: views })
}

impl ProblemView {
    pub(super) fn new(world: &World, problem: &Problem) -> Self {
        let subject = Subject::new(world, problem.cause);
        let mut counts = CustomerCounts::default();
        for customer in problem.customers.iter().filter_map(|id| world.device(*id)) {
            counts.add(customer);
        }
        Self {
            override_reason: subject.override_reason(),
            status_override: subject.set.map(|set| set.status.as_str()),
            override_ends_at: subject.set.and_then(|set| set.ends_at).map(Time),
            override_is_planned_work: subject.set.is_some_and(|set| set.is_planned_work),
            kind: subject.kind,
            id: subject.id,
            name: subject.name,
            place: subject.place,
            problem: word(problem.kind),
            severity: problem.severity.as_str(),
            since: Time(problem.since),
            device_count: problem.victims.len(),
            leaf_count: problem.customers.len(),
            device_ids: problem.victims.iter().take(VICTIMS_MAX).map(|id| id.0).collect(),
            without_service_count: counts.without_service,
            degraded_count: counts.degraded,
            low_margin_count: counts.low_margin,
        }
    }
}

fn word(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Held => "held",
        ProblemKind::Conflict => "conflict",
        ProblemKind::NotInService => "not_in_service",
        ProblemKind::Unreachable(reason) => reason.as_str(),
        ProblemKind::Signal(SignalClass::NoSignal) => Reason::NoSignal.as_str(),
        ProblemKind::Signal(SignalClass::Critical) => Reason::SignalCritical.as_str(),
        ProblemKind::Signal(SignalClass::Overload) => Reason::SignalOverload.as_str(),
        ProblemKind::Signal(SignalClass::Warning | SignalClass::Ok) => {
            Reason::SignalWarning.as_str()
        }
    }
}
