//! The table `devices`.

use std::borrow::Cow;
use std::ops::Bound;
use std::sync::Arc;

use super::row_reader::RowReader;
use super::{Column, ColumnType, Entities, Entity, Row, RowError, Table, Value, id_of};
use crate::domain::{
    AccessLine, Coordinates, Device, DeviceDetails, DeviceId, DeviceType, Direction, EntityKind,
    InterfaceId, LinkId, Name, Optics, OverrideReason, PonClass, Position, Reason, Reasons,
    ServedBy, Signal, SignalClass, SplitRatio, Status,
};
use crate::store::{Snapshot, StoreError};

static DEVICES: Table = Table {
    name: "devices",
    columns: &[
        Column("id", ColumnType::Int),
        Column("name", ColumnType::Text),
        Column("device_type", ColumnType::Text),
        Column("status", ColumnType::Text),
        Column("status_override", ColumnType::Text),
        Column("override_reason", ColumnType::Text),
        Column("status_reasons", ColumnType::TextArray),
        Column("status_since", ColumnType::Timestamptz),
        Column("x", ColumnType::Float),
        Column("y", ColumnType::Float),
        Column("parent_container_id", ColumnType::Int),
        Column("tx_power_dbm", ColumnType::Float),
        Column("sensitivity_min_dbm", ColumnType::Float),
        Column("insertion_loss_db", ColumnType::Float),
        Column("pon_class", ColumnType::Text),
        Column("signal_class", ColumnType::Text),
        Column("limiting_direction", ColumnType::Text),
        Column("rx_down_dbm", ColumnType::Float),
        Column("rx_up_dbm", ColumnType::Float),
        Column("margin_db", ColumnType::Float),
        Column("uplink_link_ids", ColumnType::IntArray),
        Column("through_loss_db", ColumnType::Float),
        Column("created_at", ColumnType::Timestamptz),
        Column("updated_at", ColumnType::Timestamptz),
        Column("override_ends_at", ColumnType::Timestamptz),
        Column("override_is_planned_work", ColumnType::Bool),
        Column("split_ratio", ColumnType::Int),
        Column("lifecycle", ColumnType::Text),
        Column("serial", ColumnType::Text),
        Column("customer_reference", ColumnType::Text),
        Column("customer_name", ColumnType::Text),
        Column("phone", ColumnType::Text),
        Column("address", ColumnType::Text),
        Column("latitude", ColumnType::Float),
        Column("longitude", ColumnType::Float),
        Column("tags", ColumnType::TextArray),
        Column("note", ColumnType::Text),
        Column("olt_id", ColumnType::Int),
        Column("pon_interface_id", ColumnType::Int),
        Column("pon_port", ColumnType::Text),
        Column("splitter_id", ColumnType::Int),
        Column("splitter_interface_id", ColumnType::Int),
    ],
    columns_of_v1: 24,
    columns_of_v2: 42,
};

impl Entity for Device {
    const TABLE: &'static Table = &DEVICES;
    const KIND: EntityKind = EntityKind::Device;

    fn id(&self) -> u64 {
        self.id.0
    }

    fn row(&self) -> Row<'_> {
        let set = self.status_override.as_deref();
        let signal = self.signal.as_ref();
        let details = self.details.as_deref().unwrap_or(const { &DeviceDetails::NONE });
        let line = self.served_by.as_ref().map(|served| served.line.as_ref());
        let splitter_port = self.served_by.as_ref().and_then(|served| served.splitter_port);
        vec![
            Value::id(self.id.0),
            Value::text(self.name.as_str()),
            Value::text(self.device_type.as_str()),
            Value::text(self.status.as_str()),
            Value::opt_text(set.map(|set| set.status.as_str())),
            Value::opt_text(set.and_then(|set| set.reason.as_ref()).map(OverrideReason::as_str)),
            Value::Texts(self.reasons.iter().map(|reason| Cow::from(reason.as_str())).collect()),
            Value::Time(self.status_since),
            Value::Float(self.position.x),
            Value::Float(self.position.y),
            Value::opt_id(self.parent.map(|id| id.0)),
            Value::opt_float(self.optics.tx_power_dbm),
            Value::opt_float(self.optics.sensitivity_min_dbm),
            Value::opt_float(self.optics.insertion_loss_db),
            Value::opt_text(self.optics.pon_class.map(PonClass::as_str)),
            Value::opt_text(signal.map(|signal| signal.class.as_str())),
            Value::opt_text(signal.map(|signal| signal.limiting.as_str())),
            Value::opt_float(signal.map(|signal| signal.rx_down_dbm)),
            Value::opt_float(signal.map(|signal| signal.rx_up_dbm)),
            Value::opt_float(signal.map(|signal| signal.margin_db)),
            Value::Ints(self.uplink.iter().map(|link| id_of(link.0)).collect()),
            Value::opt_float(self.through_loss_db),
            Value::Time(self.created_at),
            Value::Time(self.updated_at),
            Value::opt_time(set.and_then(|set| set.ends_at)),
            Value::Bool(set.is_some_and(|set| set.is_planned_work)),
            Value::opt_id(self.optics.split_ratio.map(|ratio| ratio.outputs().into())),
            Value::text(self.lifecycle.as_str()),
            Value::opt_text(details.serial.as_deref()),
            Value::opt_text(details.customer_reference.as_deref()),
            Value::opt_text(details.customer_name.as_deref()),
            Value::opt_text(details.phone.as_deref()),
            Value::opt_text(details.address.as_deref()),
            Value::opt_float(details.coordinates.map(|at| at.latitude)),
            Value::opt_float(details.coordinates.map(|at| at.longitude)),
            Value::texts(details.tags.iter().map(AsRef::as_ref)),
            Value::opt_text(details.note.as_deref()),
            Value::opt_id(line.map(|line| line.node.0)),
            Value::opt_id(line.map(|line| line.port.0)),
            Value::opt_text(line.map(|line| line.port_name.as_str())),
            Value::opt_id(line.and_then(|line| line.splitter).map(|splitter| splitter.0)),
            Value::opt_id(splitter_port.map(|port| port.0)),
        ]
    }

    fn from_row(row: &[Value<'_>]) -> Result<Self, RowError> {
        let mut reader = RowReader::new(Self::TABLE, row);
        let reader = &mut reader;
        let (id, name) = (DeviceId(reader.id()?), reader.name()?);
        let device_type = reader.word(DeviceType::parse)?;
        let status = reader.word(Status::parse)?;
        let mut status_override = reader.status_override()?;
        let reasons = reasons(reader)?;
        let status_since = reader.time()?;
        let position = Position { x: reader.float()?, y: reader.float()? };
        let parent = reader.opt_id()?.map(DeviceId);
        let mut optics = Optics {
            tx_power_dbm: reader.opt_float()?,
            sensitivity_min_dbm: reader.opt_float()?,
            insertion_loss_db: reader.opt_float()?,
            pon_class: reader.opt_word(PonClass::parse)?,
            split_ratio: None,
        };
        let signal = signal(reader)?;
        let uplink = reader.ids()?.into_iter().map(LinkId).collect();
        let through_loss_db = reader.opt_float()?;
        let (created_at, updated_at) = (reader.time()?, reader.time()?);
        reader.override_plan(&mut status_override)?;
        optics.split_ratio = split_ratio(reader)?;
        Ok(Self {
            id,
            name,
            device_type,
            position,
            optics,
            lifecycle: reader.lifecycle()?,
            details: details(reader)?.boxed(),
            served_by: served_by(reader)?,
            parent,
            status,
            reasons,
            signal,
            uplink,
            through_loss_db,
            status_since,
            status_override: status_override.map(Box::new),
            created_at,
            updated_at,
        })
    }

    fn of(snapshot: &Snapshot, id: u64) -> Result<Option<Self>, StoreError> {
        snapshot.device(DeviceId(id))
    }

    fn all(snapshot: &Snapshot) -> Result<Entities<Self>, StoreError> {
        Ok(Box::new(snapshot.devices((Bound::Unbounded, Bound::Unbounded))?))
    }
}

fn reasons(reader: &mut RowReader<'_>) -> Result<Reasons, RowError> {
    let mut reasons = Reasons::NONE;
    for word in reader.texts()? {
        let reason = Reason::ALL.into_iter().find(|reason| reason.as_str() == word.as_ref());
        let reason =
            reason.ok_or_else(|| reader.error(format!("has the unknown value {word:?}")))?;
        reasons = reasons.with(reason);
    }
    Ok(reasons)
}

fn split_ratio(reader: &mut RowReader<'_>) -> Result<Option<SplitRatio>, RowError> {
    let Some(outputs) = reader.opt_id()? else { return Ok(None) };
    let ratio = SplitRatio::new(outputs);
    ratio.map(Some).ok_or_else(|| reader.error(format!("has the unknown value {outputs}")))
}

fn details(reader: &mut RowReader<'_>) -> Result<DeviceDetails, RowError> {
    Ok(DeviceDetails {
        serial: reader.opt_text()?.map(Box::from),
        customer_reference: reader.opt_text()?.map(Box::from),
        customer_name: reader.opt_text()?.map(Box::from),
        phone: reader.opt_text()?.map(Box::from),
        address: reader.opt_text()?.map(Box::from),
        coordinates: match (reader.opt_float()?, reader.opt_float()?) {
            (Some(latitude), Some(longitude)) => Some(Coordinates { latitude, longitude }),
            (None, None) => None,
            _ => return Err(reader.error("is set without its latitude, or the other way round")),
        },
        tags: reader.opt_texts()?.iter().map(|tag| Box::from(tag.as_ref())).collect(),
        note: reader.opt_text()?.map(Box::from),
    })
}

/// Reads what serves a leaf from its five columns.
fn served_by(reader: &mut RowReader<'_>) -> Result<Option<ServedBy>, RowError> {
    let [node, port] = [reader.opt_id()?, reader.opt_id()?];
    let port_name = reader.opt_text()?.map(Name::stored).transpose();
    let port_name = port_name.map_err(|error| reader.error(format!("is not a name: {error}")))?;
    let [splitter, splitter_port] = [reader.opt_id()?, reader.opt_id()?];
    match (node, port, port_name) {
        (Some(node), Some(port), Some(port_name)) => {
            let (node, port) = (DeviceId(node), InterfaceId(port));
            let line = AccessLine { node, port, port_name, splitter: splitter.map(DeviceId) };
            let splitter_port = splitter_port.map(InterfaceId);
            Ok(Some(ServedBy { line: Arc::new(line), splitter_port }))
        }
        (None, None, None) => Ok(None),
        _ => Err(reader.error("is part of an incomplete access line")),
    }
}

/// Reads a signal from its five columns, which must all be set or all be null.
fn signal(reader: &mut RowReader<'_>) -> Result<Option<Signal>, RowError> {
    let class = |word: &str| SignalClass::ALL.into_iter().find(|class| class.as_str() == word);
    let direction = |word: &str| Direction::ALL.into_iter().find(|way| way.as_str() == word);
    let class = reader.opt_word(class)?;
    let limiting = reader.opt_word(direction)?;
    let numbers = [reader.opt_float()?, reader.opt_float()?, reader.opt_float()?];
    match (class, limiting, numbers) {
        (Some(class), Some(limiting), [Some(rx_down_dbm), Some(rx_up_dbm), Some(margin_db)]) => {
            Ok(Some(Signal { rx_down_dbm, rx_up_dbm, margin_db, class, limiting }))
        }
        (None, None, [None, None, None]) => Ok(None),
        _ => Err(reader.error("is part of an incomplete signal")),
    }
}
