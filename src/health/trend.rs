//! When a volume will be full, if it goes on as it did.

/// How far back the trend looks: two weeks, so that one busy day does not decide.
pub const TREND_SPAN_US: i64 = 14 * DAY_US;
/// The least time that values must cover to have a trend: the first day is that of setting up.
const SPAN_MIN_US: i64 = 3 * DAY_US;
const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// Free space at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendPoint {
    pub at_us: i64,
    pub free: f64,
}

/// Fewer points, which may be from two short runs, say nothing about a trend.
const POINTS_MIN: usize = 48;

/// How many days after the last point nothing is left, by the line of least squares through the points;
/// infinity if the space does not shrink. `None` while the points cover less than three days.
pub fn full_after(points: &[TrendPoint]) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    if points.len() < POINTS_MIN || last.at_us.saturating_sub(first.at_us) < SPAN_MIN_US {
        return None;
    }
    let days = |at_us: i64| {
        #[expect(clippy::cast_precision_loss, reason = "two weeks in microseconds are below 2^53")]
        let us = (at_us - last.at_us) as f64;
        us / 86_400e6
    };
    let count = points.iter().fold(0.0, |count, _| count + 1.0);
    let mean_day = points.iter().map(|point| days(point.at_us)).sum::<f64>() / count;
    let mean_free = points.iter().map(|point| point.free).sum::<f64>() / count;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for point in points {
        let day = days(point.at_us) - mean_day;
        covariance += day * (point.free - mean_free);
        variance += day * day;
    }
    let per_day = covariance / variance;
    Some(if per_day < 0.0 { last.free.max(0.0) / -per_day } else { f64::INFINITY })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(free: impl Fn(f64) -> f64, days: u16) -> Vec<TrendPoint> {
        let hours = 0..=24 * days;
        let point = |hour: u16| {
            let at_us = i64::from(hour) * 3_600_000_000;
            TrendPoint { at_us, free: free(f64::from(hour) / 24.0) }
        };
        hours.map(point).collect()
    }

    #[test]
    fn a_line_is_followed_to_its_end() {
        let check = |free: fn(f64) -> f64, days, expected: Option<f64>| {
            let found = full_after(&points(free, days));
            let is_near = match (found, expected) {
                (Some(found), Some(expected)) => {
                    found.total_cmp(&expected).is_eq() || (found - expected).abs() < 1.0
                }
                (found, expected) => found == expected,
            };
            assert!(is_near, "{found:?} is not {expected:?}");
        };
        check(|day| 100.0 - day, 10, Some(90.0));
        check(|day| 100.0 - 10.0 * day, 10, Some(0.0));
        check(|day| 100.0 - day + (day * 40.0).sin(), 14, Some(86.0));
        check(|_| 100.0, 10, Some(f64::INFINITY));
        check(|day| 100.0 + day, 10, Some(f64::INFINITY));
        check(|day| 100.0 - day, 3, Some(97.0));
        check(|day| 100.0 - day, 2, None);
    }
}
