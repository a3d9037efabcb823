//! Subscriptions over the wire, with a subscriber that listens on this machine.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use directory::Instant;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::people::{HANAKO, KIICHI, open, send, text};
use super::persona::{NOW, Persona, World};
use crate::config::Role;
use crate::serve::webhooks::follow::{ATTEMPTS_MAX, Delivered, deliver};
use crate::serve::webhooks::signature;

/// A delivery that arrived.
#[derive(Clone, Debug)]
struct Got {
    headers: HeaderMap,
    body: String,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn events(&self) -> Vec<Value> {
        serde_json::from_str::<Value>(&self.body).unwrap()["events"].as_array().unwrap().clone()
    }
}

/// Somebody who takes deliveries, or answers with another status when told to.
#[derive(Clone, Default)]
struct Subscriber {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

impl Subscriber {
    async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let take = async |State(own): State<Self>, headers: HeaderMap, body: String| {
            own.got.lock().unwrap().push(Got { headers, body });
            own.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::NO_CONTENT)
        };
        let router = Router::new().route("/events", post(take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    fn answer_with(&self, status: StatusCode) {
        self.answers.lock().unwrap().push_back(status);
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

async fn subscribe(caller: &Persona<'_>, address: SocketAddr, more: Value) -> Value {
    let mut body = json!({"url": format!("http://{address}/events")});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let reply = caller.post("/v1/subscriptions", &body.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.json()
}

/// An instant after every pause.
fn later(days: i64) -> Instant {
    Instant::from_micros(NOW.micros() + days * 86_400_000_000)
}

#[tokio::test]
async fn events_are_sent_signed_and_in_order() {
    let (world, subscriber) = (World::new(), Subscriber::default());
    let address = subscriber.listen().await;
    open(&world).await;
    let made = subscribe(&world.with_role(Role::Officer), address, json!({})).await;
    let (id, secret) = (text(&made, "id"), text(&made, "secret"));
    assert_eq!(deliver(&world.app, id, later(1)).await.unwrap(), Delivered::Nothing);
    send(&world.source(), "13-0001", "1", HANAKO).await;
    assert_eq!(deliver(&world.app, id, later(1)).await.unwrap(), Delivered::Taken);
    assert_eq!(deliver(&world.app, id, later(1)).await.unwrap(), Delivered::Nothing);
    send(&world.source(), "13-0001", "2", KIICHI).await;
    assert_eq!(deliver(&world.app, id, later(1)).await.unwrap(), Delivered::Taken);
    let got = subscriber.got();
    let types = |got: &Got| got.events().iter().map(|it| text(it, "type").to_owned()).collect::<Vec<_>>();
    assert_eq!(types(&got[0]), ["rules-activated", "person-created", "record-stored", "record-moved"]);
    assert_eq!(types(&got[1]), ["person-created", "record-stored", "record-moved"]);
    assert!(got[0].events()[0]["seq"].as_u64() < got[1].events()[0]["seq"].as_u64());
    assert_eq!(got[0].header("nayose-signature"), signature(secret, later(1), &got[0].body));
    assert_eq!((got[0].header("nayose-subscription"), got[0].header("content-type")), (id, "application/json"));
    assert_ne!(got[0].header("nayose-delivery"), got[1].header("nayose-delivery"));
    let view = world.with_role(Role::Officer).get(&format!("/v1/subscriptions/{id}")).await.ok();
    assert_eq!((text(&view, "state"), &view["delivered"], &view["secret"]), ("active", &json!(7), &Value::Null));
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_after_a_pause() {
    let (world, subscriber) = (World::new(), Subscriber::default());
    let address = subscriber.listen().await;
    open(&world).await;
    let officer = world.with_role(Role::Officer);
    let made = subscribe(&officer, address, json!({"types": ["record-stored"]})).await;
    let (id, path) = (text(&made, "id"), format!("/v1/subscriptions/{}", text(&made, "id")));
    send(&world.source(), "13-0001", "1", HANAKO).await;
    subscriber.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(deliver(&world.app, id, later(1)).await.unwrap(), Delivered::Refused);
    assert_eq!(deliver(&world.app, id, later(1)).await.unwrap(), Delivered::Nothing, "not before it is due");
    let view = officer.get(&path).await.ok();
    assert_eq!((text(&view, "state"), text(&view, "failure")), ("retrying", "answered with status 500"));
    assert_eq!(deliver(&world.app, id, later(2)).await.unwrap(), Delivered::Taken);
    let got = subscriber.got();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].body, got[1].body);
    assert_eq!(got[0].header("nayose-delivery"), got[1].header("nayose-delivery"), "a repeat is known as one");
    assert_ne!(got[0].header("nayose-signature"), got[1].header("nayose-signature"), "its time is another");
    assert_eq!(got[0].events().len(), 1, "only what is wanted");
    assert_eq!(text(&officer.get(&path).await.ok(), "state"), "active");
}

#[tokio::test]
async fn a_subscription_stops_and_is_resumed() {
    let (world, subscriber) = (World::new(), Subscriber::default());
    let address = subscriber.listen().await;
    open(&world).await;
    let officer = world.with_role(Role::Officer);
    let made = subscribe(&officer, address, json!({"after": 0})).await;
    let (id, path) = (text(&made, "id"), format!("/v1/subscriptions/{}", text(&made, "id")));
    subscriber.answer_with(StatusCode::GONE);
    assert_eq!(deliver(&world.app, id, later(1)).await.unwrap(), Delivered::Refused);
    assert_eq!(deliver(&world.app, id, later(9)).await.unwrap(), Delivered::Nothing);
    assert_eq!(text(&officer.get(&path).await.ok(), "state"), "stopped");
    assert_eq!(text(&officer.post(&format!("{path}/resume"), "").await.ok(), "state"), "active");
    for attempt in 0..ATTEMPTS_MAX {
        subscriber.answer_with(StatusCode::SERVICE_UNAVAILABLE);
        let day = 10 + i64::from(attempt);
        assert_eq!(deliver(&world.app, id, later(day)).await.unwrap(), Delivered::Refused);
    }
    assert_eq!(text(&officer.get(&path).await.ok(), "state"), "stopped");
    officer.post(&format!("{path}/resume"), "").await.ok();
    assert_eq!(deliver(&world.app, id, later(100)).await.unwrap(), Delivered::Taken);
    let got = subscriber.got();
    assert_eq!(got.last().unwrap().body, got.first().unwrap().body, "nothing was left out");
    assert_eq!(text(&got.last().unwrap().events()[0], "type"), "directory-stated");
}

#[tokio::test]
async fn a_subscriber_gets_what_it_may_see() {
    let (world, subscriber) = (World::new(), Subscriber::default());
    let address = subscriber.listen().await;
    open(&world).await;
    let made = subscribe(&world.named("service-2"), address, json!({"types": ["record-stored"]})).await;
    let id = text(&made, "id");
    assert!(made["after"].is_null());
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    while deliver(&world.app, id, later(1)).await.unwrap() == Delivered::Taken {}
    let events: Vec<Value> = subscriber.got().iter().flat_map(Got::events).collect();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!((text(&events[0], "institution"), &events[0]["seq"]), ("13-0002", &Value::Null));
    let body = json!({"url": format!("http://{address}/events"), "after": 0}).to_string();
    let refused = world.named("service-2").post("/v1/subscriptions", &body).await;
    assert_eq!(refused.json()["errors"][0]["field"], "after");
}

#[tokio::test]
async fn subscriptions_are_their_owners() {
    let world = World::new();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let service = world.named("service-2");
    let made = subscribe(&service, address, json!({})).await;
    let path = format!("/v1/subscriptions/{}", text(&made, "id"));
    assert_eq!(world.with_role(Role::Officer).get(&path).await.code(), "not_found");
    assert_eq!(world.clerk().get(&path).await.code(), "not_allowed");
    let count = async |caller: Persona<'_>| {
        caller.get("/v1/subscriptions").await.ok()["subscriptions"].as_array().unwrap().len()
    };
    let counts = (count(world.administrator()).await, count(service.clone()).await, count(world.service()).await);
    assert_eq!(counts, (1, 1, 0));
    assert_eq!(world.service().send(axum::http::Method::DELETE, &path, "".into()).await.code(), "not_found");
    let ended = service.send(axum::http::Method::DELETE, &path, "".into()).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.body);
    assert_eq!(service.get(&path).await.code(), "not_found");
    for (body, field) in [
        (json!({"url": "http://192.0.2.1/"}), "url"),
        (json!({"url": "https://127.0.0.1/"}), "url"),
        (json!({"url": "http://127.0.0.1/", "types": ["gossip"]}), "types"),
    ] {
        let reply = service.post("/v1/subscriptions", &body.to_string()).await;
        assert_eq!(reply.json()["errors"][0]["field"], field, "{}", reply.body);
    }
}
