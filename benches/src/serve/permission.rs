//! Consent in the measured server: a policy in force, patients who have joined, and every fourth of them with a form signed.
//!
//! All of it goes through the server's own routes, with the steps and the tokens that officers and clerks have.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::client::Client;
use super::load::{Load, Loop, offer};
use super::population::{Population, Row};
use super::requests::{get, post, value};
use super::server::Server;
use super::tokens::Tokens;

/// The policy that the network publishes.
const POLICY: &str = include_str!("../../../consent/policies/default.toml");
/// Every so many-th patient has signed.
const SIGNED_EVERY: usize = 4;
/// Far longer than joining and signing take.
const SECONDS_MAX: f64 = 600.0;
/// Looks at a simulation before it counts as lost.
const LOOKS_MAX: u32 = 3_000;

/// Publishes the policy, and lets the patients of the sampled records join and sign.
pub(crate) fn prepare(server: &Server, tokens: &Tokens, population: &Population) -> anyhow::Result<()> {
    let mut asking = Asking { client: Client::new(server.address) };
    let (author, reviewer) = (tokens.of_author(), tokens.of_reviewer());
    let saved = asking.post("/v1/policies", author, &json!({"text": POLICY}))?;
    let version = saved.get("version").and_then(Value::as_u64).context("a draft of the policy has no version")?;
    let path = format!("/v1/policies/{version}");
    let run = asking.post(&format!("{path}/simulations"), author, &json!({}))?;
    let run = format!("{path}/simulations/{}", text(&run, "id").context("a simulation has no id")?);
    let digest = asking.digest(&run, author)?;
    let review = json!({"simulation": digest, "is_widening_confirmed": true});
    asking.post(&format!("{path}/review"), reviewer, &review)?;
    asking.post(&format!("{path}/schedule"), author, &json!({}))?;
    let identity = |row: &Row| {
        let authority = population.authorities.get(value(row, "institution"))?;
        Some(json!({"authority": authority, "value": value(row, "local_id")}))
    };
    let presented: Vec<Value> = population.sample.iter().filter_map(identity).collect();
    let joins: Vec<Vec<u8>> =
        presented.iter().map(|identity| post("/v1/enrolments", tokens.of_clerk(), identity)).collect();
    all(server, &joins)?;
    let signs = presented.iter().step_by(SIGNED_EVERY).enumerate().map(|(place, identity)| {
        let kinds = [json!(["tests"]), json!(["images", "documents"]), json!([])];
        let hidden = kinds.get(place % kinds.len()).cloned().unwrap_or_default();
        let exceptions =
            if hidden == json!([]) { json!([]) } else { json!([{"effect": "deny", "categories": hidden}]) };
        let directive = json!({
            "identity": identity, "grantor": {"kind": "subject", "evidence": null, "valid": null}, "signature": "own",
            "policy": version, "provision": {"effect": "permit", "purposes": ["TREAT"], "exceptions": exceptions},
        });
        post("/v1/directives", tokens.of_clerk(), &directive)
    });
    all(server, &signs.collect::<Vec<_>>())
}

/// Sends all of them, and wants all of them taken.
fn all(server: &Server, requests: &[Vec<u8>]) -> anyhow::Result<()> {
    let load = Load { address: server.address, connections: 64, pace: Loop::Closed, seconds: SECONDS_MAX };
    let answers = offer(&load, requests);
    if answers.errors() > 0 || !answers.is_short {
        bail!("patients could not join or sign: {:?} {:?}", answers.statuses, answers.failures);
    }
    Ok(())
}

/// One question after the other.
struct Asking {
    client: Client,
}

impl Asking {
    fn post(&mut self, path: &str, token: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(path, &post(path, token, body))
    }

    fn ask(&mut self, path: &str, request: &[u8]) -> anyhow::Result<Value> {
        let status = self.client.ask(request).with_context(|| format!("no answer of `{path}`"))?;
        let body = self.client.body();
        if status >= 400 {
            bail!("`{path}` is answered with {status}: {}", String::from_utf8_lossy(body));
        }
        serde_json::from_slice(body).with_context(|| format!("the answer of `{path}` is no JSON"))
    }

    /// The digest of a simulation, once it has ended.
    fn digest(&mut self, run: &str, token: &str) -> anyhow::Result<String> {
        for _ in 0..LOOKS_MAX {
            let state = self.ask(run, &get(run, token))?;
            match (text(&state, "state"), text(&state, "digest")) {
                (Some("done"), Some(digest)) => return Ok(digest.to_owned()),
                (Some("running"), _) => pause(),
                _ => bail!("the simulation of the policy did not end: {state}"),
            }
        }
        bail!("the simulation of the policy goes on and on")
    }
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

fn pause() {
    #[expect(clippy::disallowed_methods, reason = "a measurement waits for another process")]
    std::thread::sleep(Duration::from_millis(100));
}
