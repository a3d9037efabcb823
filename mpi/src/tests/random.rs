//! Random histories against a plain model: who is whose, what held when, which tasks wait.
//!
//! The model knows homes and pointers and nothing of matching: where the rules decide, it takes their word (the record
//! that decided, the merge that they made) and checks that everything else follows.

mod model;
mod operation;

use crate::verify::verify;
use model::Model;
use operation::Operation;
use proptest::prelude::*;

/// Operations between two proofs of the whole store.
const VERIFIED_EVERY: usize = 100;

fn play(operations: &[Operation]) {
    let mut model = Model::new();
    for (number, operation) in operations.iter().enumerate() {
        model.play(operation);
        if number % VERIFIED_EVERY == VERIFIED_EVERY - 1 {
            model.check_store();
        }
    }
    model.check_store();
    model.check_past();
}

impl Model {
    fn check_store(&mut self) {
        let verified = verify(&self.world.index(), &self.world.kv, &mut |_| {}).unwrap();
        assert_eq!(verified.violations, []);
        assert_eq!(verified.counts.records, (self.homes.len() + self.erased.len()) as u64);
        assert_eq!(verified.counts.tasks_waiting, self.waiting.len() as u64);
        self.check_tasks();
        self.remember();
    }
}

#[test]
fn a_history_is_what_a_plain_model_says() {
    let runner = |cases, operations| {
        let config =
            ProptestConfig { cases, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let strategy = proptest::collection::vec(operation::any(), operations);
        runner.run(&strategy, |operations| {
            play(&operations);
            Ok(())
        })
    };
    runner(4, 150).unwrap();
    if std::env::var_os("SLOW_TESTS").is_some() {
        runner(1, 10_000).unwrap();
    }
}
