//! The record of an interface.

use bincode::{BorrowDecode, Encode};

use super::{StoredEntity, name, status, status_code};
use crate::domain::{CrossConnect, DeviceId, Interface, InterfaceId, InterfaceType, Timestamp};
use crate::store::codec::{RecordSource, VersionedRecord, decode, encode_into};
use crate::store::error::StoreError;

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
struct InterfaceV2<'a> {
    device: u64,
    name: &'a str,
    interface_type: u8,
    cross_connect: Option<CrossConnectV1>,
    status: u8,
    created_at_us: i64,
    updated_at_us: i64,
}

#[derive(Encode, BorrowDecode)]
struct CrossConnectV1 {
    to: u64,
    loss_db: Option<f64>,
    is_assumed: bool,
}

impl VersionedRecord for InterfaceV1<'_> {
    const VERSION: u8 = 1;
}

impl VersionedRecord for InterfaceV2<'_> {
    const VERSION: u8 = 2;
}

impl<'a> From<InterfaceV1<'a>> for InterfaceV2<'a> {
    fn from(old: InterfaceV1<'a>) -> Self {
        let InterfaceV1 { device, name, interface_type, status, created_at_us, updated_at_us } =
            old;
        let cross_connect = None;
        Self { device, name, interface_type, cross_connect, status, created_at_us, updated_at_us }
    }
}

impl StoredEntity for Interface {
    fn encode_into(&self, buffer: &mut Vec<u8>) {
        let record = InterfaceV2 {
            device: self.device.0,
            name: self.name.as_str(),
            interface_type: match self.interface_type {
                InterfaceType::Ethernet => 0,
                InterfaceType::Optical => 1,
                InterfaceType::Loopback => 2,
            },
            cross_connect: self.cross_connect.as_deref().map(cross_connect_record),
            status: status_code(self.status),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        };
        encode_into(&record, buffer);
    }

    fn decode(id: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let source = RecordSource { table: "interfaces", key: &id };
        let record: InterfaceV2<'_> = match bytes.first() {
            Some(&InterfaceV1::VERSION) => decode::<InterfaceV1<'_>>(bytes, source)?.into(),
            _ => decode(bytes, source)?,
        };
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
            cross_connect: record.cross_connect.map(|record| Box::new(cross_connect(&record))),
            status: status(record.status, source)?,
            created_at: Timestamp(record.created_at_us),
            updated_at: Timestamp(record.updated_at_us),
        })
    }
}

fn cross_connect_record(joined: &CrossConnect) -> CrossConnectV1 {
    let CrossConnect { to, loss_db, is_assumed } = *joined;
    CrossConnectV1 { to: to.0, loss_db, is_assumed }
}

fn cross_connect(record: &CrossConnectV1) -> CrossConnect {
    let CrossConnectV1 { to, loss_db, is_assumed } = *record;
    CrossConnect { to: InterfaceId(to), loss_db, is_assumed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Name, Status};
    use crate::store::records::unhex;
    use crate::util::hex;

    fn port() -> Interface {
        Interface {
            id: InterfaceId(7),
            device: DeviceId(300),
            name: Name::new("port7").unwrap(),
            interface_type: InterfaceType::Optical,
            cross_connect: None,
            status: Status::Up,
            created_at: Timestamp(1_795_000_000_000_000),
            updated_at: Timestamp(1_795_000_000_000_001),
        }
    }

    /// Versions as they were first shipped. These bytes never change.
    const INTERFACE_V1: &str = "01fb2c0105706f7274370100fd0060be0216c10c00fd0260be0216c10c00";
    const INTERFACE_V2: &str = "02fb2c0105706f7274370101fb0401019a9999999999b93f0100fd0060be0216c10c00fd0260be02\
        16c10c00";

    #[test]
    fn interface_round_trip_and_golden_bytes() {
        let joined = CrossConnect { to: InterfaceId(260), loss_db: Some(0.1), is_assumed: true };
        let port = Interface { cross_connect: Some(Box::new(joined)), ..port() };
        let mut bytes = Vec::new();
        port.encode_into(&mut bytes);
        assert_eq!(Interface::decode(7, &bytes).unwrap(), port);
        assert_eq!(hex(&bytes), INTERFACE_V2);
    }

    #[test]
    fn an_interface_of_version_1_has_no_cross_connect() {
        assert_eq!(Interface::decode(7, &unhex(INTERFACE_V1)).unwrap(), port());
    }
}
