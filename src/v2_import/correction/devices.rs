//! Correcting devices: rules M01 to M08 and M18.

use rustc_hash::FxHashMap;

use super::corrector::{Corrector, RowKey, kept_id};
use super::names::{NameRequest, Names};
use super::values::NumberRange;
use crate::domain::{
    Device, DeviceId, DeviceType, Lifecycle, Name, Optics, Position, Reasons, Status, Uplink,
};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::CorrectionRuleId;
use crate::v2_import::tables::{V2Device, V2Table};

/// A row that is imported, with its valid id and type.
struct Kept {
    id: u64,
    device_type: DeviceType,
    row: V2Device,
}

impl Kept {
    fn key(&self) -> RowKey {
        (V2Table::Devices, self.row.id)
    }
}

/// Returns the site's devices, sorted by id.
pub(super) fn correct(corrector: &mut Corrector, rows: Vec<V2Device>) -> Vec<Device> {
    let kept = keep(corrector, rows);
    let types: FxHashMap<i64, DeviceType> =
        kept.iter().map(|kept| (kept.row.id, kept.device_type)).collect();
    let wanted: Vec<NameRequest<'_>> = kept
        .iter()
        .map(|kept| NameRequest {
            key: kept.key(),
            scope: 0,
            text: &kept.row.name,
            type_word: kept.device_type.as_str(),
        })
        .collect();
    let names = Names::default().assign(corrector, &wanted);
    let named = kept.iter().zip(names);
    named.map(|(kept, name)| device(corrector, &types, kept, name)).collect()
}

fn keep(corrector: &mut Corrector, rows: Vec<V2Device>) -> Vec<Kept> {
    let mut last = None;
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let key = (V2Table::Devices, row.id);
        let Some(id) = kept_id(corrector, key, &mut last) else { continue };
        let word = row.device_type.trim().to_ascii_uppercase();
        let Some(device_type) = DeviceType::parse(&word) else {
            let found = format!("type {} of {}", quoted(&row.device_type), quoted(&row.name));
            corrector.report.note(CorrectionRuleId::UnknownType, key, found, "left out");
            continue;
        };
        kept.push(Kept { id, device_type, row });
    }
    kept
}

fn device(
    corrector: &mut Corrector,
    types: &FxHashMap<i64, DeviceType>,
    kept: &Kept,
    name: Name,
) -> Device {
    let key = kept.key();
    let row = &kept.row;
    let [created_at, updated_at] =
        corrector.times(key, row.created_at.as_deref(), row.updated_at.as_deref());
    let mut number = |column, value, range| corrector.number(key, column, value, range);
    let optics = Optics {
        tx_power_dbm: number("tx_power_dbm", row.tx_power_dbm, NumberRange::Finite),
        sensitivity_min_dbm: number(
            "sensitivity_min_dbm",
            row.sensitivity_min_dbm,
            NumberRange::Finite,
        ),
        insertion_loss_db: number(
            "insertion_loss_db",
            row.insertion_loss_db,
            NumberRange::NotNegative,
        ),
        pon_class: None,
        split_ratio: None,
    };
    Device {
        id: DeviceId(kept.id),
        name,
        device_type: kept.device_type,
        position: Position {
            x: corrector.coordinate(key, "x", row.x),
            y: corrector.coordinate(key, "y", row.y),
        },
        optics,
        lifecycle: Lifecycle::InService,
        details: None,
        parent: parent(corrector, types, kept),
        // Computed when the site is loaded.
        status: Status::Down,
        reasons: Reasons::NONE,
        signal: None,
        uplink: Uplink::default(),
        served_by: None,
        through_loss_db: None,
        status_since: corrector.now,
        status_override: corrector
            .status_override(key, row.status_override.as_deref(), row.override_reason.as_deref())
            .map(Box::new),
        created_at,
        updated_at,
    }
}

fn parent(
    corrector: &mut Corrector,
    types: &FxHashMap<i64, DeviceType>,
    kept: &Kept,
) -> Option<DeviceId> {
    let parent = kept.row.parent_container_id?;
    let found = match types.get(&parent) {
        _ if kept.device_type.is_container() => {
            format!("parent {parent} of a {}, which has none", kept.device_type.as_str())
        }
        None => format!("parent {parent}, which does not exist or was left out"),
        Some(parent_type) if !parent_type.is_container() => {
            format!("parent {parent}, which is a {} and no container", parent_type.as_str())
        }
        Some(_) => return u64::try_from(parent).ok().map(DeviceId),
    };
    corrector.report.note(CorrectionRuleId::BadParent, kept.key(), found, "parent removed");
    None
}
