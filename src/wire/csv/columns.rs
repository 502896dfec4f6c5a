//! The columns of the tables.

use serde::Serialize;
use utoipa::ToSchema;

/// The kind of rows in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TableKind {
    Devices,
    Links,
    CrossConnects,
}

/// The columns of an export, in this order.
const DEVICES_WRITTEN: &[&str] = &[
    "name",
    "device_type",
    "container",
    "effective_status",
    "status",
    "status_override",
    "override_reason",
    "status_since",
    "margin_db",
    "x",
    "y",
    "tx_power_dbm",
    "sensitivity_min_dbm",
    "insertion_loss_db",
    "pon_class",
    "split_ratio",
    "lifecycle",
    "override_ends_at",
    "override_is_planned_work",
    "serial",
    "customer_reference",
    "customer_name",
    "phone",
    "address",
    "latitude",
    "longitude",
    "tags",
    "note",
    "olt",
    "pon_port",
    "splitter",
    "splitter_port",
];
const LINKS_WRITTEN: &[&str] = &[
    "a_device",
    "a_interface",
    "a_interface_type",
    "b_device",
    "b_interface",
    "b_interface_type",
    "length_km",
    "physical_medium_id",
    "status",
    "status_override",
    "override_reason",
    "lifecycle",
    "override_ends_at",
    "override_is_planned_work",
];
const CROSS_CONNECTS_WRITTEN: &[&str] =
    &["device", "a_interface", "b_interface", "loss_db", "is_assumed"];
/// Columns that only an import reads; an export has them in the table of links.
const DEVICES_READ: &[&str] = &["connect_to", "connect_to_port", "length_km", "medium"];
/// Columns that an import ignores: they are computed, or belong to the operation of the network.
const PASSED_OVER: &[&str] = &[
    "effective_status",
    "status",
    "status_override",
    "override_reason",
    "status_since",
    "margin_db",
    "override_ends_at",
    "override_is_planned_work",
    "olt",
    "pon_port",
    "splitter",
    "splitter_port",
];

impl TableKind {
    pub const ALL: [Self; 3] = [Self::Devices, Self::Links, Self::CrossConnects];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Links => "links",
            Self::CrossConnects => "cross-connects",
        }
    }

    /// The kind with this word, if there is one.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The columns of an export.
    pub(super) const fn columns_written(self) -> &'static [&'static str] {
        match self {
            Self::Devices => DEVICES_WRITTEN,
            Self::Links => LINKS_WRITTEN,
            Self::CrossConnects => CROSS_CONNECTS_WRITTEN,
        }
    }

    /// The columns that an import reads.
    pub(super) fn columns_read(self) -> impl Iterator<Item = &'static str> {
        let id = matches!(self, Self::Devices).then_some("id");
        let written = self.columns_written().iter().copied();
        let read = if matches!(self, Self::Devices) { DEVICES_READ } else { &[] };
        let written = written.filter(|column| !PASSED_OVER.contains(column));
        id.into_iter().chain(written).chain(read.iter().copied())
    }

    /// Whether a column is known but not read.
    pub(super) fn passes_over(self, column: &str) -> bool {
        self.columns_written().contains(&column) && PASSED_OVER.contains(&column)
    }

    pub(super) fn knows(self, column: &str) -> bool {
        self.columns_read().any(|it| it == column) || self.passes_over(column)
    }

    /// The columns that a table must have: at least one of each group.
    pub(super) const fn columns_needed(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Devices => &[&["name", "id"]],
            Self::Links => &[&["a_device"], &["a_interface"], &["b_device"], &["b_interface"]],
            Self::CrossConnects => &[&["device"], &["a_interface"], &["b_interface"]],
        }
    }
}
