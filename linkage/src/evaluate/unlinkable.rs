//! Records that hold too little to be linked to anything.
//!
//! The best partner that a record could have is a copy of itself. When even that pair weighs less than the threshold,
//! the record can never be linked, whatever the rules: it is a matter of the data, and this curve shows how much.

use super::Share;
use super::pairs::CURVE_POINTS_MAX;

/// One threshold, and the records that could not reach it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnlinkablePoint {
    /// Match weight in bits.
    pub threshold: f32,
    /// Records whose weight against themselves is below it, of all records.
    pub unlinkable: Share,
}

/// The curve by rising threshold, at most [`CURVE_POINTS_MAX`] points at distinct weights, evenly spread over the
/// records; weights that are not numbers count as below everything.
#[must_use]
pub fn unlinkable_curve(self_weights: &[f32]) -> Vec<UnlinkablePoint> {
    let mut weights: Vec<f32> = self_weights.iter().copied().filter(|weight| !weight.is_nan()).collect();
    weights.sort_unstable_by(f32::total_cmp);
    let total = self_weights.len() as u64;
    let without_weight = total - weights.len() as u64;
    let step = weights.len().div_ceil(CURVE_POINTS_MAX - 1).max(1);
    let mut curve = Vec::new();
    let (mut below, mut next) = (0, 0);
    for run in weights.chunk_by(|left, right| left.total_cmp(right).is_eq()) {
        let is_last = below + run.len() == weights.len();
        if below >= next || is_last {
            next = below + step;
            curve.extend(run.first().map(|threshold| UnlinkablePoint {
                threshold: *threshold,
                unlinkable: Share { count: without_weight + below as u64, total },
            }));
        }
        below += run.len();
    }
    curve
}
