//! The committed documents are what the program says: run with `UPDATE_API_SPEC=1` to write them anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use axum::http::Method;
use serde_json::Value;

use super::persona::World;
use crate::serve::problem;
use crate::serve::router::openapi_json;

#[track_caller]
fn check(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../api-spec").join(name);
    if std::env::var_os("UPDATE_API_SPEC").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "api-spec/{name} is not what the program says: run the test with UPDATE_API_SPEC=1");
}

#[test]
fn the_openapi_document_is_committed() {
    check("openapi.json", &openapi_json().unwrap());
}

#[test]
fn the_error_codes_are_committed() {
    check("errors.md", &problem::document());
}

#[tokio::test]
async fn the_documents_are_served() {
    let world = World::new();
    assert_eq!(world.nobody().get("/v1/openapi.json").await.body, openapi_json().unwrap());
    assert_eq!(world.nobody().get("/v1/errors").await.body, problem::document());
}

#[tokio::test]
async fn every_route_that_is_not_public_wants_a_token() {
    let document: Value = serde_json::from_str(&openapi_json().unwrap()).unwrap();
    let world = World::new();
    let mut public = Vec::new();
    let mut ids = BTreeSet::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            assert!(operation["responses"]["default"].is_object(), "{method} {template}");
            assert!(operation["summary"].is_string(), "{method} {template} does not say what it is");
            assert!(ids.insert(operation["operationId"].to_string()), "{method} {template} has the id of another");
            let path = template.replace(['{', '}'], "");
            let reply = world.nobody().send(method.clone(), &path, "".into()).await;
            if operation["security"] == serde_json::json!([{}]) {
                assert_ne!(reply.status, 401, "{method} {template}");
                public.push(template.as_str());
            } else {
                assert_eq!(reply.code(), "unauthenticated", "{method} {template}");
            }
        }
    }
    public.sort_unstable();
    let expected = [
        "/.well-known/authzen-configuration",
        "/cds-services",
        "/health/live",
        "/health/ready",
        "/v1/errors",
        "/v1/openapi.json",
    ];
    assert_eq!(public, expected);
}
