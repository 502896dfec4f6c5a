//! Interfaces: M01, M03, M04, M09, M10 and M18.

use rustc_hash::FxHashMap;

use super::names::{Names, Wanted};
use super::{Mending, RowKey, kept_id};
use crate::domain::{
    Device, DeviceId, DeviceType, Interface, InterfaceId, InterfaceType, Name, Status, Timestamp,
};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::RuleId;
use crate::v2_import::tables::{InterfaceRow, Table};

/// The site's ports, and what links need to know of them.
pub(super) struct Plant {
    /// By id; ports made for links come after v2's.
    pub(super) interfaces: Vec<Interface>,
    pub(super) next_id: u64,
    devices: FxHashMap<DeviceId, Ended>,
    /// The place of each port of v2 among the interfaces.
    places: FxHashMap<i64, usize>,
    port_counts: FxHashMap<DeviceId, usize>,
    names: Names,
}

/// What a link needs to know of the device at its end.
#[derive(Clone)]
pub(super) struct Ended {
    pub(super) device_type: DeviceType,
    pub(super) name: Name,
}

impl Plant {
    /// The device of a port.
    pub(super) fn device(&self, port: &Interface) -> &Ended {
        self.devices.get(&port.device).expect("a port is kept only with its device")
    }

    /// The port that v2 knew by this id.
    pub(super) fn port(&self, id: i64) -> Option<&Interface> {
        self.places.get(&id).and_then(|place| self.interfaces.get(*place))
    }

    /// Makes a port like this one on its device, named as create-simple would name it.
    pub(super) fn add_port(&mut self, like: &Interface, at: Timestamp) -> (InterfaceId, Name) {
        let count = self.port_counts.entry(like.device).or_default();
        *count += 1;
        let mut number = *count;
        let name = loop {
            let name = Name::generated(format_args!("port{number}"));
            if self.names.claim(like.device.0, &name) {
                break name;
            }
            number += 1;
        };
        let id = InterfaceId(self.next_id);
        self.next_id += 1;
        self.interfaces.push(Interface {
            id,
            name: name.clone(),
            created_at: at,
            updated_at: at,
            ..like.clone()
        });
        (id, name)
    }
}

/// A row that stays, with what was made of it so far.
struct Kept {
    id: u64,
    device: DeviceId,
    interface_type: InterfaceType,
    row: InterfaceRow,
}

/// The site's interfaces, by id.
pub(super) fn mend(mending: &mut Mending, devices: &[Device], rows: Vec<InterfaceRow>) -> Plant {
    let ended =
        |device: &Device| Ended { device_type: device.device_type, name: device.name.clone() };
    let devices: FxHashMap<DeviceId, Ended> =
        devices.iter().map(|device| (device.id, ended(device))).collect();
    let kept = keep(mending, &devices, rows);
    let wanted: Vec<Wanted<'_>> = kept
        .iter()
        .map(|kept| Wanted {
            key: (Table::Interfaces, kept.row.id),
            scope: kept.device.0,
            text: &kept.row.name,
            type_word: kept.interface_type.as_str(),
        })
        .collect();
    let mut names = Names::default();
    let settled = names.settle(mending, &wanted);
    let mut plant = Plant {
        interfaces: Vec::with_capacity(kept.len()),
        next_id: 1,
        devices,
        places: FxHashMap::default(),
        port_counts: FxHashMap::default(),
        names,
    };
    for (kept, name) in kept.iter().zip(settled) {
        plant.places.insert(kept.row.id, plant.interfaces.len());
        *plant.port_counts.entry(kept.device).or_default() += 1;
        plant.interfaces.push(interface(mending, kept, name));
    }
    plant
}

fn keep(
    mending: &mut Mending,
    devices: &FxHashMap<DeviceId, Ended>,
    rows: Vec<InterfaceRow>,
) -> Vec<Kept> {
    let mut last = None;
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let key = (Table::Interfaces, row.id);
        let Some(id) = kept_id(mending, key, &mut last) else { continue };
        let device = row.device_id.and_then(|id| u64::try_from(id).ok()).map(DeviceId);
        let Some(device) = device.filter(|device| devices.contains_key(device)) else {
            let found = match row.device_id {
                Some(id) => format!("device {id}, which does not exist or was left out"),
                None => "no device".to_owned(),
            };
            mending.report.note(RuleId::NoDevice, key, found, "left out");
            continue;
        };
        let interface_type = interface_type(mending, key, &row.interface_type);
        kept.push(Kept { id, device, interface_type, row });
    }
    kept
}

fn interface_type(mending: &mut Mending, key: RowKey, word: &str) -> InterfaceType {
    InterfaceType::parse(&word.trim().to_ascii_uppercase()).unwrap_or_else(|| {
        let found = format!("type {}", quoted(word));
        mending.report.note(RuleId::UnknownPortType, key, found, "set to ETHERNET");
        InterfaceType::Ethernet
    })
}

fn interface(mending: &mut Mending, kept: &Kept, name: Name) -> Interface {
    let row = &kept.row;
    let key = (Table::Interfaces, row.id);
    let [created_at, updated_at] =
        mending.times(key, row.created_at.as_deref(), row.updated_at.as_deref());
    Interface {
        id: InterfaceId(kept.id),
        device: kept.device,
        name,
        interface_type: kept.interface_type,
        // Computed when the site is loaded.
        status: Status::Down,
        created_at,
        updated_at,
    }
}
