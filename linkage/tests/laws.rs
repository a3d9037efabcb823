//! What always holds of a whole linkage run, over invented records and a real rule set.
//!
//! Row order, threads and seed; missing values; symmetry; blocking against brute force; second-hop pairs; and that the
//! narrow and the wide rule set are one model. The records are made here from a fixed seed: families who share surname,
//! postcode, telephone and insurance, written twice or three times with slips.
#![expect(
    clippy::indexing_slicing,
    reason = "invented records are drawn from small tables by a number below their length"
)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use linkage::block::{BlockIndex, KeyFunction};
use linkage::compare::{Measure, Readings};
use linkage::exec::{Executor, Serial};
use linkage::model::{Frequencies, Profiles, Weights};
use linkage::normalize::{Kind, Tables};
use linkage::rules::RuleSet;
use linkage::run::{Linked, Request, Run};
use linkage::score::{Comparer, LevelCache, Scorer, Sieve};
use linkage::table::{RecordIndex, Table, TableBuilder};
use linkage::train::{self, Settings};
use std::collections::{BTreeMap, BTreeSet};

const NARROW: &str = include_str!("../../matching-rules/public/jp_10k.toml");
const WIDE: &str = include_str!("../../matching-rules/public/jp_10k_wide.toml");

const FAMILY: [(&str, &str); 8] = [
    ("佐藤", "サトウ"),
    ("渡邉", "ワタナベ"),
    ("渡辺", "ワタナベ"),
    ("石飛", "イシトビ"),
    ("福田", "フクダ"),
    ("錦織", "ニシコオリ"),
    ("森山", "モリヤマ"),
    ("原", "ハラ"),
];
const GIVEN: [(&str, &str); 10] = [
    ("美咲", "ミサキ"),
    ("健太", "ケンタ"),
    ("健二", "ケンジ"),
    ("惠子", "ケイコ"),
    ("恵子", "ケイコ"),
    ("隆", "タカシ"),
    ("由美子", "ユミコ"),
    ("陽菜", "ヒナ"),
    ("正夫", "マサオ"),
    ("直美", "ナオミ"),
];

/// A generator of numbers that is the same everywhere.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let number = linkage::block::key::mix(self.0);
        usize::try_from(number % u64::try_from(end).unwrap()).unwrap()
    }
}

/// A record: its id, and its texts by column.
type Record = (String, BTreeMap<&'static str, String>);

fn population(households: usize) -> Vec<Record> {
    let mut draw = Draw(7);
    let mut records = Vec::new();
    for household in 0..households {
        let family = FAMILY[draw.below(FAMILY.len())];
        let shared = [format!("690{:04}", draw.below(40)), format!("0852{household:06}"), format!("71{household:05}")];
        for member in 0..=draw.below(3) {
            let person = person(&mut draw, family, &shared, member);
            for copy in 0..=draw.below(3) {
                let mut record = person.clone();
                if copy > 0 {
                    slip(&mut draw, &mut record);
                }
                records.push((format!("r{:05}", records.len()), record));
            }
        }
    }
    records
}

fn person(
    draw: &mut Draw,
    family: (&str, &str),
    [postcode, phone, insured]: &[String; 3],
    member: usize,
) -> BTreeMap<&'static str, String> {
    let given = GIVEN[draw.below(GIVEN.len())];
    let (year, month, day) = (1930 + draw.below(90), 1 + draw.below(12), 1 + draw.below(28));
    BTreeMap::from([
        ("family_kanji", family.0.to_owned()),
        ("family_kana", family.1.to_owned()),
        ("given_kanji", given.0.to_owned()),
        ("given_kana", given.1.to_owned()),
        ("sex", if draw.below(2) == 0 { "F" } else { "M" }.to_owned()),
        ("dob", format!("{year}-{month:02}-{day:02}")),
        ("postcode", postcode.clone()),
        ("phone", phone.clone()),
        ("insured_no", insured.clone()),
        ("branch_no", format!("{:02}", member + 1)),
    ])
}

/// Something that clerks do to a record: leave a value out, move away, write another name.
fn slip(draw: &mut Draw, record: &mut BTreeMap<&'static str, String>) {
    let columns = ["family_kanji", "given_kanji", "given_kana", "dob", "postcode", "phone", "insured_no", "branch_no"];
    match draw.below(6) {
        0..=2 => {
            for _ in 0..3 {
                record.insert(columns[draw.below(columns.len())], String::new());
            }
        }
        3 => {
            record.insert("postcode", format!("060{:04}", draw.below(9000)));
            record.insert("phone", format!("0113{:06}", draw.below(900_000)));
        }
        4 => {
            let family = FAMILY[draw.below(FAMILY.len())];
            record.insert("family_kanji", family.0.to_owned());
            record.insert("family_kana", family.1.to_owned());
        }
        _ => {}
    }
}

fn rules(text: &str) -> RuleSet {
    let mut rules = RuleSet::parse(text).unwrap();
    // Fewer than there are pairs, so that the sample depends on the seed.
    rules.training.random_pairs = 2_000;
    rules
}

fn table(rules: &RuleSet, records: &[Record], executor: &dyn Executor) -> Table {
    let mut builder = TableBuilder::new(rules);
    let columns = builder.columns().to_vec();
    for (id, record) in records {
        let source = builder.source(if id.ends_with(['0', '1', '2']) { "north" } else { "south" });
        let texts: Vec<&str> = columns.iter().map(|column| record[column.as_str()].as_str()).collect();
        builder.push(id, source, &texts).unwrap();
    }
    builder.finish(rules, &Tables::empty(), false, executor).0
}

/// Calls `work` with a scorer by weights that were learned from the records.
fn trained<T>(
    rules: &RuleSet,
    table: &Table,
    (seed, executor): (u64, &dyn Executor),
    work: impl Fn(&Scorer<'_>, &RuleSet) -> T,
) -> T {
    let frequencies = Frequencies::count(rules, table);
    let profiles = Profiles::build(rules, table, &frequencies, executor);
    let readings = Readings::empty();
    let comparer = Comparer::new(rules, table, &profiles, &readings);
    let settings = Settings { across_sources: false, seed };
    let (learned, _) = train::train(&comparer, &frequencies, settings, executor);
    let weights = Weights::of(&learned).unwrap();
    work(&Scorer::new(&comparer, &weights, &frequencies), &learned)
}

fn link(scorer: &Scorer<'_>, blocks: &BlockIndex, executor: &dyn Executor) -> Linked {
    let request = Request { threshold: 0.0, weight_min: -8.0, across_sources: false };
    Run { scorer, blocks, request }.link(executor, &|_, _| ())
}

/// Runs tasks from the last to the first.
struct Backwards;

impl Executor for Backwards {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).rev().for_each(task);
    }
}

/// Runs tasks on three threads, each taking every third.
struct Threads;

impl Executor for Threads {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for thread in 0..3 {
                scope.spawn(move || (thread..tasks).step_by(3).for_each(task));
            }
        });
    }

    fn parallelism(&self) -> usize {
        3
    }
}

/// All that a run says, by record ids: the trained rule set, the pairs with their weights, the clusters, the counts.
#[derive(Debug, PartialEq)]
struct Whole {
    rules: String,
    calibrated: String,
    pairs: Vec<(String, String, u32, u8)>,
    clusters: Vec<(String, String)>,
    counts: (Vec<u64>, Vec<u64>),
}

fn whole_run(records: &[Record], seed: u64, executor: &dyn Executor) -> Whole {
    let rules = rules(NARROW);
    let table = table(&rules, records, executor);
    trained(&rules, &table, (seed, executor), |scorer, learned| {
        let blocks = BlockIndex::build(&rules.blocks, &table, false, executor);
        let linked = link(scorer, &blocks, executor);
        let mut calibrated = learned.clone();
        let shift = train::calibrate_prior(&mut calibrated, scorer, &linked, executor);
        assert!(shift != 0.0, "records hold others together");
        let id = |record: RecordIndex| table.id(record).to_owned();
        Whole {
            rules: learned.to_toml(),
            calibrated: calibrated.to_toml(),
            pairs: linked.pairs.iter().map(|p| (id(p.left), id(p.right), p.weight.to_bits(), p.guard)).collect(),
            clusters: (0_u32..).zip(&linked.clusters).map(|(record, first)| (id(record), id(*first))).collect(),
            counts: (linked.candidates, linked.histogram),
        }
    })
}

#[test]
fn a_run_is_the_same_for_any_row_order_and_any_threads() {
    let records = population(80);
    let expected = whole_run(&records, 1, &Serial);
    assert!(expected.pairs.len() > 100, "{} pairs", expected.pairs.len());
    assert!(expected.clusters.iter().any(|(record, first)| record != first));
    let mut backwards = records.clone();
    backwards.reverse();
    assert_eq!(whole_run(&backwards, 1, &Threads), expected, "rows reversed, three threads");
    let mut shuffled = records;
    shuffled.sort_by_key(|(id, _)| linkage::block::key::hash(format!("another order {id}").as_bytes()));
    assert_eq!(whole_run(&shuffled, 1, &Backwards), expected, "rows shuffled, tasks backwards");
}

#[test]
fn the_same_seed_gives_the_same_weights_and_another_seed_others() {
    let records = population(40);
    let first = whole_run(&records, 1, &Serial);
    assert_eq!(whole_run(&records, 1, &Serial), first);
    assert_ne!(whole_run(&records, 2, &Serial).rules, first.rules, "the seed chooses the random pairs");
}

/// Pairs enough to meet every comparison with and without values.
fn some_pairs(table: &Table) -> Vec<(RecordIndex, RecordIndex)> {
    (0..4000).filter_map(|number| table.random_pair(3, number)).collect()
}

#[test]
fn a_missing_value_weighs_exactly_nothing() {
    let rules = rules(NARROW);
    let table = table(&rules, &population(40), &Serial);
    trained(&rules, &table, (1, &Serial), |scorer, learned| {
        let weights = Weights::of(learned).unwrap();
        let mut cache = LevelCache::new(rules.comparisons.len());
        let frequencies = Frequencies::count(&rules, &table);
        for (position, comparison) in rules.comparisons.iter().enumerate() {
            let null = comparison.levels.iter().position(|level| level.is_null).unwrap();
            assert_eq!((weights.m[position][null], weights.u[position][null]), (0.0, 0.0), "{}", comparison.name);
            assert!(weights.relations.iter().all(|relation| relation.r[position][null] == 0.0), "{}", comparison.name);

            let mut without = learned.clone();
            without.comparisons.remove(position);
            let profiles = Profiles::build(&without, &table, &frequencies, &Serial);
            let readings = Readings::empty();
            let comparer = Comparer::new(&without, &table, &profiles, &readings);
            let other = Scorer::new(&comparer, &Weights::of(&without).unwrap(), &frequencies);
            let mut other_cache = LevelCache::new(without.comparisons.len());
            let mut met = 0;
            for (left, right) in some_pairs(&table) {
                let scored = scorer.score_records(left, right, &mut cache);
                if scored.pattern.level(position) == null {
                    met += 1;
                    let removed = other.score_records(left, right, &mut other_cache);
                    let apart = (scored.weight.0 - removed.weight.0).abs();
                    assert!(apart < 1e-9, "{}: {:?} {:?}", comparison.name, scored.weight, removed.weight);
                }
            }
            // Sex is never missing in these records; names need both writings to be.
            assert!(met > 0 || ["sex", "given name", "family name"].contains(&comparison.name.as_str()), "{met}");
        }
    });
}

#[test]
fn scoring_is_symmetric() {
    let rules = rules(NARROW);
    let table = table(&rules, &population(40), &Serial);
    trained(&rules, &table, (1, &Serial), |scorer, _| {
        for (left, right) in some_pairs(&table) {
            // Each direction with a cache of its own, so that one cannot answer for the other.
            let one = scorer.score_records(left, right, &mut LevelCache::new(rules.comparisons.len()));
            let other = scorer.score_records(right, left, &mut LevelCache::new(rules.comparisons.len()));
            assert_eq!(one, other, "{} {}", table.id(left), table.id(right));
            for guard in &rules.guards {
                let holds = |left, right| scorer.comparer.holds(&guard.when, left, right);
                assert_eq!(holds(left, right), holds(right, left), "{}", guard.name);
            }
        }
    });
}

/// The keys of a value under the functions that [`BLOCKS`] uses, written down a second time and more simply.
fn keys(function: KeyFunction, text: &str) -> BTreeSet<String> {
    let characters: Vec<char> = text.chars().collect();
    match function {
        KeyFunction::Prefix(n) => {
            let taken: String = characters.iter().take(usize::from(n)).collect();
            if characters.len() < usize::from(n) { BTreeSet::new() } else { BTreeSet::from([taken]) }
        }
        KeyFunction::OneDeleted => {
            let mut keys = BTreeSet::from([text.to_owned()]);
            if characters.len() >= 3 {
                for skipped in 0..characters.len() {
                    let mut kept = characters.clone();
                    kept.remove(skipped);
                    keys.insert(kept.into_iter().collect());
                }
            }
            keys
        }
        _ => BTreeSet::from([text.to_owned()]),
    }
}

const BLOCKS: &str = r#"
[[block]]
key = ["family_kana", "birth_date"]
[[block]]
key = ["one_deleted(given_kana)", "postcode"]
[[block]]
key = ["prefix(phone, 6)", "given"]
[[block]]
key = ["one_deleted(phone)"]
[[block]]
key = ["insured_number"]
"#;

#[test]
fn the_union_of_blocks_is_brute_force_over_keys_and_repeats_no_pair() {
    let (head, _) = NARROW.split_once("[[block]]").unwrap();
    let rules = RuleSet::parse(&format!("{head}{BLOCKS}")).unwrap();
    let table = table(&rules, &population(40), &Serial);
    let shares = |rule: usize, left: RecordIndex, right: RecordIndex| {
        rules.blocks[rule].parts.iter().all(|part| {
            let of = |record| table.value(record, part.field).map(|value| keys(part.function, value.folded()));
            of(left).zip(of(right)).is_some_and(|(one, other)| one.intersection(&other).next().is_some())
        })
    };
    let count = RecordIndex::try_from(table.len()).unwrap();
    for across_sources in [false, true] {
        let mut expected = BTreeMap::new();
        for (left, right) in (0..count).flat_map(|left| (left + 1..count).map(move |right| (left, right))) {
            let comparable = !across_sources || table.source(left) != table.source(right);
            let first = (0..rules.blocks.len()).find(|rule| shares(*rule, left, right)).filter(|_| comparable);
            expected.extend(first.map(|rule| ((left, right), rule)));
        }
        let blocks = BlockIndex::build(&rules.blocks, &table, across_sources, &Serial);
        let mut found = BTreeMap::new();
        for unit in blocks.units() {
            blocks.for_each_pair(&unit, |left, right| {
                let before = found.insert((left, right), unit.rule());
                assert_eq!(before, None, "a pair twice: {} {}", table.id(left), table.id(right));
            });
        }
        let per_rule: BTreeSet<usize> = expected.values().copied().collect();
        assert_eq!(per_rule.len(), rules.blocks.len(), "every rule must bring pairs of its own");
        assert_eq!(found, expected, "across sources: {across_sources}");
    }
}

#[test]
fn a_pair_that_is_sifted_out_is_too_light() {
    let rules = rules(WIDE);
    let table = table(&rules, &population(300), &Serial);
    let blocks = BlockIndex::build(&rules.blocks, &table, false, &Serial);
    trained(&rules, &table, (1, &Serial), |scorer, _| {
        let (mut sieve, mut cache) = (Sieve::default(), LevelCache::new(rules.comparisons.len()));
        let (mut dropped, mut kept) = (0, 0);
        for floor in [-8.0, 0.0, 12.0] {
            for unit in blocks.units() {
                blocks.for_each_fan(&unit, scorer.comparer.profiles, |fan| {
                    let left: BTreeSet<u32> = scorer.sift(fan, floor, &mut sieve).iter().copied().collect();
                    for right in fan.rights {
                        let weight = scorer.score_records(fan.left, fan.member(*right), &mut cache).weight.0;
                        assert!(left.contains(right) || weight < floor, "{weight} is not below {floor}");
                        if left.contains(right) { kept += 1 } else { dropped += 1 }
                    }
                });
            }
        }
        assert!(dropped > kept / 2 && kept > 0, "{dropped} dropped, {kept} kept");
    });
}

#[test]
fn second_hop_pairs_are_scored_like_all_others() {
    let rules = rules(NARROW);
    let table = table(&rules, &population(80), &Serial);
    // One narrow rule, so that records meet over others.
    let blocks = BlockIndex::build(&rules.blocks[5..7], &table, false, &Serial);
    trained(&rules, &table, (1, &Serial), |scorer, _| {
        let linked = link(scorer, &blocks, &Serial);
        let mut cache = LevelCache::new(rules.comparisons.len());
        let mut second_hop = 0;
        for pair in &linked.pairs {
            let weight = scorer.score_records(pair.left, pair.right, &mut cache).weight.0;
            let reported = f64::from(pair.weight);
            assert!((reported - weight).abs() < 1e-4 || (pair.guard > 0 && reported < weight), "{reported} {weight}");
            second_hop += u64::from(!blocks.is_candidate(pair.left, pair.right));
        }
        assert!(second_hop > 0, "no pair of these records is of the second hop");
        assert!(linked.candidates.last().is_some_and(|compared| *compared >= second_hop));
        let pairs: BTreeSet<_> = linked.pairs.iter().map(|pair| (pair.left, pair.right)).collect();
        assert_eq!(pairs.len(), linked.pairs.len(), "no pair twice");
        for members in linkage::cluster::members(&linked.clusters) {
            for (left, right) in
                members.iter().enumerate().flat_map(|(n, l)| members[n + 1..].iter().map(move |r| (*l, *r)))
            {
                let weight = scorer.score_records(left, right, &mut cache).weight.0;
                assert!(weight < -7.9 || pairs.contains(&(left, right)), "in one cluster and not reported: {weight}");
            }
        }
    });
}

#[test]
fn narrow_and_wide_blocking_are_one_model() {
    let (narrow, mut wide) = (RuleSet::parse(NARROW).unwrap(), RuleSet::parse(WIDE).unwrap());
    assert_ne!(narrow.blocks, wide.blocks);
    wide.blocks.clone_from(&narrow.blocks);
    wide.name.clone_from(&narrow.name);
    wide.title.clone_from(&narrow.title);
    assert_eq!(wide, narrow);
}

#[test]
fn the_reference_page_names_every_word_of_a_rule_set() {
    let page = include_str!("../../docs/rule-sets.md");
    let check = |word: &str| assert!(page.contains(&format!("`{word}")), "docs/rule-sets.md lacks `{word}`");
    Measure::ALL.iter().for_each(|measure| check(&format!("{}(", measure.name())));
    Measure::ALL.iter().for_each(|measure| assert!(page.contains(measure.says()), "{}", measure.says()));
    Kind::ALL.iter().for_each(|kind| check(&format!("{}`", kind.name())));
    KeyFunction::names().for_each(|name| check(&format!("{name}(")));
}
