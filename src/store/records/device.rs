//! The record of a device.

use std::sync::Arc;

use bincode::{BorrowDecode, Encode};

use super::{
    IN_SERVICE, OverrideV1, OverrideV2, StoredEntity, lifecycle, lifecycle_code, name, over,
    override_record, status, status_code,
};
use crate::domain::{
    AccessLine, Coordinates, Device, DeviceDetails, DeviceId, DeviceType, Direction, InterfaceId,
    LinkId, Optics, PON_CLASSES, PonClass, Position, Reasons, ServedBy, Signal, SignalClass,
    SplitRatio, Timestamp,
};
use crate::store::codec::{RecordSource, VersionedRecord, decode, encode_into};
use crate::store::error::StoreError;

#[derive(Encode, BorrowDecode)]
struct DeviceV1<'a> {
    name: &'a str,
    device_type: u8,
    x: f64,
    y: f64,
    tx_power_dbm: Option<f64>,
    sensitivity_min_dbm: Option<f64>,
    insertion_loss_db: Option<f64>,
    pon_class: Option<u8>,
    parent: Option<u64>,
    status: u8,
    reasons: u16,
    signal: Option<SignalV1>,
    uplink: Vec<u64>,
    through_loss_db: Option<f64>,
    status_since_us: i64,
    status_override: Option<OverrideV1<'a>>,
    created_at_us: i64,
    updated_at_us: i64,
}

#[derive(Encode, BorrowDecode)]
struct DeviceV2<'a> {
    name: &'a str,
    device_type: u8,
    x: f64,
    y: f64,
    tx_power_dbm: Option<f64>,
    sensitivity_min_dbm: Option<f64>,
    insertion_loss_db: Option<f64>,
    pon_class: Option<u8>,
    split_ratio: Option<u8>,
    lifecycle: u8,
    details: Option<DetailsV1<'a>>,
    parent: Option<u64>,
    status: u8,
    reasons: u16,
    signal: Option<SignalV1>,
    uplink: Vec<u64>,
    served_by: Option<ServedByV1<'a>>,
    through_loss_db: Option<f64>,
    status_since_us: i64,
    status_override: Option<OverrideV2<'a>>,
    created_at_us: i64,
    updated_at_us: i64,
}

#[derive(Encode, BorrowDecode)]
struct ServedByV1<'a> {
    node: u64,
    port: u64,
    port_name: &'a str,
    splitter: Option<u64>,
    splitter_port: Option<u64>,
}

#[derive(Encode, BorrowDecode)]
struct SignalV1 {
    rx_down_dbm: f64,
    rx_up_dbm: f64,
    margin_db: f64,
    class: u8,
    limiting: u8,
}

#[derive(Encode, BorrowDecode)]
struct DetailsV1<'a> {
    serial: Option<&'a str>,
    customer_reference: Option<&'a str>,
    customer_name: Option<&'a str>,
    phone: Option<&'a str>,
    address: Option<&'a str>,
    /// Latitude and longitude.
    coordinates: Option<(f64, f64)>,
    tags: Vec<&'a str>,
    note: Option<&'a str>,
}

impl VersionedRecord for DeviceV1<'_> {
    const VERSION: u8 = 1;
}

impl VersionedRecord for DeviceV2<'_> {
    const VERSION: u8 = 2;
}

impl<'a> From<DeviceV1<'a>> for DeviceV2<'a> {
    fn from(old: DeviceV1<'a>) -> Self {
        Self {
            name: old.name,
            device_type: old.device_type,
            x: old.x,
            y: old.y,
            tx_power_dbm: old.tx_power_dbm,
            sensitivity_min_dbm: old.sensitivity_min_dbm,
            insertion_loss_db: old.insertion_loss_db,
            pon_class: old.pon_class,
            split_ratio: None,
            lifecycle: IN_SERVICE,
            details: None,
            parent: old.parent,
            status: old.status,
            reasons: old.reasons,
            signal: old.signal,
            uplink: old.uplink,
            served_by: None,
            through_loss_db: old.through_loss_db,
            status_since_us: old.status_since_us,
            status_override: old.status_override.map(Into::into),
            created_at_us: old.created_at_us,
            updated_at_us: old.updated_at_us,
        }
    }
}

impl StoredEntity for Device {
    fn encode_into(&self, buffer: &mut Vec<u8>) {
        let record = DeviceV2 {
            name: self.name.as_str(),
            device_type: self.device_type as u8,
            x: self.position.x,
            y: self.position.y,
            tx_power_dbm: self.optics.tx_power_dbm,
            sensitivity_min_dbm: self.optics.sensitivity_min_dbm,
            insertion_loss_db: self.optics.insertion_loss_db,
            pon_class: self.optics.pon_class.map(pon_class_code),
            split_ratio: self.optics.split_ratio.map(SplitRatio::outputs),
            lifecycle: lifecycle_code(self.lifecycle),
            details: self.details.as_deref().map(details_record),
            parent: self.parent.map(|id| id.0),
            status: status_code(self.status),
            reasons: self.reasons.bits(),
            signal: self.signal.as_ref().map(signal_record),
            uplink: self.uplink.iter().map(|link| link.0).collect(),
            served_by: self.served_by.as_ref().map(served_by_record),
            through_loss_db: self.through_loss_db,
            status_since_us: self.status_since.0,
            status_override: self.status_override.as_deref().map(override_record),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        };
        encode_into(&record, buffer);
    }

    fn decode(id: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let source = RecordSource { table: "devices", key: &id };
        let record: DeviceV2<'_> = match bytes.first() {
            Some(&DeviceV1::VERSION) => decode::<DeviceV1<'_>>(bytes, source)?.into(),
            _ => decode(bytes, source)?,
        };
        let pon_class = record.pon_class.map(|code| pon_class(code, source)).transpose()?;
        let ratio = record.split_ratio.map(|outputs| split_ratio(outputs, source)).transpose()?;
        Ok(Self {
            id: DeviceId(id),
            name: name(record.name, source)?,
            device_type: DeviceType::from_index(record.device_type)
                .ok_or_else(|| source.damaged("unknown device type"))?,
            position: Position { x: record.x, y: record.y },
            optics: Optics {
                tx_power_dbm: record.tx_power_dbm,
                sensitivity_min_dbm: record.sensitivity_min_dbm,
                insertion_loss_db: record.insertion_loss_db,
                pon_class,
                split_ratio: ratio,
            },
            lifecycle: lifecycle(record.lifecycle, source)?,
            details: record.details.map(|record| Box::new(details(&record))),
            parent: record.parent.map(DeviceId),
            status: status(record.status, source)?,
            reasons: Reasons::from_bits(record.reasons)
                .ok_or_else(|| source.damaged("unknown reason"))?,
            signal: record.signal.map(|record| signal(&record, source)).transpose()?,
            uplink: record.uplink.into_iter().map(LinkId).collect(),
            served_by: record.served_by.map(|record| served_by(&record, source)).transpose()?,
            through_loss_db: record.through_loss_db,
            status_since: Timestamp(record.status_since_us),
            status_override: record
                .status_override
                .map(|set| over(&set, source).map(Box::new))
                .transpose()?,
            created_at: Timestamp(record.created_at_us),
            updated_at: Timestamp(record.updated_at_us),
        })
    }
}

fn served_by_record(served: &ServedBy) -> ServedByV1<'_> {
    let AccessLine { node, port, port_name, splitter } = served.line.as_ref();
    ServedByV1 {
        node: node.0,
        port: port.0,
        port_name: port_name.as_str(),
        splitter: splitter.map(|id| id.0),
        splitter_port: served.splitter_port.map(|id| id.0),
    }
}

fn served_by(record: &ServedByV1<'_>, source: RecordSource<'_>) -> Result<ServedBy, StoreError> {
    let line = AccessLine {
        node: DeviceId(record.node),
        port: InterfaceId(record.port),
        port_name: name(record.port_name, source)?,
        splitter: record.splitter.map(DeviceId),
    };
    let splitter_port = record.splitter_port.map(InterfaceId);
    Ok(ServedBy { line: Arc::new(line), splitter_port })
}

fn details_record(details: &DeviceDetails) -> DetailsV1<'_> {
    DetailsV1 {
        serial: details.serial.as_deref(),
        customer_reference: details.customer_reference.as_deref(),
        customer_name: details.customer_name.as_deref(),
        phone: details.phone.as_deref(),
        address: details.address.as_deref(),
        coordinates: details.coordinates.map(|at| (at.latitude, at.longitude)),
        tags: details.tags.iter().map(AsRef::as_ref).collect(),
        note: details.note.as_deref(),
    }
}

fn details(record: &DetailsV1<'_>) -> DeviceDetails {
    let coordinates = record.coordinates;
    DeviceDetails {
        serial: record.serial.map(Into::into),
        customer_reference: record.customer_reference.map(Into::into),
        customer_name: record.customer_name.map(Into::into),
        phone: record.phone.map(Into::into),
        address: record.address.map(Into::into),
        coordinates: coordinates.map(|(latitude, longitude)| Coordinates { latitude, longitude }),
        tags: record.tags.iter().map(|tag| Box::from(*tag)).collect(),
        note: record.note.map(Into::into),
    }
}

fn signal_record(signal: &Signal) -> SignalV1 {
    SignalV1 {
        rx_down_dbm: signal.rx_down_dbm,
        rx_up_dbm: signal.rx_up_dbm,
        margin_db: signal.margin_db,
        class: match signal.class {
            SignalClass::Ok => 0,
            SignalClass::Warning => 1,
            SignalClass::Critical => 2,
            SignalClass::NoSignal => 3,
            SignalClass::Overload => 4,
        },
        limiting: match signal.limiting {
            Direction::Down => 0,
            Direction::Up => 1,
        },
    }
}

fn signal(record: &SignalV1, source: RecordSource<'_>) -> Result<Signal, StoreError> {
    let class = match record.class {
        0 => SignalClass::Ok,
        1 => SignalClass::Warning,
        2 => SignalClass::Critical,
        3 => SignalClass::NoSignal,
        4 => SignalClass::Overload,
        _ => return Err(source.damaged("unknown signal class")),
    };
    let limiting = match record.limiting {
        0 => Direction::Down,
        1 => Direction::Up,
        _ => return Err(source.damaged("unknown direction")),
    };
    let &SignalV1 { rx_down_dbm, rx_up_dbm, margin_db, .. } = record;
    Ok(Signal { rx_down_dbm, rx_up_dbm, margin_db, class, limiting })
}

const fn pon_class_code(class: PonClass) -> u8 {
    match class {
        PonClass::GponBPlus => 0,
        PonClass::GponCPlus => 1,
        PonClass::XgsN1 => 2,
        PonClass::XgsN2 => 3,
        PonClass::XgsE1 => 4,
    }
}

fn pon_class(code: u8, source: RecordSource<'_>) -> Result<PonClass, StoreError> {
    PON_CLASSES
        .iter()
        .map(|row| row.class)
        .find(|class| pon_class_code(*class) == code)
        .ok_or_else(|| source.damaged("unknown PON class"))
}

fn split_ratio(outputs: u8, source: RecordSource<'_>) -> Result<SplitRatio, StoreError> {
    SplitRatio::new(outputs.into()).ok_or_else(|| source.damaged("unknown split ratio"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lifecycle, Name, Override, OverrideReason, Reason, Status};
    use crate::store::records::unhex;
    use crate::util::hex;

    fn device() -> Device {
        Device {
            id: DeviceId(7),
            name: Name::new("OLT Süd/1").unwrap(),
            device_type: DeviceType::Olt,
            position: Position { x: 1.5, y: -2.25 },
            optics: Optics { tx_power_dbm: Some(4.5), ..Optics::default() },
            lifecycle: Lifecycle::InService,
            details: None,
            parent: Some(DeviceId(300)),
            status: Status::Degraded,
            reasons: Reasons::NONE.with(Reason::Override).with(Reason::NoUpstream),
            signal: Some(Signal {
                rx_down_dbm: -14.5,
                rx_up_dbm: -15.25,
                margin_db: 12.75,
                class: SignalClass::Ok,
                limiting: Direction::Up,
            }),
            uplink: [LinkId(9)].into(),
            served_by: None,
            through_loss_db: None,
            status_since: Timestamp(1_795_000_000_000_000),
            status_override: Some(Box::new(Override::new(
                Status::Down,
                Some(OverrideReason::new("card swap").unwrap()),
            ))),
            created_at: Timestamp(1_795_000_000_000_000),
            updated_at: Timestamp(1_795_000_000_000_001),
        }
    }

    /// Version 1 as it was first shipped. These bytes never change.
    const DEVICE_V1: &str = "010a4f4c542053c3bc642f3103000000000000f83f00000000000002c001000000\
        000000124000000001fb2c010205010000000000002dc00000000000802ec000000000008029400001010900\
        fd0060be0216c10c0001010109636172642073776170fd0060be0216c10c00fd0260be0216c10c00";

    /// Version 2 as it was first shipped. These bytes never change.
    const DEVICE_V2: &str = "020a4f4c542053c3bc642f310c000000000000f83f00000000000002c0000000000\
        1400001010c48575443313233343536373801044b2d373701074ac3bc7267656e01082b343920333\
        0203101055765672031010000000000404a400000000000802ac002016101620109326e6420666c6\
        f6f7201fb2c010205010000000000002dc00000000000802ec00000000000802940000101090103f\
        b2d0104706f6e32011101fc7011010000fd0060be0216c10c000101010963617264207377617001f\
        d0460be0216c10c0001fd0060be0216c10c00fd0260be0216c10c00";

    /// A splitter with everything that version 2 added.
    fn labelled() -> Device {
        let reason = OverrideReason::new("card swap").unwrap();
        Device {
            device_type: DeviceType::Splitter,
            optics: Optics { split_ratio: SplitRatio::new(64), ..Optics::default() },
            lifecycle: Lifecycle::Planned,
            details: Some(Box::new(DeviceDetails {
                serial: Some("HWTC12345678".into()),
                customer_reference: Some("K-77".into()),
                customer_name: Some("Jürgen".into()),
                phone: Some("+49 30 1".into()),
                address: Some("Weg 1".into()),
                coordinates: Some(Coordinates { latitude: 52.5, longitude: -13.25 }),
                tags: vec!["a".into(), "b".into()],
                note: Some("2nd floor".into()),
            })),
            served_by: Some(ServedBy {
                line: Arc::new(AccessLine {
                    node: DeviceId(3),
                    port: InterfaceId(301),
                    port_name: Name::new("pon2").unwrap(),
                    splitter: Some(DeviceId(17)),
                }),
                splitter_port: Some(InterfaceId(70_000)),
            }),
            status_override: Some(Box::new(Override {
                ends_at: Some(Timestamp(1_795_000_000_000_002)),
                is_planned_work: true,
                ..Override::new(Status::Down, Some(reason))
            })),
            ..device()
        }
    }

    #[test]
    fn device_round_trip_and_golden_bytes() {
        let mut bytes = Vec::new();
        for device in [device(), labelled()] {
            device.encode_into(&mut bytes);
            assert_eq!(Device::decode(7, &bytes).unwrap(), device);
        }
        assert_eq!(hex(&bytes), DEVICE_V2);
    }

    #[test]
    fn a_device_of_version_1_is_in_service_without_details() {
        assert_eq!(Device::decode(7, &unhex(DEVICE_V1)).unwrap(), device());
    }

    #[test]
    fn damage_is_an_error_that_names_the_place() {
        let mut bytes = Vec::new();
        device().encode_into(&mut bytes);
        let check = |bytes: &[u8], expected: &str| {
            let error = Device::decode(7, bytes).unwrap_err().to_string();
            assert!(error.contains("table devices, key 7"), "{error}");
            assert!(error.contains(expected), "{error}");
        };
        check(&[], "empty");
        check(&[9], "record version 9");
        check(&bytes[..bytes.len() - 1], "");
        let mut long = bytes.clone();
        long.push(0);
        check(&long, "1 bytes too many");
    }
}
