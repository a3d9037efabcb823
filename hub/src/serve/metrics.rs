//! What the server counts, in the text format that Prometheus reads.
//!
//! Labels are route templates, methods and statuses: never an id, a path or a caller's text, so the number of series is
//! bounded by the program. The registry belongs to the application; there is no global one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mpi::kv::Kv;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::pool::Pool;

/// Counters of one server.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    open_requests: Gauge,
    conflicts: Counter,
    unknown_outcomes: Counter,
    repeats: Counter,
}

/// A number that some part of the server knows, asked for when metrics are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistic {
    /// The name, in snake case, with its unit at the end.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Its value now.
    pub value: f64,
}

/// Where further statistics come from: an engine's own, the index's.
pub type StatisticSource = Box<dyn Fn() -> Vec<Statistic> + Send + Sync>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

/// What is asked for whenever metrics are read.
pub(super) struct Sources {
    pub(super) kv: Arc<dyn Kv>,
    pub(super) readers: Arc<Pool>,
    pub(super) writers: Arc<Pool>,
    pub(super) further: Vec<StatisticSource>,
}

impl Metrics {
    /// Everything at 0.
    pub(super) fn new(sources: Sources) -> Self {
        let mut registry = Registry::with_prefix("nayose");
        let requests = Family::default();
        registry.register("http_requests", "Requests answered", requests.clone());
        let durations: Family<_, _, fn() -> Histogram> = Family::new_with_constructor(duration_histogram);
        let help = "Time from the head of a request to the head of its answer";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, durations.clone());
        let open_requests = Gauge::default();
        registry.register("http_requests_open", "Requests that have no answer yet", open_requests.clone());
        let conflicts = Counter::default();
        registry.register("store_conflicts", "Attempts to write that were planned again", conflicts.clone());
        let unknown_outcomes = Counter::default();
        registry.register("store_unknown_outcomes", "Writes that had to be settled", unknown_outcomes.clone());
        let repeats = Counter::default();
        registry.register("http_repeated_writes", "Writes answered from an earlier one", repeats.clone());
        registry.register_collector(Box::new(sources));
        Self { registry, requests, durations, open_requests, conflicts, unknown_outcomes, repeats }
    }

    /// A request has come; the guard counts it as open until it is dropped.
    pub(super) fn open(&self) -> OpenRequest {
        self.open_requests.inc();
        OpenRequest(self.open_requests.clone())
    }

    /// A request was answered.
    pub(super) fn count_request(&self, (method, route): (&'static str, &str), status: u16, duration: Duration) {
        let route = route.to_owned();
        self.durations.get_or_create(&RouteLabels { method, route: route.clone() }).observe(duration.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    }

    pub(super) fn count_conflict(&self) {
        self.conflicts.inc();
    }

    pub(super) fn count_unknown(&self) {
        self.unknown_outcomes.inc();
    }

    pub(super) fn count_repeat(&self) {
        self.repeats.inc();
    }

    /// All of it as text.
    pub(super) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// From 100 microseconds to 13 seconds.
fn duration_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 18))
}

/// Counts one request as open.
pub(super) struct OpenRequest(Gauge);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let health = self.kv.health();
        let of = |name, help, value| Statistic { name, help, value };
        #[expect(clippy::cast_precision_loss, reason = "a gauge may be off by one after 2^53 writes")]
        let mut statistics = vec![
            of("store_sequence", "The last committed batch", health.seq.0 as f64),
            of("store_writable", "1 when writes are accepted", f64::from(u8::from(health.is_writable))),
            of("readers_running", "Reads that run now", self.readers.running() as f64),
            of("readers_waiting", "Reads that wait now", self.readers.waiting() as f64),
            of("writers_running", "Writes that run now", self.writers.running() as f64),
            of("writers_waiting", "Writes that wait now", self.writers.waiting() as f64),
        ];
        statistics.extend(self.further.iter().flat_map(|source| source()));
        for Statistic { name, help, value } in statistics {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}
