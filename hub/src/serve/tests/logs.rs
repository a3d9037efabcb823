//! What a log line says, and above all what it does not.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;

use super::faults::{Fault, FaultyKv};
use super::persona::World;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn read(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// A listener for the whole process: without one, a place that first logs in another test, where nobody listens, would be
/// remembered as one that nobody wants to hear.
fn listen_everywhere() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let silent = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
        tracing::subscriber::set_global_default(silent).unwrap();
    });
}

#[tokio::test]
async fn a_line_names_the_route_and_never_the_path() {
    listen_everywhere();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(lines.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::over(FaultyKv::new(&[Fault::Unavailable]), "");
    let clerk = world.clerk().with("x-request-id", "r1");
    clerk.get("/v1/nothing/secret?name=secret").await;
    clerk.get("/v1/events?after=secret").await;
    clerk.post("/test/counters/secret", r#"{"by":"secret"}"#).await;
    clerk.post("/test/counters/secret", r#"{"by":1}"#).await;
    world.stranger().get("/v1/version").await;

    let lines = lines.read();
    let facts: Vec<String> = lines
        .iter()
        .map(|line| {
            let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let words = ["level", "message", "method", "route", "caller", "code"].map(word);
            format!("{} {}", words.join(" "), line["status"])
        })
        .collect();
    assert_eq!(
        facts,
        [
            "INFO request answered GET unmatched clerk not_found 404",
            "INFO request answered GET /v1/events clerk bad_request 400",
            "INFO request answered POST /test/counters/{name} clerk bad_request 400",
            "ERROR request failed POST /test/counters/{name} clerk store_unavailable 503",
            "INFO request answered GET /v1/version unknown unauthenticated 401",
        ]
    );
    let failed = &lines[3];
    assert_eq!(failed["request.id"], "r1");
    assert!(failed["duration_ms"].as_f64().unwrap() >= 0.0);
    assert!(failed["cause"].as_str().unwrap().starts_with("cannot commit a batch: the store is unavailable: "));
    for line in &lines {
        assert!(!line.to_string().contains("secret"), "{line}");
    }
}
