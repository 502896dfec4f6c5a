//! Time series in as many points as a chart needs.

use crate::domain::Timestamp;
use crate::store::{Bucket, SeriesTier, Snapshot, StoreError};

/// Points of a series in one answer: more than a chart on a wide screen can show apart.
pub const HISTORY_POINTS_MAX: u64 = 600;
/// The longest range: as far as the coarsest tier goes back.
pub const HISTORY_HOURS_MAX: u64 = SeriesTier::Hour.kept_us() / HOUR_US;
/// Buckets of a tier that one point may join. With the last one the longest range has 400 points.
const STEPS: [u64; 6] = [1, 2, 3, 6, 12, 24];

const HOUR_US: u64 = 3_600_000_000;

/// A range of time and its resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRange {
    /// The beginning of the first point.
    pub from: Timestamp,
    pub to: Timestamp,
    /// The time that a point covers.
    pub point_us: u64,
    tier: SeriesTier,
    /// Buckets begin before this: also the present one, if it begins this very moment.
    end: Timestamp,
}

impl HistoryRange {
    /// Up to now at most, in the finest resolution that goes back to `from` and has at most [`HISTORY_POINTS_MAX`] points.
    pub fn new(from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        let age_us = now.0.saturating_sub(from.0);
        let reaches = |tier: &SeriesTier| age_us <= i64::try_from(tier.kept_us()).unwrap_or(0);
        let tier = SeriesTier::ALL.into_iter().find(reaches).unwrap_or(SeriesTier::Hour);
        let length_us = u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
        let is_enough = |step: &u64| length_us / (step * tier.bucket_us()) < HISTORY_POINTS_MAX;
        let step = STEPS.into_iter().find(is_enough).unwrap_or(STEPS[STEPS.len() - 1]);
        let point_us = step * tier.bucket_us();
        let end = if to < now { to } else { Timestamp(now.0.saturating_add(1)) };
        Self { from: start_of(from, point_us), to: to.min(now), point_us, tier, end }
    }
}

/// The points of a series that have samples, ascending.
///
/// # Errors
/// Read errors.
pub fn series_history(
    snapshot: &Snapshot,
    series: &str,
    range: HistoryRange,
) -> Result<Vec<Bucket>, StoreError> {
    let mut points: Vec<Bucket> = Vec::new();
    for bucket in snapshot.buckets(series, range.tier, range.from..range.end)? {
        let at = start_of(bucket.at, range.point_us);
        match points.last_mut() {
            Some(point) if point.at == at => join(point, &bucket),
            _ => points.push(Bucket { at, ..bucket }),
        }
    }
    Ok(points)
}

fn start_of(at: Timestamp, point_us: u64) -> Timestamp {
    let point_us = i64::try_from(point_us).unwrap_or(i64::MAX);
    Timestamp(at.0 - at.0.rem_euclid(point_us))
}

fn join(point: &mut Bucket, bucket: &Bucket) {
    let count = point.count.saturating_add(bucket.count);
    let sum = f64::from(point.mean) * f64::from(point.count)
        + f64::from(bucket.mean) * f64::from(bucket.count);
    #[expect(clippy::cast_possible_truncation, reason = "kept with seven digits")]
    let mean = (sum / f64::from(count)) as f32;
    let (min, max) = (point.min.min(bucket.min), point.max.max(bucket.max));
    *point = Bucket { at: point.at, count, min, max, mean };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(hours: u64, age_hours: u64) -> HistoryRange {
        let us = |hours: u64| i64::try_from(hours * HOUR_US).unwrap();
        let now = Timestamp(us(500_000));
        let from = Timestamp(now.0 - us(age_hours));
        HistoryRange::new(from, Timestamp(from.0 + us(hours)), now)
    }

    #[test]
    fn the_resolution_fits_the_range_and_its_age() {
        for (hours, age_hours, minutes) in [
            (1, 1, 1),
            (10, 10, 2),
            (24, 24, 3),
            (24, 25, 10),
            (7 * 24, 7 * 24, 20),
            (14 * 24, 14 * 24, 60),
            (30 * 24, 30 * 24, 120),
            (24, 300 * 24, 60),
            (HISTORY_HOURS_MAX, HISTORY_HOURS_MAX, 24 * 60),
        ] {
            let chosen = range(hours, age_hours);
            assert_eq!(chosen.point_us, minutes * 60_000_000, "{hours} h of {age_hours} h ago");
            let points = (chosen.to.0 - chosen.from.0) / i64::try_from(chosen.point_us).unwrap();
            assert!(points <= i64::try_from(HISTORY_POINTS_MAX).unwrap(), "{points}");
        }
    }
}
