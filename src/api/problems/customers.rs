//! The customers behind a cause: all of them, as JSON or as a table.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use tokio::runtime::Handle;
use utoipa::ToSchema;

use super::cause::{PathCause, index_of};
use super::list::all_problems;
use crate::api::conditional;
use crate::api::csv::{CSV, ExportQuery};
use crate::api::error::ApiError;
use crate::api::extract::Query422;
use crate::api::listing::{PageParams, PageQuery, next_link};
use crate::api::state::ApiState;
use crate::api::streaming::{self, Broken, Pieces};
use crate::domain::{Device, DeviceDetails, DeviceId, World};
use crate::engine::EngineHandle;
use crate::wire::{self, Cell, ReasonCodes, Separator, SignalView, Time, write_heading, write_row};

/// Customers looked up at once: a fraction of a millisecond, between two batches of changes.
const ROWS_PER_LOOK: usize = 500;

/// A customer behind a cause.
#[derive(Serialize, ToSchema)]
#[schema(as = Customer)]
struct CustomerView<'a> {
    id: u64,
    name: &'a str,
    #[schema(schema_with = wire::device_type_schema)]
    device_type: &'static str,
    #[schema(schema_with = wire::status_schema)]
    effective_status: &'static str,
    #[schema(value_type = Vec<String>)]
    status_reasons: ReasonCodes,
    #[schema(value_type = String, format = DateTime)]
    status_since: Time,
    serial: Option<&'a str>,
    customer_reference: Option<&'a str>,
    customer_name: Option<&'a str>,
    phone: Option<&'a str>,
    address: Option<&'a str>,
    /// The light at the customer; null without a path to a working OLT.
    signal: Option<SignalView>,
    /// The OLT or AON switch that the customer is connected to, also while nothing works.
    access_node: Option<NodeName<'a>>,
    /// The port of the OLT or AON switch, such as `pon0`.
    access_port: Option<&'a str>,
    /// The splitter next to the customer.
    splitter: Option<NodeName<'a>>,
}

/// The columns of the table.
const COLUMNS: [&str; 16] = [
    "name",
    "customer_name",
    "phone",
    "address",
    "customer_reference",
    "serial",
    "device_type",
    "effective_status",
    "status_reasons",
    "status_since",
    "access_node",
    "access_port",
    "splitter",
    "rx_down_dbm",
    "rx_up_dbm",
    "margin_db",
];

/// A device by its name.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = DeviceName)]
struct NodeName<'a> {
    id: u64,
    name: &'a str,
}

impl<'a> NodeName<'a> {
    fn of(device: &'a Device) -> Self {
        Self { id: device.id.0, name: device.name.as_str() }
    }
}

/// All customers that the cause affects, ascending by id.
#[utoipa::path(
    get,
    path = "/api/problems/{kind}/{id}/customers",
    tag = "topology",
    params(
        ("kind" = String, Path, description = "`device` or `link`"),
        ("id" = u64, Path, description = "Id of the device or link that is the cause"),
        PageParams,
    ),
    responses(
        (status = 200, body = Vec<CustomerView<'_>>),
        (status = 304, description = "Unchanged"),
    )
)]
pub(super) async fn list_customers(
    State(state): State<ApiState>,
    PathCause(cause): PathCause,
    OriginalUri(uri): OriginalUri,
    request: HeaderMap,
    Query422(page): Query422<PageQuery>,
) -> Result<Response, ApiError> {
    let seq = state.handle().read().seq();
    if let Some(response) = conditional::not_modified(&state, &request, seq) {
        return Ok(response);
    }
    let (seq, answer) = all_problems(&state).await?;
    let customers = &answer.problems[index_of(&answer.problems, cause)?].customers;
    let rest = &customers[customers.partition_point(|id| id.0 <= page.after)..];
    let limit = page.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let ids = rest[..limit.min(rest.len())].to_vec();
    let last = ids.last().filter(|_| ids.len() < rest.len()).copied();
    let body = streaming::body(Customers::new(state.handle(), ids, JsonRows::default())).await?;
    let json = [(header::CONTENT_TYPE, "application/json")];
    let mut response = (conditional::headers(&state, seq), json, body).into_response();
    let path = uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string);
    let next = last.map(|last| next_link(&path, last.0));
    if let Some(link) = next.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// All customers that the cause affects, as a table.
#[utoipa::path(
    get,
    path = "/api/problems/{kind}/{id}/customers.csv",
    tag = "topology",
    params(
        ("kind" = String, Path, description = "`device` or `link`"),
        ("id" = u64, Path, description = "Id of the device or link that is the cause"),
        ExportQuery,
    ),
    responses((status = 200, body = String, content_type = "text/csv"))
)]
pub(super) async fn export_customers(
    State(state): State<ApiState>,
    PathCause(cause): PathCause,
    Query422(query): Query422<ExportQuery>,
) -> Result<Response, ApiError> {
    let (_, answer) = all_problems(&state).await?;
    let ids = answer.problems[index_of(&answer.problems, cause)?].customers.clone();
    let rows = CsvRows { separator: query.separator, has_heading: false };
    let body = streaming::body(Customers::new(state.handle(), ids, rows)).await?;
    Ok(([(header::CONTENT_TYPE, CSV)], body).into_response())
}

/// How customers are written.
trait RowFormat: Send + 'static {
    /// Writes customers after those that were written before.
    fn write(&mut self, rows: &[CustomerRow], out: &mut Vec<u8>) -> Result<(), Broken>;

    /// What follows the last customer.
    fn end(&self) -> &'static [u8];
}

/// Customers that are sent to a client. They are as of the answer's seq or later; those that were deleted
/// meanwhile are missing.
struct Customers<F> {
    runtime: Handle,
    engine: EngineHandle,
    /// Those that are not written yet.
    ids: std::vec::IntoIter<DeviceId>,
    format: F,
    is_done: bool,
}

impl<F: RowFormat> Customers<F> {
    fn new(engine: &EngineHandle, ids: Vec<DeviceId>, format: F) -> Self {
        let (runtime, engine) = (Handle::current(), engine.clone());
        Self { runtime, engine, ids: ids.into_iter(), format, is_done: false }
    }
}

impl<F: RowFormat> Pieces for Customers<F> {
    fn next(&mut self) -> Result<Option<Vec<Bytes>>, Broken> {
        if self.is_done {
            return Ok(None);
        }
        let ids: Vec<DeviceId> = self.ids.by_ref().take(ROWS_PER_LOOK).collect();
        let (_, rows) =
            self.runtime.block_on(self.engine.inspect(move |world| rows(world, &ids)))?;
        let mut piece = Vec::new();
        self.format.write(&rows, &mut piece)?;
        if self.ids.len() == 0 {
            piece.extend_from_slice(self.format.end());
            self.is_done = true;
        }
        Ok(Some(vec![piece.into()]))
    }
}

/// A customer, and where it is connected.
struct CustomerRow {
    device: Arc<Device>,
    node: Option<Arc<Device>>,
    splitter: Option<Arc<Device>>,
}

fn rows(world: &World, ids: &[DeviceId]) -> Vec<CustomerRow> {
    let device = |id: DeviceId| world.device(id).cloned();
    let devices = ids.iter().filter_map(|id| world.device(*id));
    let row = |customer: &Arc<Device>| {
        let line = customer.served_by.as_ref().map(|served| served.line.as_ref());
        CustomerRow {
            device: Arc::clone(customer),
            node: line.and_then(|line| device(line.node)),
            splitter: line.and_then(|line| line.splitter).and_then(device),
        }
    };
    devices.map(row).collect()
}

impl CustomerRow {
    fn view(&self) -> CustomerView<'_> {
        let device = &self.device;
        let line = device.served_by.as_ref().map(|served| &served.line);
        let details = device.details.as_deref().unwrap_or(const { &DeviceDetails::NONE });
        CustomerView {
            id: device.id.0,
            name: device.name.as_str(),
            device_type: device.device_type.as_str(),
            effective_status: device.effective_status().as_str(),
            status_reasons: ReasonCodes::of(device),
            status_since: Time(device.status_since),
            serial: details.serial.as_deref(),
            customer_reference: details.customer_reference.as_deref(),
            customer_name: details.customer_name.as_deref(),
            phone: details.phone.as_deref(),
            address: details.address.as_deref(),
            signal: device.signal.as_ref().map(SignalView::new),
            access_node: self.node.as_deref().map(NodeName::of),
            access_port: line.map(|line| line.port_name.as_str()),
            splitter: self.splitter.as_deref().map(NodeName::of),
        }
    }
}

/// The items of a JSON array.
#[derive(Default)]
struct JsonRows {
    is_open: bool,
    has_rows: bool,
}

impl RowFormat for JsonRows {
    fn write(&mut self, rows: &[CustomerRow], out: &mut Vec<u8>) -> Result<(), Broken> {
        if !std::mem::replace(&mut self.is_open, true) {
            out.push(b'[');
        }
        for row in rows {
            if std::mem::replace(&mut self.has_rows, true) {
                out.push(b',');
            }
            serde_json::to_writer(&mut *out, &row.view())?;
        }
        Ok(())
    }

    fn end(&self) -> &'static [u8] {
        b"]"
    }
}

struct CsvRows {
    separator: Separator,
    has_heading: bool,
}

impl RowFormat for CsvRows {
    fn write(&mut self, rows: &[CustomerRow], out: &mut Vec<u8>) -> Result<(), Broken> {
        if !std::mem::replace(&mut self.has_heading, true) {
            write_heading(out, self.separator, &COLUMNS)?;
        }
        for row in rows {
            let view = row.view();
            let reasons: Vec<&str> = row.device.reasons.iter().map(|it| it.as_str()).collect();
            let (reasons, since) = (reasons.join(" "), view.status_since.to_string());
            let signal = view.signal.as_ref();
            let cells: [Cell<'_>; COLUMNS.len()] = [
                Cell::Text(view.name),
                view.customer_name.into(),
                view.phone.into(),
                view.address.into(),
                view.customer_reference.into(),
                view.serial.into(),
                Cell::Text(view.device_type),
                Cell::Text(view.effective_status),
                Cell::Text(&reasons),
                Cell::Text(&since),
                view.access_node.map(|node| node.name).into(),
                view.access_port.into(),
                view.splitter.map(|splitter| splitter.name).into(),
                signal.map(|signal| signal.rx_down_dbm).into(),
                signal.map(|signal| signal.rx_up_dbm).into(),
                signal.map(|signal| signal.margin_db).into(),
            ];
            write_row(out, self.separator, &cells)?;
        }
        Ok(())
    }

    fn end(&self) -> &'static [u8] {
        b""
    }
}
