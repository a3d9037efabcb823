//! Random histories against a plain model: who is whose, what held when, which tasks wait.
//!
//! The model knows homes and pointers and nothing of matching: where the rules decide, it takes their word (the record
//! that decided, the merge that they made) and checks that everything else follows.

mod checks;
mod model;
mod operation;

use super::world::World;
use crate::verify::verify;
use kv::{Batch, BatchId, Kv, Plan, Seq, Space};
pub(super) use model::Model;
pub(super) use operation::{Operation, any};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

/// Proofs of the whole store in one history.
const PROOFS: usize = 20;
/// Kinds of things that a long history has to have seen.
const KINDS: usize = 14;

fn play(operations: &[Operation]) {
    let mut model = Model::new();
    for (number, operation) in operations.iter().enumerate() {
        model.play(operation);
        if number.is_multiple_of(operations.len().div_ceil(PROOFS).max(40)) {
            model.check_store();
        }
    }
    model.check_store();
    model.check_past();
    // A long history in which something never happened would say nothing of it.
    if operations.len() >= 5_000 {
        assert!(model.done.len() >= KINDS, "{:?}", model.done);
        println!("{:?}, {} records left", model.done, model.homes.len());
    }
}

impl Model {
    fn check_store(&mut self) {
        let verified = verify(&self.world.index(), &self.world.kv, &mut |_| {}).unwrap();
        assert_eq!(verified.violations, []);
        assert_eq!(verified.counts.records, (self.homes.len() + self.erased.len()) as u64);
        assert_eq!(verified.counts.tasks_waiting, self.waiting.len() as u64);
        self.check_tasks();
        self.check_cross_references();
        self.remember();
    }
}

/// The batches of a history, the same for a seed, and the world that they made; the first is the directory's.
pub(super) fn batches(operations: usize, seed: u8) -> (Vec<Batch>, World) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let operations = proptest::collection::vec(operation::any(60), operations).new_tree(&mut runner).unwrap().current();
    let mut model = Model::new();
    let kv = &model.world.kv;
    let mut first = Plan::default();
    for space in 0..=u8::MAX {
        for bucket in 0..=u8::MAX {
            let rows = kv.export(Space(space), bucket, None, u32::MAX).unwrap();
            first.rows.extend(rows.into_iter().map(|(key, value)| (key, Some(value))));
        }
    }
    first.log = kv.changes(Seq(0), 1).unwrap().into_iter().flat_map(|change| change.entries).collect();
    for operation in &operations {
        model.play(operation);
    }
    let mut batches = vec![first.into_batch(BatchId([0; 16]))];
    batches.append(&mut model.batches.borrow_mut());
    (batches, model.world)
}

#[test]
fn a_history_is_what_a_plain_model_says() {
    let runner = |cases, operations, places| {
        let config =
            ProptestConfig { cases, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = TestRunner::new(config);
        let strategy = proptest::collection::vec(operation::any(places), operations);
        runner.run(&strategy, |operations| {
            play(&operations);
            Ok(())
        })
    };
    runner(4, 150, 36).unwrap();
    if std::env::var_os("SLOW_TESTS").is_some() {
        runner(1, 10_000, 180).unwrap();
    }
}
