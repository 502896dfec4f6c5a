//! Medians and percentiles.

/// Least, middle and largest of some measurements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Summary {
    /// Of at least one value.
    pub(crate) fn of(values: &[f64]) -> Self {
        let sorted = sorted(values);
        Self { min: sorted[0], median: quantile(&sorted, 0.5), max: sorted[sorted.len() - 1] }
    }
}

/// Measurements of the two servers, taken in turns.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(crate) ours: Vec<f64>,
    pub(crate) bare: Vec<f64>,
}

impl Pairs {
    pub(crate) fn push(&mut self, ours: f64, bare: f64) {
        self.ours.push(ours);
        self.bare.push(bare);
    }

    /// Ours by bare, round by round.
    pub(crate) fn ratios(&self) -> Summary {
        let ratios: Vec<f64> =
            self.ours.iter().zip(&self.bare).map(|(ours, bare)| ours / bare).collect();
        Summary::of(&ratios)
    }

    pub(crate) fn ours(&self) -> Summary {
        Summary::of(&self.ours)
    }

    pub(crate) fn bare(&self) -> Summary {
        Summary::of(&self.bare)
    }
}

pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The value below which this share of the sorted values lies, between neighbours in proportion;
/// 0 when there are none.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share * last as f64;
    let below = sorted.iter().enumerate().take_while(|(index, _)| *index as f64 <= place).last();
    let (index, low) = below.map_or((0, sorted[0]), |(index, value)| (index, *value));
    let high = sorted[(index + 1).min(last)];
    low + (high - low) * (place - index as f64)
}
