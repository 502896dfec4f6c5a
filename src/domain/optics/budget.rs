//! The power budget of an optical path: both directions, of which the worse one counts.

use super::loss::{Microdecibel, to_db};
use super::pon_class::{PonClass, PonClassRow};
use crate::domain::{Direction, Optics, Signal, SignalClass};

/// The loss of one path at the wavelength of each direction; upstream, GPON and XGS-PON differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PathLoss {
    pub(crate) down: Microdecibel,
    pub(crate) up: Microdecibel,
    pub(crate) up_xgs: Microdecibel,
}

/// Values of devices that do not set their own, in dBm: planning values for the OLT's transmitter
/// and the leaf's receiver; for the way back those of GPON class B+ (ITU-T G.984.2): the weakest
/// allowed transmitter and the OLT's sensitivity.
const OLT_TX_DBM: f64 = 5.0;
const LEAF_SENSITIVITY_DBM: f64 = -28.0;
const LEAF_TX_DBM: f64 = 0.5;
const OLT_SENSITIVITY_DBM: f64 = -28.0;
/// Overload limits of class B+ receivers (ITU-T G.984.2).
const OVERLOAD_DBM: f64 = -8.0;

/// Margins below which a signal is no longer OK, and no longer WARNING.
const OK_DB: f64 = 6.0;
const WARNING_DB: f64 = 3.0;

/// The limits of one direction.
struct Limits {
    tx_dbm: f64,
    sensitivity_dbm: f64,
    overload_dbm: f64,
    penalty_db: f64,
}

impl Limits {
    fn margin_db(&self, rx_dbm: f64) -> f64 {
        rx_dbm - self.sensitivity_dbm - self.penalty_db
    }
}

/// The signal between an OLT and a leaf over a path with this loss.
pub(crate) fn received_signal(olt: &Optics, leaf: &Optics, loss: PathLoss) -> Signal {
    let [down, up] = limits(olt, leaf);
    let is_xgs = olt.pon_class.is_some_and(PonClass::is_xgs);
    let rx_down_dbm = down.tx_dbm - to_db(loss.down);
    let rx_up_dbm = up.tx_dbm - to_db(if is_xgs { loss.up_xgs } else { loss.up });
    let (down_db, up_db) = (down.margin_db(rx_down_dbm), up.margin_db(rx_up_dbm));
    let (margin_db, weaker) =
        if up_db < down_db { (up_db, Direction::Up) } else { (down_db, Direction::Down) };
    let (class, limiting) = if margin_db < 0.0 {
        (SignalClass::NoSignal, weaker)
    } else if rx_down_dbm > down.overload_dbm {
        (SignalClass::Overload, Direction::Down)
    } else if rx_up_dbm > up.overload_dbm {
        (SignalClass::Overload, Direction::Up)
    } else if margin_db < WARNING_DB {
        (SignalClass::Critical, weaker)
    } else if margin_db < OK_DB {
        (SignalClass::Warning, weaker)
    } else {
        (SignalClass::Ok, weaker)
    };
    Signal { rx_down_dbm, rx_up_dbm, margin_db, class, limiting }
}

/// Downstream and upstream: a device's own values, else those of the OLT's class, else the
/// planning values. A class counts with its weakest transmitter.
fn limits(olt: &Optics, leaf: &Optics) -> [Limits; 2] {
    let class = olt.pon_class.map(PonClass::row);
    let by_class = |value: fn(&PonClassRow) -> f64, otherwise| class.map_or(otherwise, value);
    [
        Limits {
            tx_dbm: olt.tx_power_dbm.unwrap_or(by_class(|row| row.olt_tx_min_dbm, OLT_TX_DBM)),
            sensitivity_dbm: leaf
                .sensitivity_min_dbm
                .unwrap_or(by_class(|row| row.onu_sensitivity_dbm, LEAF_SENSITIVITY_DBM)),
            overload_dbm: by_class(|row| row.onu_overload_dbm, OVERLOAD_DBM),
            penalty_db: by_class(|row| row.penalty_down_db, 0.0),
        },
        Limits {
            tx_dbm: leaf.tx_power_dbm.unwrap_or(by_class(|row| row.onu_tx_min_dbm, LEAF_TX_DBM)),
            sensitivity_dbm: olt
                .sensitivity_min_dbm
                .unwrap_or(by_class(|row| row.olt_sensitivity_dbm, OLT_SENSITIVITY_DBM)),
            overload_dbm: by_class(|row| row.olt_overload_dbm, OVERLOAD_DBM),
            penalty_db: by_class(|row| row.penalty_up_db, 0.0),
        },
    ]
}
