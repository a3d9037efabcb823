//! The same decisions in the words of AuthZEN and of CDS Hooks.

use serde_json::{Value, json};

use super::consent::{enrol, network, presented, sign};
use super::people::{HANAKO, send, text};
use super::persona::{Persona, World};

async fn world() -> World {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    world
}

fn evaluation(category: &str) -> Value {
    json!({
        "subject": {"type": "practitioner", "properties":
            {"institution": "13-0002", "role": "physician", "relations": ["open_encounter"]}},
        "action": {"name": "view"},
        "resource": {"type": category, "properties": {"patient": presented("13-0001", "1"), "custodian": "13-0001"}},
        "context": {"purpose": "TREAT"},
        "something_else": true,
    })
}

async fn ask(caller: &Persona<'_>, path: &str, body: &Value) -> Value {
    caller.post(path, &body.to_string()).await.ok()
}

#[tokio::test]
async fn an_evaluation_is_a_decision() {
    let world = world().await;
    let service = world.service();
    let answer = ask(&service, "/access/v1/evaluation", &evaluation("prescriptions")).await;
    assert_eq!(answer["decision"], true, "{answer}");
    assert_eq!(answer["context"]["reason_admin"]["reasons"], json!(["permitted"]));
    assert!(answer["context"]["reason_user"]["ja"].is_string() && answer["context"]["obligations"].is_array());
    let mut change = evaluation("prescriptions");
    change["action"]["name"] = json!("delete");
    assert_eq!(ask(&service, "/access/v1/evaluation", &change).await["decision"], false, "nobody else's to do");
    let mut nobody = evaluation("prescriptions");
    nobody["subject"] = Value::Null;
    assert_eq!(service.post("/access/v1/evaluation", &nobody.to_string()).await.code(), "bad_request");
    let found = service.get("/.well-known/authzen-configuration").await.ok();
    assert_eq!(found["access_evaluation_endpoint"], "/access/v1/evaluation");
}

#[tokio::test]
async fn many_evaluations_share_what_they_do_not_say_and_may_end_early() {
    let world = world().await;
    let decisions = async |semantic: &str| -> Vec<bool> {
        let mut body = evaluation("prescriptions");
        body["options"] = json!({"evaluations_semantic": semantic});
        let denied = json!({"context": {"purpose": "HRESCH"}});
        body["evaluations"] = json!([{}, denied, {"resource": evaluation("tests")["resource"]}]);
        let answer = ask(&world.service(), "/access/v1/evaluations", &body).await;
        answer["evaluations"].as_array().unwrap().iter().map(|one| one["decision"].as_bool().unwrap()).collect()
    };
    assert_eq!(decisions("execute_all").await, [true, false, true]);
    assert_eq!(decisions("deny_on_first_deny").await, [true, false]);
    assert_eq!(decisions("permit_on_first_permit").await, [true]);
    let one = ask(&world.service(), "/access/v1/evaluations", &evaluation("tests")).await;
    assert_eq!(one["evaluations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn searches_find_what_decisions_permit() {
    let world = world().await;
    let asked = evaluation("prescriptions");
    let actions = ask(&world.service(), "/access/v1/search/action", &asked).await;
    assert_eq!(actions["results"], json!([{"name": "view"}]));
    let resources = ask(&world.service(), "/access/v1/search/resource", &asked).await;
    assert_eq!(resources["results"][0]["properties"]["custodian"], "13-0001");
    sign(&world, "1", json!({"effect": "permit", "purposes": ["TREAT"], "recipients": [{"institution": "13-0003"}]}))
        .await;
    assert_eq!(ask(&world.service(), "/access/v1/search/resource", &asked).await["results"], json!([]));
    let subjects = ask(&world.named("officer"), "/access/v1/search/subject", &asked).await;
    let found = subjects["results"].as_array().unwrap();
    let is_physician = |it: &&Value| it["properties"]["role"] == "physician";
    let institutions: Vec<&str> = found.iter().filter(is_physician).map(|it| text(it, "id")).collect();
    assert_eq!(institutions, ["13-0003"], "{subjects}");
    assert_eq!(world.service().post("/access/v1/search/subject", &asked.to_string()).await.code(), "not_allowed");
}

fn hook(value: &str) -> Value {
    json!({
        "hook": "patient-consent-consult", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {
            "patientId": [{"value": "unscoped"}, {"system": "urn:test:13-0001", "value": value}],
            "actor": [{"value": "13-0002"}, {"system": "urn:nayose:role", "value": "physician"}],
            "purposeOfUse": "TREAT",
            "class": [{"system": "urn:nayose:category", "code": "prescriptions"}],
        },
    })
}

#[tokio::test]
async fn the_consent_hook_answers_with_one_card() {
    let world = world().await;
    let service = world.service();
    let services = service.get("/cds-services").await.ok();
    assert_eq!(services["services"][0]["id"], "patient-consent-consult");
    let consult = async |value: &str| {
        let cards = ask(&service, "/cds-services/patient-consent-consult", &hook(value)).await;
        assert_eq!(cards["cards"].as_array().unwrap().len(), 1);
        cards["cards"][0].clone()
    };
    assert_eq!(consult("1").await["summary"], "NO_CONSENT", "not in care");
    let exceptions = json!([{"effect": "deny", "labels": ["HIV"]}]);
    sign(&world, "1", json!({"effect": "permit", "purposes": ["TREAT"], "exceptions": exceptions})).await;
    let card = consult("1").await;
    assert_eq!((text(&card, "summary"), text(&card, "indicator")), ("CONSENT_PERMIT", "info"), "{card}");
    assert!(text(&card, "detail").contains("prescriptions"), "{card}");
    let obligation = &card["extension"]["obligations"][0];
    assert_eq!(obligation["id"]["code"], "REDACT");
    let redacted = obligation["parameters"]["codes"].as_array().unwrap();
    assert!(redacted.iter().any(|code| code["code"] == "HIV"), "{card}");
    sign(&world, "1", json!({"effect": "deny"})).await;
    let (mut hidden, mut unknown) = (consult("1").await, consult("7").await);
    for card in [&mut hidden, &mut unknown] {
        card["extension"]["basedOn"] = Value::Null;
    }
    assert_eq!(hidden.to_string(), unknown.to_string());
    let mut other = hook("1");
    other["hook"] = json!("patient-view");
    assert_eq!(service.post("/cds-services/patient-consent-consult", &other.to_string()).await.code(), "bad_request");
}
