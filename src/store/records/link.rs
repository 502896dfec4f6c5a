//! The record of a link.

use bincode::{BorrowDecode, Encode};

use super::{
    IN_SERVICE, OverrideV1, OverrideV2, StoredEntity, lifecycle, lifecycle_code, over,
    override_record, status, status_code,
};
use crate::domain::{InterfaceId, Link, LinkId, Medium, Timestamp};
use crate::store::codec::{RecordSource, VersionedRecord, decode, encode_into};
use crate::store::error::StoreError;

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

#[derive(Encode, BorrowDecode)]
struct LinkV2<'a> {
    a: u64,
    b: u64,
    length_km: Option<f64>,
    medium: Option<u8>,
    lifecycle: u8,
    status: u8,
    status_since_us: i64,
    status_override: Option<OverrideV2<'a>>,
    created_at_us: i64,
    updated_at_us: i64,
}

impl VersionedRecord for LinkV1<'_> {
    const VERSION: u8 = 1;
}

impl VersionedRecord for LinkV2<'_> {
    const VERSION: u8 = 2;
}

impl<'a> From<LinkV1<'a>> for LinkV2<'a> {
    fn from(old: LinkV1<'a>) -> Self {
        Self {
            a: old.a,
            b: old.b,
            length_km: old.length_km,
            medium: old.medium,
            lifecycle: IN_SERVICE,
            status: old.status,
            status_since_us: old.status_since_us,
            status_override: old.status_override.map(Into::into),
            created_at_us: old.created_at_us,
            updated_at_us: old.updated_at_us,
        }
    }
}

impl StoredEntity for Link {
    fn encode_into(&self, buffer: &mut Vec<u8>) {
        let record = LinkV2 {
            a: self.a.0,
            b: self.b.0,
            length_km: self.length_km,
            medium: self.medium.map(medium_code),
            lifecycle: lifecycle_code(self.lifecycle),
            status: status_code(self.status),
            status_since_us: self.status_since.0,
            status_override: self.status_override.as_deref().map(override_record),
            created_at_us: self.created_at.0,
            updated_at_us: self.updated_at.0,
        };
        encode_into(&record, buffer);
    }

    fn decode(id: u64, bytes: &[u8]) -> Result<Self, StoreError> {
        let source = RecordSource { table: "links", key: &id };
        let record: LinkV2<'_> = match bytes.first() {
            Some(&LinkV1::VERSION) => decode::<LinkV1<'_>>(bytes, source)?.into(),
            _ => decode(bytes, source)?,
        };
        Ok(Self {
            id: LinkId(id),
            a: InterfaceId(record.a),
            b: InterfaceId(record.b),
            length_km: record.length_km,
            medium: record.medium.map(|code| medium(code, source)).transpose()?,
            lifecycle: lifecycle(record.lifecycle, source)?,
            status: status(record.status, source)?,
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
    use crate::domain::{Lifecycle, Override, OverrideReason, Status};
    use crate::store::records::unhex;
    use crate::util::hex;

    fn link() -> Link {
        let reason = OverrideReason::new("dug up").unwrap();
        Link {
            id: LinkId(7),
            a: InterfaceId(300),
            b: InterfaceId(2),
            length_km: Some(1.5),
            medium: Some(Medium::G657a1),
            lifecycle: Lifecycle::InService,
            status: Status::Down,
            status_override: Some(Box::new(Override::new(Status::Down, Some(reason)))),
            status_since: Timestamp(1_795_000_000_000_000),
            created_at: Timestamp(1_795_000_000_000_001),
            updated_at: Timestamp(1_795_000_000_000_002),
        }
    }

    /// Versions as they were first shipped. These bytes never change.
    const LINK_V1: &str = "01fb2c010201000000000000f83f010101fd0060be0216c10c0001010106647567207570fd0260be\
        0216c10c00fd0460be0216c10c00";
    const LINK_V2: &str = "02fb2c010201000000000000f83f01010201fd0060be0216c10c0001000001fd0660be0216c10c00\
        01fd0260be0216c10c00fd0460be0216c10c00";

    #[test]
    fn link_round_trip_and_golden_bytes() {
        let link = Link {
            lifecycle: Lifecycle::Retired,
            status_override: Some(Box::new(Override {
                ends_at: Some(Timestamp(1_795_000_000_000_003)),
                is_planned_work: true,
                ..Override::new(Status::Up, None)
            })),
            ..link()
        };
        let mut bytes = Vec::new();
        link.encode_into(&mut bytes);
        assert_eq!(Link::decode(7, &bytes).unwrap(), link);
        assert_eq!(hex(&bytes), LINK_V2);
    }

    #[test]
    fn a_link_of_version_1_is_in_service() {
        assert_eq!(Link::decode(7, &unhex(LINK_V1)).unwrap(), link());
    }
}
