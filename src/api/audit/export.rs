//! The whole trail as a file.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::json;
use utoipa::IntoParams;

use crate::api::csv::CSV;
use crate::api::error::ApiError;
use crate::api::export::{ROWS_PER_LOOK, stream};
use crate::api::extract::{Origin, Query422};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::query::{AuditExport, AuditFormat};
use crate::settings::RuntimeSetting;

const FORMATS: [&str; 2] = [AuditFormat::Jsonl.as_str(), AuditFormat::Csv.as_str()];

/// How to export.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditExportQuery {
    /// `jsonl` (the default): a line about the chain, then one row per line with its changes. `csv`: a table
    /// without the changes.
    #[param(value_type = Option<String>)]
    format: AuditFormat,
}

impl FromFields for AuditExportQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let format = fields.optional("format", parse::one_of(&FORMATS));
        Some(Self { format: format.and_then(AuditFormat::parse).unwrap_or(AuditFormat::Jsonl) })
    }
}

/// Every row of the trail, oldest first. The export is itself recorded, as the last row.
#[utoipa::path(
    get,
    path = "/api/audit/export",
    tag = "site",
    params(AuditExportQuery),
    responses((status = 200, content(
        (String = "application/x-ndjson"),
        (String = "text/csv"),
    )))
)]
pub(super) async fn export_audit(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Query422(AuditExportQuery { format }): Query422<AuditExportQuery>,
) -> Result<Response, ApiError> {
    state.require(RuntimeSetting::Exports)?;
    state
        .record_if_space(origin, "export audit trail", json!({ "format": format.as_str() }))
        .await?;
    let mut export = AuditExport::new(state.handle().site_id(), format);
    let content_type = match format {
        AuditFormat::Jsonl => "application/x-ndjson",
        AuditFormat::Csv => CSV,
    };
    let mut response = stream(&state, content_type, move |snapshot, out| {
        export.write(snapshot, out, ROWS_PER_LOOK)
    })
    .await?;
    let name = match format {
        AuditFormat::Jsonl => "attachment; filename=\"unoc_audit.jsonl\"",
        AuditFormat::Csv => "attachment; filename=\"unoc_audit.csv\"",
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
