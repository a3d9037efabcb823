//! A server in memory, and people who call it: `World::new().clerk().get("/v1/version").await`.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use directory::Instant;
use mpi::kv::{Kv, MemoryKv};
use serde_json::Value;
use tower::ServiceExt as _;

use super::faults;
use crate::config::{Config, Keyring, Role};
use crate::serve::app::{App, Ingredients};
use crate::serve::clock::Clock;
use crate::serve::router::finish;

/// Noon of the first day of 2026 in Tokyo.
pub(super) const NOW: Instant = Instant::from_micros(1_767_236_400_000_000);

/// Body bytes that the servers of these tests take.
const BODY_BYTES_MAX: usize = 2_048;

/// A server, its store, and its routes.
pub(super) struct World {
    pub(super) app: App,
    pub(super) kv: Arc<dyn Kv>,
    pub(super) router: Router,
}

impl World {
    /// A server with a token for every role, over an empty store in memory.
    pub(super) fn new() -> Self {
        Self::over(Arc::new(MemoryKv::new()), "")
    }

    /// The same over a store, with more lines of configuration.
    pub(super) fn over(kv: Arc<dyn Kv>, limits: &str) -> Self {
        Self::configured(kv, &config("", limits))
    }

    /// The same over a store, with more settings before all sections.
    pub(super) fn with_settings(kv: Arc<dyn Kv>, settings: &str) -> Self {
        Self::configured(kv, &config(settings, ""))
    }

    /// A server that digests identifiers as every other of these: with the same secrets.
    pub(super) fn with_common_secrets() -> Self {
        let mut last = 0_u8;
        let mut next = || {
            last += 1;
            Ok(*blake3::hash(&[last]).as_bytes())
        };
        let path = crate::testing::folder(&format!("secrets-{:?}", std::thread::current().id())).join("keyring.toml");
        Keyring::make(&path, &mut next).unwrap();
        let keyring = Keyring::read(&path).unwrap();
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
        Self::configured_with(Arc::new(MemoryKv::new()), &config("", ""), Some(keyring))
    }

    /// A server without tokens: everybody is the local caller, who may everything.
    pub(super) fn without_tokens() -> Self {
        Self::without_tokens_over(Arc::new(MemoryKv::new()))
    }

    /// The same over a store.
    pub(super) fn without_tokens_over(kv: Arc<dyn Kv>) -> Self {
        Self::configured(kv, &Config::parse_checked("[store]\nengine = \"memory\"").unwrap())
    }

    fn configured(kv: Arc<dyn Kv>, config: &Config) -> Self {
        Self::configured_with(kv, config, None)
    }

    fn configured_with(kv: Arc<dyn Kv>, config: &Config, keyring: Option<Keyring>) -> Self {
        let ingredients = Ingredients {
            kv: Arc::clone(&kv),
            clock: Clock::standing_at(NOW),
            keyring,
            statistics: vec![Box::new(|| {
                vec![crate::serve::Statistic { name: "answer", help: "Of all", value: 42.0 }]
            })],
        };
        let app = App::new(config, ingredients).unwrap();
        let routes = crate::serve::router::plain_routes().merge(faults::routes());
        let router = finish(routes, app.clone(), BODY_BYTES_MAX);
        Self { app, kv, router }
    }

    pub(super) fn nobody(&self) -> Persona<'_> {
        Persona { world: self, token: None, headers: Vec::new() }
    }

    pub(super) fn stranger(&self) -> Persona<'_> {
        Persona { token: Some("somebody else's token".to_owned()), ..self.nobody() }
    }

    pub(super) fn with_role(&self, role: Role) -> Persona<'_> {
        Persona { token: Some(token(role.name())), ..self.nobody() }
    }

    pub(super) fn service(&self) -> Persona<'_> {
        self.with_role(Role::Service)
    }

    pub(super) fn clerk(&self) -> Persona<'_> {
        self.with_role(Role::Clerk)
    }

    /// A caller by the name of its token: `clerk-1` is a clerk of 13-0001.
    pub(super) fn named(&self, id: &str) -> Persona<'_> {
        Persona { token: Some(token(id)), ..self.nobody() }
    }

    /// The source system of the first institution.
    pub(super) fn source(&self) -> Persona<'_> {
        self.with_role(Role::SourceSystem)
    }

    pub(super) fn administrator(&self) -> Persona<'_> {
        self.with_role(Role::Administrator)
    }
}

fn token(id: &str) -> String {
    format!("token of {id}")
}

fn config(settings: &str, limits: &str) -> Config {
    let mut text = format!("{settings}[store]\nengine = \"memory\"\n[limits]\n{limits}\n");
    for role in Role::ALL {
        let name = role.name();
        let digest = blake3::hash(token(name).as_bytes()).to_hex();
        text.push_str(&format!(
            "[[tokens]]\nid = \"{name}\"\nrole = \"{name}\"\nblake3 = \"{digest}\"\n{}",
            if role == Role::SourceSystem { "institution = \"13-0001\"\n" } else { "" }
        ));
    }
    for (id, role, institution) in PEOPLE_OF_INSTITUTIONS {
        let digest = blake3::hash(token(id).as_bytes()).to_hex();
        text.push_str(&format!(
            "[[tokens]]\nid = \"{id}\"\nrole = \"{role}\"\ninstitution = \"{institution}\"\nblake3 = \"{digest}\"\n"
        ));
    }
    let digest = blake3::hash(token("officer-b").as_bytes()).to_hex();
    text.push_str(&format!("[[tokens]]\nid = \"officer-b\"\nrole = \"officer\"\nblake3 = \"{digest}\"\n"));
    Config::parse_checked(&text).unwrap()
}

/// Callers of one institution: token, role, institution.
const PEOPLE_OF_INSTITUTIONS: [(&str, &str, &str); 5] = [
    ("clerk-1", "clerk", "13-0001"),
    ("clerk-2", "clerk", "13-0002"),
    ("source-2", "source_system", "13-0002"),
    ("service-2", "service", "13-0002"),
    ("officer-2", "officer", "13-0002"),
];

/// Somebody who calls.
#[derive(Clone)]
pub(super) struct Persona<'w> {
    world: &'w World,
    token: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl Persona<'_> {
    /// The same with one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, Body::empty()).await
    }

    pub(super) async fn post(&self, path: &str, body: &str) -> Reply {
        self.clone().with("content-type", "application/json").send(Method::POST, path, body.to_owned().into()).await
    }

    pub(super) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, Body::empty()).await
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: Body) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = self.world.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Reply { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The body of an answer that is 200.
    #[track_caller]
    pub(super) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.json()
    }

    /// The code of an answer that is a problem.
    #[track_caller]
    pub(super) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16());
        body["code"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
