//! Devices: M01 to M08 and M18.

use rustc_hash::FxHashMap;

use super::names::{Names, Wanted};
use super::values::Range;
use super::{Mending, RowKey, kept_id};
use crate::domain::{
    Device, DeviceId, DeviceType, Name, Optics, Position, Reasons, Status, Uplink,
};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::RuleId;
use crate::v2_import::tables::{DeviceRow, Table};

/// A row that stays, with what was made of its id and its type.
struct Kept {
    id: u64,
    device_type: DeviceType,
    row: DeviceRow,
}

impl Kept {
    fn key(&self) -> RowKey {
        (Table::Devices, self.row.id)
    }
}

/// The site's devices, by id.
pub(super) fn mend(mending: &mut Mending, rows: Vec<DeviceRow>) -> Vec<Device> {
    let kept = keep(mending, rows);
    let types: FxHashMap<i64, DeviceType> =
        kept.iter().map(|kept| (kept.row.id, kept.device_type)).collect();
    let wanted: Vec<Wanted<'_>> = kept
        .iter()
        .map(|kept| Wanted {
            key: kept.key(),
            scope: 0,
            text: &kept.row.name,
            type_word: kept.device_type.as_str(),
        })
        .collect();
    let names = Names::default().settle(mending, &wanted);
    let named = kept.iter().zip(names);
    named.map(|(kept, name)| device(mending, &types, kept, name)).collect()
}

fn keep(mending: &mut Mending, rows: Vec<DeviceRow>) -> Vec<Kept> {
    let mut last = None;
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let key = (Table::Devices, row.id);
        let Some(id) = kept_id(mending, key, &mut last) else { continue };
        let word = row.device_type.trim().to_ascii_uppercase();
        let Some(device_type) = DeviceType::parse(&word) else {
            let found = format!("type {} of {}", quoted(&row.device_type), quoted(&row.name));
            mending.report.note(RuleId::UnknownType, key, found, "left out");
            continue;
        };
        kept.push(Kept { id, device_type, row });
    }
    kept
}

fn device(
    mending: &mut Mending,
    types: &FxHashMap<i64, DeviceType>,
    kept: &Kept,
    name: Name,
) -> Device {
    let key = kept.key();
    let row = &kept.row;
    let [created_at, updated_at] =
        mending.times(key, row.created_at.as_deref(), row.updated_at.as_deref());
    let mut number = |column, value, range| mending.number(key, column, value, range);
    let optics = Optics {
        tx_power_dbm: number("tx_power_dbm", row.tx_power_dbm, Range::Finite),
        sensitivity_min_dbm: number("sensitivity_min_dbm", row.sensitivity_min_dbm, Range::Finite),
        insertion_loss_db: number("insertion_loss_db", row.insertion_loss_db, Range::NotNegative),
        pon_class: None,
    };
    Device {
        id: DeviceId(kept.id),
        name,
        device_type: kept.device_type,
        position: Position {
            x: mending.coordinate(key, "x", row.x),
            y: mending.coordinate(key, "y", row.y),
        },
        optics,
        parent: parent(mending, types, kept),
        // Computed when the site is loaded.
        status: Status::Down,
        reasons: Reasons::NONE,
        signal: None,
        uplink: Uplink::default(),
        through_loss_db: None,
        status_since: mending.now,
        status_override: mending.status_override(
            key,
            row.status_override.as_deref(),
            row.override_reason.as_deref(),
        ),
        created_at,
        updated_at,
    }
}

fn parent(
    mending: &mut Mending,
    types: &FxHashMap<i64, DeviceType>,
    kept: &Kept,
) -> Option<DeviceId> {
    let parent = kept.row.parent_container_id?;
    let fault = match types.get(&parent) {
        _ if kept.device_type.is_container() => {
            format!("parent {parent} of a {}, which has none", kept.device_type.as_str())
        }
        None => format!("parent {parent}, which does not exist or was left out"),
        Some(parent_type) if !parent_type.is_container() => {
            format!("parent {parent}, which is a {} and no container", parent_type.as_str())
        }
        Some(_) => return u64::try_from(parent).ok().map(DeviceId),
    };
    mending.report.note(RuleId::BadParent, kept.key(), fault, "parent removed");
    None
}
