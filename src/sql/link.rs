//! The table `links`.

use std::ops::Bound;

use super::row_reader::RowReader;
use super::{Column, ColumnType, Entities, Entity, Row, RowError, Table, Value};
use crate::domain::{EntityKind, InterfaceId, Link, LinkId, Medium, OverrideReason, Status};
use crate::store::{Snapshot, StoreError};

static LINKS: Table = Table {
    name: "links",
    columns: &[
        Column("id", ColumnType::Int),
        Column("a_interface_id", ColumnType::Int),
        Column("b_interface_id", ColumnType::Int),
        Column("length_km", ColumnType::Float),
        Column("physical_medium_id", ColumnType::Text),
        Column("link_loss_db", ColumnType::Float),
        Column("status", ColumnType::Text),
        Column("status_override", ColumnType::Text),
        Column("override_reason", ColumnType::Text),
        Column("status_since", ColumnType::Timestamptz),
        Column("created_at", ColumnType::Timestamptz),
        Column("updated_at", ColumnType::Timestamptz),
        Column("lifecycle", ColumnType::Text),
        Column("override_ends_at", ColumnType::Timestamptz),
        Column("override_is_planned_work", ColumnType::Bool),
    ],
    columns_of_v1: 12,
    columns_of_v2: 15,
};

impl Entity for Link {
    const TABLE: &'static Table = &LINKS;
    const KIND: EntityKind = EntityKind::Link;

    fn id(&self) -> u64 {
        self.id.0
    }

    fn row(&self) -> Row<'_> {
        let set = self.status_override.as_deref();
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
            Value::text(self.lifecycle.as_str()),
            Value::opt_time(set.and_then(|set| set.ends_at)),
            Value::Bool(set.is_some_and(|set| set.is_planned_work)),
        ]
    }

    fn from_row(row: &[Value<'_>]) -> Result<Self, RowError> {
        let mut reader = RowReader::new(Self::TABLE, row);
        let reader = &mut reader;
        let (id, a) = (LinkId(reader.id()?), InterfaceId(reader.id()?));
        let (b, length_km) = (InterfaceId(reader.id()?), reader.opt_float()?);
        let medium = reader.opt_word(Medium::parse)?;
        // The loss is computed from the two columns before it.
        reader.opt_float()?;
        let status = reader.word(Status::parse)?;
        let mut status_override = reader.status_override()?;
        let (status_since, created_at) = (reader.time()?, reader.time()?);
        let (updated_at, lifecycle) = (reader.time()?, reader.lifecycle()?);
        reader.override_plan(&mut status_override)?;
        Ok(Self {
            id,
            a,
            b,
            length_km,
            medium,
            lifecycle,
            status,
            status_override: status_override.map(Box::new),
            status_since,
            created_at,
            updated_at,
        })
    }

    fn of(snapshot: &Snapshot, id: u64) -> Result<Option<Self>, StoreError> {
        snapshot.link(LinkId(id))
    }

    fn all(snapshot: &Snapshot) -> Result<Entities<Self>, StoreError> {
        Ok(Box::new(snapshot.links((Bound::Unbounded, Bound::Unbounded))?))
    }
}
