//! Ids. They grow by one, start at 1 and are never used twice, not even after a reset.

use std::fmt;

use serde::Serialize;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The id of a device.
    DeviceId
}
id! {
    /// The id of an interface (a port of a device).
    InterfaceId
}
id! {
    /// The id of a link between two interfaces.
    LinkId
}

/// The greatest id: JSON numbers are exact up to here in every client (ECMA-262,
/// `Number.MAX_SAFE_INTEGER`).
pub const ID_MAX: u64 = (1 << 53) - 1;

/// The ids that the next new entities will get: from 1 to [`ID_MAX`], or one more when no id is
/// left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdCounters {
    pub device: u64,
    pub interface: u64,
    pub link: u64,
}

impl IdCounters {
    /// Each counter with the name that exports give it.
    pub fn named(&self) -> [(&'static str, u64); 3] {
        [
            ("next_device_id", self.device),
            ("next_interface_id", self.interface),
            ("next_link_id", self.link),
        ]
    }

    /// The first counter that is out of bounds, with its name.
    pub fn out_of_bounds(&self) -> Option<(&'static str, u64)> {
        self.named().into_iter().find(|(_, next)| !(1..=ID_MAX + 1).contains(next))
    }
}

impl Default for IdCounters {
    fn default() -> Self {
        Self { device: 1, interface: 1, link: 1 }
    }
}
