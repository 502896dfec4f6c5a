//! When a device was out of service: what its changes say about the beginning and the end.

use super::planned_outage::counted_from;
use crate::domain::change::Edit;
use crate::domain::{Device, DeviceClass, DeviceId, Status, Timestamp};

/// A time in which a device was in service and DOWN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceOutage {
    pub device: DeviceId,
    pub from: Timestamp,
    pub to: Timestamp,
    /// Since when planned work was the cause; `None` if it was not when the outage ended.
    pub planned_from: Option<Timestamp>,
}

impl DeviceOutage {
    /// Lets it begin at its late start.
    pub fn begin_late(&mut self, at: Timestamp) {
        self.from = self.from.max(at);
        self.planned_from = self.planned_from.map(|planned| counted_from(planned, self.from));
    }
}

/// The beginning or the end of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OutageEdge {
    /// It began together with the status.
    Start,
    /// The device was DOWN before, but only now this is an outage: it was put into service.
    /// `status_since` is not its beginning.
    LateStart,
    /// `from` is the time since which the device was DOWN.
    End { from: Timestamp, to: Timestamp },
}

impl Device {
    /// Whether the device is in service and DOWN. What was never up since it was created has not come
    /// into service yet, and a leaf that fibre was never connected with serves nobody.
    pub fn is_in_outage(&self) -> bool {
        let is_in_use = match self.device_type.class() {
            DeviceClass::Leaf => self.is_customer(),
            _ => self.is_in_service(),
        };
        is_in_use && self.was_ever_up() && self.effective_status() == Status::Down
    }

    /// Whether both are states of one device in one outage.
    pub fn is_in_same_outage(&self, other: &Self) -> bool {
        self.is_in_outage()
            && other.is_in_outage()
            && (self.id, self.created_at, self.status_since)
                == (other.id, other.created_at, other.status_since)
    }

    /// Whether the device was in service or impaired at some time since it was created.
    pub fn was_ever_up(&self) -> bool {
        self.effective_status() != Status::Down || self.status_since != self.created_at
    }
}

/// Whether an outage began or ended with a change that was made at `at`.
pub(super) fn outage_edge(edit: &Edit<Device>, at: Timestamp) -> Option<OutageEdge> {
    let (before, after) = (edit.before.as_deref(), edit.after.as_deref());
    let was_out = before.is_some_and(Device::is_in_outage);
    let is_out = after.is_some_and(Device::is_in_outage);
    match (before, after) {
        (Some(before), after) if was_out && !is_out => {
            let up = after.filter(|after| after.effective_status() != Status::Down);
            let to = up.map_or(at, |after| after.status_since);
            Some(OutageEdge::End { from: before.status_since, to })
        }
        (before, Some(_)) if is_out && !was_out => {
            let was_down = before.is_some_and(|before| before.effective_status() == Status::Down);
            Some(if was_down { OutageEdge::LateStart } else { OutageEdge::Start })
        }
        _ => None,
    }
}
