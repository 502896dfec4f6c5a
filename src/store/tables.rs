//! Every table and its key layout.

use redb::TableDefinition;

use crate::domain::EntityKind;

/// Singletons by name; see [`super::meta`].
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Records by id.
pub(super) const DEVICES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("devices");
pub(super) const INTERFACES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("interfaces");
pub(super) const LINKS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("links");

/// (which index, value, id): see [`IndexKey`].
pub(super) const INDEX: TableDefinition<'_, (u8, u64, u64), ()> = TableDefinition::new("index");

/// (kind, id / [`super::BLOCK_SIZE`]) -> seq of the last change inside that block of ids.
pub(super) const BLOCKS: TableDefinition<'_, (u8, u64), u64> = TableDefinition::new("blocks");

/// Dirty entities: (kind, id) -> seq of the last change, which the mirror has not confirmed; empty
/// without a mirror.
pub(super) const DIRTY: TableDefinition<'_, (u8, u64), u64> = TableDefinition::new("dirty");

/// Audit rows by an id that grows by one.
pub(super) const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");

/// Settings of scheduled jobs by name; since schema version 2.
pub(super) const JOBS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("jobs");

/// (job, run id) -> the run; since schema version 2.
pub(super) const JOB_RUNS: TableDefinition<'_, (&str, u64), &[u8]> =
    TableDefinition::new("job_runs");

/// Devices whose personal data was erased in the audit trail: id -> seq of that commit, which no mirror
/// has confirmed; since schema version 3. Each device once, however often it is erased.
pub(super) const ERASED: TableDefinition<'_, u64, u64> = TableDefinition::new("erased");

/// (series, tier, number of the chunk) -> its buckets; since schema version 3. See [`super::series`].
pub(super) const SERIES: TableDefinition<'_, (&str, u8, u64), &[u8]> =
    TableDefinition::new("series");

/// (day of the end, device id / [`super::BLOCK_SIZE`], seq) -> outages that ended in this commit; since
/// schema version 3. See [`super::outages`].
pub(super) const OUTAGES: TableDefinition<'_, (u64, u64, u64), &[u8]> =
    TableDefinition::new("outages");

/// Devices whose outage began later than their status: id -> microseconds since 1970; since schema
/// version 3.
pub(super) const LATE_OUTAGES: TableDefinition<'_, u64, i64> = TableDefinition::new("late_outages");

/// Devices whose present outage had planned work as its cause: id -> when; since schema version 3, created
/// when the first one is written. See [`super::open_outages`].
pub(super) const PLANNED_OUTAGES: TableDefinition<'_, u64, &[u8]> =
    TableDefinition::new("planned_outages");

/// Incidents by an id that grows by one; this and the next four since schema version 3, created when the
/// first one is written.
pub(super) const INCIDENTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("incidents");

/// (state, time, id) of every incident: see [`super::IncidentPosition`].
pub(super) const INCIDENT_ORDER: TableDefinition<'_, (u8, i64, u64), ()> =
    TableDefinition::new("incident_order");

/// Key of a problem -> its last incident.
pub(super) const INCIDENT_KEYS: TableDefinition<'_, &str, u64> =
    TableDefinition::new("incident_keys");

/// One row: the ids of the next incident and of the next maintenance window.
pub(super) const INCIDENT_COUNTERS: TableDefinition<'_, (), (u64, u64)> =
    TableDefinition::new("incident_counters");

/// Maintenance windows by an id that grows by one.
pub(super) const MAINTENANCE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("maintenance");

/// (duty, record id) -> who did it and when; since schema version 3, created when the first one is written.
pub(super) const DUTY_RECORDS: TableDefinition<'_, (&str, u64), &[u8]> =
    TableDefinition::new("duty_records");

/// Notices by an id that grows by one; this and the next one since schema version 3, created when the first
/// notice is written.
pub(super) const NOTICES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("notices");

/// (incident, notice)
pub(super) const INCIDENT_NOTICES: TableDefinition<'_, (u64, u64), ()> =
    TableDefinition::new("incident_notices");

/// One row: the newest report of which notices are planned; since schema version 3, created when it is written.
pub(super) const PLANNED_REPORT: TableDefinition<'_, (), u64> =
    TableDefinition::new("planned_report");

/// Id of a report, which grows by one -> its kind; this and the next one since schema version 3, created
/// when the first report is written.
pub(super) const REPORT_KINDS: TableDefinition<'_, u64, u8> = TableDefinition::new("report_kinds");

/// (kind, id) -> the report
pub(super) const REPORTS: TableDefinition<'_, (u8, u64), &[u8]> = TableDefinition::new("reports");

/// Key of a setting -> its last change; since schema version 3, created when the first one is written.
pub(super) const SETTINGS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("settings");

/// Users by an id that grows by one; this and the next three since schema version 3, created when the first
/// user is written. They are never copied out of the store.
pub(super) const USERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("users");

/// Sessions of users by an id that grows by one.
pub(super) const LOGIN_SESSIONS: TableDefinition<'_, u64, &[u8]> =
    TableDefinition::new("login_sessions");

/// API tokens by an id that grows by one.
pub(super) const API_TOKENS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("api_tokens");

/// One row: the last ids of a user, a session and a token.
pub(super) const AUTH_COUNTERS: TableDefinition<'_, (), (u64, u64, u64)> =
    TableDefinition::new("auth_counters");

/// One row: the key that signs device cookies; since schema version 3, created with it. It is never copied out of
/// the store.
pub(super) const DEVICE_KEY: TableDefinition<'_, (), [u8; 32]> = TableDefinition::new("device_key");

/// The secondary indexes inside [`INDEX`].
#[derive(Clone, Copy)]
pub(super) enum IndexKey {
    /// device type -> devices
    DeviceType = 1,
    /// container -> devices in it
    Parent = 2,
    /// device -> its interfaces
    Ports = 3,
    /// [`serial_key`] -> the device with that serial; since schema version 3
    Serial = 4,
    /// port of an OLT or AON switch -> the leaves that it serves; since schema version 3
    AccessPort = 5,
    /// splitter -> the leaves next to it; since schema version 3
    Splitter = 6,
}

/// A serial's value in [`INDEX`]: FNV-1a with 64 bits. Two serials may share it, so that a reader
/// compares them.
pub(super) fn serial_key(serial: &str) -> u64 {
    // draft-eastlake-fnv, "FNV Constants".
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    serial.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

/// The records of a kind.
pub(super) const fn of_kind(kind: EntityKind) -> TableDefinition<'static, u64, &'static [u8]> {
    match kind {
        EntityKind::Device => DEVICES,
        EntityKind::Interface => INTERFACES,
        EntityKind::Link => LINKS,
    }
}

/// The kind with this number.
pub(super) fn kind_of_code(code: u8) -> Option<EntityKind> {
    EntityKind::ALL.into_iter().find(|kind| kind_code(*kind) == code)
}

/// A kind's number in keys.
pub(super) const fn kind_code(kind: EntityKind) -> u8 {
    match kind {
        EntityKind::Device => 1,
        EntityKind::Interface => 2,
        EntityKind::Link => 3,
    }
}
