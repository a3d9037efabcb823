//! Random histories: an engine against the engine in memory, operation by operation.

use crate::contract::{Engine, id};
use kv::{BUCKETS, Batch, Freshness, Key, KeyedRow, Kv, MemoryKv, Partition, Plan, Read, Seq, Space, Version};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// One step of a history. Few names, so that steps meet.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Commit(Draw),
    Settle(u64),
    Read(Vec<Read>),
    Changes(u64, u32),
    Export(u8, Option<Key>, u32),
    Reopen,
}

/// A batch before the versions are known: asserts are what the store says plus an error that is mostly 0.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    number: u64,
    asserts: Vec<(Partition, u64)>,
    rows: Vec<(Key, Option<Vec<u8>>)>,
    log: Vec<Vec<u8>>,
}

/// Runs histories on an engine and on the model; both must answer the same at every step.
pub(crate) fn check(engine: &dyn Fn() -> Engine, cases: u32) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let history = proptest::collection::vec(step(), 1..40);
    let outcome = TestRunner::new(config).run(&history, |history| {
        let (mut engine, model) = (engine(), MemoryKv::new());
        for step in &history {
            take(&mut engine, &model, step)?;
        }
        engine.reopen();
        prop_assert_eq!(dump(engine.kv()), dump(&model));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn take(engine: &mut Engine, model: &MemoryKv, step: &Step) -> Result<(), TestCaseError> {
    match step {
        Step::Commit(draw) => {
            let batch = batch(model, draw);
            prop_assert_eq!(engine.kv().commit(&batch).unwrap(), model.commit(&batch).unwrap());
            engine.reopen();
        }
        Step::Settle(number) => {
            prop_assert_eq!(engine.kv().settle(id(*number)).unwrap(), model.settle(id(*number)).unwrap());
        }
        Step::Read(wants) => {
            let expected = model.read(wants, Freshness::Latest).unwrap();
            prop_assert_eq!(engine.kv().read(wants, Freshness::Latest).unwrap(), expected);
        }
        Step::Changes(after, limit) => {
            let expected = model.changes(Seq(*after), *limit).unwrap();
            prop_assert_eq!(engine.kv().changes(Seq(*after), *limit).unwrap(), expected);
        }
        Step::Export(bucket, after, limit) => {
            let expected = model.export(Space(7), *bucket, after.as_ref(), *limit).unwrap();
            prop_assert_eq!(engine.kv().export(Space(7), *bucket, after.as_ref(), *limit).unwrap(), expected);
        }
        Step::Reopen => engine.reopen(),
    }
    prop_assert_eq!(engine.kv().health().seq, model.health().seq);
    Ok(())
}

fn batch(model: &MemoryKv, draw: &Draw) -> Batch {
    let mut plan = Plan::default();
    for (partition, error) in &draw.asserts {
        let rows = model.read(&[Read::Get(partition.key([]))], Freshness::Latest).unwrap();
        plan.asserts.insert(partition.clone(), Version(rows[0].version.0 + error));
    }
    let rows = draw.rows.iter().cloned();
    plan.rows.extend(rows.map(|(key, value)| (key, value.map(Vec::into_boxed_slice))));
    plan.log.extend(draw.log.iter().map(|entry| entry.as_slice().into()));
    plan.into_batch(id(draw.number))
}

/// Everything that a store can be asked for.
pub(crate) fn dump(kv: &dyn Kv) -> (Vec<KeyedRow>, Vec<kv::Change>, Vec<Version>, Seq) {
    let mut rows = Vec::new();
    for space in [Space(7), Space(8)] {
        for bucket in 0..BUCKETS {
            rows.extend(kv.export(space, u8::try_from(bucket).unwrap(), None, u32::MAX).unwrap());
        }
    }
    let places = names().into_iter().flat_map(|name| [7, 8].map(|space| Partition::new(Space(space), name)));
    let wants: Vec<Read> = places.map(|place| Read::Get(place.key([]))).collect();
    let versions = kv.read(&wants, Freshness::Latest).unwrap().iter().map(|rows| rows.version).collect();
    (rows, kv.changes(Seq(0), u32::MAX).unwrap(), versions, kv.health().seq)
}

fn names() -> [&'static [u8]; 5] {
    [b"", b"\0", b"a", b"a\0", b"b"]
}

pub(crate) fn partition() -> impl Strategy<Value = Partition> {
    let space = prop_oneof![4 => Just(7), 1 => Just(8)];
    (space, 0..5_usize).prop_map(|(space, name)| Partition::new(Space(space), names()[name]))
}

pub(crate) fn key() -> impl Strategy<Value = Key> {
    (partition(), sort()).prop_map(|(partition, sort)| partition.key(sort))
}

fn sort() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(254), Just(255)], 0..3)
}

pub(crate) fn want() -> impl Strategy<Value = Read> {
    let scan = (partition(), sort(), proptest::option::of(sort()), 0..6_u32, any::<bool>()).prop_map(
        |(partition, from, until, limit, is_reverse)| Read::Scan {
            partition,
            from: from.into(),
            until: until.map(Into::into),
            limit: if limit == 5 { u32::MAX } else { limit },
            is_reverse,
        },
    );
    prop_oneof![key().prop_map(Read::Get), scan]
}

/// A row to write; no value is a deletion.
pub(crate) fn row() -> impl Strategy<Value = (Key, Option<Vec<u8>>)> {
    let value = proptest::collection::vec(any::<u8>(), 0..4);
    (key(), proptest::option::weighted(0.7, value))
}

fn draw() -> impl Strategy<Value = Draw> {
    let error = prop_oneof![9 => Just(0_u64), 1 => Just(1)];
    let asserts = proptest::collection::vec((partition(), error), 0..3);
    let rows = proptest::collection::vec(row(), 0..6);
    let log = proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..3);
    (0..24_u64, asserts, rows, log).prop_map(|(number, asserts, rows, log)| Draw { number, asserts, rows, log })
}

fn step() -> impl Strategy<Value = Step> {
    let bucket = partition().prop_map(|partition| partition.bucket());
    prop_oneof![
        10 => draw().prop_map(Step::Commit),
        1 => (0..24_u64).prop_map(Step::Settle),
        6 => proptest::collection::vec(want(), 0..5).prop_map(Step::Read),
        2 => (0..20_u64, 0..9_u32).prop_map(|(after, limit)| Step::Changes(after, limit)),
        2 => (bucket, proptest::option::of(key()), 0..4_u32).prop_map(|(bucket, key, limit)| Step::Export(bucket, key, limit)),
        1 => Just(Step::Reopen),
    ]
}
