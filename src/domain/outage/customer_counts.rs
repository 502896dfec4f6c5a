//! Customers by what they notice.

use crate::domain::{Device, DeviceClass, Reason, Status};

/// How many customers have no service, a bad one, or too little margin. Each is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CustomerCounts {
    /// DOWN.
    pub without_service: usize,
    /// DEGRADED.
    pub degraded: usize,
    /// UP with too small an optical margin, or with too much light.
    pub low_margin: usize,
}

impl CustomerCounts {
    /// Counts a device, unless it is no customer.
    pub fn add(&mut self, device: &Device) {
        if !device.is_customer() {
            return;
        }
        match device.effective_status() {
            Status::Down => self.without_service += 1,
            Status::Degraded => self.degraded += 1,
            Status::Up => self.low_margin += usize::from(has_low_margin(device)),
        }
    }
}

impl Device {
    /// Whether the device is a leaf in service that fibre is connected with.
    pub fn is_customer(&self) -> bool {
        self.device_type.class() == DeviceClass::Leaf
            && self.is_in_service()
            && !self.reasons.contains(Reason::NotConnected)
    }
}

fn has_low_margin(device: &Device) -> bool {
    let reasons = [Reason::SignalWarning, Reason::SignalOverload, Reason::SignalCritical];
    reasons.into_iter().any(|reason| device.reasons.contains(reason))
}
