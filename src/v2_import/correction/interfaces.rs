//! Correcting interfaces: rules M01, M03, M04, M09, M10 and M18.

use rustc_hash::FxHashMap;

use super::corrector::{Corrector, RowKey, kept_id};
use super::names::{NameRequest, Names};
use crate::domain::{
    Device, DeviceId, DeviceType, Interface, InterfaceId, InterfaceType, Name, Status, Timestamp,
};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::CorrectionRuleId;
use crate::v2_import::tables::{V2Interface, V2Table};

/// The site's interfaces, and what the correction of links needs to know of them.
pub(super) struct Ports {
    /// Sorted by id; those added for links come after v2's.
    pub(super) interfaces: Vec<Interface>,
    pub(super) next_id: u64,
    devices: FxHashMap<DeviceId, PortDevice>,
    /// The index of each interface of v2 in `interfaces`, by its id in v2.
    places: FxHashMap<i64, usize>,
    port_counts: FxHashMap<DeviceId, usize>,
    names: Names,
}

/// What the correction of a link needs to know of the device at its end.
#[derive(Clone)]
pub(super) struct PortDevice {
    pub(super) device_type: DeviceType,
    pub(super) name: Name,
}

impl Ports {
    /// The device of a port.
    pub(super) fn device(&self, port: &Interface) -> &PortDevice {
        self.devices.get(&port.device).expect("a port is kept only with its device")
    }

    /// The port with this id in v2.
    pub(super) fn port(&self, id: i64) -> Option<&Interface> {
        self.places.get(&id).and_then(|place| self.interfaces.get(*place))
    }

    /// Adds a port like this one to its device, with the name that create-simple would give it.
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

/// A row that is imported, with its valid id, device and type.
struct Kept {
    id: u64,
    device: DeviceId,
    interface_type: InterfaceType,
    row: V2Interface,
}

/// Returns the site's interfaces, sorted by id.
pub(super) fn correct(
    corrector: &mut Corrector,
    devices: &[Device],
    rows: Vec<V2Interface>,
) -> Ports {
    let ended =
        |device: &Device| PortDevice { device_type: device.device_type, name: device.name.clone() };
    let devices: FxHashMap<DeviceId, PortDevice> =
        devices.iter().map(|device| (device.id, ended(device))).collect();
    let kept = keep(corrector, &devices, rows);
    let wanted: Vec<NameRequest<'_>> = kept
        .iter()
        .map(|kept| NameRequest {
            key: (V2Table::Interfaces, kept.row.id),
            scope: kept.device.0,
            text: &kept.row.name,
            type_word: kept.interface_type.as_str(),
        })
        .collect();
    let mut names = Names::default();
    let assigned = names.assign(corrector, &wanted);
    let mut ports = Ports {
        interfaces: Vec::with_capacity(kept.len()),
        next_id: 1,
        devices,
        places: FxHashMap::default(),
        port_counts: FxHashMap::default(),
        names,
    };
    for (kept, name) in kept.iter().zip(assigned) {
        ports.places.insert(kept.row.id, ports.interfaces.len());
        *ports.port_counts.entry(kept.device).or_default() += 1;
        ports.interfaces.push(interface(corrector, kept, name));
    }
    ports
}

fn keep(
    corrector: &mut Corrector,
    devices: &FxHashMap<DeviceId, PortDevice>,
    rows: Vec<V2Interface>,
) -> Vec<Kept> {
    let mut last = None;
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let key = (V2Table::Interfaces, row.id);
        let Some(id) = kept_id(corrector, key, &mut last) else { continue };
        let device = row.device_id.and_then(|id| u64::try_from(id).ok()).map(DeviceId);
        let Some(device) = device.filter(|device| devices.contains_key(device)) else {
            let found = match row.device_id {
                Some(id) => format!("device {id}, which does not exist or was left out"),
                None => "no device".to_owned(),
            };
            corrector.report.note(CorrectionRuleId::NoDevice, key, found, "left out");
            continue;
        };
        let interface_type = interface_type(corrector, key, &row.interface_type);
        kept.push(Kept { id, device, interface_type, row });
    }
    kept
}

fn interface_type(corrector: &mut Corrector, key: RowKey, word: &str) -> InterfaceType {
    InterfaceType::parse(&word.trim().to_ascii_uppercase()).unwrap_or_else(|| {
        let found = format!("type {}", quoted(word));
        corrector.report.note(CorrectionRuleId::UnknownPortType, key, found, "set to ETHERNET");
        InterfaceType::Ethernet
    })
}

fn interface(corrector: &mut Corrector, kept: &Kept, name: Name) -> Interface {
    let row = &kept.row;
    let key = (V2Table::Interfaces, row.id);
    let [created_at, updated_at] =
        corrector.times(key, row.created_at.as_deref(), row.updated_at.as_deref());
    Interface {
        id: InterfaceId(kept.id),
        device: kept.device,
        name,
        interface_type: kept.interface_type,
        cross_connect: None,
        // Computed when the site is loaded.
        status: Status::Down,
        created_at,
        updated_at,
    }
}
