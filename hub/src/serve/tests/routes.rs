//! The routes that stand: version, health, metrics, change feed.

use axum::http::StatusCode;
use serde_json::json;

use super::faults::{Fault, FaultyKv};
use super::persona::World;
use crate::config::Role;

#[tokio::test]
async fn every_role_may_ask_for_the_version() {
    let world = World::new();
    for role in Role::ALL {
        assert_eq!(world.with_role(role).get("/v1/version").await.ok()["name"], "nayose");
    }
}

#[tokio::test]
async fn health_says_why_not() {
    let world = World::new();
    assert_eq!(world.nobody().get("/health/live").await.ok(), json!({ "status": "ok" }));
    assert_eq!(world.nobody().get("/health/ready").await.ok(), json!({ "status": "ok" }));
    world.app.readiness().put("restore", "the backup ends before the witness: accept the gap");
    let reply = world.nobody().get("/health/ready").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    let reason = json!({ "part": "restore", "reason": "the backup ends before the witness: accept the gap" });
    assert_eq!(reply.json(), json!({ "status": "not_ready", "reasons": [reason] }));
    assert_eq!(world.nobody().get("/health/live").await.status, StatusCode::OK);
    world.app.readiness().remove("restore");
    assert_eq!(world.nobody().get("/health/ready").await.status, StatusCode::OK);

    let full = World::over(FaultyKv::new(&[Fault::Unavailable]), "");
    assert_eq!(full.nobody().get("/health/ready").await.json()["reasons"][0]["part"], "store");
}

#[tokio::test]
async fn metrics_count_by_route_template() {
    let world = World::new();
    world.clerk().get("/v1/version").await;
    world.clerk().post("/test/counters/secret-name", r#"{"by":1}"#).await.ok();
    world.clerk().get("/v1/nothing/secret-name").await;
    let text = world.administrator().get("/metrics").await.body;
    for line in [
        r#"nayose_http_requests_total{method="GET",route="/v1/version",status="200"} 1"#,
        r#"nayose_http_requests_total{method="POST",route="/test/counters/{name}",status="200"} 1"#,
        r#"nayose_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
        r#"nayose_http_request_duration_seconds_count{method="GET",route="/v1/version"} 1"#,
        "nayose_http_requests_open 1",
        "nayose_store_sequence 1.0",
        "nayose_store_writable 1.0",
        "nayose_store_conflicts_total 0",
        "nayose_answer 42.0",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("secret-name"), "{text}");
}

#[tokio::test]
async fn answers_name_their_request() {
    let world = World::new();
    let given = world.clerk().with("x-request-id", "abc-1").get("/v1/version").await;
    assert_eq!(given.header("x-request-id"), "abc-1");
    assert_eq!(world.nobody().get("/v1/version").await.header("x-request-id").len(), 16);
}

/// States some institutions, as an administrator would.
async fn open_institutions(world: &World, ids: &[&str]) {
    use directory::{Institution, InstitutionId, InstitutionKind, Period, When};
    for (index, id) in ids.iter().enumerate() {
        let id = InstitutionId::new(id).unwrap();
        let institution = Institution {
            name: format!("第{index}病院").into(),
            kind: if index % 2 == 0 { InstitutionKind::Hospital } else { InstitutionKind::Clinic },
            region: "東部".into(),
            groups: std::collections::BTreeSet::new(),
            is_disclosing: index == 0,
            code: None,
        };
        let write = move |draft: &mut mpi::kv::Draft<'_>, now| {
            let when = When { period: Period::since(now), recorded: now };
            directory::state(draft, &id, Some(&institution), when)
        };
        world.app.write(write).await.unwrap();
    }
}

#[tokio::test]
async fn institutions_are_listed_in_pages_and_filtered() {
    let world = World::new();
    open_institutions(&world, &["13-0005", "13-0001", "13-0003", "13-0002", "13-0004"]).await;
    let clerk = world.clerk();
    let mut seen = Vec::new();
    let mut path = "/v1/institutions?limit=2".to_owned();
    loop {
        let page = clerk.get(&path).await.ok();
        seen.extend(page["institutions"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/institutions?limit=2&page={next}");
        assert_eq!(world.service().get(&path).await.code(), "bad_page_token", "a token belongs to its caller");
        let other = format!("/v1/institutions?kind=clinic&limit=2&page={next}");
        assert_eq!(clerk.get(&other).await.code(), "bad_page_token", "a token belongs to its list");
    }
    assert_eq!(seen, ["13-0001", "13-0002", "13-0003", "13-0004", "13-0005"]);
    let clinics = clerk.get("/v1/institutions?kind=clinic").await.ok();
    assert_eq!(clinics["institutions"].as_array().unwrap().len(), 2);
    assert!(clinics["next"].is_null());
    let disclosing = clerk.get("/v1/institutions?disclosing=true").await.ok();
    assert_eq!(disclosing["institutions"][0]["id"], "13-0005");
    assert_eq!(clerk.get("/v1/institutions?kind=castle").await.json()["errors"][0]["field"], "kind");
}

#[tokio::test]
async fn an_institution_is_read_once() {
    let world = World::new();
    open_institutions(&world, &["13-0001"]).await;
    let first = world.service().get("/v1/institutions/13-0001").await;
    let expected = json!({
        "id": "13-0001", "name": "第0病院", "kind": "hospital", "region": "東部", "groups": [], "is_disclosing": true
    });
    assert_eq!(first.ok(), expected);
    let again = world.service().with("if-none-match", first.header("etag")).get("/v1/institutions/13-0001").await;
    assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    for unknown in ["13-0002", "13%200002", "x%2Fy", "%E7%97%85"] {
        let reply = world.service().get(&format!("/v1/institutions/{unknown}")).await;
        assert_eq!(reply.code(), "not_found", "{unknown}");
    }
}
