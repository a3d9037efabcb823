//! Measures the store on this machine: commits, syncs, reads, sealing.
//!
//! ```sh
//! cargo run --release -p kv --features rocks --example measure -- FOLDER
//! ```
//!
//! One line per figure, with what it means. Wall time, so run it on an idle machine; the sync time of the disk stands
//! beside every write rate, because it explains most of it. The folder is made, and removed at the end.
#![expect(clippy::unwrap_used, reason = "a measuring program that fails is to stop")]
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

use kv::{
    BatchId, Commit, Digester, Freshness, KeyId, Keyring, Kv, MemoryKv, Partition, Plan, Purpose, Read, RingKey,
    RocksKv, RocksOptions, Sealed, Space, Version,
};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// A source record of an arrival, and the packed postings beside it.
const VALUE_BYTES: usize = 250;
/// Rows and asserts of one arrival.
const ROWS: u64 = 10;
const ASSERTS: u64 = 5;

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "measure-kv".to_owned());
    let folder = Path::new(&folder);
    std::fs::create_dir(folder).unwrap();
    sealing();
    digesting();
    for writers in [1, 4, 16, 64] {
        writing(&folder.join(format!("writers-{writers}")), writers);
    }
    reading(&folder.join("reads"));
    std::fs::remove_dir_all(folder).unwrap();
}

fn keyring() -> Keyring {
    let secret: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let key = |id, purpose| RingKey { id: KeyId(id), purpose, secret };
    Keyring::from_keys(&[key(1, Purpose::Values), key(2, Purpose::Digests)], KeyId(1)).unwrap()
}

fn id(number: u64) -> BatchId {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, from)| *byte = from);
    BatchId(bytes)
}

/// The cost of the seal alone: the same batches with and without it, on the engine in memory.
fn sealing() {
    const BATCHES: u64 = 20_000;
    let timed = |kv: &dyn Kv| {
        let batches: Vec<_> = (0..BATCHES).map(|number| arrival(number).into_batch(id(number))).collect();
        let started = Instant::now();
        batches.iter().for_each(|batch| drop(black_box(kv.commit(batch).unwrap())));
        let commit = started.elapsed();
        let keys: Vec<Vec<Read>> = batches
            .iter()
            .map(|batch| batch.plan.rows.keys().map(|key| Read::Get(key.clone())).collect())
            .collect();
        let started = Instant::now();
        keys.iter().for_each(|wants| drop(black_box(kv.read(wants, Freshness::Latest).unwrap())));
        [commit, started.elapsed()].map(|time| time.as_secs_f64())
    };
    let plain = timed(&MemoryKv::new());
    let sealed = timed(&Sealed::new(MemoryKv::new(), keyring()));
    for (what, plain, sealed, values) in
        [("seal", plain[0], sealed[0], ROWS + 1), ("open", plain[1], sealed[1], ROWS)]
    {
        let nanos = (sealed - plain) * 1e9 / (BATCHES * values) as f64;
        println!("{what} {VALUE_BYTES} B: {nanos:.0} ns per value");
    }
}

fn digesting() {
    const DIGESTS: u32 = 200_000;
    let digester = Digester::new(&[7; 32]);
    let started = Instant::now();
    for number in 0..DIGESTS {
        black_box(digester.digest("identifier", &[b"1.2.392.1", &number.to_be_bytes()]));
    }
    println!("digest of an identifier: {:.0} ns", started.elapsed().as_secs_f64() * 1e9 / f64::from(DIGESTS));
}

/// A plan of the size of one arrival.
fn arrival(number: u64) -> Plan {
    let mut plan = Plan::default();
    for row in 0..ROWS {
        let place = Partition::new(Space(1), id(number * ROWS + row).0);
        if row < ASSERTS {
            plan.asserts.insert(place.clone(), Version(0));
        }
        plan.rows.insert(place.key(row.to_be_bytes()), Some([7; VALUE_BYTES].into()));
    }
    plan.log.push([7; 100].into());
    plan
}

fn writing(path: &Path, writers: u64) {
    let batches = 100 + 4_000 / writers;
    let kv = Sealed::new(RocksKv::open(RocksOptions::new(path)).unwrap(), keyring());
    let started = Instant::now();
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let kv = &kv;
            scope.spawn(move || {
                for number in 0..batches {
                    let number = writer * batches + number;
                    let outcome = kv.commit(&arrival(number).into_batch(id(number))).unwrap();
                    assert!(matches!(outcome, Commit::Committed(_)));
                }
            });
        }
    });
    let rate = (writers * batches) as f64 / started.elapsed().as_secs_f64();
    let counted = kv.engine().statistics();
    println!(
        "{writers} writers: {rate:.0} commits/s of {ROWS} rows and {ASSERTS} asserts, {:.1} batches per sync, sync mean {:.2} ms, \
         99 % within {:.2} ms, longest {:.2} ms",
        counted.batches as f64 / counted.syncs as f64,
        counted.sync_time.as_secs_f64() * 1e3 / counted.syncs as f64,
        counted.sync_time_within(0.99).as_secs_f64() * 1e3,
        counted.sync_time_max.as_secs_f64() * 1e3,
    );
}

/// Point reads and scans of random partitions, each with its version, from one thread.
fn reading(path: &Path) {
    const PARTITIONS: u64 = 100_000;
    const READS: u64 = 50_000;
    let open = || Sealed::new(RocksKv::open(RocksOptions::new(path)).unwrap(), keyring());
    let kv = open();
    for chunk in 0..PARTITIONS / 1_000 {
        let mut plan = Plan::default();
        for number in 0..1_000 {
            let place = Partition::new(Space(1), id(spread(chunk * 1_000 + number)).0);
            plan.asserts.insert(place.clone(), Version(0));
            (0..3_u8).for_each(|sort| drop(plan.rows.insert(place.key([sort]), Some([7; VALUE_BYTES].into()))));
        }
        kv.commit(&plan.into_batch(id(chunk))).unwrap();
    }
    drop(kv);
    // Opened again, so that rows are read from tables and not from memory.
    let kv = open();
    let place = |number: u64| Partition::new(Space(1), id(spread(number.wrapping_mul(7_919) % PARTITIONS)).0);
    let timed = |what: &str, wants: &dyn Fn(u64) -> Vec<Read>| {
        for round in ["first", "again"] {
            let started = Instant::now();
            (0..READS).for_each(|number| drop(black_box(kv.read(&wants(number), Freshness::Latest).unwrap())));
            println!("{what} ({round}): {:.1} µs", started.elapsed().as_secs_f64() * 1e6 / READS as f64);
        }
    };
    timed("get", &|number| vec![Read::Get(place(number).key([1]))]);
    timed("get of nothing", &|number| vec![Read::Get(place(number + PARTITIONS).key([9]))]);
    timed("six gets at once", &|number| (0..6).map(|more| Read::Get(place(number + more).key([1]))).collect());
    let scan = |number| Read::Scan {
        partition: place(number),
        from: [].into(),
        until: None,
        limit: 100,
        is_reverse: false,
    };
    timed("scan of 3 rows", &|number| vec![scan(number)]);
}

/// Numbers that are far from each other, as digests are.
fn spread(number: u64) -> u64 {
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
