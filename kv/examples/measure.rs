//! Measures the store on this machine: commits, syncs, reads, sealing.
//!
//! ```sh
//! cargo run --release -p kv --features rocks --example measure -- FOLDER
//! ```
//!
//! One line per figure, with what it means. Costs of one thread are processor time where the system tells it, so that
//! other work on the machine does not count; rates of many threads are wall time, with the sync time of the disk beside
//! them, because it explains most of them. The folder is made, and removed at the end.
#![expect(clippy::print_stdout, reason = "a program that prints its figures")]

use kv::{
    BatchId, Commit, Digester, Freshness, KeyId, Keyring, Kv, MemoryKv, Partition, Plan, Purpose, Read, RingKey,
    RocksKv, RocksOptions, Sealed, Space, Version,
};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// A source record of an arrival, and the packed postings beside it.
const VALUE_BYTES: usize = 250;
/// Rows and asserts of one arrival.
const ROWS: u64 = 10;
const ASSERTS: u64 = 5;

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "measure-kv".to_owned());
    let folder = Path::new(&folder);
    done(std::fs::create_dir(folder));
    sealing();
    digesting();
    for writers in [1, 4, 16, 64] {
        writing(&folder.join(format!("writers-{writers}")), writers);
    }
    reading(&folder.join("reads"));
    done(std::fs::remove_dir_all(folder));
}

/// What was done, or the end of the program with the reason.
fn done<T, E: std::fmt::Display>(outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| {
        println!("error: {error}");
        std::process::exit(1)
    })
}

fn keyring() -> Keyring {
    let secret: [u8; 32] = std::array::from_fn(|at| at.to_le_bytes().first().copied().unwrap_or_default());
    let key = |id, purpose| RingKey { id: KeyId(id), purpose, secret };
    done(Keyring::from_keys(&[key(1, Purpose::Values), key(2, Purpose::Digests)], KeyId(1)))
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
        let started = Clock::start();
        batches.iter().for_each(|batch| drop(black_box(done(kv.commit(batch)))));
        let commit = started.elapsed();
        let keys: Vec<Vec<Read>> =
            batches.iter().map(|batch| batch.plan.rows.keys().map(|key| Read::Get(key.clone())).collect()).collect();
        let started = Clock::start();
        keys.iter().for_each(|wants| drop(black_box(done(kv.read(wants, Freshness::Latest)))));
        [commit, started.elapsed()]
    };
    let plain = timed(&MemoryKv::new());
    let sealed = timed(&Sealed::new(MemoryKv::new(), keyring()));
    for (what, plain, sealed, values) in [("seal", plain[0], sealed[0], ROWS + 1), ("open", plain[1], sealed[1], ROWS)]
    {
        let nanos = (sealed - plain) * 1e9 / (BATCHES * values) as f64;
        println!("{what} {VALUE_BYTES} B: {nanos:.0} ns per value");
    }
}

fn digesting() {
    const DIGESTS: u32 = 200_000;
    let digester = Digester::new(&[7; 32]);
    let started = Clock::start();
    for number in 0..DIGESTS {
        black_box(digester.digest("identifier", &[b"1.2.392.1", &number.to_be_bytes()]));
    }
    println!("digest of an identifier: {:.0} ns", started.elapsed() * 1e9 / f64::from(DIGESTS));
}

/// Processor time of this thread, or wall time where the system does not tell it.
struct Clock(Instant, Option<Duration>);

impl Clock {
    fn start() -> Self {
        Self(Instant::now(), Self::on_processor())
    }

    fn elapsed(&self) -> f64 {
        let used = Self::on_processor().zip(self.1).map(|(now, then)| now.saturating_sub(then));
        used.unwrap_or_else(|| self.0.elapsed()).as_secs_f64()
    }

    fn on_processor() -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    }
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
    let kv = Sealed::new(done(RocksKv::open(RocksOptions::new(path))), keyring());
    let started = Instant::now();
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let kv = &kv;
            scope.spawn(move || {
                for number in 0..batches {
                    let number = writer * batches + number;
                    let outcome = done(kv.commit(&arrival(number).into_batch(id(number))));
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
    let open = || Sealed::new(done(RocksKv::open(RocksOptions::new(path))), keyring());
    let kv = open();
    for chunk in 0..PARTITIONS / 1_000 {
        let mut plan = Plan::default();
        for number in 0..1_000 {
            let place = Partition::new(Space(1), id(spread(chunk * 1_000 + number)).0);
            plan.asserts.insert(place.clone(), Version(0));
            (0..3_u8).for_each(|sort| drop(plan.rows.insert(place.key([sort]), Some([7; VALUE_BYTES].into()))));
        }
        done(kv.commit(&plan.into_batch(id(chunk))));
    }
    drop(kv);
    // Opened again, so that rows are read from tables and not from memory.
    let kv = open();
    let place = |number: u64| Partition::new(Space(1), id(spread(number.wrapping_mul(7_919) % PARTITIONS)).0);
    let timed = |what: &str, wants: &dyn Fn(u64) -> Vec<Read>| {
        for round in ["first", "again"] {
            let started = Clock::start();
            (0..READS).for_each(|number| drop(black_box(done(kv.read(&wants(number), Freshness::Latest)))));
            println!("{what} ({round}): {:.1} µs", started.elapsed() * 1e6 / READS as f64);
        }
    };
    timed("get", &|number| vec![Read::Get(place(number).key([1]))]);
    timed("get of nothing", &|number| vec![Read::Get(place(number + PARTITIONS).key([9]))]);
    timed("six gets at once", &|number| (0..6).map(|more| Read::Get(place(number + more).key([1]))).collect());
    let scan =
        |number| Read::Scan { partition: place(number), from: [].into(), until: None, limit: 100, is_reverse: false };
    timed("scan of 3 rows", &|number| vec![scan(number)]);
}

/// Numbers that are far from each other, as digests are.
fn spread(number: u64) -> u64 {
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
