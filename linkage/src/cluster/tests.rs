//! Tables and laws of clustering.

use super::*;
use proptest::prelude::*;

fn grouped(members: usize, weights: &[(usize, usize, f64)], vetoes: &[(usize, usize)]) -> Vec<usize> {
    let mut pairs = PairWeights::new(members, 0.0);
    for a in 0..members {
        for b in a + 1..members {
            let weight = weights.iter().find(|(x, y, _)| (*x, *y) == (a, b)).map_or(-5.0, |(_, _, weight)| *weight);
            let apart = if vetoes.contains(&(a, b)) { Apart::Never } else { Apart::No };
            pairs.set(a, b, weight, apart);
        }
    }
    safe_clusters(pairs)
}

#[test]
fn a_chain_over_a_weak_link_is_cut() {
    assert_eq!(grouped(4, &[(0, 1, 9.0), (1, 2, 1.0), (2, 3, 9.0)], &[]), [0, 0, 2, 2]);
    assert_eq!(components(4, [(0, 1), (1, 2), (2, 3)].into_iter()), [0, 0, 0, 0]);
}

#[test]
fn a_veto_beats_any_weight() {
    assert_eq!(grouped(2, &[(0, 1, 40.0)], &[]), [0, 0]);
    assert_eq!(grouped(2, &[(0, 1, 40.0)], &[(0, 1)]), [0, 1]);
    let weights = [(0, 1, 9.0), (0, 2, 9.0), (1, 2, 9.0)];
    // Both must not be with the third, and nothing says which of them is.
    assert_eq!(grouped(3, &weights, &[(1, 2)]), [0, 1, 2]);
}

#[test]
fn a_record_torn_between_two_groups_goes_to_neither() {
    let torn = |first: f64, second: f64, vetoes: &[(usize, usize)]| {
        grouped(5, &[(0, 1, 9.0), (2, 3, 9.0), (0, 4, first), (1, 4, first), (2, 4, second), (3, 4, second)], vetoes)
    };
    let apart = [(0, 2), (1, 3)];
    assert_eq!(torn(6.0, 5.0, &apart), [0, 0, 2, 2, 4]);
    assert_eq!(torn(5.0, 6.0, &apart), [0, 0, 2, 2, 4]);
    assert_eq!(torn(9.0, 5.0, &apart), [0, 0, 2, 2, 0]);
    assert_eq!(torn(2.0, -1.0, &apart), [0, 0, 2, 2, 0]);
    // A veto of the record's own leaves no doubt, nor do groups that nothing keeps apart.
    assert_eq!(torn(6.0, 5.0, &[(0, 2), (2, 4)]), [0, 0, 2, 2, 0]);
    assert_eq!(torn(6.0, 5.0, &[(0, 3), (1, 3), (3, 4)]), [0, 0, 2, 2, 0]);
    // The first record of a group gives its name to the next when it leaves.
    let weights = [(0, 1, 5.0), (0, 2, 5.0), (1, 2, 9.0), (0, 3, 4.0)];
    assert_eq!(grouped(4, &weights, &[(1, 3)]), [0, 1, 1, 3]);
}

#[test]
fn several_records_bridge_a_doubt_and_one_does_not() {
    // The first and the last would have to be looked at by somebody; the others agree with both.
    let bridged = |bridges: usize| {
        let mut pairs = PairWeights::new(bridges + 2, 0.0);
        for a in 0..bridges + 2 {
            for b in a + 1..bridges + 2 {
                let is_doubt = (a, b) == (0, bridges + 1);
                pairs.set(a, b, 20.0, if is_doubt { Apart::Doubt } else { Apart::No });
            }
        }
        safe_clusters(pairs)
    };
    assert_eq!(bridged(0), [0, 1]);
    assert_eq!(bridged(1), [0, 0, 2]);
    assert_eq!(bridged(2), [0, 0, 0, 0]);
}

#[test]
fn a_record_from_between_joins_what_lies_years_apart() {
    assert_eq!(grouped(3, &[(0, 1, 9.0), (1, 2, 9.0), (0, 2, -20.0)], &[]), [0, 0, 0]);
    assert_eq!(grouped(3, &[(0, 1, 9.0), (1, 2, 2.0), (0, 2, -20.0)], &[]), [0, 0, 2]);
}

#[test]
fn a_high_threshold_still_joins() {
    let mut pairs = PairWeights::new(2, 20.0);
    pairs.set(0, 1, 21.0, Apart::No);
    assert_eq!(safe_clusters(pairs.clone()), [0, 0]);
    pairs.set(0, 1, 19.0, Apart::No);
    assert_eq!(safe_clusters(pairs), [0, 1]);
}

#[test]
fn members_are_listed_by_smallest() {
    assert_eq!(members(&[0, 1, 0, 1, 4]), [vec![0, 2], vec![1, 3]]);
}

proptest! {
    #[test]
    fn components_do_not_depend_on_the_order_of_links(links in prop::collection::vec((0_u32..40, 0_u32..40), 0..60)) {
        let forward = components(40, links.iter().copied());
        let backward = components(40, links.iter().rev().map(|(a, b)| (*b, *a)));
        prop_assert_eq!(&forward, &backward);
        prop_assert!(links.iter().all(|(a, b)| forward[*a as usize] == forward[*b as usize]));
    }

    #[test]
    fn safe_clusters_refine_the_component_and_respect_vetoes(
        weights in prop::collection::vec(-15.0_f64..15.0, 28), vetoes in prop::collection::vec(prop::bool::weighted(0.1), 28),
    ) {
        let mut pairs = PairWeights::new(8, 0.0);
        let numbered = (0..8).flat_map(|a| (a + 1..8).map(move |b| (a, b)));
        for ((a, b), (weight, veto)) in numbered.clone().zip(weights.iter().zip(&vetoes)) {
            pairs.set(a, b, *weight, if *veto { Apart::Never } else { Apart::No });
        }
        let groups = safe_clusters(pairs);
        for ((a, b), veto) in numbered.zip(&vetoes) {
            prop_assert!(!(*veto && groups[a] == groups[b]));
        }
        prop_assert!(groups.iter().enumerate().all(|(member, group)| *group <= member && groups[*group] == *group));
    }
}
