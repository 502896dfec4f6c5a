//! Erasing the personal data of devices.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Body422, Origin};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{DeviceId, ErasePersonalData, Timestamp};
use crate::util::counted;
use crate::wire::Time;

/// The devices whose personal data is erased, deleted ones too.
#[derive(ToSchema)]
#[schema(as = PersonalDataSelection)]
pub(super) struct ErasureBody {
    /// At most 10,000.
    #[schema(value_type = Vec<u64>, min_items = 1, max_items = 10_000)]
    ids: Vec<DeviceId>,
}

/// Devices of one request: one commit, whose search of the audit trail does not depend on their number.
const IDS_MAX: usize = 10_000;

impl FromFields for ErasureBody {
    /// Ids of 16 digits.
    const BODY_BYTES_MAX: usize = 256 * 1024;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let ids = fields.required("ids", parse::some_ids(IDS_MAX))?;
        Some(Self { ids: ids.into_iter().map(DeviceId).collect() })
    }
}

/// What was erased, and where copies remain until they expire.
#[derive(Serialize, ToSchema)]
#[schema(as = ErasedPersonalData)]
pub(super) struct Erased {
    device_count: usize,
    /// Incidents about the devices from which notes and reasons were erased. Those about other causes are
    /// not searched.
    incident_count: usize,
    /// Backups on this host and at targets that were made before, and may hold what was erased until
    /// retention removes them; null while the backup directory cannot be read.
    backup_count: Option<usize>,
    /// When the newest of them was made.
    #[schema(value_type = Option<String>, format = DateTime)]
    newest_backup_at: Option<Time>,
    /// Whether the state before the last restore, which is kept for undoing it, may hold it too.
    is_in_undo: Option<bool>,
    message: String,
}

/// Erases customer, phone, address, coordinates, reference and note of devices, deleted ones too, and the
/// reasons of their overrides: in the site, in the audit trail, and in the mirror with its next round. What
/// people wrote about incidents and maintenance of the devices is erased too. Serials and tags stay, and so
/// does what was written elsewhere, such as the reason of a link's override or a note on another incident.
/// It cannot be undone.
#[utoipa::path(
    post,
    path = "/api/devices/erase-personal-data",
    tag = "devices",
    request_body = ErasureBody,
    responses((status = 200, body = Erased))
)]
pub(super) async fn erase_personal_data(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<ErasureBody>,
) -> Result<Json<Erased>, ApiError> {
    let ids = body.ids.clone();
    let device_count = state.handle().execute(ErasePersonalData(body.ids), origin).await?;
    // If it fails, the whole request is repeated: what is erased already stays so.
    let incident_count = state.incidents().erase_texts(ids).await?;
    // It is done: an unreadable backup directory only leaves the rest of the answer unknown.
    let overview = state.backups().observe().await.ok();
    let backups = overview.as_ref().map(|overview| overview.entries.as_slice());
    let newest = backups.and_then(|all| all.iter().map(|it| it.manifest.header.taken_at_us).max());
    let message = format!(
        "The personal data of {} was erased; {}; notes on incidents about other causes were not searched",
        counted(device_count, "device"),
        match backups.map(<[_]>::len) {
            Some(0) => "no backup holds it".to_owned(),
            Some(count) =>
                format!("{} may hold it until retention removes them", counted(count, "backup")),
            None => "backups may hold it until retention removes them".to_owned(),
        }
    );
    Ok(Json(Erased {
        device_count,
        incident_count,
        backup_count: backups.map(<[_]>::len),
        newest_backup_at: newest.map(|us| Time(Timestamp(us))),
        is_in_undo: overview.as_ref().map(|overview| overview.undo.is_some()),
        message,
    }))
}
