//! What an operator changes while the service runs: how fast events are sent, and which features are on.
//!
//! Values are read from memory, without a lock. A change is written first; it is in force when the request is
//! answered, and after a restart.

mod delivery;
mod runtime;
mod spec;

pub use delivery::{
    DeliveryFacts, DeliveryMonitor, LIVE_INTERVAL_MIN, LOG_FOLLOWERS_MAX, NamespaceFacts,
};
pub use runtime::{FOR_S_MAX, NewSetting, RuntimeSettings};
pub use spec::{RuntimeSetting, SETTINGS, SettingSpec};
