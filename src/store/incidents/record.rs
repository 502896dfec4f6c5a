//! Incidents and maintenance windows as bytes.

use bincode::{BorrowDecode, Encode};

use super::incident::{
    Acknowledgement, Closure, Incident, IncidentSource, TimelineEntry, TimelineKind,
};
use super::maintenance::MaintenanceWindow;
use crate::domain::{DeviceId, EntityKey, Severity, Timestamp};
use crate::store::codec::{RecordSource, VersionedRecord, decode, encode};
use crate::store::error::StoreError;
use crate::store::tables;

#[derive(Encode, BorrowDecode)]
struct IncidentV1<'a> {
    key: &'a str,
    source: u8,
    severity: u8,
    title: &'a str,
    detail: &'a str,
    /// (kind, id)
    subject: Option<(u8, u64)>,
    places: Vec<u64>,
    customer_count: u32,
    customer_count_max: u32,
    customer_count_told: u32,
    count: u32,
    occurrence: u64,
    is_lasting: bool,
    is_active: bool,
    first_seen_us: i64,
    last_seen_us: i64,
    /// (name, note, time)
    acknowledgement: Option<(&'a str, Option<&'a str>, i64)>,
    /// (time, name)
    closure: Option<(i64, Option<&'a str>)>,
    history: u32,
    sampled_us: i64,
    is_flapping: bool,
    muted_by: Option<u64>,
    timeline: Vec<TimelineEntryV1<'a>>,
    timeline_removed: u32,
}

#[derive(Encode, BorrowDecode)]
struct TimelineEntryV1<'a> {
    at_us: i64,
    kind: u8,
    name: Option<&'a str>,
    text: &'a str,
}

#[derive(Encode, BorrowDecode)]
struct MaintenanceWindowV1<'a> {
    device: Option<u64>,
    starts_us: i64,
    ends_us: i64,
    reason: &'a str,
    name: &'a str,
}

impl VersionedRecord for IncidentV1<'_> {
    const VERSION: u8 = 1;
}

impl VersionedRecord for MaintenanceWindowV1<'_> {
    const VERSION: u8 = 1;
}

/// Codes on disk, from 1; never renumbered.
const SOURCES: [(IncidentSource, u8); 5] = [
    (IncidentSource::Network, 1),
    (IncidentSource::Job, 2),
    (IncidentSource::Check, 3),
    (IncidentSource::Service, 4),
    (IncidentSource::Duty, 5),
];
const SEVERITIES: [(Severity, u8); 4] =
    [(Severity::Critical, 1), (Severity::Major, 2), (Severity::Minor, 3), (Severity::Planned, 4)];
const TIMELINE_KINDS: [(TimelineKind, u8); 12] = [
    (TimelineKind::Opened, 1),
    (TimelineKind::Reopened, 2),
    (TimelineKind::Escalated, 3),
    (TimelineKind::Eased, 4),
    (TimelineKind::Gone, 5),
    (TimelineKind::FlappingBegan, 6),
    (TimelineKind::FlappingEnded, 7),
    (TimelineKind::Muted, 8),
    (TimelineKind::Unmuted, 9),
    (TimelineKind::Acknowledged, 10),
    (TimelineKind::Noted, 11),
    (TimelineKind::Closed, 12),
];

pub(super) fn encode_incident(incident: &Incident) -> Vec<u8> {
    let subject = incident.subject.map(|subject| (tables::kind_code(subject.kind), subject.id));
    let acknowledgement = incident.acknowledgement.as_ref();
    let closure = incident.closure.as_ref();
    encode(&IncidentV1 {
        key: &incident.key,
        source: code_of(&SOURCES, incident.source),
        severity: code_of(&SEVERITIES, incident.severity),
        title: &incident.title,
        detail: &incident.detail,
        subject,
        places: incident.places.iter().map(|id| id.0).collect(),
        customer_count: incident.customer_count,
        customer_count_max: incident.customer_count_max,
        customer_count_told: incident.customer_count_told,
        count: incident.count,
        occurrence: incident.occurrence,
        is_lasting: incident.is_lasting,
        is_active: incident.is_active,
        first_seen_us: incident.first_seen.0,
        last_seen_us: incident.last_seen.0,
        acknowledgement: acknowledgement.map(|it| (it.name.as_str(), it.note.as_deref(), it.at.0)),
        closure: closure.map(|it| (it.at.0, it.name.as_deref())),
        history: incident.history,
        sampled_us: incident.sampled.0,
        is_flapping: incident.is_flapping,
        muted_by: incident.muted_by,
        timeline: incident.timeline.iter().map(encode_entry).collect(),
        timeline_removed: incident.timeline_removed,
    })
}

fn encode_entry(entry: &TimelineEntry) -> TimelineEntryV1<'_> {
    TimelineEntryV1 {
        at_us: entry.at.0,
        kind: code_of(&TIMELINE_KINDS, entry.kind),
        name: entry.name.as_deref(),
        text: &entry.text,
    }
}

pub(super) fn decode_incident(id: u64, bytes: &[u8]) -> Result<Incident, StoreError> {
    let source = RecordSource { table: "incidents", key: &id };
    let record: IncidentV1<'_> = decode(bytes, source)?;
    let subject = record.subject.map(|(kind, id)| {
        let kind = tables::kind_of_code(kind).ok_or_else(|| source.damaged("unknown kind"))?;
        Ok::<_, StoreError>(EntityKey { kind, id })
    });
    let timeline: Result<_, StoreError> =
        record.timeline.iter().map(|entry| decode_entry(entry, source)).collect();
    Ok(Incident {
        id,
        key: record.key.to_owned(),
        source: of_code(&SOURCES, record.source).ok_or_else(|| source.damaged("unknown source"))?,
        severity: of_code(&SEVERITIES, record.severity)
            .ok_or_else(|| source.damaged("unknown severity"))?,
        title: record.title.to_owned(),
        detail: record.detail.to_owned(),
        subject: subject.transpose()?,
        places: record.places.into_iter().map(DeviceId).collect(),
        customer_count: record.customer_count,
        customer_count_max: record.customer_count_max,
        customer_count_told: record.customer_count_told,
        count: record.count,
        occurrence: record.occurrence,
        is_lasting: record.is_lasting,
        is_active: record.is_active,
        first_seen: Timestamp(record.first_seen_us),
        last_seen: Timestamp(record.last_seen_us),
        acknowledgement: record.acknowledgement.map(|(name, note, at)| Acknowledgement {
            name: name.to_owned(),
            note: note.map(str::to_owned),
            at: Timestamp(at),
        }),
        closure: record
            .closure
            .map(|(at, name)| Closure { at: Timestamp(at), name: name.map(str::to_owned) }),
        history: record.history,
        sampled: Timestamp(record.sampled_us),
        is_flapping: record.is_flapping,
        muted_by: record.muted_by,
        timeline: timeline?,
        timeline_removed: record.timeline_removed,
    })
}

fn decode_entry(
    entry: &TimelineEntryV1<'_>,
    source: RecordSource<'_>,
) -> Result<TimelineEntry, StoreError> {
    Ok(TimelineEntry {
        at: Timestamp(entry.at_us),
        kind: of_code(&TIMELINE_KINDS, entry.kind)
            .ok_or_else(|| source.damaged("unknown kind of a timeline entry"))?,
        name: entry.name.map(str::to_owned),
        text: entry.text.to_owned(),
    })
}

pub(super) fn encode_window(window: &MaintenanceWindow) -> Vec<u8> {
    encode(&MaintenanceWindowV1 {
        device: window.device.map(|id| id.0),
        starts_us: window.starts_at.0,
        ends_us: window.ends_at.0,
        reason: &window.reason,
        name: &window.name,
    })
}

pub(super) fn decode_window(id: u64, bytes: &[u8]) -> Result<MaintenanceWindow, StoreError> {
    let record: MaintenanceWindowV1<'_> =
        decode(bytes, RecordSource { table: "maintenance", key: &id })?;
    Ok(MaintenanceWindow {
        id,
        device: record.device.map(DeviceId),
        starts_at: Timestamp(record.starts_us),
        ends_at: Timestamp(record.ends_us),
        reason: record.reason.to_owned(),
        name: record.name.to_owned(),
    })
}

fn code_of<T: Copy + PartialEq>(codes: &[(T, u8)], value: T) -> u8 {
    let found = codes.iter().find(|(of, _)| *of == value);
    found.expect("every value has a code").1
}

fn of_code<T: Copy>(codes: &[(T, u8)], code: u8) -> Option<T> {
    codes.iter().find(|(_, of)| *of == code).map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EntityKind;
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    const INCIDENT_V1: &str = "010f6e6574776f726b3a6c696e6b3a313201011a4f4446202d2053504c2d412069732073657420746f2044\
        4f574e0666c3bc72203401030c02030404fb2c016402090100fd0060be0216c10c00fd0260be0216c10c00\
        0103416461000401010103416461050601010501080b01034164610006";
    const WINDOW_V1: &str = "0101fb2c0101fd0060be0216c10c000673706c69636502426f";

    fn incident() -> Incident {
        Incident {
            id: 7,
            key: "network:link:12".to_owned(),
            source: IncidentSource::Network,
            severity: Severity::Critical,
            title: "ODF - SPL-A is set to DOWN".to_owned(),
            detail: "für 4".to_owned(),
            subject: Some(EntityKey { kind: EntityKind::Link, id: 12 }),
            places: vec![DeviceId(3), DeviceId(4)],
            customer_count: 4,
            customer_count_max: 300,
            customer_count_told: 100,
            count: 2,
            occurrence: 9,
            is_lasting: true,
            is_active: false,
            first_seen: Timestamp(1_795_000_000_000_000),
            last_seen: Timestamp(1_795_000_000_000_001),
            acknowledgement: Some(Acknowledgement {
                name: "Ada".to_owned(),
                note: None,
                at: Timestamp(2),
            }),
            closure: Some(Closure { at: Timestamp(-1), name: Some("Ada".to_owned()) }),
            history: 0b101,
            sampled: Timestamp(3),
            is_flapping: true,
            muted_by: Some(5),
            timeline: vec![TimelineEntry {
                at: Timestamp(4),
                kind: TimelineKind::Noted,
                name: Some("Ada".to_owned()),
                text: String::new(),
            }],
            timeline_removed: 6,
        }
    }

    #[test]
    fn round_trips_and_golden_bytes() {
        let incident = incident();
        let bytes = encode_incident(&incident);
        assert_eq!(decode_incident(7, &bytes).unwrap(), incident);
        assert_eq!(hex(&bytes), INCIDENT_V1);
        let window = MaintenanceWindow {
            id: 2,
            device: Some(DeviceId(300)),
            starts_at: Timestamp(-1),
            ends_at: Timestamp(1_795_000_000_000_000),
            reason: "splice".to_owned(),
            name: "Bo".to_owned(),
        };
        let bytes = encode_window(&window);
        assert_eq!(decode_window(2, &bytes).unwrap(), window);
        assert_eq!(hex(&bytes), WINDOW_V1);
    }

    #[test]
    fn every_word_has_a_code_of_its_own() {
        for source in IncidentSource::ALL {
            assert_eq!(of_code(&SOURCES, code_of(&SOURCES, source)), Some(source));
        }
        for kind in TimelineKind::ALL {
            assert_eq!(of_code(&TIMELINE_KINDS, code_of(&TIMELINE_KINDS, kind)), Some(kind));
        }
    }

    #[test]
    fn an_unknown_code_is_damage() {
        let mut bytes = encode_incident(&incident());
        // The version, the length of the key, the key.
        bytes[2 + "network:link:12".len()] = 99;
        let error = decode_incident(7, &bytes).unwrap_err().to_string();
        assert!(error.contains("table incidents, key 7: unknown source"), "{error}");
    }
}
