//! Whether the trail is as it was written.

use std::sync::LazyLock;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::json;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Body422, Origin};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::backup::audit_heads_of;
use crate::query::{AuditCheck, AuditCheckView, check_audit};
use crate::store::ACCEPT_AUDIT_PROBLEMS;
use crate::util::BlockingLimit;

/// One at a time: it reads up to 128 MiB of rows.
static CHECKING: LazyLock<BlockingLimit> = LazyLock::new(|| BlockingLimit::new(1));
/// A check takes a second; on a slow disk that others use, far more.
const CHECK_WAIT: Duration = Duration::from_secs(60);
/// Longest reason: half a page.
const REASON_CHARS_MAX: usize = 1000;

/// Why the problems are accepted.
#[derive(ToSchema)]
#[schema(as = AuditAcceptance)]
pub(super) struct AcceptanceBody {
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

impl FromFields for AcceptanceBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { reason: fields.required("reason", parse::line(REASON_CHARS_MAX))? })
    }
}

/// Reads the whole trail and computes its hashes again, and looks for the rows that backups and PostgreSQL
/// know.
#[utoipa::path(
    get,
    path = "/api/audit/verify",
    tag = "site",
    responses((status = 200, body = AuditCheckView))
)]
pub(super) async fn verify_audit(
    State(state): State<ApiState>,
) -> Result<Json<AuditCheckView>, ApiError> {
    Ok(Json(check(&state).await?.view()))
}

/// Accepts the problems that are found now, after somebody has looked into them: the job `audit` does not
/// fail because of them any longer. The row that says so keeps them in mind.
#[utoipa::path(
    post,
    path = "/api/audit/accept",
    tag = "site",
    request_body = AcceptanceBody,
    responses((status = 200, body = AuditCheckView))
)]
pub(super) async fn accept_problems(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(AcceptanceBody { reason }): Body422<AcceptanceBody>,
) -> Result<Json<AuditCheckView>, ApiError> {
    let problems = check(&state).await?.problems();
    if !problems.is_empty() {
        let details = json!({ "reason": reason, "problems": problems });
        state.record(origin, ACCEPT_AUDIT_PROBLEMS, details).await?;
    }
    verify_audit(State(state)).await
}

async fn check(state: &ApiState) -> Result<AuditCheck, ApiError> {
    let mut known = audit_heads_of(&state.backups().observe().await?.entries);
    let sync = state.sync().status();
    known.extend(sync.audit_head);
    let snapshot = state.handle().read();
    let mut check =
        CHECKING.run_within(CHECK_WAIT, move || check_audit(&snapshot, known)).await??;
    // What the job `audit` found in PostgreSQL.
    for (row, problem) in sync.last_audit_comparison.into_iter().flat_map(|it| it.differences) {
        check.add(row, problem);
    }
    Ok(check)
}
