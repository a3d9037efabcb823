//! The application services of a regional network, each as the client that it is: it resolves the patient, asks for
//! decisions under its own licence, and leaves its trace in the audit.

use std::path::PathBuf;
use std::sync::Arc;

use axum::http::StatusCode;
use mpi::kv::MemoryKv;
use serde_json::{Value, json};

use super::consent::{POLICY, decide, enrol, license_as, outcome, presented, publish, roomy, sign};
use super::people::{HANAKO, KIICHI, resolve, send, text};
use super::persona::{Persona, World};

/// A network with one service, and its audit trail.
struct Network {
    world: World,
    folder: PathBuf,
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Network {
    /// Hanako of the first hospital has joined; the service is licensed for purposes and roles.
    async fn new(name: &str, (purposes, roles): (&'static str, &'static str), policy: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("nayose-service-{name}-{}", std::process::id()));
        let (events, witness) = (folder.join("events"), folder.join("witness"));
        for made in [&events, &witness] {
            std::fs::create_dir_all(made).unwrap();
        }
        let settings = format!("[audit]\nfolder = {events:?}\nwitness = {witness:?}\n");
        let world = roomy(World::with_settings(Arc::new(MemoryKv::new()), &settings));
        license_as(&world, &[("service", "13-0002", purposes, roles)], &[]).await;
        publish(&world, policy).await;
        send(&world.source(), "13-0001", "1", HANAKO).await;
        enrol(&world, "1").await;
        Self { world, folder }
    }

    fn service(&self) -> Persona<'_> {
        self.world.service()
    }

    /// What the service learns when it resolves the patient for a requester of the second hospital.
    async fn resolves(&self, purpose: &'static str, role: &'static str) -> bool {
        let caller = self.service().with("nayose-purpose", purpose).with("nayose-role", role);
        let reply = caller.with("nayose-institution", "13-0002").get(&resolve("13-0001", "1")).await;
        assert!([StatusCode::OK, StatusCode::NOT_FOUND].contains(&reply.status), "{}", reply.body);
        reply.status == StatusCode::OK
    }

    async fn ask(&self, role: &str, purpose: &str, category: &str) -> Value {
        let asked = json!({
            "patient": presented("13-0001", "1"), "requester": {"institution": "13-0002", "role": role},
            "purpose": purpose, "custodian": "13-0001", "category": category,
        });
        decide(&self.service(), &asked).await
    }

    async fn may(&self, role: &str, purpose: &str, category: &str) -> bool {
        outcome(&self.ask(role, purpose, category).await).0 == "permit"
    }

    /// The routes and purposes under which the service is in the patient's access report.
    async fn trace(&self) -> Vec<(String, String)> {
        let person = self.world.named("officer").get(&resolve("13-0001", "1")).await.ok();
        let path = format!("/v1/audit?person={}", text(&person, "person"));
        let report = self.world.named("officer").get(&path).await.ok();
        let mut trace = Vec::new();
        for access in report["accesses"].as_array().unwrap() {
            let event = &access["event"];
            if event["caller"]["client"] == "service" {
                let answers = event["persons"][0]["answers"].as_array().cloned().unwrap_or_default();
                let purpose = answers.first().map_or("", |answer| text(answer, "purpose"));
                trace.push((text(event, "route").to_owned(), purpose.to_owned()));
            }
        }
        trace
    }

    async fn assert_traced(&self, expected: &[(&str, &str)]) {
        let trace = self.trace().await;
        for (route, purpose) in expected {
            assert!(trace.contains(&((*route).to_owned(), (*purpose).to_owned())), "{route} {purpose}: {trace:?}");
        }
    }

    async fn treat(&self, relation: &str) {
        let stated = json!({
            "identity": presented("13-0001", "1"), "institution": "13-0002", "reference": "r-1",
            "relation": relation, "source": "the service",
        });
        let reply = self.service().post("/v1/relations", &stated.to_string()).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    }
}

#[tokio::test]
async fn chart_sharing_shows_charts_to_those_who_treat() {
    let network = Network::new("charts", (r#"["TREAT"]"#, r#"["physician", "pharmacist"]"#), POLICY).await;
    assert!(!network.resolves("TREAT", "physician").await, "nobody treats her here");
    network.treat("open_encounter").await;
    assert!(network.resolves("TREAT", "physician").await);
    assert!(network.may("physician", "TREAT", "images").await);
    assert!(network.may("pharmacist", "TREAT", "prescriptions").await);
    assert!(!network.may("pharmacist", "TREAT", "images").await, "beyond the ceiling of pharmacists");
    assert!(!network.may("physician", "HRESCH", "images").await, "not licensed");
    network.assert_traced(&[("resolve", "TREAT"), ("decide", "TREAT"), ("decide", "HRESCH")]).await;
}

#[tokio::test]
async fn referral_and_image_consultation_see_what_is_referred() {
    let network = Network::new("referral", (r#"["TREAT", "COC"]"#, r#"["physician", "clerk"]"#), POLICY).await;
    assert!(!network.may("physician", "COC", "images").await);
    network.treat("referral").await;
    assert!(network.may("physician", "COC", "images").await, "coordination is a part of treatment");
    assert!(network.resolves("COC", "physician").await);
    // Who books an appointment sees whom it is for, and no chart.
    assert!(network.may("clerk", "COC", "demographics").await);
    assert!(!network.may("clerk", "COC", "images").await);
    network.assert_traced(&[("resolve", "COC"), ("decide", "COC")]).await;
}

#[tokio::test]
async fn health_checkups_and_claims_need_what_was_signed() {
    let network = Network::new("checkups", (r#"["CAREMGT", "HPAYMT"]"#, "[]"), POLICY).await;
    assert!(!network.may("service", "CAREMGT", "checkups").await);
    let permit = json!({"effect": "permit", "purposes": ["CAREMGT"], "categories": ["identity", "checkups"]});
    sign(&network.world, "1", permit).await;
    assert!(network.may("service", "CAREMGT", "checkups").await);
    assert!(!network.may("service", "CAREMGT", "tests").await);
    assert!(!network.may("service", "HPAYMT", "claims").await, "paying was not consented to");
    assert!(network.resolves("CAREMGT", "service").await);
    network.assert_traced(&[("resolve", "CAREMGT"), ("decide", "CAREMGT"), ("decide", "HPAYMT")]).await;
}

#[tokio::test]
async fn home_care_sees_by_profession() {
    let roles = r#"["visiting_nurse", "care_manager", "care_worker"]"#;
    let network = Network::new("homecare", (r#"["TREAT"]"#, roles), POLICY).await;
    network.treat("registered_doctor").await;
    assert!(network.may("visiting_nurse", "TREAT", "home_visits").await);
    assert!(network.may("care_manager", "TREAT", "care").await);
    assert!(!network.may("care_worker", "TREAT", "prescriptions").await, "only with a permit that names it");
    let permit = json!({"effect": "permit", "purposes": ["TREAT"], "roles": ["care_worker"],
        "categories": ["identity", "prescriptions", "care"]});
    sign(&network.world, "1", permit).await;
    let answer = network.ask("care_worker", "TREAT", "prescriptions").await;
    assert_eq!(outcome(&answer).0, "permit");
    assert!(answer["obligations"].to_string().contains("summary"), "{answer}");
    network.assert_traced(&[("decide", "TREAT")]).await;
}

#[tokio::test]
async fn perinatal_care_asks_for_mother_and_newborn_apart() {
    let network = Network::new("perinatal", (r#"["TREAT"]"#, r#"["physician"]"#), POLICY).await;
    let world = &network.world;
    send(&world.source(), "13-0001", "2", KIICHI).await;
    enrol(world, "2").await;
    // The mother signs for the newborn, and not for herself.
    let body = json!({
        "identity": presented("13-0001", "2"), "signature": "own", "policy": 1,
        "grantor": {"kind": "parent", "evidence": "母子健康手帳", "valid": null},
        "provision": {"effect": "permit", "purposes": ["TREAT"]},
    });
    let reply = world.clerk().post("/v1/directives", &body.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    let asked = |value: &str| {
        json!({
            "patient": presented("13-0001", value), "requester": {"institution": "13-0002", "role": "physician"},
            "purpose": "TREAT", "custodian": "13-0001", "category": "tests",
        })
    };
    assert_eq!(outcome(&decide(&network.service(), &asked("2")).await).0, "permit");
    assert_eq!(outcome(&decide(&network.service(), &asked("1")).await).0, "deny");
    network.assert_traced(&[("decide", "TREAT")]).await;
}

#[tokio::test]
async fn surveillance_counts_under_ids_of_its_own() {
    let network = Network::new("surveillance", (r#"["PUBHLTH"]"#, "[]"), POLICY).await;
    let find = async |caller: Persona<'_>, value: &str| {
        caller.post("/v1/pseudonyms", &presented("13-0001", value).to_string()).await
    };
    let pseudonym = text(&find(network.service(), "1").await.ok(), "pseudonym").to_owned();
    assert_eq!(text(&find(network.service(), "1").await.ok(), "pseudonym"), pseudonym, "the same every day");
    let other = find(network.world.named("officer"), "1").await.ok();
    assert_ne!(text(&other, "pseudonym"), pseudonym, "another for each service");
    assert_eq!(find(network.service(), "9").await.code(), "not_found");
    let counts = network.service().get("/v1/statistics").await;
    assert_eq!(counts.status, StatusCode::OK, "{}", counts.body);
    assert!(!counts.body.contains("石飛"), "counts without identity");
    assert!(!network.may("service", "PUBHLTH", "infections").await);
    let permit = json!({"effect": "permit", "purposes": ["PUBHLTH"], "categories": ["infections"]});
    sign(&network.world, "1", permit).await;
    assert!(network.may("service", "PUBHLTH", "infections").await);
    assert!(!network.resolves("PUBHLTH", "service").await, "the count needs no identity");
    network.assert_traced(&[("get_pseudonym", ""), ("decide", "PUBHLTH")]).await;
}

/// The default policy with a disaster declared in the east.
fn disaster() -> String {
    let declared = "\n[[disaster]]\nname = \"地震\"\nregions = [\"east\"]\nfrom = \"2025-12-31T00:00:00Z\"\n\
                    until = \"2026-01-31T00:00:00Z\"\nby = \"県\"\nbasis = \"災害対策基本法\"\n";
    format!("{POLICY}{declared}")
}

#[tokio::test]
async fn disaster_viewing_opens_with_the_declaration() {
    let licence = (r#"["DISASTER"]"#, r#"["pharmacist"]"#);
    let calm = Network::new("calm", licence, POLICY).await;
    let asked = json!({
        "patient": presented("13-0001", "1"), "requester": {"institution": "13-0002", "role": "pharmacist"},
        "purpose": "DISASTER", "custodian": "13-0001", "category": "prescriptions",
        "emergency": {"kind": "disaster", "reason": "disaster"},
    });
    assert_eq!(outcome(&decide(&calm.service(), &asked).await).0, "deny", "nothing is declared");
    let network = Network::new("disaster", licence, &disaster()).await;
    sign(&network.world, "1", json!({"effect": "deny", "categories": ["prescriptions"]})).await;
    let answer = decide(&network.service(), &asked).await;
    assert_eq!(outcome(&answer).0, "permit", "{answer}");
    assert!(answer["obligations"].to_string().contains("timebox"), "{answer}");
    let mut undeclared = asked.clone();
    undeclared["emergency"] = Value::Null;
    assert_eq!(outcome(&decide(&network.service(), &undeclared).await).0, "deny", "it has to be declared");
    network.assert_traced(&[("decide", "DISASTER")]).await;
}

#[tokio::test]
async fn the_portal_shows_patients_their_own_charts() {
    let network = Network::new("portal", (r#"["PATRQT"]"#, "[]"), POLICY).await;
    assert!(network.may("patient", "PATRQT", "tests").await);
    let mut asked = json!({
        "patient": presented("13-0001", "1"), "requester": {"institution": "13-0002", "role": "patient"},
        "purpose": "PATRQT", "custodian": "13-0001", "category": "tests", "labels": ["NOPAT"],
    });
    assert_eq!(outcome(&decide(&network.service(), &asked).await).0, "deny", "before the physician has told");
    asked["labels"] = json!([]);
    asked["requester"]["role"] = json!("family");
    assert_eq!(outcome(&decide(&network.service(), &asked).await).0, "deny", "the family was not named");
    assert!(network.resolves("PATRQT", "patient").await);
    network.assert_traced(&[("resolve", "PATRQT"), ("decide", "PATRQT")]).await;
}

#[tokio::test]
async fn another_network_sees_what_was_consented_for_it() {
    let network = Network::new("networks", (r#"["COC"]"#, r#"["physician"]"#), POLICY).await;
    assert!(!network.may("physician", "COC", "allergies").await);
    let permit = json!({"effect": "permit", "purposes": ["COC"], "recipients": [{"institution": "13-0002"}],
        "categories": ["identity", "demographics", "allergies", "prescriptions"]});
    sign(&network.world, "1", permit).await;
    assert!(network.may("physician", "COC", "allergies").await);
    assert!(!network.may("physician", "COC", "documents").await);
    assert!(network.resolves("COC", "physician").await);
    let withdrawn = network.world.clerk().post("/v1/withdrawals", &presented("13-0001", "1").to_string()).await;
    assert_eq!(withdrawn.status, StatusCode::OK);
    assert!(!network.may("physician", "COC", "allergies").await, "at once");
    network.assert_traced(&[("resolve", "COC"), ("decide", "COC")]).await;
}
