//! What of the index a requester sees: the records of its own institution, those that consent shows, and nothing else.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::consent::{decide, enrol, network, outcome, presented, question, sign};
use super::people::{HANAKO, KIICHI, demographics, resolve, send, text};
use super::persona::{Persona, World};
use super::search::{Searching, address};

/// A physician of the caller's institution, with the patient in care.
pub(super) fn in_care(caller: Persona<'_>) -> Persona<'_> {
    caller
        .with("nayose-purpose", "TREAT")
        .with("nayose-role", "physician")
        .with("nayose-relations", "open_encounter, nobody_knows_this")
}

fn custodians(answer: &Value) -> BTreeSet<&str> {
    answer["records"].as_array().unwrap().iter().map(|record| text(record, "institution")).collect()
}

/// Hanako at two institutions, and a stranger.
async fn people(world: &World) -> Value {
    let first = send(&world.source(), "13-0001", "1", HANAKO).await;
    let second = send(&world.named("source-2"), "13-0002", "9", HANAKO).await;
    assert_eq!(first["person"], second["person"]);
    send(&world.source(), "13-0001", "2", KIICHI).await;
    first
}

#[tokio::test]
async fn a_requester_sees_what_consent_shows_for_the_declared_purpose() {
    let world = World::new();
    network(&world).await;
    let person = format!("/v1/persons/{}", text(&people(&world).await, "person"));
    let (own, caring) = (world.named("service-2"), in_care(world.named("service-2")));
    for (caller, enrolled, expected) in
        [(&caring, false, vec!["13-0002"]), (&own, true, vec!["13-0002"]), (&caring, true, vec!["13-0001", "13-0002"])]
    {
        if enrolled {
            enrol(&world, "1").await;
        }
        let resolved = caller.get(&resolve("13-0002", "9")).await.ok();
        assert_eq!(custodians(&resolved), expected.iter().copied().collect(), "{resolved}");
        let read = caller.get(&person).await.ok();
        assert_eq!(custodians(&read), expected.iter().copied().collect(), "{read}");
        let asked = json!({"demographics": demographics(HANAKO), "explain": true}).to_string();
        let found = caller.post("/v1/match", &asked).await.ok();
        assert_eq!((&found["total"], &found["persons"][0]["person"]), (&json!(1), &resolved["person"]), "{found}");
    }
    sign(&world, "1", json!({"effect": "deny", "recipients": [{"institution": "13-0002"}]})).await;
    assert_eq!(custodians(&caring.get(&resolve("13-0002", "9")).await.ok()), BTreeSet::from(["13-0002"]));
    let (hidden, unknown) = (caring.get(&resolve("13-0001", "1")).await, caring.get(&resolve("13-0001", "7")).await);
    assert_eq!((hidden.status, &hidden.body), (StatusCode::NOT_FOUND, &unknown.body));
}

#[tokio::test]
async fn whoever_calls_for_the_network_can_look_with_the_eyes_of_an_institution() {
    let world = World::new();
    network(&world).await;
    people(&world).await;
    enrol(&world, "1").await;
    let path = resolve("13-0001", "1");
    assert_eq!(custodians(&world.service().get(&path).await.ok()).len(), 2, "the network itself");
    let third = in_care(world.service()).with("nayose-institution", "13-0003");
    assert_eq!(custodians(&third.get(&path).await.ok()).len(), 2, "implied by care");
    sign(&world, "1", json!({"effect": "permit", "recipients": [{"institution": "13-0002"}]})).await;
    assert_eq!(third.get(&path).await.code(), "not_found");
    let nurse = world.service().with("nayose-purpose", "TREAT").with("nayose-role", "nurse");
    assert_eq!(nurse.get(&path).await.code(), "bad_request", "for which institution?");
    assert_eq!(world.named("service-2").with("nayose-purpose", "TREAT").get(&path).await.code(), "bad_request");
    let other = in_care(world.named("service-2")).with("nayose-institution", "13-0003");
    assert_eq!(other.get(&path).await.code(), "bad_request", "a token speaks for its own institution");
    let named = |purpose: &str| {
        let caller = world.service().with("nayose-institution", "13-0002").with("nayose-role", "physician");
        caller.with("nayose-purpose", purpose.to_owned())
    };
    assert_eq!(custodians(&named("TREAT").get(&path).await.ok()).len(), 2);
    assert_eq!(named("NOTHING").get(&path).await.code(), "not_found", "what nobody knows nothing permits");
}

#[tokio::test]
async fn search_finds_counts_and_shows_what_consent_shows() {
    let all = Searching::new("search-by-consent").await;
    let world = &all.world;
    network(world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.source(), "13-0001", "2", KIICHI).await;
    enrol(world, "1").await;
    all.follow();
    let clerk = world.named("clerk-2").with("nayose-purpose", "PATADMIN").with("nayose-role", "clerk");
    let found = |page: Value| (page["total"].as_u64().unwrap(), page["persons"].as_array().unwrap().len());
    assert_eq!(found(world.named("clerk-2").get(&address("石飛")).await.ok()), (0, 0), "without a purpose");
    assert_eq!(found(clerk.get(&address("石飛")).await.ok()), (1, 1), "keeping the index right");
    assert_eq!(found(clerk.get(&address("urn:test:13-0001|1")).await.ok()), (1, 1));
    let curious = world.named("clerk-2").with("nayose-purpose", "TREAT").with("nayose-role", "clerk");
    let (hidden, unknown) = (curious.get(&address("石飛")).await, curious.get(&address("佐藤")).await);
    assert_eq!((hidden.status, hidden.body), (StatusCode::OK, unknown.body));
    all.finish();
}

/// What a person signs, if anything.
pub(super) fn provision() -> impl Strategy<Value = Option<Value>> {
    let effect = prop_oneof![Just("permit"), Just("deny")];
    let recipients = prop_oneof![
        Just(json!([])),
        Just(json!([{"institution": "13-0002"}])),
        Just(json!([{"institution": "13-0003"}])),
        Just(json!([{"institution": "13-0002"}, {"institution": "13-0003"}])),
    ];
    let categories = prop_oneof![Just(json!([])), Just(json!(["identity"])), Just(json!(["prescriptions"]))];
    let one = (effect, recipients, categories).prop_map(|(effect, recipients, categories)| {
        let mut provision = json!({"effect": effect});
        for (name, list) in [("recipients", recipients), ("categories", categories)] {
            if list != json!([]) {
                provision[name] = list;
            }
        }
        provision
    });
    proptest::option::weighted(0.8, one)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The index shows exactly the records that a decision about each says may be known of.
    #[test]
    fn the_index_shows_what_the_decisions_say(signed in provision(), enrols in any::<bool>(), leaves in prop::bool::weighted(0.2)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            network(&world).await;
            people(&world).await;
            if enrols || signed.is_some() || leaves {
                enrol(&world, "1").await;
            }
            if let Some(provision) = signed.clone() {
                sign(&world, "1", provision).await;
            }
            if leaves {
                world.clerk().post("/v1/withdrawals", &presented("13-0001", "1").to_string()).await.ok();
            }
            for institution in ["13-0001", "13-0002", "13-0003"] {
                let viewer = in_care(world.service()).with("nayose-institution", institution);
                let mut expected = BTreeSet::new();
                for custodian in ["13-0001", "13-0002"] {
                    let mut asked = question(&presented("13-0001", "1"));
                    asked["requester"]["institution"] = json!(institution);
                    asked["custodian"] = json!(custodian);
                    asked["category"] = json!("identity");
                    if outcome(&decide(&world.service(), &asked).await).0 == "permit" {
                        expected.insert(custodian);
                    }
                }
                for (custodian, value) in [("13-0001", "1"), ("13-0002", "9")] {
                    let reply = viewer.get(&resolve(custodian, value)).await;
                    if expected.contains(custodian) {
                        assert_eq!(custodians(&reply.ok()), expected, "{institution} {signed:?}");
                    } else {
                        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{institution} {signed:?}");
                        assert_eq!(reply.body, viewer.get(&resolve(custodian, "unknown")).await.body);
                    }
                }
            }
        });
    }
}
