//! Import and export of devices, links and cross-connects as tables (CSV).
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::export::{ROWS_PER_LOOK, stream};
use super::extract::{Body422, BodyBytes, Origin, Query422};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{DeviceId, Lifecycle};
use crate::engine::import_table;
use crate::query::TableExport;
use crate::settings::RuntimeSetting;
use crate::store::AuditOrigin;
use crate::util::run_blocking;
use crate::wire::{
    Encoding, ImportErrors, ImportReport, Separator, TABLE_BYTES_MAX, TableKind, TableOptions,
    read_table,
};

pub(super) const CSV: &str = "text/csv; charset=utf-8";
const ENCODINGS: [&str; 2] = [Encoding::Utf8.as_str(), Encoding::Windows1252.as_str()];
const SEPARATORS: [&str; 6] = ["comma", "semicolon", "tab", ",", ";", "\t"];

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(import_any))
        .routes(routes!(import_devices))
        .routes(routes!(import_links))
        .routes(routes!(import_cross_connects))
        .routes(routes!(export_all_devices, export_some_devices))
        .routes(routes!(export_links))
        .routes(routes!(export_cross_connects))
}

/// How to import a table.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// `true` reports what would be imported, and changes nothing.
    #[param(value_type = Option<bool>)]
    dry_run: bool,
    /// `utf-8` (the default; UTF-16 is recognised by its byte order mark) or `windows-1252`.
    #[param(value_type = Option<String>)]
    encoding: Encoding,
    /// The lifecycle of new devices and links: with `planned` they alarm nobody until they are put into
    /// service. Existing ones keep theirs, and the column `lifecycle` is not read. Not for
    /// cross-connects.
    #[param(value_type = Option<String>)]
    lifecycle: Option<Lifecycle>,
}

impl FromFields for ImportQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let encoding = fields.present("encoding", parse::one_of(&ENCODINGS));
        Some(Self {
            dry_run: fields.present("dry_run", parse::boolean).unwrap_or(false),
            encoding: encoding.and_then(Encoding::parse).unwrap_or_default(),
            lifecycle: fields.present("lifecycle", parse::lifecycle),
        })
    }
}

/// Imports a table of devices, of links or of cross-connects, as its heading tells.
#[utoipa::path(
    post,
    path = "/api/import/csv",
    tag = "site",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportReport), (status = 400, body = ImportErrors))
)]
async fn import_any(
    State(state): State<ApiState>,
    Query422(query): Query422<ImportQuery>,
    Origin(origin): Origin,
    BodyBytes(table): BodyBytes<TABLE_BYTES_MAX>,
) -> Result<Response, ApiError> {
    import(&state, None, query, table, origin).await
}

/// Imports a table of devices, in any order. A row with a known name or id changes that device, any
/// other row provisions one. If any row is invalid, nothing is imported and every error is
/// returned.
#[utoipa::path(
    post,
    path = "/api/import/devices",
    tag = "devices",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportReport), (status = 400, body = ImportErrors))
)]
async fn import_devices(
    State(state): State<ApiState>,
    Query422(query): Query422<ImportQuery>,
    Origin(origin): Origin,
    BodyBytes(table): BodyBytes<TABLE_BYTES_MAX>,
) -> Result<Response, ApiError> {
    import(&state, Some(TableKind::Devices), query, table, origin).await
}

/// Imports a table of links, which name their devices and interfaces. If any row is invalid,
/// nothing is imported and every error is returned.
#[utoipa::path(
    post,
    path = "/api/import/links",
    tag = "links",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportReport), (status = 400, body = ImportErrors))
)]
async fn import_links(
    State(state): State<ApiState>,
    Query422(query): Query422<ImportQuery>,
    Origin(origin): Origin,
    BodyBytes(table): BodyBytes<TABLE_BYTES_MAX>,
) -> Result<Response, ApiError> {
    import(&state, Some(TableKind::Links), query, table, origin).await
}

/// Imports a table of cross-connects, which name their devices and interfaces. They take the place
/// of assumed ones at the same ports. If any row is invalid, nothing is imported and every error is
/// returned.
#[utoipa::path(
    post,
    path = "/api/import/cross-connects",
    tag = "cross-connects",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportReport), (status = 400, body = ImportErrors))
)]
async fn import_cross_connects(
    State(state): State<ApiState>,
    Query422(query): Query422<ImportQuery>,
    Origin(origin): Origin,
    BodyBytes(table): BodyBytes<TABLE_BYTES_MAX>,
) -> Result<Response, ApiError> {
    import(&state, Some(TableKind::CrossConnects), query, table, origin).await
}

async fn import(
    state: &ApiState,
    kind: Option<TableKind>,
    query: ImportQuery,
    table: Bytes,
    origin: AuditOrigin,
) -> Result<Response, ApiError> {
    state.require(RuntimeSetting::Imports)?;
    let ImportQuery { encoding, lifecycle, .. } = query;
    let options = TableOptions { encoding, kind, lifecycle_of_new: lifecycle };
    // Reading 16 MiB would block other requests for too long.
    let reading = run_blocking(move || read_table(&table, options)).await?;
    match import_table(state.handle(), reading, query.dry_run, origin).await? {
        Ok(report) => Ok(Json(report).into_response()),
        Err(errors) => Err(ApiError::Table(errors)),
    }
}

/// How to export a table.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// `comma` (the default), `semicolon` or `tab`; or the character itself.
    #[param(value_type = Option<String>)]
    pub(super) separator: Separator,
}

impl FromFields for ExportQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { separator: separator(fields) })
    }
}

fn separator(fields: &mut Fields<'_>) -> Separator {
    let word = fields.present("separator", parse::one_of(&SEPARATORS));
    word.and_then(Separator::parse).unwrap_or_default()
}

/// Exports all devices as a table, which can be imported here and at another site.
#[utoipa::path(
    get,
    path = "/api/export/devices.csv",
    tag = "devices",
    params(ExportQuery),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn export_all_devices(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Query422(query): Query422<ExportQuery>,
) -> Result<Response, ApiError> {
    let details = json!({ "table": "devices" });
    table(&state, origin, details, TableExport::all(TableKind::Devices, query.separator)).await
}

/// The devices to export.
#[derive(ToSchema)]
#[schema(as = DeviceSelection)]
struct SelectionBody {
    /// In the order of the table; ids that no longer exist are ignored.
    #[schema(value_type = Vec<u64>)]
    ids: Vec<DeviceId>,
    /// As in the export of all devices.
    #[schema(value_type = Option<String>, nullable = false)]
    separator: Separator,
}

impl FromFields for SelectionBody {
    /// Ids of some 400,000 devices.
    const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let ids = fields.required("ids", parse::ids);
        let separator = separator(fields);
        Some(Self { ids: ids?.into_iter().map(DeviceId).collect(), separator })
    }
}

/// Exports some devices as a table.
#[utoipa::path(
    post,
    path = "/api/export/devices.csv",
    tag = "devices",
    request_body = SelectionBody,
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn export_some_devices(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<SelectionBody>,
) -> Result<Response, ApiError> {
    let details = json!({ "table": "devices", "selected": body.ids.len() });
    table(&state, origin, details, TableExport::of_devices(body.ids, body.separator)).await
}

/// Exports all links as a table, with the names of their devices and interfaces.
#[utoipa::path(
    get,
    path = "/api/export/links.csv",
    tag = "links",
    params(ExportQuery),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn export_links(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Query422(query): Query422<ExportQuery>,
) -> Result<Response, ApiError> {
    let details = json!({ "table": "links" });
    table(&state, origin, details, TableExport::all(TableKind::Links, query.separator)).await
}

/// Exports all cross-connects as a table, with the names of their devices and interfaces.
#[utoipa::path(
    get,
    path = "/api/export/cross-connects.csv",
    tag = "cross-connects",
    params(ExportQuery),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
async fn export_cross_connects(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Query422(query): Query422<ExportQuery>,
) -> Result<Response, ApiError> {
    let details = json!({ "table": "cross-connects" });
    table(&state, origin, details, TableExport::all(TableKind::CrossConnects, query.separator))
        .await
}

async fn table(
    state: &ApiState,
    origin: AuditOrigin,
    details: Value,
    mut export: TableExport,
) -> Result<Response, ApiError> {
    state.require(RuntimeSetting::Exports)?;
    state.record_if_space(origin, "export table", details).await?;
    stream(state, CSV, move |snapshot, out| export.write(snapshot, out, ROWS_PER_LOOK)).await
}
