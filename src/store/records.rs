//! The records of entities on disk, and their conversion from and to the domain.
//!
//! A shipped struct here is never edited: add the next version and a conversion.

use bincode::{BorrowDecode, Encode};

use super::codec::{RecordSource, VersionedRecord, decode, encode_into};
use super::error::StoreError;
use crate::domain::{
    Device, DeviceId, DeviceType, Direction, Interface, InterfaceId, InterfaceType, Link, LinkId,
    Medium, Name, Optics, Override, OverrideReason, PON_CLASSES, PonClass, Position, Reasons,
    Signal, SignalClass, Status, Timestamp,
};

/// A domain entity that has a record.
pub(super) trait StoredEntity: Sized {
    fn encode_into(&self, buffer: &mut Vec<u8>);
    fn decode(id: u64, bytes: &[u8]) -> Result<Self, StoreError>;
}

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
struct SignalV1 {
    rx_down_dbm: f64,
    rx_up_dbm: f64,
    margin_db: f64,
    class: u8,
    limiting: u8,
}

#[derive(Encode, BorrowDecode)]
struct OverrideV1<'a> {
    status: u8,
    reason: Option<&'a str>,
}

#[derive(Encode, BorrowDecode)]
struct InterfaceV1<'a> {
    device: u64,
    name: &'a str,
    interface_type: u8,
    status: u8,
    created_at_us: i64,
    updated_at_us: i64,
}

#[derive(Encode, BorrowDecode)]
struct LinkV1<'a> {
    a: u64,
    b: u64,
    length_km: Option<f64>,
    medium: Option<u8>,
    status: u8,
    status_since_us: i64,
    status_override: Option<OverrideV1<'a>>,
    created_at_us: i64,
    updated_at_us: i64,
}

impl VersionedRecord for DeviceV1<'_> {
    const VERSION: u8 = 1;
}

impl VersionedRecord for InterfaceV1<'_> {
    const VERSION: u8 = 1;
}

impl VersionedRecord for LinkV1<'_> {
    const VERSION: u8 = 1;
}

impl StoredEntity for Device {
    fn encode_into(&self, buffer: &mut Vec<u8>) {
        let record = DeviceV1 {
            name: self.name.as_str(),
            device_type: self.device_type as u8,
            x: self.position.x,
            y: self.position.y,
            tx_power_dbm: self.optics.tx_power_dbm,
            sensitivity_min_dbm: self.optics.sensitivity_min_dbm,
            insertion_loss_db: self.optics.insertion_loss_db,
            pon_class: self.optics.pon_class.map(pon_class_code),
            parent: self.parent.map(|id| id.0),
            status: status_code(self.status),
            reasons: self.reasons.bits(),
            signal: self.signal.as_ref().map(signal_record),
            uplink: self.uplink.iter().map(|link| link.0).collect(),
            through_loss_db: self.through_loss_db,
            status_since_us: self.status_since.0,
            status_override: self.status_override.as_ref().map(override_record),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        };
        encode_into(&record, buffer);
    }

    fn decode(id: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let source = RecordSource { table: "devices", key: &id };
        let record: DeviceV1<'_> = decode(bytes, source)?;
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
                pon_class: record.pon_class.map(|code| pon_class(code, source)).transpose()?,
            },
            parent: record.parent.map(DeviceId),
            status: status(record.status, source)?,
            reasons: Reasons::from_bits(record.reasons)
                .ok_or_else(|| source.damaged("unknown reason"))?,
            signal: record.signal.map(|record| signal(&record, source)).transpose()?,
            uplink: record.uplink.into_iter().map(LinkId).collect(),
            through_loss_db: record.through_loss_db,
            status_since: Timestamp(record.status_since_us),
            status_override: record.status_override.map(|set| over(&set, source)).transpose()?,
            created_at: Timestamp(record.created_at_us),
            updated_at: Timestamp(record.updated_at_us),
        })
    }
}

impl StoredEntity for Interface {
    fn encode_into(&self, buffer: &mut Vec<u8>) {
        let record = InterfaceV1 {
            device: self.device.0,
            name: self.name.as_str(),
            interface_type: match self.interface_type {
                InterfaceType::Ethernet => 0,
                InterfaceType::Optical => 1,
                InterfaceType::Loopback => 2,
            },
            status: status_code(self.status),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        };
        encode_into(&record, buffer);
    }

    fn decode(id: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let source = RecordSource { table: "interfaces", key: &id };
        let record: InterfaceV1<'_> = decode(bytes, source)?;
        Ok(Self {
            id: InterfaceId(id),
            device: DeviceId(record.device),
            name: name(record.name, source)?,
            interface_type: match record.interface_type {
                0 => InterfaceType::Ethernet,
                1 => InterfaceType::Optical,
                2 => InterfaceType::Loopback,
                _ => return Err(source.damaged("unknown interface type")),
            },
            status: status(record.status, source)?,
            created_at: Timestamp(record.created_at_us),
            updated_at: Timestamp(record.updated_at_us),
        })
    }
}

impl StoredEntity for Link {
    fn encode_into(&self, buffer: &mut Vec<u8>) {
        let record = LinkV1 {
            a: self.a.0,
            b: self.b.0,
            length_km: self.length_km,
            medium: self.medium.map(medium_code),
            status: status_code(self.status),
            status_since_us: self.status_since.0,
            status_override: self.status_override.as_ref().map(override_record),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        };
        encode_into(&record, buffer);
    }

    fn decode(id: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let source = RecordSource { table: "links", key: &id };
        let record: LinkV1<'_> = decode(bytes, source)?;
        Ok(Self {
            id: LinkId(id),
            a: InterfaceId(record.a),
            b: InterfaceId(record.b),
            length_km: record.length_km,
            medium: record.medium.map(|code| medium(code, source)).transpose()?,
            status: status(record.status, source)?,
            status_since: Timestamp(record.status_since_us),
            status_override: record.status_override.map(|set| over(&set, source)).transpose()?,
            created_at: Timestamp(record.created_at_us),
            updated_at: Timestamp(record.updated_at_us),
        })
    }
}

fn name(text: &str, source: RecordSource<'_>) -> Result<Name, StoreError> {
    Name::stored(text).map_err(|error| source.damaged(error.to_string()))
}

const fn status_code(status: Status) -> u8 {
    match status {
        Status::Up => 0,
        Status::Down => 1,
        Status::Degraded => 2,
    }
}

fn status(code: u8, source: RecordSource<'_>) -> Result<Status, StoreError> {
    match code {
        0 => Ok(Status::Up),
        1 => Ok(Status::Down),
        2 => Ok(Status::Degraded),
        _ => Err(source.damaged("unknown status")),
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

fn override_record(set: &Override) -> OverrideV1<'_> {
    OverrideV1 {
        status: status_code(set.status),
        reason: set.reason.as_ref().map(OverrideReason::as_str),
    }
}

fn over(record: &OverrideV1<'_>, source: RecordSource<'_>) -> Result<Override, StoreError> {
    let reason = record.reason.map(OverrideReason::new).transpose();
    Ok(Override {
        status: status(record.status, source)?,
        reason: reason.map_err(|error| source.damaged(error.to_string()))?,
    })
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

const fn medium_code(medium: Medium) -> u8 {
    match medium {
        Medium::G652d => 0,
        Medium::G657a1 => 1,
        Medium::G657a2 => 2,
        Medium::Om3 => 3,
        Medium::Om4 => 4,
    }
}

fn medium(code: u8, source: RecordSource<'_>) -> Result<Medium, StoreError> {
    Medium::ALL
        .into_iter()
        .find(|medium| medium_code(*medium) == code)
        .ok_or_else(|| source.damaged("unknown medium"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reason;
    use crate::util::hex;

    fn device() -> Device {
        Device {
            id: DeviceId(7),
            name: Name::new("OLT Süd/1").unwrap(),
            device_type: DeviceType::Olt,
            position: Position { x: 1.5, y: -2.25 },
            optics: Optics { tx_power_dbm: Some(4.5), ..Optics::default() },
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
            through_loss_db: None,
            status_since: Timestamp(1_795_000_000_000_000),
            status_override: Some(Override {
                status: Status::Down,
                reason: Some(OverrideReason::new("card swap").unwrap()),
            }),
            created_at: Timestamp(1_795_000_000_000_000),
            updated_at: Timestamp(1_795_000_000_000_001),
        }
    }

    /// Version 1 as it was first shipped. These bytes never change.
    const DEVICE_V1: &str = "010a4f4c542053c3bc642f3103000000000000f83f00000000000002c001000000\
        000000124000000001fb2c010205010000000000002dc00000000000802ec000000000008029400001010900\
        fd0060be0216c10c0001010109636172642073776170fd0060be0216c10c00fd0260be0216c10c00";

    #[test]
    fn device_round_trip_and_golden_bytes() {
        let mut bytes = Vec::new();
        device().encode_into(&mut bytes);
        assert_eq!(Device::decode(7, &bytes).unwrap(), device());
        assert_eq!(hex(&bytes), DEVICE_V1);
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
