//! The table `interfaces`.

use std::ops::Bound;

use super::row_reader::RowReader;
use super::{Column, ColumnType, Entities, Entity, Row, RowError, Table, Value};
use crate::domain::{
    CrossConnect, DeviceId, EntityKind, Interface, InterfaceId, InterfaceType, Status,
};
use crate::store::{Snapshot, StoreError};

static INTERFACES: Table = Table {
    name: "interfaces",
    columns: &[
        Column("id", ColumnType::Int),
        Column("device_id", ColumnType::Int),
        Column("name", ColumnType::Text),
        Column("interface_type", ColumnType::Text),
        Column("status", ColumnType::Text),
        Column("created_at", ColumnType::Timestamptz),
        Column("updated_at", ColumnType::Timestamptz),
        Column("cross_connect_interface_id", ColumnType::Int),
        Column("cross_connect_loss_db", ColumnType::Float),
        Column("cross_connect_is_assumed", ColumnType::Bool),
    ],
    columns_of_v1: 7,
    columns_of_v2: 10,
};

impl Entity for Interface {
    const TABLE: &'static Table = &INTERFACES;
    const KIND: EntityKind = EntityKind::Interface;

    fn id(&self) -> u64 {
        self.id.0
    }

    fn row(&self) -> Row<'_> {
        let joined = self.cross_connect.as_deref();
        vec![
            Value::id(self.id.0),
            Value::id(self.device.0),
            Value::text(self.name.as_str()),
            Value::text(self.interface_type.as_str()),
            Value::text(self.status.as_str()),
            Value::Time(self.created_at),
            Value::Time(self.updated_at),
            Value::opt_id(joined.map(|joined| joined.to.0)),
            Value::opt_float(joined.and_then(|joined| joined.loss_db)),
            joined.map_or(Value::Null, |joined| Value::Bool(joined.is_assumed)),
        ]
    }

    fn from_row(row: &[Value<'_>]) -> Result<Self, RowError> {
        let mut reader = RowReader::new(Self::TABLE, row);
        let reader = &mut reader;
        Ok(Self {
            id: InterfaceId(reader.id()?),
            device: DeviceId(reader.id()?),
            name: reader.name()?,
            interface_type: reader.word(InterfaceType::parse)?,
            status: reader.word(Status::parse)?,
            created_at: reader.time()?,
            updated_at: reader.time()?,
            cross_connect: cross_connect(reader)?.map(Box::new),
        })
    }

    fn of(snapshot: &Snapshot, id: u64) -> Result<Option<Self>, StoreError> {
        snapshot.interface(InterfaceId(id))
    }

    fn all(snapshot: &Snapshot) -> Result<Entities<Self>, StoreError> {
        Ok(Box::new(snapshot.interfaces((Bound::Unbounded, Bound::Unbounded))?))
    }
}

fn cross_connect(reader: &mut RowReader<'_>) -> Result<Option<CrossConnect>, RowError> {
    let (to, loss_db) = (reader.opt_id()?, reader.opt_float()?);
    let is_assumed = reader.flag()?;
    Ok(to.map(|to| CrossConnect { to: InterfaceId(to), loss_db, is_assumed }))
}
