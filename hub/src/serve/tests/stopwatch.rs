//! Processor time per request, without a network: `cargo test --release -p hub --lib stopwatch -- --ignored --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use directory::{Offset, description};
use mpi::kv::{Kv, MemoryKv};
use serde_json::{Value, json};

use super::persona::World;

/// People of the invented population; `NAYOSE_STOPWATCH_PEOPLE` says otherwise.
const PEOPLE: u64 = 4_000;

/// The invented population: per record its columns.
fn population(people: u64) -> Vec<BTreeMap<String, String>> {
    let settings = synth::Settings::new(people, 5, synth::Profile::Base);
    let (mut records, mut truth, mut errors, mut strata) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut outputs =
        synth::Outputs { records: &mut records, truth: &mut truth, errors: &mut errors, strata: &mut strata };
    synth::write(&settings, &mut outputs, &mut |_| {}).unwrap();
    let text = String::from_utf8(records).unwrap();
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| columns.iter().zip(line.split(',')).map(|(a, b)| ((*a).to_owned(), b.to_owned())).collect())
        .collect()
}

fn texts(row: &BTreeMap<String, String>) -> Value {
    let known = row.iter().filter(|(name, text)| mpi::Attribute::named(name).is_some() && !text.is_empty());
    known.map(|(name, text)| (name.clone(), json!(text))).collect::<serde_json::Map<_, _>>().into()
}

async fn open(world: &World, institutions: BTreeSet<&str>) {
    let mut described = description::Directory::default();
    for id in institutions {
        let toml = format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"hospital\"\nregion = \"east\"");
        described.institutions.push(toml::from_str(&toml).unwrap());
        let toml = format!("id = \"urn:test:{id}\"\nname = \"{id}\"\nkind = \"patients\"\nowner = \"{id}\"");
        described.authorities.push(toml::from_str(&toml).unwrap());
    }
    let desired = described.check(Offset::TOKYO).unwrap();
    let begin = directory::Instant::from_micros(0);
    world.app.write(move |draft, now| directory::apply(draft, &desired, begin, now)).await.unwrap();
}

/// Processor time of the process so far, in microseconds; the clock ticks 100 times a second.
fn processor_micros() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    [11, 12].iter().map(|place: &usize| fields[*place].parse::<u64>().unwrap() * 10_000).sum()
}

async fn measure(engine: &str, kv: Arc<dyn Kv>) {
    let people = std::env::var("NAYOSE_STOPWATCH_PEOPLE").map_or(PEOPLE, |text| text.parse().unwrap());
    let rows = population(people);
    let world = World::without_tokens_over(kv);
    open(&world, rows.iter().map(|row| row["institution"].as_str()).collect()).await;
    let caller = world.nobody();
    let tell = |what: &str, requests: usize, since: u64| {
        let micros = (processor_micros() - since) / requests as u64;
        println!(
            "{engine}: {what}: {micros} us of processor time per request ({requests} requests, {} records)",
            rows.len()
        );
    };
    let since = processor_micros();
    for row in &rows {
        let body = json!({
            "authority": format!("urn:test:{}", row["institution"]), "local_id": row["local_id"],
            "institution": row["institution"], "event_time": "2026-01-01T00:00:00Z", "demographics": texts(row),
        });
        caller.post("/v1/records", &body.to_string()).await.ok();
    }
    tell("arrival", rows.len(), since);
    let since = processor_micros();
    for round in 0..3 {
        for row in rows.iter().skip(round) {
            let (institution, id) = (&row["institution"], &row["local_id"]);
            let path = format!("/v1/resolve?authority=urn:test:{institution}&value={id}");
            assert_eq!(caller.get(&path).await.status, 200);
        }
    }
    tell("resolve", 3 * rows.len(), since);
    for explain in [false, true] {
        let since = processor_micros();
        let asked = rows.len().min(2_000);
        for row in rows.iter().take(asked) {
            let body = json!({"demographics": texts(row), "explain": explain});
            assert_eq!(caller.post("/v1/match", &body.to_string()).await.status, 200);
        }
        tell(if explain { "match with explanation" } else { "match" }, asked, since);
    }
    let since = processor_micros();
    for _ in 0..20_000 {
        assert_eq!(caller.get("/v1/version").await.status, 200);
    }
    tell("version, which asks no store", 20_000, since);
}

#[tokio::test]
#[ignore = "measures, and takes a minute"]
async fn stopwatch_memory() {
    measure("memory", Arc::new(MemoryKv::new())).await;
}

#[cfg(feature = "rocks")]
#[tokio::test]
#[ignore = "measures, and takes a minute"]
async fn stopwatch_rocks() {
    use mpi::kv::{Keyring, RingKey, RocksKv, RocksOptions, Sealed};
    let folder = std::env::temp_dir().join(format!("nayose-stopwatch-{}", std::process::id()));
    let key = |id, purpose, byte| RingKey { id: mpi::kv::KeyId(id), purpose, secret: [byte; 32] };
    let keys = [key(1, mpi::kv::Purpose::Values, 1), key(2, mpi::kv::Purpose::Digests, 2)];
    let ring = Keyring::from_keys(&keys, mpi::kv::KeyId(1)).unwrap();
    let engine = RocksKv::open(RocksOptions::new(&folder)).unwrap();
    measure("rocks", Arc::new(Sealed::new(engine, ring))).await;
    std::fs::remove_dir_all(&folder).unwrap();
}
