//! Losses of fibre and passive parts.
//!
//! Losses are whole microdecibels: their sums are exact, so the result does not depend on the order
//! of the parts.

use crate::domain::{CrossConnect, Device, DeviceType, Medium, SplitRatio};

/// A loss in millionths of a decibel.
pub(crate) type Microdecibel = i64;

const MICRO: f64 = 1_000_000.0;

/// Insertion losses of splitters by their number of outputs, in dB: maxima of PLC splitter data
/// sheets (Telcordia GR-1209/GR-1221), connectors included.
const SPLITTER_DB: [(u8, f64); 7] =
    [(2, 4.3), (4, 7.4), (8, 10.7), (16, 13.9), (32, 17.2), (64, 21.5), (128, 25.5)];

/// Planning values in dB of parts that do not set their own.
const ODF_DB: f64 = 0.5;
const HOP_DB: f64 = 0.5;
const NVT_DB: f64 = 0.1;

/// The loss of a fibre at a wavelength; 0 without a length, as of a patch cord.
pub(crate) fn fibre_loss(
    length_km: Option<f64>,
    medium: Option<Medium>,
    wavelength_nm: u32,
) -> Microdecibel {
    let medium = medium.unwrap_or(Medium::ASSUMED);
    to_micro(length_km.unwrap_or(0.0) * medium.attenuation_db_per_km(wavelength_nm))
}

/// The loss of passing through a splitter of this ratio.
pub(crate) fn splitter_loss(splitter: &Device, ratio: SplitRatio) -> Microdecibel {
    to_micro(splitter.optics.insertion_loss_db.unwrap_or_else(|| splitter_db(ratio)))
}

/// The loss of passing through an ODF, NVT or HOP, without that of a cross-connect.
pub(crate) fn through_part_loss(device: &Device) -> Microdecibel {
    let default_db = match device.device_type {
        DeviceType::Odf => ODF_DB,
        DeviceType::Hop => HOP_DB,
        DeviceType::Nvt => NVT_DB,
        _ => 0.0,
    };
    to_micro(device.optics.insertion_loss_db.unwrap_or(default_db))
}

/// The loss of a splice or patch, beside that of its part; 0 for one that states none.
pub(crate) fn cross_connect_loss(cross_connect: &CrossConnect) -> Microdecibel {
    to_micro(cross_connect.loss_db.unwrap_or_default())
}

fn splitter_db(ratio: SplitRatio) -> f64 {
    let row = SPLITTER_DB.iter().find(|(outputs, _)| *outputs == ratio.outputs());
    row.map_or(0.0, |(_, db)| *db)
}

/// The upper bound is beyond any receiver and keeps sums far from overflow; no passive part
/// amplifies.
fn to_micro(db: f64) -> Microdecibel {
    const DB_MAX: f64 = 1e6;
    #[expect(clippy::cast_possible_truncation, reason = "bounded above; rounding is meant")]
    {
        (db.clamp(0.0, DB_MAX) * MICRO).round() as Microdecibel
    }
}

/// The loss in decibels.
pub(crate) fn to_db(loss: Microdecibel) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact below 9e15, far above any path")]
    {
        loss as f64 / MICRO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ratio_has_a_loss_and_others_round_up() {
        for (outputs, db) in
            [(0, 4.3), (1, 4.3), (2, 4.3), (3, 7.4), (8, 10.7), (9, 13.9), (32, 17.2), (200, 25.5)]
        {
            let loss = splitter_db(SplitRatio::at_least(outputs));
            assert_eq!(to_micro(loss), to_micro(db), "{outputs} outputs");
        }
    }

    #[test]
    fn twenty_kilometres_of_g652d() {
        let at = |nm| to_db(fibre_loss(Some(20.0), Some(Medium::G652d), nm));
        assert!((at(1310) - 7.0).abs() < 1e-9);
        assert!((at(1490) - 5.0).abs() < 1e-9);
        assert!(fibre_loss(None, None, 1310) == 0);
    }
}
