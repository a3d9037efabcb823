//! How long a comparison takes; run with `cargo test --release -p linkage -- --ignored --nocapture arrival`.

use super::population::{normalized, population, readings, rules, table, tables};
use super::*;

/// Records that one is compared with.
const OTHERS: usize = 50;
/// Times that each of the records of a population is compared.
const ROUNDS: usize = 40;

#[test]
#[ignore = "takes time and checks nothing"]
fn comparing() {
    let (rules, tables) = (rules(), tables());
    let records = population(1_000, 12);
    let (table, numbers) = table(&rules, &tables, &records);
    let blocks = BlockIndex::build(&rules.blocks, &table, false, &Serial);
    let frozen = FrozenFrequencies::freeze(&rules, &table);
    let arrived = normalized(&rules, &tables, &records);
    let model = FrozenModel::new(rules, frozen, tables, readings()).unwrap();
    // Each with its candidates, as an index would find them, until there are enough.
    let calls: Vec<(&Normalized, Vec<&Normalized>)> = (0..arrived.len())
        .map(|one| {
            let is_candidate = |other: &usize| *other != one && blocks.is_candidate(numbers[one], numbers[*other]);
            let others = (0..arrived.len()).filter(is_candidate).take(OTHERS);
            (&arrived[one], others.map(|other| &arrived[other]).collect())
        })
        .collect();
    let pairs: usize = calls.iter().map(|(_, others)| others.len()).sum();
    let start = std::time::Instant::now();
    let mut matches = 0;
    for _ in 0..ROUNDS {
        for (one, others) in &calls {
            let verdicts = model.compare(one, others).unwrap();
            matches += verdicts.iter().filter(|verdict| verdict.decision == crate::model::Decision::Match).count();
        }
    }
    let nanoseconds = start.elapsed().as_nanos() as f64 / (ROUNDS * pairs) as f64;
    println!(
        "{} calls of {:.1} records, {matches} matches: {nanoseconds:.0} ns per record",
        calls.len(),
        pairs as f64 / calls.len() as f64
    );
}
