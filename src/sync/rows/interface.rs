//! `interfaces`

use postgres::types::Type;

use super::read::Reader;
use super::{Column, Mirrored, Row, RowFault, Table, Value};
use crate::domain::{DeviceId, Interface, InterfaceId, InterfaceType, Status};

static INTERFACES: Table = Table {
    name: "interfaces",
    columns: &[
        Column("id", Type::INT8),
        Column("device_id", Type::INT8),
        Column("name", Type::TEXT),
        Column("interface_type", Type::TEXT),
        Column("status", Type::TEXT),
        Column("created_at", Type::TIMESTAMPTZ),
        Column("updated_at", Type::TIMESTAMPTZ),
    ],
};

impl Mirrored for Interface {
    const TABLE: &'static Table = &INTERFACES;

    fn row(&self) -> Row<'_> {
        vec![
            Value::id(self.id.0),
            Value::id(self.device.0),
            Value::text(self.name.as_str()),
            Value::text(self.interface_type.as_str()),
            Value::text(self.status.as_str()),
            Value::Time(self.created_at),
            Value::Time(self.updated_at),
        ]
    }

    fn from_row(row: &[Value<'_>]) -> Result<Self, RowFault> {
        let mut reader = Reader::new(Self::TABLE, row);
        Ok(Self {
            id: InterfaceId(reader.id()?),
            device: DeviceId(reader.id()?),
            name: reader.name()?,
            interface_type: reader.word(InterfaceType::parse)?,
            status: reader.word(Status::parse)?,
            created_at: reader.time()?,
            updated_at: reader.time()?,
        })
    }
}
