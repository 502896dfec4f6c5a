//! The computed part of a device.

use std::borrow::Cow;

use crate::domain::status::rules as status;
use crate::domain::transaction::Transaction;
use crate::domain::{Device, DeviceId, LinkId, Reason, Reasons, ServedBy, Signal, Status, Uplink};

/// The status that follows from the network for a device, without its override.
pub(super) struct DeviceStatus<'a> {
    pub(super) status: Status,
    pub(super) reasons: Reasons,
    pub(super) signal: Option<Signal>,
    pub(super) uplink: Cow<'a, [LinkId]>,
    pub(super) served_by: Option<ServedBy>,
    pub(super) through_loss_db: Option<f64>,
}

impl DeviceStatus<'_> {
    pub(super) fn up() -> Self {
        Self {
            status: Status::Up,
            reasons: Reasons::NONE,
            signal: None,
            uplink: Cow::default(),
            served_by: None,
            through_loss_db: None,
        }
    }

    pub(super) fn up_through(uplink: Vec<LinkId>) -> Self {
        Self { uplink: uplink.into(), ..Self::up() }
    }

    pub(super) fn down(reason: Reason) -> Self {
        Self { status: Status::Down, reasons: Reasons::NONE.with(reason), ..Self::up() }
    }

    /// The status with the device's override, which wins.
    pub(super) fn effective(&self, device: &Device) -> Status {
        device.status_override.as_ref().map_or(self.status, |set| set.status)
    }

    /// What has to change in a device; `None` when nothing does.
    pub(super) fn update_of(self, device: &Device) -> Option<DeviceStatusUpdate> {
        let reasons = status::reasons(device, self.status, self.reasons);
        let is_current = device.status == self.status
            && device.reasons == reasons
            && device.signal == self.signal
            && *device.uplink == *self.uplink
            && device.served_by == self.served_by
            && device.through_loss_db == self.through_loss_db;
        (!is_current).then(|| DeviceStatusUpdate {
            status: self.status,
            reasons,
            signal: self.signal,
            uplink: self.uplink.into_owned().into(),
            served_by: self.served_by,
            through_loss_db: self.through_loss_db,
        })
    }

    /// Updates a device, unless it is up to date.
    pub(super) fn store(self, transaction: &mut Transaction<'_>, id: DeviceId) {
        let update = transaction.world().device(id).and_then(|device| self.update_of(device));
        if let Some(update) = update {
            update.store(transaction, id);
        }
    }
}

/// New values of the computed fields of a device.
pub(super) struct DeviceStatusUpdate {
    status: Status,
    reasons: Reasons,
    signal: Option<Signal>,
    uplink: Uplink,
    served_by: Option<ServedBy>,
    through_loss_db: Option<f64>,
}

impl DeviceStatusUpdate {
    pub(super) fn store(self, transaction: &mut Transaction<'_>, id: DeviceId) {
        transaction.update::<Device>(id, |device| {
            device.status = self.status;
            device.reasons = self.reasons;
            device.signal = self.signal;
            device.uplink = self.uplink;
            device.served_by = self.served_by;
            device.through_loss_db = self.through_loss_db;
        });
    }
}
