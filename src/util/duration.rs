//! Durations as numbers, and their spread.

use std::time::Duration;

use uuid::Uuid;

/// Returns whole milliseconds, rounded down; `u64::MAX` for more than 584 million years.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Returns a random number from 0 up to, but not including, 1. A pause is multiplied by some of it, so
/// that many appliances do not retry at the same moment.
pub fn jitter() -> f64 {
    // The first 32 bits of a version 4 UUID are random (RFC 9562, section 5.4).
    let (high, _) = Uuid::new_v4().as_u64_pair();
    let random = u32::try_from(high >> 32).unwrap_or_default();
    f64::from(random) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_rounded_down_and_saturate() {
        assert_eq!(milliseconds(Duration::from_micros(1_999)), 1);
        assert_eq!(milliseconds(Duration::MAX), u64::MAX);
    }

    #[test]
    fn jitter_fills_its_range() {
        let drawn: Vec<f64> = (0..1000).map(|_| jitter()).collect();
        assert!(drawn.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(drawn.iter().any(|number| *number < 0.1) && drawn.iter().any(|it| *it > 0.9));
    }
}
