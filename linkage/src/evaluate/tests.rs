//! Hand-made cases, and a brute-force count over all pairs as the oracle.

use proptest::prelude::*;

use super::*;

/// All pairs of records that count, as (left, right, whether true).
fn all_pairs(truth: &Truth<'_>) -> Vec<(usize, usize, bool)> {
    let records = truth.persons.len();
    let pairs = (0..records).flat_map(|left| (left + 1..records).map(move |right| (left, right)));
    pairs
        .filter(|(left, right)| truth.sources.is_none_or(|sources| sources[*left] != sources[*right]))
        .map(|(left, right)| (left, right, truth.persons[left] == truth.persons[right]))
        .collect()
}

fn count(truth: &Truth<'_>, is_linked: impl Fn(usize, usize) -> bool) -> Counts {
    let mut counts = Counts::default();
    for (left, right, is_true) in all_pairs(truth) {
        match (is_true, is_linked(left, right)) {
            (true, true) => counts.true_positives += 1,
            (false, true) => counts.false_positives += 1,
            (true, false) => counts.false_negatives += 1,
            (false, false) => {}
        }
    }
    counts
}

#[test]
fn counts_read_as_ratios() {
    let counts = Counts::new(8, 10, 16);
    assert_eq!((counts.false_positives, counts.false_negatives), (2, 8));
    assert!((counts.precision() - 0.8).abs() < 1e-12);
    assert!((counts.recall() - 0.5).abs() < 1e-12);
    assert!((counts.f1() - 0.8 / 1.3).abs() < 1e-12);
    let nothing = Counts::default();
    assert_eq!((nothing.precision(), nothing.recall()), (1.0, 1.0));
    assert_eq!(Counts::new(0, 3, 3).f1(), 0.0);
}

/// Published values: Newcombe (1998), table I, method 3.
#[test]
fn wilson_intervals() {
    for (count, total, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let interval = Share { count, total }.interval().unwrap();
        assert!((interval.low - low).abs() < 5e-5, "{interval:?}");
        assert!((interval.high - high).abs() < 5e-5, "{interval:?}");
    }
    assert_eq!(Share { count: 20, total: 20 }.interval().unwrap().high, 1.0);
    assert_eq!(Share::default().interval(), None);
    assert_eq!(Share::default().rate(), None);
}

#[test]
fn nothing_is_measured_as_nothing() {
    let truth = Truth { persons: &[], sources: None };
    let quality = measure_clusters(&truth, &[]);
    assert_eq!((quality.clusters, quality.largest, quality.pairwise), (0, 0, Counts::default()));
    let pairs = ScoredPairs::new(&truth, &[(0, 1, 3.0)]);
    assert!(pairs.is_empty() && pairs.best_f1().is_none() && pairs.curve().is_empty());
    assert_eq!(unlinkable_curve(&[]), []);
}

#[test]
fn clusters_in_persons() {
    // Person 7 is split, persons 8 and 9 are joined, person 6 is alone.
    let truth = Truth { persons: &[7, 7, 7, 8, 8, 9, 6], sources: None };
    let clusters = [1, 1, 2, 3, 3, 3, 4];
    let quality = measure_clusters(&truth, &clusters);
    assert_eq!(quality.pairwise, Counts { true_positives: 2, false_positives: 2, false_negatives: 2 });
    assert_eq!((quality.clusters, quality.largest, quality.singletons), (4, 3, 2));
    assert_eq!(quality.persons_sharing, Share { count: 2, total: 4 });
    // (1+1+1 + 2/3+2/3+1/3 + 1) / 7 and (2/3+2/3+1/3 + 1+1+1 + 1) / 7.
    assert!((quality.bcubed.precision - (4.0 + 5.0 / 3.0) / 7.0).abs() < 1e-12);
    assert!((quality.bcubed.recall - (5.0 / 3.0 + 4.0) / 7.0).abs() < 1e-12);

    let tasks = persons_with_task(&truth, &clusters, &[(0, 2), (1, 2), (3, 5), (6, 0), (9, 0)]);
    assert_eq!(tasks, TaskCount { persons: Share { count: 2, total: 4 }, tasks: 2 });
}

#[test]
fn strata_tell_links_from_own_recall() {
    let truth = Truth { persons: &[1, 1, 2, 2, 3, 3, 4], sources: None };
    let clusters = [10, 10, 11, 12, 13, 13, 13];
    let member = |stratum, case, person| StratumMember { stratum, case, person };
    let members =
        [member(5, 0, 1), member(5, 0, 2), member(5, 1, 4), member(5, 1, 3), member(2, 0, 2), member(2, 0, 99)];
    let strata = measure_strata(&truth, &clusters, &members);
    let expected = [
        StratumQuality {
            stratum: 2,
            linked: Share { count: 0, total: 1 },
            own_recall: Share { count: 0, total: 1 },
            persons: 2,
        },
        StratumQuality {
            stratum: 5,
            linked: Share { count: 1, total: 2 },
            own_recall: Share { count: 2, total: 3 },
            persons: 4,
        },
    ];
    assert_eq!(strata, expected);
}

#[test]
fn pairs_that_do_not_count() {
    let truth = Truth { persons: &[1, 1, 2], sources: Some(&[0, 1, 1]) };
    let pairs =
        ScoredPairs::new(&truth, &[(1, 0, 2.0), (0, 1, 5.0), (1, 1, 9.0), (1, 2, 9.0), (0, 3, 9.0), (0, 2, f32::NAN)]);
    assert_eq!(pairs.len(), 1);
    assert_eq!(pairs.best_f1().unwrap().threshold, 5.0);
}

#[test]
fn the_curve_is_thin_and_keeps_its_ends_and_its_best() {
    let persons: Vec<u32> = (0..2000).map(|record| record / 2).collect();
    let truth = Truth { persons: &persons, sources: None };
    let given: Vec<(u32, u32, f32)> =
        (0..1999_u16).map(|record| (u32::from(record), u32::from(record) + 1, f32::from(record % 977) * 0.1)).collect();
    let pairs = ScoredPairs::new(&truth, &given);
    let curve = pairs.curve();
    assert!(curve.len() <= CURVE_POINTS_MAX && curve.len() > CURVE_POINTS_MAX / 2, "{}", curve.len());
    assert!(curve.windows(2).all(|pair| pair[0].threshold > pair[1].threshold));
    assert_eq!(curve[0].threshold, 97.6);
    assert_eq!(curve.last().unwrap().threshold, 0.0);
    assert!(curve.contains(&pairs.best_f1().unwrap()));
    assert!(curve.iter().all(|point| point.counts == pairs.at(point.threshold)));
}

#[test]
fn unlinkable_records() {
    let share = |count| Share { count, total: 5 };
    let expected = [
        UnlinkablePoint { threshold: -1.0, unlinkable: share(1) },
        UnlinkablePoint { threshold: 2.0, unlinkable: share(2) },
        UnlinkablePoint { threshold: 7.0, unlinkable: share(4) },
    ];
    assert_eq!(unlinkable_curve(&[2.0, f32::NAN, 7.0, -1.0, 2.0]), expected);
    let many: Vec<f32> = (0..5000_u16).map(f32::from).collect();
    let curve = unlinkable_curve(&many);
    assert!(curve.len() <= CURVE_POINTS_MAX && curve.len() > CURVE_POINTS_MAX / 2);
    assert_eq!(curve.last().unwrap().unlinkable.count, 4999);
}

type Sample = (Vec<u32>, Vec<u32>, Vec<u32>, Vec<u64>, Vec<(u32, u32, f32)>);

/// Truth, clusters, sources, kinds and scored pairs of a few records.
fn sample() -> impl Strategy<Value = Sample> {
    (1..25_usize).prop_flat_map(|records| {
        let labels = |kinds: u32| prop::collection::vec(0..kinds, records);
        let top = u32::try_from(records).unwrap() + 1;
        let pair = (0..top, 0..top, (-3..6_i8).prop_map(f32::from));
        (labels(8), labels(8), labels(3), prop::collection::vec(0..8_u64, records), prop::collection::vec(pair, 0..60))
    })
}

proptest! {
    #[test]
    fn clusters_agree_with_brute_force((persons, clusters, sources, kinds, _) in sample(), cross in any::<bool>()) {
        let truth = Truth { persons: &persons, sources: cross.then_some(&sources) };
        let linked = |left: usize, right: usize| clusters[left] == clusters[right];
        let quality = measure_clusters(&truth, &clusters);
        prop_assert_eq!(quality.pairwise, count(&truth, linked));
        let records = persons.len();
        let share = |same: &[u32], of: &[u32]| -> f64 {
            let one = |record: usize| {
                let group: Vec<usize> = (0..records).filter(|other| of[*other] == of[record]).collect();
                let both = group.iter().filter(|other| same[**other] == same[record]).count();
                float(both) / float(group.len())
            };
            (0..records).map(one).sum::<f64>() / float(records)
        };
        prop_assert!((quality.bcubed.precision - share(&persons, &clusters)).abs() < 1e-9);
        prop_assert!((quality.bcubed.recall - share(&clusters, &persons)).abs() < 1e-9);
        let shares = |record: &usize| {
            (0..records).any(|other| clusters[other] == clusters[*record] && persons[other] != persons[*record])
        };
        let sharing = distinct((0..records).filter(shares).map(|record| persons[record]).collect());
        prop_assert_eq!(quality.persons_sharing, Share { count: sharing, total: distinct(persons.clone()) });

        check_kinds(&truth, &cluster_kinds(&truth, &clusters, &kinds), &kinds, linked)?;
    }

    #[test]
    fn pairs_agree_with_brute_force((persons, _, sources, kinds, given) in sample(), cross in any::<bool>()) {
        let truth = Truth { persons: &persons, sources: cross.then_some(&sources) };
        let pairs = ScoredPairs::new(&truth, &given);
        let weight = |left: usize, right: usize| {
            let same = |pair: &&(u32, u32, f32)| {
                let (low, high) = (pair.0.min(pair.1) as usize, pair.0.max(pair.1) as usize);
                (low, high) == (left, right)
            };
            given.iter().filter(same).map(|pair| pair.2).fold(f32::NEG_INFINITY, f32::max)
        };
        let mut best: Option<Counts> = None;
        for threshold in (-3..6_i8).rev().map(f32::from) {
            let counts = count(&truth, |left, right| weight(left, right) >= threshold);
            prop_assert_eq!(pairs.at(threshold), counts);
            let has_pairs = counts.true_positives + counts.false_positives > 0;
            if has_pairs && best.is_none_or(|known| counts.f1() > known.f1()) {
                best = Some(counts);
            }
            let by_kind = pair_kinds(&truth, &pairs, threshold, &kinds);
            check_kinds(&truth, &by_kind, &kinds, |left, right| weight(left, right) >= threshold)?;
        }
        prop_assert_eq!(pairs.best_f1().map(|point| point.counts), best);
        prop_assert!(pairs.curve().iter().all(|point| pairs.at(point.threshold) == point.counts));
        prop_assert!((0.0..=1.0 + 1e-9).contains(&pairs.average_precision()));
    }
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn check_kinds(
    truth: &Truth<'_>,
    measured: &KindQuality,
    kinds: &[u64],
    is_linked: impl Fn(usize, usize) -> bool,
) -> Result<(), TestCaseError> {
    let recall = |belongs: &dyn Fn(u64) -> bool| {
        let pairs: Vec<(usize, usize, bool)> = all_pairs(truth);
        let of_kind = pairs.iter().filter(|(left, right, is_true)| *is_true && belongs(kinds[*left] | kinds[*right]));
        let mut recall = KindRecall::default();
        for (left, right, _) in of_kind {
            recall.true_pairs += 1;
            recall.found += u64::from(is_linked(*left, *right));
        }
        recall
    };
    for kind in 0..3 {
        prop_assert_eq!(measured.kinds[kind], recall(&|of_pair| of_pair & (1 << kind) != 0));
    }
    prop_assert_eq!(measured.clean, recall(&|of_pair| of_pair == 0));
    prop_assert_eq!(measured.kinds.len(), KINDS_MAX);
    Ok(())
}
