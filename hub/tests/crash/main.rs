//! Servers that die: no acknowledged write is lost, and what cannot be kept is told.
//!
//! The server is killed at random moments while 64 callers write to it. After each kill, and in the second test after a
//! power cut that takes away every byte not yet synced, it starts again: every acknowledged record is resolved, in the
//! version that was acknowledged, and `nayose verify` finds nothing. A server that does not sync fails this: the negative
//! control. `SLOW_TESTS=1` kills 200 times instead of 5; `CRASH_SEED` chooses other moments.

#![cfg(feature = "rocks")]
#![cfg_attr(
    feature = "rocks",
    expect(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        reason = "a test that cannot prepare its files has failed, and says what it has done"
    )
)]

mod damage;
mod power;
mod server;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use power::{Journal, Lost};
use server::{FOLDER, Program, Server, Site, pause};

/// Callers that write at the same time.
const WRITERS: usize = 64;
/// Writes that are on their way in one round at most.
const WRITES_MAX: usize = 10_000;
/// Rounds on one store; then a new one begins, so that blocks stay as large as a network's.
const ROUNDS_PER_STORE: usize = 20;
/// The longest time from the first acknowledgement to the kill.
const KILL_MILLIS_MAX: u64 = 700;

/// What the server said that it has done, by the record.
type Acknowledged = BTreeMap<String, Said>;

/// The last thing that the server said of a record.
#[derive(Clone, Debug)]
struct Said {
    authority: String,
    local_id: String,
    /// The version that holds; 0 when what was sent waits for a clerk or is history.
    version: u64,
    /// The position of the log.
    sequence: u64,
}

fn rounds() -> usize {
    if std::env::var_os("SLOW_TESTS").is_some_and(|value| value == "1") { 200 } else { 5 }
}

/// Moments of the kills: another seed, other moments.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        Self(std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1))
    }

    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Squared: early moments, when the store has just been opened, are as worth trying as late ones.
        let share = self.0 >> 40;
        Duration::from_micros((((KILL_MILLIS_MAX * 1_000 * share) >> 24) * share) >> 24)
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let writes = crash(Program::Nayose, rounds(), false);
    assert!(writes > 20 * rounds(), "{writes} acknowledged writes prove little");
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let writes = crash(Program::Nayose, rounds(), true);
    assert!(writes > 20 * rounds(), "{writes} acknowledged writes prove little");
}

/// The negative control: without syncs the same test finds what is lost.
#[test]
fn a_server_that_does_not_sync_loses_writes_in_a_power_cut() {
    let site = Site::new(1);
    let (acknowledged, lost) = kill_while_writing(&site, Program::WithoutSync, (0, Duration::from_millis(300)), true);
    assert!(acknowledged.len() > 20 && lost.bytes > 0, "{} {lost:?}", acknowledged.len());
    let found = match site.start(Program::Nayose, None) {
        Ok(server) => missing(&server, &acknowledged).len(),
        Err(ended) => panic!("{}", ended.text),
    };
    assert!(found > 0, "nothing is missing of {} writes although nothing was synced: {lost:?}", acknowledged.len());
}

/// Kills a server so many times; gives how many writes were acknowledged.
fn crash(program: Program, rounds: usize, with_power_cut: bool) -> usize {
    let (mut moments, mut writes) = (Moments::new(), 0);
    let mut lost = Lost::default();
    for first in (0..rounds).step_by(ROUNDS_PER_STORE) {
        let site = Site::new(first as u64 + 1);
        let (mut acknowledged, mut next) = (Acknowledged::new(), 0);
        for round in first..rounds.min(first + ROUNDS_PER_STORE) {
            let (new, cut) = kill_while_writing(&site, program, (next, moments.next()), with_power_cut);
            writes += new.len();
            next += new.len() + WRITERS;
            (lost.bytes, lost.names) = (lost.bytes + cut.bytes, lost.names + cut.names);
            new.into_iter().for_each(|(record, said)| keep(&mut acknowledged, record, &said));
            check(&site, &acknowledged, &format!("round {round}, {cut:?}"));
        }
    }
    println!("{rounds} kills, {writes} acknowledged writes, lost and never acknowledged: {lost:?}");
    writes
}

/// What a store must hold after a crash.
#[track_caller]
fn check(site: &Site, acknowledged: &Acknowledged, when: &str) {
    let server = site.start(Program::Nayose, None).unwrap_or_else(|ended| panic!("{when}: {}", ended.text));
    let missing = missing(&server, acknowledged);
    assert!(missing.is_empty(), "{when}: {} of {} lost: {missing:?}", missing.len(), acknowledged.len());
    server.stop();
    let verified = site.run("verify --json");
    assert_eq!(verified.code, Some(0), "{when}: {}", verified.text);
    // The log has no gaps: every write up to its end is there, those that wait for a clerk as well.
    let verified: serde_json::Value = serde_json::from_str(&verified.text).unwrap();
    let last = acknowledged.values().map(|said| said.sequence).max();
    assert!(verified["position"].as_u64() >= last, "{when}: {verified} ends before {last:?}");
}

/// Starts a server, writes to it from many callers, and kills it some time after the first acknowledgement.
fn kill_while_writing(
    site: &Site,
    program: Program,
    (first, moment): (usize, Duration),
    with_power_cut: bool,
) -> (Acknowledged, Lost) {
    let journal = with_power_cut.then(|| Journal::begin(&site.data()));
    let watched = journal.as_ref().map(|journal| (journal, None));
    let mut server = site.start(program, watched).unwrap_or_else(|ended| panic!("{}", ended.text));
    let next = AtomicUsize::new(first);
    let said = Mutex::new(Acknowledged::new());
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            let caller = server.caller();
            scope.spawn(|| write_until_it_dies(site, caller, (&next, first + WRITES_MAX), &said));
        }
        while said.lock().unwrap().is_empty() {
            pause(Duration::from_millis(1));
        }
        pause(moment);
        server.kill();
    });
    let lost = journal.map_or_else(Lost::default, |journal| journal.cut());
    (said.into_inner().unwrap(), lost)
}

fn write_until_it_dies(
    site: &Site,
    mut caller: server::Caller,
    (next, last): (&AtomicUsize, usize),
    said: &Mutex<Acknowledged>,
) {
    loop {
        let number = next.fetch_add(1, Ordering::SeqCst);
        if number >= last {
            return;
        }
        let body = site.write(number);
        let Ok((status, answer)) = caller.post("/v1/records", &body) else { return };
        assert_eq!(status, 200, "{answer}");
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let holds = !matches!(answer["outcome"].as_str(), Some("quarantined" | "history"));
        let new = Said {
            authority: text(&body["authority"]),
            local_id: text(&body["local_id"]),
            version: if holds { answer["version"].as_u64().unwrap() } else { 0 },
            sequence: caller.sequence,
        };
        assert!(new.sequence > 0, "a write without a position");
        let mut said = said.lock().unwrap();
        keep(&mut said, text(&answer["record"]), &new);
    }
}

/// Of two answers about one record the later one counts.
fn keep(said: &mut Acknowledged, record: String, new: &Said) {
    let old = said.entry(record).or_insert_with(|| new.clone());
    (old.version, old.sequence) = (old.version.max(new.version), old.sequence.max(new.sequence));
}

/// The acknowledged writes that a server does not know.
fn missing(server: &Server, acknowledged: &Acknowledged) -> Vec<String> {
    let mut caller = server.caller();
    let mut missing = Vec::new();
    for (record, said) in acknowledged {
        let (authority, local_id) = (said.authority.replace(':', "%3A"), &said.local_id);
        let (resolved, _) = caller.get(&format!("/v1/resolve?authority={authority}&value={local_id}")).unwrap();
        let (shown, body) = caller.get(&format!("/v1/records/{record}")).unwrap();
        let version = body["version"].as_u64().unwrap_or_default();
        if resolved != 200 || shown != 200 || version < said.version {
            missing.push(format!("{record}: {resolved} {shown} version {version} of {}", said.version));
        }
    }
    missing
}

/// The server of the negative control: the same parts, with an engine that does not wait for the disk.
#[test]
#[ignore = "is started by a test above"]
fn serves_without_syncing() {
    use hub::config::{Config, Keyring};
    use hub::serve::app::{App, Ingredients};
    use hub::serve::{clock::Clock, router::router, server as http};
    use mpi::kv::{RocksKv, RocksOptions, Sealed};

    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let config = Config::read(&std::path::Path::new(&folder).join("nayose.toml")).unwrap();
    let keyring = Keyring::read(config.keyring.as_deref().unwrap()).unwrap();
    let options = RocksOptions { is_synced: false, ..RocksOptions::new(config.store.folder.as_deref().unwrap()) };
    let kv = std::sync::Arc::new(Sealed::new(RocksKv::open(options).unwrap(), keyring.for_store().unwrap()));
    let ingredients = Ingredients { kv, clock: Clock::of_machine(), keyring: Some(keyring), statistics: Vec::new() };
    let app = App::new(&config, ingredients).unwrap();
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
        let listener = http::listen(config.listen).await.unwrap();
        http::serve(listener, router(app.clone()), &app, std::future::pending()).await
    });
}
