//! Hidden is absent: with consent in the path every answer about identity is, byte for byte but for ids and times, that of a
//! world in which the hidden records never were.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use mpi::kv::MemoryKv;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::consent::{network, presented};
use super::people::{HANAKO, KIICHI, demographics, resolve, send, text};
use super::persona::{Persona, World};
use super::search::{Searching, address};
use super::viewer::{in_care, provision};

/// A household, a stranger of the same town, and one from elsewhere.
const PEOPLE: [&str; 4] = [
    HANAKO,
    "石飛 次郎 イシトビ ジロウ M 1988-08-08 島根県松江市西川津町1-2-3 0852-11-2222",
    "佐藤 一郎 サトウ イチロウ M 1970-03-03 島根県松江市西川津町9-9 0852-99-8888",
    KIICHI,
];
/// What is typed into search: names in several scripts, a telephone number, a birth date, a word that finds nobody.
const TYPED: [&str; 7] = ["石飛", "イシトビ", "いちろう", "yamasaki", "0852-11-2222", "1957-04-05", "鈴木"];
const CUSTODIANS: [&str; 2] = ["13-0001", "13-0002"];

/// A person of a world: whether the second institution has a record too, and what was signed at the first.
#[derive(Clone, Debug)]
struct Cast {
    is_at_both: bool,
    signed: Option<Value>,
}

/// What is signed is about all kinds of data, so that a record is either shown with everything or hidden.
fn cast() -> impl Strategy<Value = Vec<Cast>> {
    let whole = |mut provision: Value| {
        provision.as_object_mut().unwrap().remove("categories");
        provision
    };
    let one = (any::<bool>(), provision());
    let one = one.prop_map(move |(is_at_both, signed)| Cast { is_at_both, signed: signed.map(whole) });
    prop::collection::vec(one, PEOPLE.len())
}

/// The numbers of a person at a custodian.
fn number(person: usize, custodian: &str) -> String {
    format!("{person}-{}", custodian.trim_start_matches("13-"))
}

async fn register(world: &World, person: usize, custodian: &str) {
    let source = if custodian == "13-0001" { world.source() } else { world.named("source-2") };
    send(&source, custodian, &number(person, custodian), PEOPLE[person]).await;
}

/// The person joins and signs under the number of a custodian.
async fn sign(world: &World, (person, custodian): (usize, &str), provision: &Value) {
    let clerk = world.named(if custodian == "13-0001" { "clerk-1" } else { "clerk-2" });
    let identity = presented(custodian, &number(person, custodian));
    clerk.post("/v1/enrolments", &identity.to_string()).await.ok();
    let body = json!({
        "identity": identity, "grantor": {"kind": "subject", "evidence": null, "valid": null},
        "signature": "own", "policy": 1, "provision": provision,
    });
    let reply = clerk.post("/v1/directives", &body.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
}

/// Puts names in the place of ids, in the order in which they come, and of times.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(&mut self, body: &str) -> String {
        let mut out = String::new();
        for (place, word) in body.split('"').enumerate() {
            let is_hex = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
            let is_enterprise_id = word.starts_with("N-") && word.len() == 16;
            let is_time = word.len() > 19 && word.as_bytes()[10] == b'T' && word.ends_with('Z');
            let named = match (is_hex || is_enterprise_id, is_time) {
                (true, _) => {
                    let next = format!("id {}", self.0.len());
                    self.0.entry(word.to_owned()).or_insert(next).clone()
                }
                (false, true) => "a time".to_owned(),
                (false, false) => word.to_owned(),
            };
            out.push_str(if place == 0 { "" } else { "\"" });
            out.push_str(&named);
        }
        out
    }
}

/// Every answer about identity that a viewer gets.
async fn answers(viewer: &Persona<'_>) -> Vec<(String, StatusCode, String)> {
    let (mut names, mut all, mut persons) = (Names::default(), Vec::new(), Vec::new());
    for person in 0..PEOPLE.len() {
        for custodian in CUSTODIANS {
            let path = resolve(custodian, &number(person, custodian));
            let reply = viewer.get(&path).await;
            if reply.status == StatusCode::OK {
                persons.push(text(&reply.json(), "person").to_owned());
            }
            all.push((path, reply.status, names.of(&reply.body)));
        }
    }
    for (place, person) in persons.iter().enumerate() {
        let reply = viewer.get(&format!("/v1/persons/{person}")).await;
        all.push((format!("person {place}"), reply.status, names.of(&reply.body)));
    }
    for line in PEOPLE {
        let asked = json!({"demographics": demographics(line), "explain": true}).to_string();
        let reply = viewer.post("/v1/match", &asked).await;
        all.push((format!("match {line}"), reply.status, names.of(&reply.body)));
    }
    for typed in TYPED {
        let reply = viewer.get(&address(typed)).await;
        all.push((format!("search {typed}"), reply.status, names.of(&reply.body)));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_hidden_record_changes_no_byte_of_an_answer(cast in cast(), has_own in any::<bool>(), case in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let institution = if has_own { "13-0002" } else { "13-0003" };
            let whole = Searching::of(World::with_common_secrets(), &format!("worlds-whole-{case}")).await;
            network(&whole.world).await;
            for (person, Cast { is_at_both, signed }) in cast.iter().enumerate() {
                for custodian in CUSTODIANS.iter().take(if *is_at_both { 2 } else { 1 }) {
                    register(&whole.world, person, custodian).await;
                }
                if let Some(provision) = signed {
                    sign(&whole.world, (person, "13-0001"), provision).await;
                }
            }
            whole.follow();
            let viewer = in_care(whole.world.service()).with("nayose-institution", institution);
            let seen = answers(&viewer).await;
            let mut shown = Vec::new();
            for person in 0..PEOPLE.len() {
                for custodian in CUSTODIANS {
                    let reply = viewer.get(&resolve(custodian, &number(person, custodian))).await;
                    shown.extend((reply.status == StatusCode::OK).then_some((person, custodian)));
                }
            }

            // The same without what is hidden, and everybody permits what is left.
            let without = Searching::of(World::with_common_secrets(), &format!("worlds-without-{case}")).await;
            network(&without.world).await;
            for (person, custodian) in &shown {
                register(&without.world, *person, custodian).await;
            }
            for of_one in shown.chunk_by(|one, next| one.0 == next.0) {
                if of_one.iter().any(|(_, custodian)| *custodian != institution) {
                    sign(&without.world, of_one[0], &json!({"effect": "permit", "purposes": ["TREAT"]})).await;
                }
            }
            without.follow();
            let viewer = in_care(without.world.service()).with("nayose-institution", institution);
            let expected = answers(&viewer).await;
            assert_eq!(seen.len(), expected.len());
            for (seen, expected) in seen.iter().zip(&expected) {
                assert_eq!(seen, expected, "{institution} {cast:?}");
            }
            whole.finish();
            without.finish();
        });
    }
}

#[tokio::test]
async fn a_world_with_everything_permitted_is_seen_whole() {
    let world = World::over(Arc::new(MemoryKv::new()), "");
    network(&world).await;
    register(&world, 0, "13-0001").await;
    register(&world, 0, "13-0002").await;
    sign(&world, (0, "13-0001"), &json!({"effect": "permit", "purposes": ["TREAT"]})).await;
    let viewer = in_care(world.service()).with("nayose-institution", "13-0003");
    let all: Vec<Value> =
        viewer.get(&resolve("13-0002", &number(0, "13-0002"))).await.ok()["records"].as_array().unwrap().clone();
    assert_eq!(all.len(), 2, "so the worlds above are not all empty: {all:?}");
}
