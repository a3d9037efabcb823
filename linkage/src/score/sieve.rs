//! Gives up most pairs of a record before any of them is scored.
//!
//! One comparison after another, all partners of a record in a block at once: sketches say what the comparison can add
//! at most, and who can no longer reach the weight asked for is dropped. Bounds are kept in single precision, with a
//! slack far above its rounding; whoever is left is scored exactly.

#![expect(clippy::indexing_slicing, reason = "arrays of CLASSES_MAX places, indexed by class, in the hottest loop")]

use super::bounds::{CLASSES_MAX, Ceiling, Scorer};
use crate::block::Fan;
use crate::model::Row;
use crate::rules::COMPARISONS_MAX;

/// Bits per class of different persons, as bounds.
type Bounds = [f32; CLASSES_MAX];

/// Above the rounding of some dozen sums of numbers below a thousand, below a difference that matters.
const SLACK: f32 = 0.01;

/// Fewer partners are scored at once: preparing costs as much as scoring two or three.
const SIFTED_FROM: usize = 4;

/// The partners that are left; its buffers are used again for the next record.
#[derive(Debug, Default)]
pub struct Sieve {
    places: Vec<u32>,
    most: Vec<Bounds>,
    indexes: Vec<u16>,
}

/// The ceilings of one comparison, in single precision.
#[derive(Debug)]
pub(super) struct Mesh {
    comparison: usize,
    rarity: Option<usize>,
    /// By number of states: over levels that no frequency adjusts, and over those that one does.
    ceilings: Vec<(Bounds, Bounds)>,
    highest: (Bounds, Bounds),
    /// 1 for the classes that frequencies adjust, else 0.
    adjusts: Bounds,
}

impl Mesh {
    pub(super) fn of(comparison: usize, rarity: Option<usize>, ceilings: &[Ceiling], highest: &Ceiling) -> Self {
        let adjusts = highest.adjusts.map(|adjusts| f32::from(u8::from(adjusts)));
        let both = |ceiling: &Ceiling| (single(&ceiling.plain), single(&ceiling.adjusted));
        let ceilings = ceilings.iter().map(both).collect();
        Self { comparison, rarity, ceilings, highest: both(highest), adjusts }
    }

    #[inline]
    fn rarity_of(&self, row: Row<'_>) -> f32 {
        self.rarity.and_then(|place| row.rarities.get(place)).copied().unwrap_or(0.0)
    }

    #[inline]
    fn ceiling(&self, (plain, adjusted): &(Bounds, Bounds), rarity: f32) -> Bounds {
        let mut ceiling = *plain;
        for class in 0..CLASSES_MAX {
            let adjusted = adjusted[class] + self.adjusts[class] * rarity;
            ceiling[class] = if adjusted > ceiling[class] { adjusted } else { ceiling[class] };
        }
        ceiling
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounds with a slack above the rounding")]
fn single(gains: &[f64; CLASSES_MAX]) -> Bounds {
    gains.map(|gain| gain as f32)
}

impl Scorer<'_> {
    /// The places in a block of those partners of a record that may reach the weight `floor` with it.
    pub fn sift<'s>(&self, fan: &Fan<'_>, floor: f64, sieve: &'s mut Sieve) -> &'s [u32] {
        sieve.places.clear();
        sieve.places.extend_from_slice(fan.rights);
        if fan.rights.len() < SIFTED_FROM {
            return &sieve.places;
        }
        let profiles = self.comparer.profiles;
        let left = fan.left_row(profiles);
        let mut rest = [[0.0; CLASSES_MAX]; COMPARISONS_MAX + 1];
        let mut total = [0.0; CLASSES_MAX];
        for (mesh, rest) in self.meshes.iter().zip(&mut rest).rev() {
            total = sum(&total, &mesh.ceiling(&mesh.highest, mesh.rarity_of(left)));
            *rest = total;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a bound with a slack above the rounding")]
        let floor = floor as f32 - SLACK;
        sieve.most.clear();
        sieve.most.resize(fan.rights.len(), single(&self.start));
        for (mesh, rest) in self.meshes.iter().zip(rest.iter().skip(1)) {
            let Some(outline) = self.comparer.outline(mesh.comparison) else { continue };
            outline.indexes(fan.place, &sieve.places, |field| fan.column(field), &mut sieve.indexes);
            let left_rarity = mesh.rarity_of(left);
            let mut kept = 0;
            for pair in 0..sieve.places.len() {
                let (Some(place), Some(index)) = (sieve.places.get(pair).copied(), sieve.indexes.get(pair)) else {
                    break;
                };
                let rarity = mesh.rarity.map_or(0.0, |adjusted| left_rarity.min(fan.rarity(profiles, place, adjusted)));
                let ceiling = mesh.ceiling(mesh.ceilings.get(usize::from(*index)).unwrap_or(&mesh.highest), rarity);
                let most = sum(sieve.most.get(pair).unwrap_or(&ceiling), &ceiling);
                if let (Some(slot), Some(kept_place)) = (sieve.most.get_mut(kept), sieve.places.get_mut(kept)) {
                    (*slot, *kept_place) = (most, place);
                }
                kept += usize::from(lowest(&sum(&most, rest)) >= floor);
            }
            sieve.places.truncate(kept);
            if kept == 0 {
                break;
            }
        }
        &sieve.places
    }
}

#[inline]
fn sum(a: &Bounds, b: &Bounds) -> Bounds {
    let mut sum = *a;
    for class in 0..CLASSES_MAX {
        sum[class] += b[class];
    }
    sum
}

#[inline]
fn lowest(bounds: &Bounds) -> f32 {
    let mut lowest = bounds[0];
    for bound in bounds {
        lowest = if *bound < lowest { *bound } else { lowest };
    }
    lowest
}
