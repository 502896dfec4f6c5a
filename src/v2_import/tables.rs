//! v2's tables as plain rows.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::time;
use crate::domain::ID_MAX;
use crate::util::counted;

/// Greatest id of a row. The ids above are for ports that the correction adds.
pub(super) const ROW_ID_MAX: u64 = ID_MAX - (1 << 40);

/// The schema that v2's tables are archived in.
pub const ARCHIVE_SCHEMA: &str = "unoc_v2";

/// One of v2's three tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum V2Table {
    Devices,
    Interfaces,
    Links,
}

impl V2Table {
    pub const ALL: [Self; 3] = [Self::Devices, Self::Interfaces, Self::Links];

    /// The table's name in PostgreSQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Interfaces => "interfaces",
            Self::Links => "links",
        }
    }

    /// The table with this name, if v2 has one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.as_str() == name)
    }
}

impl fmt::Display for V2Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The number of rows in each table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    pub devices: usize,
    pub interfaces: usize,
    pub links: usize,
}

impl fmt::Display for RowCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { devices, interfaces, links } = self;
        let devices = counted(devices, "device");
        let interfaces = counted(interfaces, "interface");
        write!(f, "{devices}, {interfaces}, {}", counted(links, "link"))
    }
}

/// A row of `devices`. An invalid number is NaN; a time is its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct V2Device {
    pub id: i64,
    pub name: CompactString,
    pub device_type: CompactString,
    pub x: f64,
    pub y: f64,
    pub tx_power_dbm: Option<f64>,
    pub sensitivity_min_dbm: Option<f64>,
    pub insertion_loss_db: Option<f64>,
    pub parent_container_id: Option<i64>,
    pub status_override: Option<CompactString>,
    pub override_reason: Option<CompactString>,
    pub created_at: Option<CompactString>,
    pub updated_at: Option<CompactString>,
}

/// A row of `interfaces`; v2's `status` is not read, since it is computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct V2Interface {
    pub id: i64,
    pub name: CompactString,
    pub interface_type: CompactString,
    pub device_id: Option<i64>,
    pub created_at: Option<CompactString>,
    pub updated_at: Option<CompactString>,
}

/// A row of `links`; v2's `link_loss_db` is not read, since it is computed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct V2Link {
    pub id: i64,
    pub status: Option<CompactString>,
    pub a_interface_id: Option<i64>,
    pub b_interface_id: Option<i64>,
    pub length_km: Option<f64>,
    pub physical_medium_id: Option<CompactString>,
    pub created_at: Option<CompactString>,
    pub updated_at: Option<CompactString>,
}

/// The next ids of v2's sequences; `None` where a sequence cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct V2NextIds {
    pub device: Option<u64>,
    pub interface: Option<u64>,
    pub link: Option<u64>,
}

impl V2NextIds {
    /// Sets the next id of a table's sequence.
    ///
    /// # Errors
    /// Says that it is too large for an id.
    pub(super) fn set(&mut self, table: V2Table, next: u64) -> Result<(), String> {
        if next > ROW_ID_MAX {
            return Err(format!(
                "the sequence of {table} is at {next}, but the greatest id is {ROW_ID_MAX}. Set it to the \
                 greatest id in {table}"
            ));
        }
        match table {
            V2Table::Devices => self.device = Some(next),
            V2Table::Interfaces => self.interface = Some(next),
            V2Table::Links => self.link = Some(next),
        }
        Ok(())
    }
}

/// The site of v2, each table in the order of its ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct V2Tables {
    pub devices: Vec<V2Device>,
    pub interfaces: Vec<V2Interface>,
    pub links: Vec<V2Link>,
    pub next_ids: V2NextIds,
}

impl V2Tables {
    /// The number of rows in each table.
    pub fn counts(&self) -> RowCounts {
        RowCounts {
            devices: self.devices.len(),
            interfaces: self.interfaces.len(),
            links: self.links.len(),
        }
    }

    /// Sorts each table by id: the order of rows in PostgreSQL changes with updates.
    pub(super) fn sort(&mut self) {
        self.devices.sort_by_key(|row| row.id);
        self.interfaces.sort_by_key(|row| row.id);
        self.links.sort_by_key(|row| row.id);
    }

    /// A hash of all rows, in hexadecimal: the same whether they were read from the database or
    /// from a dump of it.
    pub fn fingerprint(&self) -> String {
        let mut hash = Fnv::default();
        for row in &self.devices {
            hash.whole(Some(row.id)).text(Some(&row.name)).text(Some(&row.device_type));
            hash.float(Some(row.x)).float(Some(row.y)).float(row.tx_power_dbm);
            hash.float(row.sensitivity_min_dbm).float(row.insertion_loss_db);
            hash.whole(row.parent_container_id).text(row.status_override.as_deref());
            hash.text(row.override_reason.as_deref()).time(row.created_at.as_deref());
            hash.time(row.updated_at.as_deref());
        }
        hash.text(Some("interfaces"));
        for row in &self.interfaces {
            hash.whole(Some(row.id)).text(Some(&row.name)).text(Some(&row.interface_type));
            hash.whole(row.device_id).time(row.created_at.as_deref());
            hash.time(row.updated_at.as_deref());
        }
        hash.text(Some("links"));
        for row in &self.links {
            hash.whole(Some(row.id)).text(row.status.as_deref()).whole(row.a_interface_id);
            hash.whole(row.b_interface_id).float(row.length_km);
            hash.text(row.physical_medium_id.as_deref()).time(row.created_at.as_deref());
            hash.time(row.updated_at.as_deref());
        }
        format!("{:016x}", hash.0)
    }
}

/// FNV-1a with 64 bits (draft-eastlake-fnv). It is written to disk, so it must never change. It
/// protects against mistakes, not against attackers.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    /// Each field ends with a byte that is not valid in UTF-8, so that fields cannot run into each
    /// other.
    fn text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.bytes(text.as_bytes()).bytes(&[0xff]),
            None => self.bytes(&[0xfe]),
        }
    }

    fn whole(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            Some(number) => self.bytes(&number.to_le_bytes()).bytes(&[0xff]),
            None => self.bytes(&[0xfe]),
        }
    }

    fn float(&mut self, number: Option<f64>) -> &mut Self {
        match number {
            Some(number) => self.bytes(&number.to_bits().to_le_bytes()).bytes(&[0xff]),
            None => self.bytes(&[0xfe]),
        }
    }

    /// Hashes the instant, since one instant can be written in several time zones.
    fn time(&mut self, text: Option<&str>) -> &mut Self {
        match text.and_then(time::parse) {
            Some(at) => self.whole(Some(at.0)),
            None => self.text(text),
        }
    }
}
