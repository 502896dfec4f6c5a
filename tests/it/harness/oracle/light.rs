//! Optical arithmetic, a second implementation: losses in whole microdecibels, so that sums are exact.

use unoc::domain::{Device, DeviceType, Direction, Link, Medium, PonClass, Signal, SignalClass};

/// The loss of a path: downstream at 1490 nm, upstream at 1310 nm and (XGS-PON) 1270 nm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Loss {
    pub(super) down: i64,
    pub(super) up: i64,
    pub(super) up_xgs: i64,
}

impl Loss {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            down: self.down + other.down,
            up: self.up + other.up,
            up_xgs: self.up_xgs + other.up_xgs,
        }
    }
}

/// Millionths of a number, which is limited to between 0 and a million.
#[expect(clippy::cast_possible_truncation, reason = "cut to a million")]
pub(super) fn millionths(value: f64) -> i64 {
    (value.clamp(0.0, 1e6) * 1e6).round() as i64
}

#[expect(clippy::cast_precision_loss, reason = "losses of real ways are small")]
pub(super) fn decibels(loss: i64) -> f64 {
    loss as f64 / 1e6
}

pub(super) fn length_mm(link: &Link) -> i64 {
    millionths(link.length_km.unwrap_or(0.0))
}

pub(super) fn fibre_loss(link: &Link) -> Loss {
    let per_km = match link.medium {
        Some(Medium::Om3) => [3.5; 3],
        Some(Medium::Om4) => [3.0; 3],
        Some(Medium::G652d | Medium::G657a1 | Medium::G657a2) | None => [0.25, 0.35, 0.40],
    };
    let km = link.length_km.unwrap_or(0.0);
    let [down, up, up_xgs] = per_km.map(|db| millionths(km * db));
    Loss { down, up, up_xgs }
}

/// `ratio` is that of a splitter.
pub(super) fn passive_loss(device: &Device, ratio: usize) -> i64 {
    let by_type = match device.device_type {
        DeviceType::Odf | DeviceType::Hop => 0.5,
        DeviceType::Nvt => 0.1,
        _ => match ratio {
            2 => 4.3,
            4 => 7.4,
            8 => 10.7,
            16 => 13.9,
            32 => 17.2,
            64 => 21.5,
            _ => 25.5,
        },
    };
    millionths(device.optics.insertion_loss_db.unwrap_or(by_type))
}

/// Minimum transmit power, sensitivity, overload limit, dispersion penalty.
type Limits = [f64; 4];

/// Downstream and upstream of a class, from the table of `domain.md`.
fn limits_of(class: Option<PonClass>) -> [Limits; 2] {
    match class {
        None => [[5.0, -28.0, -8.0, 0.0], [0.5, -28.0, -8.0, 0.0]],
        Some(PonClass::GponBPlus) => [[1.5, -27.0, -8.0, 0.5], [0.5, -28.0, -8.0, 0.5]],
        Some(PonClass::GponCPlus) => [[3.0, -30.0, -8.0, 1.0], [0.5, -32.0, -12.0, 0.5]],
        Some(PonClass::XgsN1) => [[2.0, -28.0, -9.0, 1.0], [4.0, -26.0, -5.0, 1.0]],
        Some(PonClass::XgsN2) => [[4.0, -28.0, -9.0, 1.0], [4.0, -28.0, -7.0, 1.0]],
        Some(PonClass::XgsE1) => [[6.0, -28.0, -9.0, 1.0], [4.0, -30.0, -9.0, 1.0]],
    }
}

/// The signal between an OLT and a leaf.
pub(super) fn signal(olt: &Device, leaf: &Device, loss: Loss) -> Signal {
    use PonClass::{XgsE1, XgsN1, XgsN2};
    let class = olt.optics.pon_class;
    let is_xgs = matches!(class, Some(XgsN1 | XgsN2 | XgsE1));
    let [mut down, mut up] = limits_of(class);
    down[0] = olt.optics.tx_power_dbm.unwrap_or(down[0]);
    down[1] = leaf.optics.sensitivity_min_dbm.unwrap_or(down[1]);
    up[0] = leaf.optics.tx_power_dbm.unwrap_or(up[0]);
    up[1] = olt.optics.sensitivity_min_dbm.unwrap_or(up[1]);
    let rx_down_dbm = down[0] - decibels(loss.down);
    let rx_up_dbm = up[0] - decibels(if is_xgs { loss.up_xgs } else { loss.up });
    let margins = [rx_down_dbm - down[1] - down[3], rx_up_dbm - up[1] - up[3]];
    let margin_db = margins[0].min(margins[1]);
    let weaker = if margins[1] < margins[0] { Direction::Up } else { Direction::Down };
    let class = match margin_db {
        ..0.0 => SignalClass::NoSignal,
        _ if rx_down_dbm > down[2] || rx_up_dbm > up[2] => SignalClass::Overload,
        ..3.0 => SignalClass::Critical,
        ..6.0 => SignalClass::Warning,
        _ => SignalClass::Ok,
    };
    let limiting = match class {
        SignalClass::Overload if rx_down_dbm > down[2] => Direction::Down,
        SignalClass::Overload => Direction::Up,
        _ => weaker,
    };
    Signal { rx_down_dbm, rx_up_dbm, margin_db, class, limiting }
}
