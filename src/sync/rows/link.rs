//! `links`

use postgres::types::Type;

use super::read::Reader;
use super::{Column, Mirrored, Row, RowFault, Table, Value};
use crate::domain::{InterfaceId, Link, LinkId, Medium, OverrideReason, Status};

static LINKS: Table = Table {
    name: "links",
    columns: &[
        Column("id", Type::INT8),
        Column("a_interface_id", Type::INT8),
        Column("b_interface_id", Type::INT8),
        Column("length_km", Type::FLOAT8),
        Column("physical_medium_id", Type::TEXT),
        Column("link_loss_db", Type::FLOAT8),
        Column("status", Type::TEXT),
        Column("status_override", Type::TEXT),
        Column("override_reason", Type::TEXT),
        Column("status_since", Type::TIMESTAMPTZ),
        Column("created_at", Type::TIMESTAMPTZ),
        Column("updated_at", Type::TIMESTAMPTZ),
    ],
};

impl Mirrored for Link {
    const TABLE: &'static Table = &LINKS;

    fn row(&self) -> Row<'_> {
        let set = self.status_override.as_ref();
        vec![
            Value::id(self.id.0),
            Value::id(self.a.0),
            Value::id(self.b.0),
            Value::opt_float(self.length_km),
            Value::opt_text(self.medium.map(Medium::as_str)),
            Value::opt_float(self.loss_db()),
            Value::text(self.status.as_str()),
            Value::opt_text(set.map(|set| set.status.as_str())),
            Value::opt_text(set.and_then(|set| set.reason.as_ref()).map(OverrideReason::as_str)),
            Value::Time(self.status_since),
            Value::Time(self.created_at),
            Value::Time(self.updated_at),
        ]
    }

    fn from_row(row: &[Value<'_>]) -> Result<Self, RowFault> {
        let mut reader = Reader::new(Self::TABLE, row);
        let reader = &mut reader;
        let (id, a) = (LinkId(reader.id()?), InterfaceId(reader.id()?));
        let (b, length_km) = (InterfaceId(reader.id()?), reader.opt_float()?);
        let medium = reader.opt_word(Medium::parse)?;
        // Computed from the two before it.
        reader.opt_float()?;
        let status = reader.word(Status::parse)?;
        Ok(Self {
            id,
            a,
            b,
            length_km,
            medium,
            status,
            status_override: reader.status_override()?,
            status_since: reader.time()?,
            created_at: reader.time()?,
            updated_at: reader.time()?,
        })
    }
}
