//! An optical signal as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;
use crate::domain::{Direction, Signal, SignalClass};

/// The light between an OLT and a leaf. Powers and margins are rounded to hundredths.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Signal)]
pub struct SignalView {
    /// Power received by the leaf.
    pub rx_down_dbm: f64,
    /// Power received by the OLT.
    pub rx_up_dbm: f64,
    /// The margin above the sensitivity in the weaker direction.
    pub margin_db: f64,
    #[schema(schema_with = schemas::signal_class_schema)]
    pub class: &'static str,
    /// The weaker direction.
    #[schema(schema_with = schemas::direction_schema)]
    pub limiting_direction: &'static str,
}

impl SignalView {
    pub fn new(signal: &Signal) -> Self {
        Self {
            rx_down_dbm: hundredths(signal.rx_down_dbm),
            rx_up_dbm: hundredths(signal.rx_up_dbm),
            margin_db: hundredths(signal.margin_db),
            class: SignalClass::as_str(signal.class),
            limiting_direction: Direction::as_str(signal.limiting),
        }
    }
}

/// Rounds to hundredths, which no power meter resolves.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
