//! The fields that operators set; all others are computed from them.

use crate::domain::status::rules as status;
use crate::domain::transaction::WorldEntity;
use crate::domain::{
    Device, DeviceDetails, Interface, Link, Override, Status, Timestamp, Uplink, World,
};

/// A field that operators set.
pub(super) struct SettableField<T> {
    /// The word for it in a sentence.
    pub(super) name: &'static str,
    pub(super) is_same: fn(&T, &T) -> bool,
    /// Copies its value into the first one.
    pub(super) copy: fn(&mut T, &T),
}

/// An entity whose changes can be undone.
pub(super) trait UndoableEntity: WorldEntity + 'static {
    const FIELDS: &'static [SettableField<Self>];

    /// Whether they are states of one entity; the id alone does not tell after the site was replaced.
    fn is_same_entity(&self, other: &Self) -> bool;
    /// Leaves out an override that has ended at `now`: it is not set again.
    fn drop_ended_override(&mut self, now: Timestamp);
    /// The entity as it is created again: what is computed is as in a new one. That a device was never up
    /// stays true.
    fn created_again(&self, world: &World, now: Timestamp) -> Self;
}

macro_rules! field {
    ($name:literal, $($path:ident).+) => {
        SettableField {
            name: $name,
            is_same: |a, b| a.$($path).+ == b.$($path).+,
            copy: |to, from| to.$($path).+.clone_from(&from.$($path).+),
        }
    };
}

macro_rules! detail {
    ($name:literal, $field:ident) => {
        SettableField {
            name: $name,
            is_same: |a, b| details(a).$field == details(b).$field,
            copy: |to, from| {
                let mut changed = details(to).clone();
                changed.$field.clone_from(&details(from).$field);
                to.details = changed.boxed();
            },
        }
    };
}

impl UndoableEntity for Device {
    const FIELDS: &'static [SettableField<Self>] = &[
        field!("name", name),
        field!("position", position),
        field!("container", parent),
        field!("lifecycle", lifecycle),
        field!("status override", status_override),
        field!("transmit power", optics.tx_power_dbm),
        field!("sensitivity", optics.sensitivity_min_dbm),
        field!("insertion loss", optics.insertion_loss_db),
        field!("PON class", optics.pon_class),
        field!("split ratio", optics.split_ratio),
        detail!("serial", serial),
        detail!("customer reference", customer_reference),
        detail!("customer", customer_name),
        detail!("phone number", phone),
        detail!("address", address),
        detail!("coordinates", coordinates),
        detail!("tags", tags),
        detail!("note", note),
    ];

    fn is_same_entity(&self, other: &Self) -> bool {
        (self.device_type, self.created_at) == (other.device_type, other.created_at)
    }

    fn drop_ended_override(&mut self, now: Timestamp) {
        drop_ended(&mut self.status_override, now);
    }

    fn created_again(&self, _: &World, now: Timestamp) -> Self {
        Self {
            status: status::of_new_device(self.device_type),
            reasons: status::reasons_of_new_device(self.device_type),
            signal: None,
            uplink: Uplink::default(),
            through_loss_db: None,
            status_since: if self.was_ever_up() { now } else { self.created_at },
            updated_at: now,
            ..self.clone()
        }
    }
}

impl UndoableEntity for Interface {
    const FIELDS: &'static [SettableField<Self>] =
        &[field!("name", name), field!("cross-connect", cross_connect)];

    fn is_same_entity(&self, other: &Self) -> bool {
        (self.device, self.interface_type) == (other.device, other.interface_type)
    }

    fn drop_ended_override(&mut self, _: Timestamp) {}

    fn created_again(&self, world: &World, _: Timestamp) -> Self {
        // Its times stay: they tell whether a leaf was ever connected.
        let mut port = self.clone();
        if let Some(device) = world.device(self.device) {
            port.status = status::of_interface(&port, device.device_type, None);
        }
        port
    }
}

impl UndoableEntity for Link {
    const FIELDS: &'static [SettableField<Self>] = &[
        field!("first end", a),
        field!("second end", b),
        field!("length", length_km),
        field!("medium", medium),
        field!("lifecycle", lifecycle),
        field!("status override", status_override),
    ];

    fn is_same_entity(&self, _: &Self) -> bool {
        // Where its ends differ, that is told of them.
        true
    }

    fn drop_ended_override(&mut self, now: Timestamp) {
        drop_ended(&mut self.status_override, now);
    }

    fn created_again(&self, _: &World, now: Timestamp) -> Self {
        Self { status: Status::Up, status_since: now, updated_at: now, ..self.clone() }
    }
}

fn details(device: &Device) -> &DeviceDetails {
    device.details.as_deref().unwrap_or(const { &DeviceDetails::NONE })
}

fn drop_ended(set: &mut Option<Box<Override>>, now: Timestamp) {
    set.take_if(|set| set.ends_at.is_some_and(|at| at <= now));
}
