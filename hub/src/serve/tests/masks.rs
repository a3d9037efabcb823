//! Masks over the wire: equal to single decisions, and silent about hidden identities.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::consent::{decide, enrol, network, outcome, presented, question, sign};
use super::people::{HANAKO, send};
use super::persona::World;

fn mask(patient: &Value, records: &Value) -> String {
    json!({
        "patient": patient, "purpose": "TREAT", "custodian": "13-0001", "records": records,
        "requester": {"institution": "13-0002", "role": "physician", "relations": ["open_encounter"]},
    })
    .to_string()
}

fn data() -> impl Strategy<Value = Value> {
    let category = prop::sample::select(vec!["prescriptions", "tests", "documents", "identity", "nonsense"]);
    let labels = prop::sample::select(vec![json!([]), json!(["HIV"]), json!(["PSY", "R"]), json!(["NONSENSE"])]);
    let date = prop::sample::select(vec![json!("2020-01-01"), json!("2025-12-31"), Value::Null]);
    (category, labels, date)
        .prop_map(|(category, labels, date)| json!({"category": category, "labels": labels, "date": date}))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_mask_says_what_single_decisions_say(records in prop::collection::vec(data(), 1..8), hidden in 0..4_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            network(&world).await;
            send(&world.source(), "13-0001", "1", HANAKO).await;
            enrol(&world, "1").await;
            let exceptions = [
                json!([]),
                json!([{"effect": "deny", "categories": ["tests"]}]),
                json!([{"effect": "deny", "labels": ["HIV"]}]),
                json!([{"effect": "deny"}]),
            ];
            sign(&world, "1", json!({"effect": "permit", "exceptions": exceptions[hidden]})).await;
            let patient = presented("13-0001", "1");
            let masked = world.service().post("/v1/decisions/mask", &mask(&patient, &json!(records))).await.ok();
            for (record, found) in records.iter().zip(masked["records"].as_array().unwrap()) {
                let mut asked = question(&patient);
                for field in ["category", "labels", "date"] {
                    asked[field] = record[field].clone();
                }
                let single = decide(&world.service(), &asked).await;
                assert_eq!(found["outcome"], outcome(&single).0, "{record} {masked}");
                let obligations = found.get("obligations").cloned().unwrap_or(json!([]));
                assert_eq!(obligations, single["obligations"], "{record}");
            }
        });
    }
}

#[tokio::test]
async fn a_mask_of_a_hidden_identity_is_that_of_an_unknown_one() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    let records = json!([{"category": "prescriptions"}]);
    let ask = async |value: &str| {
        let body = mask(&presented("13-0001", value), &records);
        let mut answer = world.service().post("/v1/decisions/mask", &body).await.ok();
        answer["id"] = Value::Null;
        answer
    };
    let open = ask("1").await;
    assert!(open["open"].as_array().unwrap().contains(&json!("prescriptions")), "{open}");
    sign(&world, "1", json!({"effect": "deny", "categories": ["identity"]})).await;
    assert_eq!(ask("1").await.to_string(), ask("7").await.to_string());
    let bad = mask(&presented("13-0001", "1"), &json!([{"category": "tests", "date": "soon"}]));
    let refused = world.service().post("/v1/decisions/mask", &bad).await;
    assert_eq!(refused.json()["errors"][0]["field"], "records[0].date", "{}", refused.body);
}
