//! The exact state of a site in PostgreSQL, read by the tests' own SQL, and the expected one. Each
//! value is compared as text without loss: floats as their bits, times as microseconds.

use std::fmt::Write;

use postgres::{Client, IsolationLevel, SimpleQueryMessage, Transaction};
use unoc::domain::{Device, DeviceDetails, IdCounters, Interface, Link, Override, Site, Timestamp};
use unoc::store::AuditEntry;
use uuid::Uuid;

/// A row's values in the order of [`TABLES`]; `None` is NULL.
type Row = Vec<Option<String>>;
type Rows = Vec<Row>;

/// How a column is read as text.
enum How {
    Text,
    Time,
    Float,
    List,
}

use How::{Float, List, Text, Time};

type Columns = &'static [(&'static str, How)];

const TABLES: [(&str, Columns); 3] = [
    (
        "devices",
        &[
            ("id", Text),
            ("name", Text),
            ("device_type", Text),
            ("status", Text),
            ("status_override", Text),
            ("override_reason", Text),
            ("status_reasons", List),
            ("status_since", Time),
            ("x", Float),
            ("y", Float),
            ("parent_container_id", Text),
            ("tx_power_dbm", Float),
            ("sensitivity_min_dbm", Float),
            ("insertion_loss_db", Float),
            ("pon_class", Text),
            ("signal_class", Text),
            ("limiting_direction", Text),
            ("rx_down_dbm", Float),
            ("rx_up_dbm", Float),
            ("margin_db", Float),
            ("uplink_link_ids", List),
            ("through_loss_db", Float),
            ("created_at", Time),
            ("updated_at", Time),
            ("override_ends_at", Time),
            ("override_is_planned_work", Text),
            ("split_ratio", Text),
            ("lifecycle", Text),
            ("serial", Text),
            ("customer_reference", Text),
            ("customer_name", Text),
            ("phone", Text),
            ("address", Text),
            ("latitude", Float),
            ("longitude", Float),
            ("tags", List),
            ("note", Text),
            ("olt_id", Text),
            ("pon_interface_id", Text),
            ("pon_port", Text),
            ("splitter_id", Text),
            ("splitter_interface_id", Text),
        ],
    ),
    (
        "interfaces",
        &[
            ("id", Text),
            ("device_id", Text),
            ("name", Text),
            ("interface_type", Text),
            ("status", Text),
            ("created_at", Time),
            ("updated_at", Time),
            ("cross_connect_interface_id", Text),
            ("cross_connect_loss_db", Float),
            ("cross_connect_is_assumed", Text),
        ],
    ),
    (
        "links",
        &[
            ("id", Text),
            ("a_interface_id", Text),
            ("b_interface_id", Text),
            ("length_km", Float),
            ("physical_medium_id", Text),
            ("link_loss_db", Float),
            ("status", Text),
            ("status_override", Text),
            ("override_reason", Text),
            ("status_since", Time),
            ("created_at", Time),
            ("updated_at", Time),
            ("lifecycle", Text),
            ("override_ends_at", Time),
            ("override_is_planned_work", Text),
        ],
    ),
];

const AUDIT: Columns = &[
    ("id", Text),
    ("seq", Text),
    ("at", Time),
    ("actor", Text),
    ("request_id", Text),
    ("action", Text),
    ("change_count", Text),
];

/// Ports without a device, devices in a missing container, links without a port, ports with two
/// links, duplicate names.
const MISFITS: &str = "\
    SELECT 'port', i.id FROM interfaces i WHERE NOT EXISTS \
        (SELECT FROM devices d WHERE (d.site_id, d.id) = (i.site_id, i.device_id)) \
    UNION ALL SELECT 'parent', c.id FROM devices c WHERE c.parent_container_id IS NOT NULL \
        AND NOT EXISTS \
        (SELECT FROM devices d WHERE (d.site_id, d.id) = (c.site_id, c.parent_container_id)) \
    UNION ALL SELECT 'end', l.id FROM links l CROSS JOIN LATERAL \
        (VALUES (l.a_interface_id), (l.b_interface_id)) e (id) WHERE NOT EXISTS \
        (SELECT FROM interfaces i WHERE (i.site_id, i.id) = (l.site_id, e.id)) \
    UNION ALL SELECT 'two links', e.id FROM links l CROSS JOIN LATERAL \
        (VALUES (l.a_interface_id), (l.b_interface_id)) e (id) \
        GROUP BY l.site_id, e.id HAVING count(*) > 1 \
    UNION ALL SELECT 'name', min(id) FROM devices GROUP BY site_id, name HAVING count(*) > 1 \
    UNION ALL SELECT 'port name', min(id) FROM interfaces \
        GROUP BY site_id, device_id, name HAVING count(*) > 1";

/// Constraints between rows; all of them must exist at all times.
const CONSTRAINTS: &str = "SELECT conname FROM pg_constraint WHERE contype IN ('f', 'u') \
    AND condeferred AND conrelid = ANY \
    ('{devices, interfaces, links}'::regclass[]) ORDER BY 1";
const CONSTRAINT_NAMES: [&str; 10] = [
    "devices_name_key",
    "devices_parent_fkey",
    "devices_serial_key",
    "interfaces_cross_connect_fkey",
    "interfaces_device_fkey",
    "interfaces_name_key",
    "links_a_fkey",
    "links_a_key",
    "links_b_fkey",
    "links_b_key",
];

/// The state of a site after one commit, expected or found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exact {
    pub(crate) seq: u64,
    committed_at: i64,
    counters: [u64; 3],
    next_audit: u64,
    tables: [Rows; 3],
}

/// The state of a site in PostgreSQL, read in one snapshot.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) epoch: u64,
    pub(crate) exact: Exact,
    pub(crate) audit: Rows,
}

impl Exact {
    /// The expected state of a site after a commit.
    pub(crate) fn of(site: &Site, seq: u64, committed_at: Timestamp, next_audit: u64) -> Self {
        let IdCounters { device, interface, link } = site.counters;
        Self {
            seq,
            committed_at: committed_at.0,
            counters: [device, interface, link],
            next_audit,
            tables: [
                site.devices.iter().map(of_device).collect(),
                site.interfaces.iter().map(of_interface).collect(),
                site.links.iter().map(of_link).collect(),
            ],
        }
    }

    /// Rows of all tables.
    pub(crate) fn row_count(&self) -> usize {
        self.tables.iter().map(Vec::len).sum()
    }

    /// Fails with the first row that differs.
    #[track_caller]
    pub(crate) fn assert_is(&self, expected: &Self, when: &str) {
        for ((found, wanted), (table, columns)) in
            self.tables.iter().zip(&expected.tables).zip(TABLES)
        {
            let seq = self.seq;
            assert_same_rows(found, wanted, columns, &format!("{when}: {table} at seq {seq}"));
        }
        let rest = |exact: &Self| Self { tables: Default::default(), ..exact.clone() };
        assert_eq!(rest(self), rest(expected), "{when}");
    }
}

#[track_caller]
fn assert_same_rows(found: &Rows, wanted: &Rows, columns: Columns, when: &str) {
    if found == wanted {
        return;
    }
    let differs = found.iter().zip(wanted).position(|(found, wanted)| found != wanted);
    let at = differs.unwrap_or(found.len().min(wanted.len()));
    let mut text = format!("{when}: {} rows, not {}; row {at}:", found.len(), wanted.len());
    for (index, (name, _)) in columns.iter().enumerate() {
        let value = |rows: &Rows| rows.get(at).map(|row| row[index].clone());
        let (found, wanted) = (value(found), value(wanted));
        let mark = if found == wanted { ' ' } else { '*' };
        write!(text, "\n{mark} {name}: {found:?}, not {wanted:?}").expect("a text grows");
    }
    panic!("{text}");
}

/// Reads a site; `None` if PostgreSQL does not hold it yet.
pub(crate) fn look(client: &mut Client, site_id: Uuid) -> Result<Option<Look>, postgres::Error> {
    let mut tx = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()?;
    let there = "SELECT to_regclass('sync_state') IS NOT NULL";
    if rows(&mut tx, there)?[0][0].as_deref() != Some("t") {
        return Ok(None);
    }
    let state = rows(
        &mut tx,
        &format!(
            "SELECT epoch, applied_seq, (extract(epoch FROM committed_at) * 1000000)::bigint, \
             next_device_id, next_interface_id, next_link_id, next_audit_id \
             FROM sync_state WHERE site_id = '{site_id}'"
        ),
    )?;
    let Some(state) = state.first() else { return Ok(None) };
    let number = |index: usize| -> u64 {
        let text = state[index].as_deref().expect("no column is NULL");
        text.parse().unwrap_or_else(|_| panic!("a number, not {text}"))
    };
    let mut read = |table, columns| rows(&mut tx, &select(table, columns, site_id));
    let [devices, interfaces, links] = TABLES;
    let tables =
        [read(devices.0, devices.1)?, read(interfaces.0, interfaces.1)?, read(links.0, links.1)?];
    let audit = read("audit", AUDIT)?;
    let committed_at = state[2].as_deref().and_then(|text| text.parse().ok());
    let exact = Exact {
        seq: number(1),
        committed_at: committed_at.expect("a number"),
        counters: [number(3), number(4), number(5)],
        next_audit: number(6),
        tables,
    };
    let look = Look { epoch: number(0), exact, audit };
    let misfits = rows(&mut tx, MISFITS)?;
    assert!(misfits.is_empty(), "at seq {}: {misfits:?}", look.exact.seq);
    let constraints = rows(&mut tx, CONSTRAINTS)?;
    let names: Vec<_> = constraints.iter().filter_map(|row| row[0].as_deref()).collect();
    assert_eq!(names, CONSTRAINT_NAMES, "at seq {}", look.exact.seq);
    tx.commit()?;
    Ok(Some(look))
}

impl Look {
    /// The audit rows are those of commits up to this one, without a gap.
    #[track_caller]
    pub(crate) fn check_audit(&self, when: &str) {
        assert_eq!(self.audit.len() as u64, self.exact.next_audit, "{when}: audit rows");
        for (index, row) in self.audit.iter().enumerate() {
            let number = |column: usize| row[column].as_deref().and_then(|text| text.parse().ok());
            assert_eq!(number(0), Some(index as u64), "{when}: {row:?}");
            assert!(number(1) <= Some(self.exact.seq), "{when}: {row:?} is of a later commit");
        }
    }

    /// The audit rows are exactly these.
    #[track_caller]
    pub(crate) fn assert_audit_is(&self, entries: &[AuditEntry], when: &str) {
        let wanted = entries.iter().map(of_audit).collect();
        assert_same_rows(&self.audit, &wanted, AUDIT, &format!("{when}: audit"));
    }
}

fn select(table: &str, columns: Columns, site_id: Uuid) -> String {
    let column = |(name, how): &(&str, How)| match how {
        Text => format!("{name}::text"),
        Time => format!("(extract(epoch FROM {name}) * 1000000)::bigint"),
        Float => format!("encode(float8send({name}), 'hex')"),
        List => format!("array_to_string({name}, ',')"),
    };
    let list = columns.iter().map(column).collect::<Vec<_>>().join(", ");
    format!("SELECT {list} FROM {table} WHERE site_id = '{site_id}' ORDER BY {table}.id")
}

fn rows(tx: &mut Transaction<'_>, sql: &str) -> Result<Rows, postgres::Error> {
    let rows = tx.simple_query(sql)?;
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect())
        }
        _ => None,
    };
    Ok(rows.iter().filter_map(row).collect())
}

fn text(value: impl ToString + Copy) -> Option<String> {
    Some(value.to_string())
}

fn time(value: Timestamp) -> Option<String> {
    Some(value.0.to_string())
}

fn float(value: f64) -> Option<String> {
    Some(format!("{:016x}", value.to_bits()))
}

fn list<T: ToString>(values: impl Iterator<Item = T>) -> Option<String> {
    Some(values.map(|value| value.to_string()).collect::<Vec<_>>().join(","))
}

fn override_of(set: Option<&Override>) -> [Option<String>; 2] {
    let reason = set.and_then(|set| set.reason.as_ref());
    [set.map(|set| set.status.as_str().to_owned()), reason.map(|text| text.as_str().to_owned())]
}

/// The end of an override, and whether it is planned work.
fn plan_of(set: Option<&Override>) -> [Option<String>; 2] {
    let is_planned_work = set.is_some_and(|set| set.is_planned_work);
    [set.and_then(|set| set.ends_at).and_then(time), text(is_planned_work)]
}

fn of_details(details: &DeviceDetails) -> Row {
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    vec![
        text(&details.serial),
        text(&details.customer_reference),
        text(&details.customer_name),
        text(&details.phone),
        text(&details.address),
        details.coordinates.and_then(|at| float(at.latitude)),
        details.coordinates.and_then(|at| float(at.longitude)),
        list(details.tags.iter()),
        text(&details.note),
    ]
}

fn of_device(device: &Device) -> Row {
    let [override_status, reason] = override_of(device.status_override.as_deref());
    let [ends_at, is_planned_work] = plan_of(device.status_override.as_deref());
    let signal = device.signal.as_ref();
    let mut row = vec![
        text(device.id.0),
        text(device.name.as_str()),
        text(device.device_type.as_str()),
        text(device.status.as_str()),
        override_status,
        reason,
        list(device.reasons.iter().map(|reason| reason.as_str())),
        time(device.status_since),
        float(device.position.x),
        float(device.position.y),
        device.parent.and_then(|parent| text(parent.0)),
        device.optics.tx_power_dbm.and_then(float),
        device.optics.sensitivity_min_dbm.and_then(float),
        device.optics.insertion_loss_db.and_then(float),
        device.optics.pon_class.and_then(|class| text(class.as_str())),
        signal.and_then(|signal| text(signal.class.as_str())),
        signal.and_then(|signal| text(signal.limiting.as_str())),
        signal.and_then(|signal| float(signal.rx_down_dbm)),
        signal.and_then(|signal| float(signal.rx_up_dbm)),
        signal.and_then(|signal| float(signal.margin_db)),
        list(device.uplink.iter().map(|link| link.0)),
        device.through_loss_db.and_then(float),
        time(device.created_at),
        time(device.updated_at),
        ends_at,
        is_planned_work,
        device.optics.split_ratio.and_then(|ratio| text(ratio.outputs())),
        text(device.lifecycle.as_str()),
    ];
    row.extend(of_details(device.details.as_deref().unwrap_or(&DeviceDetails::default())));
    let line = device.served_by.as_ref().map(|served| &served.line);
    let splitter_port = device.served_by.as_ref().and_then(|served| served.splitter_port);
    row.extend([
        line.and_then(|line| text(line.node.0)),
        line.and_then(|line| text(line.port.0)),
        line.and_then(|line| text(line.port_name.as_str())),
        line.and_then(|line| line.splitter).and_then(|splitter| text(splitter.0)),
        splitter_port.and_then(|port| text(port.0)),
    ]);
    row
}

fn of_interface(port: &Interface) -> Row {
    let joined = port.cross_connect.as_deref();
    vec![
        text(port.id.0),
        text(port.device.0),
        text(port.name.as_str()),
        text(port.interface_type.as_str()),
        text(port.status.as_str()),
        time(port.created_at),
        time(port.updated_at),
        joined.and_then(|joined| text(joined.to.0)),
        joined.and_then(|joined| joined.loss_db).and_then(float),
        joined.and_then(|joined| text(joined.is_assumed)),
    ]
}

fn of_link(link: &Link) -> Row {
    let [ends_at, is_planned_work] = plan_of(link.status_override.as_deref());
    let [override_status, reason] = override_of(link.status_override.as_deref());
    vec![
        text(link.id.0),
        text(link.a.0),
        text(link.b.0),
        link.length_km.and_then(float),
        link.medium.and_then(|medium| text(medium.as_str())),
        link.loss_db().and_then(float),
        text(link.status.as_str()),
        override_status,
        reason,
        time(link.status_since),
        time(link.created_at),
        time(link.updated_at),
        text(link.lifecycle.as_str()),
        ends_at,
        is_planned_work,
    ]
}

fn of_audit(entry: &AuditEntry) -> Row {
    vec![
        text(entry.id),
        text(entry.seq),
        time(entry.at),
        text(&entry.origin.actor),
        text(&entry.origin.request_id),
        text(&entry.action),
        text(entry.change_count),
    ]
}
