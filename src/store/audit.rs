//! The audit trail: who changed what, when, from what to what; and what else people did.

use super::audit_chain::AuditLink;
use super::audit_event::{AuditOrigin, AuditOutcome, SITE_REPLACEMENTS};
use super::audit_image::AuditImage;
use super::audit_row::{DirectCounts, RowReading, outcome};
use super::codec::RecordSource;
use super::error::StoreError;
use crate::domain::Timestamp;

/// One audit row, decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    pub id: u64,
    /// The commit that it was part of; of an event without changes, the last one before it.
    pub seq: u64,
    pub at: Timestamp,
    pub origin: AuditOrigin,
    pub action: String,
    pub outcome: AuditOutcome,
    /// What an event was about, as the text of a JSON object; empty for a command.
    pub details: String,
    /// The rows whose commands this one undid.
    pub undone_ids: Vec<u64>,
    /// How many entities changed; more than `images` when there were too many to keep or to read.
    pub change_count: u64,
    /// `None` in rows of version 0.1 and in those that come from SQL.
    pub direct: Option<DirectCounts>,
    /// How many images the row has; more than `images` when not all were read.
    pub image_count: u64,
    pub images: Vec<AuditImage>,
    /// Its place in the hash chain; `None` in rows from before there was one.
    pub link: Option<AuditLink>,
}

impl AuditEntry {
    /// Whether the images hold all that the command itself changed.
    pub fn is_complete(&self) -> bool {
        match self.direct {
            Some(direct) => direct.images == direct.changes,
            None => self.image_count == self.change_count,
        }
    }

    /// Whether it replaced the whole site by another state, without a command.
    pub fn replaces_site(&self) -> bool {
        SITE_REPLACEMENTS.contains(&self.action.as_str())
    }
}

/// Reads a row with at most `images_max` of its images; the others are not decoded.
pub(super) fn decode_entry(
    id: u64,
    bytes: &[u8],
    images_max: usize,
) -> Result<AuditEntry, StoreError> {
    let source = RecordSource { table: "audit", key: &id };
    let mut row = RowReading::begin(bytes, source)?;
    let stored = usize::try_from(row.image_count).unwrap_or(usize::MAX);
    let mut images = Vec::new();
    for _ in 0..stored.min(images_max) {
        images.push(row.next_image()?);
    }
    let start = &row.start;
    let entry = AuditEntry {
        id,
        seq: start.seq,
        at: Timestamp(start.at_us),
        origin: AuditOrigin {
            actor: start.actor.to_owned(),
            address: start.address.to_owned(),
            request_id: start.request_id.to_owned(),
        },
        action: start.action.to_owned(),
        outcome: outcome(start.outcome, source)?,
        details: start.details.to_owned(),
        undone_ids: start.undone_ids.clone(),
        change_count: start.change_count,
        direct: start.direct.map(Into::into),
        image_count: row.image_count,
        images,
        link: start.link,
    };
    row.end()?;
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{InterfaceId, Lifecycle, Link, LinkId, Status};
    use crate::store::audit_chain::AuditHash;
    use crate::store::audit_image::{ImageV1, ImageV2, Salts};
    use crate::store::audit_row::{AuditV2, AuditV3, RowStartV2, RowStartV3};
    use crate::store::codec::encode;
    use crate::store::records::unhex;
    use crate::util::hex;

    /// Versions as they were first shipped. These bytes never change.
    const AUDIT_V1: &str = "01fb2c01fd0260be0216c10c0003636c6903722d310b64656c657465206c696e6b03010305012b\
        02010201000000000000f83f000100fd0060be0216c10c0000fd0060be0216c10c00fd0060be0216c1\
        0c0000";
    const AUDIT_V2: &str = "02fb2c01fd0260be0216c10c0003636c6903722d310b64656c657465206c696e6b010603010101\
        010305012b02010201000000000000f83f000100fd0060be0216c10c0000fd0060be0216c10c00fd00\
        60be0216c10c0000";
    const AUDIT_V3: &str = "03fb2c01fd0260be0216c10c00087573657220616461093139322e302e322e3703722d310b64656c\
        657465206c696e6b010e7b2275736572223a22626f62227d01060301010101010101010101010101\
        01010101010101010101010101010101010101010101010202020202020202020202020202020202\
        02020202020202020202020202020200010305012b02010201000000000000f83f000100fd0060be\
        0216c10c0000fd0060be0216c10c00fd0060be0216c10c000000";

    /// A deleted link, as it was kept with a row of the version.
    fn entry(undone_ids: Vec<u64>, direct: Option<DirectCounts>) -> AuditEntry {
        AuditEntry {
            id: 7,
            seq: 300,
            at: Timestamp(1_795_000_000_000_001),
            origin: AuditOrigin { request_id: "r-1".into(), ..AuditOrigin::local("cli") },
            action: "delete link".into(),
            outcome: AuditOutcome::Done,
            details: String::new(),
            undone_ids,
            change_count: 3,
            direct,
            image_count: 1,
            images: vec![AuditImage::Link { id: 5, before: Some(Box::new(link())), after: None }],
            link: None,
        }
    }

    fn link() -> Link {
        Link {
            id: LinkId(5),
            a: InterfaceId(1),
            b: InterfaceId(2),
            length_km: Some(1.5),
            medium: None,
            lifecycle: Lifecycle::InService,
            status: Status::Up,
            status_override: None,
            status_since: Timestamp(1_795_000_000_000_000),
            created_at: Timestamp(1_795_000_000_000_000),
            updated_at: Timestamp(1_795_000_000_000_000),
        }
    }

    #[test]
    fn a_row_of_version_2_has_no_place_in_the_chain() {
        let entry = entry(vec![6], Some(DirectCounts { changes: 1, images: 1 }));
        let mut record = Vec::new();
        crate::store::records::StoredEntity::encode_into(&link(), &mut record);
        let bytes = encode(&AuditV2 {
            start: RowStartV2 {
                seq: entry.seq,
                at_us: entry.at.0,
                actor: &entry.origin.actor,
                request_id: &entry.origin.request_id,
                action: &entry.action,
                undone_ids: vec![6],
                change_count: entry.change_count,
                direct: entry.direct.map(Into::into),
            },
            images: vec![ImageV1 { kind: 3, id: 5, before: Some(record.into()), after: None }],
        });
        assert_eq!(hex(&bytes), AUDIT_V2);
        assert_eq!(decode_entry(7, &bytes, usize::MAX).unwrap(), entry);
    }

    #[test]
    fn a_row_round_trip_and_golden_bytes() {
        let direct = Some(DirectCounts { changes: 1, images: 1 });
        let origin = AuditOrigin {
            actor: "user ada".to_owned(),
            address: "192.0.2.7".to_owned(),
            request_id: "r-1".to_owned(),
        };
        let entry = AuditEntry {
            origin,
            outcome: AuditOutcome::Refused,
            details: r#"{"user":"bob"}"#.to_owned(),
            link: Some(AuditLink { changes: AuditHash([1; 32]), hash: AuditHash([2; 32]) }),
            ..entry(vec![6], direct)
        };
        let bytes = encode(&AuditV3 {
            start: RowStartV3 {
                seq: entry.seq,
                at_us: entry.at.0,
                actor: &entry.origin.actor,
                address: &entry.origin.address,
                request_id: &entry.origin.request_id,
                action: &entry.action,
                outcome: 1,
                details: &entry.details,
                undone_ids: vec![6],
                change_count: entry.change_count,
                direct: entry.direct.map(Into::into),
                link: entry.link,
                has_images_of_sql: false,
            },
            images: vec![ImageV2::of_image(&entry.images[0], &mut Salts::default())],
        });
        assert_eq!(decode_entry(7, &bytes, usize::MAX).unwrap(), entry);
        assert_eq!(hex(&bytes), AUDIT_V3);
    }

    #[test]
    fn a_row_of_version_1_does_not_tell_what_the_command_changed_itself() {
        let read = decode_entry(7, &unhex(AUDIT_V1), usize::MAX).unwrap();
        assert_eq!(read, entry(Vec::new(), None));
        assert!(!read.is_complete(), "two of three images are missing");
    }

    #[test]
    fn a_row_is_complete_when_it_has_all_that_the_command_changed_itself() {
        let check = |direct: Option<(u64, u64)>, change_count, expected| {
            let direct = direct.map(|(changes, images)| DirectCounts { changes, images });
            let entry = AuditEntry { change_count, ..entry(Vec::new(), direct) };
            assert_eq!(entry.is_complete(), expected, "{direct:?} of {change_count}");
        };
        check(Some((1, 1)), 3, true);
        check(Some((2, 1)), 3, false);
        check(Some((0, 0)), 3, true);
        check(None, 1, true);
        check(None, 3, false);
    }
}
