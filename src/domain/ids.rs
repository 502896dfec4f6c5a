//! Identities. Ids grow by one, start at 1 and are never used twice, not even after a reset.

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
    /// Identity of a device.
    DeviceId
}
id! {
    /// Identity of an interface (a port of a device).
    InterfaceId
}
id! {
    /// Identity of a link between two interfaces.
    LinkId
}

/// The ids that the next new entities will get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdCounters {
    pub device: u64,
    pub interface: u64,
    pub link: u64,
}

impl Default for IdCounters {
    fn default() -> Self {
        Self { device: 1, interface: 1, link: 1 }
    }
}
