//! What-if: the effect of changes, without making them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::audit::read_undo;
use super::devices::{CrossConnectByIds, DevicePatchBody, ProvisionBody};
use super::error::{ApiError, ErrorBody};
use super::extract::Body422;
use super::lifecycle::LifecycleGroupBody;
use super::links::{ConnectBody, LinkPatchBody, NewLinkBody};
use super::overrides::OverrideGroupBody;
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{
    AddCrossConnects, Change, ClearDeviceOverride, DeleteDevice, DeleteLink, Device, DeviceClass,
    DeviceId, DevicePatch, Edit, InterfaceId, LinkId, LinkPatch, NewCrossConnect, Override,
    ProvisionDevice, RemoveCrossConnect, ReplaceCrossConnects, SetDeviceOverride, SetLifecycles,
    SetOverrides, SimulatedCommand, Status, UpdateDevice, UpdateLink,
};
use crate::query::UndoTarget;
use crate::settings::RuntimeSetting;
use crate::wire::{DeviceView, InterfaceView, LinkView};

/// Most changes in one simulation, which takes milliseconds.
pub(super) const CHANGES_MAX: usize = 1_000;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(simulate))
}

/// Changes to try together.
#[derive(ToSchema)]
#[schema(as = Simulation)]
struct SimulationBody {
    #[schema(max_items = 1_000)]
    changes: Vec<SimulationStep>,
    /// `false` leaves the lists of the answer empty: for effects on most of a large site.
    #[schema(value_type = Option<bool>, nullable = false)]
    details: bool,
}

/// One change to try.
enum SimulationStep {
    Command(SimulatedCommand),
    Undo(UndoTarget),
}

/// One change: `op` and the keys that it needs.
#[derive(ToSchema)]
#[schema(as = SimulationStep)]
#[expect(
    dead_code,
    reason = "read by the OpenAPI generator only; `SimulationStep` holds the change"
)]
struct StepSchema {
    /// `provision` (with the keys of a device to provision), `update_device` (with the keys of a change to a
    /// device), `delete_device`, `override_device` (with `status`; null clears the override),
    /// `override` (with the keys of `/api/overrides/bulk`), `lifecycle` (with the keys of
    /// `/api/lifecycle/bulk`),
    /// `connect` (with the keys of create-simple), `create_link` (with the keys of a new link),
    /// `update_link` (with the keys of a change to a link), `delete_link`, `add_cross_connects` and
    /// `replace_cross_connects` (with `device_id` and `cross_connects`, whose ports are given by
    /// their ids), `remove_cross_connect` (with `device_id` and `interface_id`), `undo` (with
    /// `audit_id` or `request_id`; at most once).
    op: String,
    audit_id: Option<u64>,
    request_id: Option<String>,
    device_id: Option<u64>,
    link_id: Option<u64>,
    interface_id: Option<u64>,
    status: Option<String>,
}

impl utoipa::PartialSchema for SimulationStep {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        StepSchema::schema()
    }
}

impl ToSchema for SimulationStep {}

impl FromFields for SimulationBody {
    const BODY_BYTES_MAX: usize = 1024 * 1024;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let details = fields.present("details", parse::boolean).unwrap_or(true);
        Some(Self { changes: fields.objects("changes", CHANGES_MAX)?, details })
    }
}

const OPS: [&str; 14] = [
    "provision",
    "update_device",
    "delete_device",
    "override_device",
    "override",
    "lifecycle",
    "connect",
    "create_link",
    "update_link",
    "delete_link",
    "add_cross_connects",
    "replace_cross_connects",
    "remove_cross_connect",
    "undo",
];
/// As many as the ports of one device can have.
const CROSS_CONNECTS_MAX: usize = 2_048;

impl FromFields for SimulationStep {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let op = fields.required("op", parse::one_of(&OPS))?;
        let command = match op {
            "provision" => ProvisionDevice::from(ProvisionBody::from_fields(fields)?).into(),
            "update_device" => {
                let id = device_id(fields);
                let patch: DevicePatch = DevicePatchBody::from_fields(fields)?.into();
                UpdateDevice { id: id?, patch }.into()
            }
            "connect" => ConnectBody::from_fields(fields)?.with_rules(true).into(),
            "create_link" => NewLinkBody::from_fields(fields)?.with_rules(true).into(),
            "add_cross_connects" => {
                let (device, cross_connects) = cross_connects(fields)?;
                AddCrossConnects { device, cross_connects }.into()
            }
            "replace_cross_connects" => {
                let (device, cross_connects) = cross_connects(fields)?;
                ReplaceCrossConnects { device, cross_connects }.into()
            }
            "remove_cross_connect" => {
                let device = device_id(fields);
                let port = fields.required("interface_id", parse::id).map(InterfaceId);
                RemoveCrossConnect { device: device?, port: port? }.into()
            }
            "delete_device" => DeleteDevice(device_id(fields)?).into(),
            "override_device" => override_device(fields)?,
            "override" => SetOverrides::from(vec![OverrideGroupBody::from_fields(fields)?]).into(),
            "lifecycle" => {
                SetLifecycles::from(vec![LifecycleGroupBody::from_fields(fields)?]).into()
            }
            "update_link" => {
                let id = link_id(fields);
                let patch: LinkPatch = LinkPatchBody::from_fields(fields)?.into();
                UpdateLink { id: id?, patch }.into()
            }
            "undo" => return undo_target(fields).map(Self::Undo),
            _ => DeleteLink(link_id(fields)?).into(),
        };
        Some(Self::Command(command))
    }
}

fn undo_target(fields: &mut Fields<'_>) -> Option<UndoTarget> {
    match fields.optional("request_id", parse::request_id) {
        Some(id) => Some(UndoTarget::Request(id)),
        None => fields.required("audit_id", parse::integer_in(0, u64::MAX)).map(UndoTarget::Row),
    }
}

fn device_id(fields: &mut Fields<'_>) -> Option<DeviceId> {
    fields.required("device_id", parse::id).map(DeviceId)
}

fn link_id(fields: &mut Fields<'_>) -> Option<LinkId> {
    fields.required("link_id", parse::id).map(LinkId)
}

fn cross_connects(fields: &mut Fields<'_>) -> Option<(DeviceId, Vec<NewCrossConnect>)> {
    let device = device_id(fields);
    let new: Vec<CrossConnectByIds> = fields.objects("cross_connects", CROSS_CONNECTS_MAX)?;
    Some((device?, new.into_iter().map(|new| new.0).collect()))
}

fn override_device(fields: &mut Fields<'_>) -> Option<SimulatedCommand> {
    let id = device_id(fields);
    let status: Option<Status> = fields.optional("status", parse::status);
    let id = id?;
    Some(match status {
        Some(status) => {
            let status_override = Override::new(status, None);
            SetDeviceOverride { id, status_override }.into()
        }
        None => ClearDeviceOverride(id).into(),
    })
}

/// What would change.
#[derive(Default, Serialize, ToSchema)]
struct Simulated<'a> {
    device_count: usize,
    link_count: usize,
    /// Devices that would change; `before` is null for new devices, `after` for deleted ones.
    devices: Vec<SimulatedDevice<'a>>,
    links: Vec<SimulatedLink<'a>>,
    interface_count: usize,
    interfaces: Vec<SimulatedInterface<'a>>,
    effects: SimulatedEffects,
}

/// How many devices would be affected, and how. New devices are not counted.
#[derive(Default, Serialize, ToSchema)]
struct SimulatedEffects {
    /// Devices whose effective status would become this one.
    devices_down: usize,
    devices_degraded: usize,
    devices_up: usize,
    devices_deleted: usize,
    links_deleted: usize,
    /// Leaves that have service now and would have none.
    subscribers_lost: usize,
    /// Leaves that have no service now and would have it.
    subscribers_restored: usize,
}

/// A device before and after.
#[derive(Serialize, ToSchema)]
struct SimulatedDevice<'a> {
    id: u64,
    before: Option<DeviceView<'a>>,
    after: Option<DeviceView<'a>>,
}

/// A link before and after.
#[derive(Serialize, ToSchema)]
struct SimulatedLink<'a> {
    id: u64,
    before: Option<LinkView<'a>>,
    after: Option<LinkView<'a>>,
}

/// A port before and after.
#[derive(Serialize, ToSchema)]
struct SimulatedInterface<'a> {
    id: u64,
    before: Option<InterfaceView<'a>>,
    after: Option<InterfaceView<'a>>,
}

/// Returns what would change, and how. Nothing is committed.
#[utoipa::path(
    post,
    path = "/api/simulate",
    tag = "topology",
    request_body = SimulationBody,
    responses(
        (status = 200, body = Simulated<'_>),
        (status = 409, description = "The change of an `undo` cannot be undone", body = ErrorBody)
    )
)]
async fn simulate(
    State(state): State<ApiState>,
    Body422(body): Body422<SimulationBody>,
) -> Result<Response, ApiError> {
    state.require(RuntimeSetting::Forecasts)?;
    let is_undo = |step: &&SimulationStep| matches!(step, SimulationStep::Undo(_));
    // Each reads the changes that it undoes into memory.
    if body.changes.iter().filter(is_undo).count() > 1 {
        return Err(ApiError::BadRequest("A simulation has at most one undo"));
    }
    let mut commands = Vec::with_capacity(body.changes.len());
    for step in body.changes {
        commands.push(match step {
            SimulationStep::Command(command) => command,
            SimulationStep::Undo(target) => read_undo(&state, target).await?.command.into(),
        });
    }
    let changes = state.handle().simulate(commands).await?;
    Ok(Json(shown(&changes, body.details)).into_response())
}

fn shown(changes: &[Change], has_details: bool) -> Simulated<'_> {
    let mut shown = Simulated::default();
    for change in changes {
        match change {
            Change::Device(edit) => {
                shown.device_count += 1;
                shown.effects.count(edit);
                shown.devices.extend(has_details.then(|| SimulatedDevice {
                    id: edit.latest().id.0,
                    before: edit.before.as_deref().map(DeviceView::new),
                    after: edit.after.as_deref().map(DeviceView::new),
                }));
            }
            Change::Link(edit) => {
                shown.link_count += 1;
                shown.effects.links_deleted += usize::from(edit.after.is_none());
                shown.links.extend(has_details.then(|| SimulatedLink {
                    id: edit.latest().id.0,
                    before: edit.before.as_deref().map(LinkView::new),
                    after: edit.after.as_deref().map(LinkView::new),
                }));
            }
            Change::Interface(edit) => {
                shown.interface_count += 1;
                shown.interfaces.extend(has_details.then(|| SimulatedInterface {
                    id: edit.latest().id.0,
                    before: edit.before.as_deref().map(InterfaceView::new),
                    after: edit.after.as_deref().map(InterfaceView::new),
                }));
            }
        }
    }
    shown
}

impl SimulatedEffects {
    fn count(&mut self, edit: &Edit<Device>) {
        let Some(before) = edit.before.as_deref() else { return };
        let (was, is) =
            (before.effective_status(), edit.after.as_deref().map(Device::effective_status));
        match is {
            None => self.devices_deleted += 1,
            Some(is) if is == was => {}
            Some(Status::Down) => self.devices_down += 1,
            Some(Status::Degraded) => self.devices_degraded += 1,
            Some(Status::Up) => self.devices_up += 1,
        }
        if before.device_type.class() == DeviceClass::Leaf {
            let (had, has) = (is_served(before), edit.after.as_deref().is_some_and(is_served));
            self.subscribers_lost += usize::from(had && !has);
            self.subscribers_restored += usize::from(!had && has);
        }
    }
}

/// Whether a leaf has service; what is planned or retired has none, even if it is UP.
fn is_served(leaf: &Device) -> bool {
    leaf.is_in_service() && leaf.effective_status() != Status::Down
}
