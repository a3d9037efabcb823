//! One measurement: a population is made and loaded, a server started, and each workload offered twice.

use std::fs;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::load::{Answers, Load, Loop, offer};
use super::permission;
use super::population::{Needed, Population};
use super::processor::{Spent, SyncLatency, sync_latency};
use super::random::Random;
use super::requests::Maker;
use super::server::{STORE, Server, Site, free_address};
use super::tokens::Tokens;

/// What to measure.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) people: u64,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) seconds: f64,
    pub(crate) connections: usize,
    pub(crate) log_level: String,
    pub(crate) keeps_store: bool,
}

/// What callers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Workload {
    /// Records arrive: one per request, matched and durable.
    Arrivals,
    /// Who is behind an identifier.
    Resolve,
    /// Who is like a description.
    Match,
    /// Who is behind an identifier, for a physician elsewhere: by consent, and in the audit.
    View,
    /// The same of a description.
    ViewMatch,
    /// May this be seen? The patient is resolved, the answer is in the audit before it leaves.
    Decide,
    /// A hundred such questions about one patient in one request.
    DecideBatch,
}

/// What was asked of a workload at a size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bar {
    /// Answers per second.
    pub(crate) rate: f64,
    /// Upper bound of 99 % of the latencies at 70 % of that rate.
    pub(crate) p99_ms: Option<f64>,
}

/// Everything that was measured at one size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) people: u64,
    /// Records in the store before the first arrival.
    pub(crate) records: u64,
    /// Seconds of `nayose import`; none when the store was there already.
    pub(crate) import_seconds: Option<f64>,
    /// Bytes of the store after loading.
    pub(crate) store_bytes: u64,
    /// Block cache of the server.
    pub(crate) cache_bytes: u64,
    pub(crate) connections: usize,
    pub(crate) log_level: String,
    /// Of the disk alone, before the server is started.
    pub(crate) disk: SyncLatency,
    /// The server's most memory, in MiB.
    pub(crate) peak_mib: f64,
    pub(crate) runs: Vec<Run>,
}

/// One workload at one pace.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) workload: Workload,
    pub(crate) pace: Loop,
    pub(crate) bar: Option<Bar>,
    pub(crate) answers: Answers,
    pub(crate) spent: Spent,
    /// Batches that the store committed.
    pub(crate) batches: f64,
    /// Syncs of the disk.
    pub(crate) syncs: f64,
    /// Seconds of all writes with their syncs.
    pub(crate) sync_seconds: f64,
    /// Writes that were planned again.
    pub(crate) conflicts: f64,
    /// Batches that search did not know of at the end of the run.
    #[serde(default)]
    pub(crate) search_lag: f64,
}

/// The share of the asked rate at which latency is measured.
const LATENCY_SHARE: f64 = 0.7;
/// More requests than this per second are not prepared for a run without a given pace.
const RATE_MAX: f64 = 40_000.0;
/// Arrivals that are prepared at most for the two runs: each needs a record of its own.
const ARRIVALS_PER_SECOND_MAX: f64 = 3_000.0;
/// The largest part of a population that can be held back or sampled, as one in so many people.
const SAMPLE_PEOPLE_PER_RECORD: u64 = 1;

impl Workload {
    /// Whether patients have to have joined before.
    fn needs_consent(self) -> bool {
        matches!(self, Self::View | Self::ViewMatch | Self::Decide | Self::DecideBatch)
    }

    /// What was asked at a size; the bars are those of the prefecture and of a million.
    fn bar(self, people: u64) -> Option<Bar> {
        let (rate, p99_ms) = match (self, people) {
            (Self::Arrivals, 57_078) => (2_000.0, None),
            (Self::Arrivals, 1_000_000) => (1_000.0, None),
            (Self::Resolve, 57_078 | 1_000_000) => (20_000.0, Some(5.0)),
            (Self::Match, 57_078) => (1_000.0, Some(20.0)),
            (Self::Match, 1_000_000) => (1_000.0, Some(50.0)),
            (Self::View, 57_078 | 1_000_000) => (10_000.0, Some(5.0)),
            (Self::ViewMatch, 57_078) => (800.0, Some(20.0)),
            (Self::ViewMatch, 1_000_000) => (800.0, Some(50.0)),
            (Self::Decide, 57_078 | 1_000_000) => (10_000.0, Some(5.0)),
            // 100,000 evaluations, a hundred in a request.
            (Self::DecideBatch, 57_078 | 1_000_000) => (1_000.0, None),
            _ => return None,
        };
        Some(Bar { rate, p99_ms })
    }
}

/// Measures at one size.
pub(crate) fn run(plan: &Plan, site: &Site) -> anyhow::Result<Measured> {
    let population = populate(plan, site)?;
    let tokens = Tokens::new(population.authorities.keys());
    let address = free_address()?;
    let import_seconds = if plan.keeps_store && site.folder.join(STORE).try_exists()? {
        None
    } else {
        remove(site, STORE)?;
        remove(site, "data.models")?;
        remove(site, "data.search")?;
        remove(site, "audit")?;
        remove(site, "witness")?;
        site.configure(address, (256 << 20, &plan.log_level), &tokens)?;
        Some(site.load(&population)?)
    };
    let store_bytes = site.store_bytes()?;
    site.configure(address, (store_bytes / 2, &plan.log_level), &tokens)?;
    let disk = sync_latency(&site.folder)?;
    let server = site.start(address)?;
    if plan.workloads.iter().any(|workload| workload.needs_consent()) {
        permission::prepare(&server, &tokens, &population)?;
    }
    let institutions = population.authorities.keys().cloned().collect();
    let mut maker = Maker { population: &population, tokens: &tokens, random: Random::new(13), institutions };
    let mut runs = Vec::new();
    for workload in &plan.workloads {
        let offered = Offered { plan, workload: *workload, server: &server, tokens: &tokens };
        runs.extend(offered.measure(&mut maker)?);
    }
    let peak_mib = server.peak_mib();
    server.stop()?;
    Ok(Measured {
        people: plan.people,
        records: population.loaded,
        import_seconds,
        store_bytes,
        cache_bytes: store_bytes / 2,
        connections: plan.connections,
        log_level: plan.log_level.clone(),
        disk,
        peak_mib,
        runs,
    })
}

fn populate(plan: &Plan, site: &Site) -> anyhow::Result<Population> {
    let people = site.synth((plan.people, 1), "population")?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred thousand")]
    let arrivals = (2.0 * plan.seconds * ARRIVALS_PER_SECOND_MAX) as usize;
    let people_max = usize::try_from(plan.people / SAMPLE_PEOPLE_PER_RECORD)?;
    let needed = Needed {
        held_back: (arrivals * 28 / 100).min(people_max / 4),
        sampled: (arrivals * 65 / 100).max(50_000).min(people_max * 2),
        new_persons: arrivals * 17 / 100,
    };
    let strangers = site.synth((u64::try_from(needed.new_persons)?.max(1_000), 2), "strangers")?;
    Population::divide(&people, &strangers, needed)
}

fn remove(site: &Site, name: &str) -> anyhow::Result<()> {
    match fs::remove_dir_all(site.folder.join(name)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{name}`"))
        }
        _ => Ok(()),
    }
}

/// A workload on its way to a server.
#[derive(Clone, Copy, Debug)]
struct Offered<'o> {
    plan: &'o Plan,
    workload: Workload,
    server: &'o Server,
    tokens: &'o Tokens,
}

impl Offered<'_> {
    /// As fast as possible, then at the pace of the bar, or at 70 % of what was possible.
    fn measure(&self, maker: &mut Maker<'_>) -> anyhow::Result<Vec<Run>> {
        let bar = self.workload.bar(self.plan.people);
        let requests = self.prepare(maker)?;
        let fastest = self.offer(&requests, Loop::Closed, bar)?;
        // An arrival arrives once; questions may be asked again.
        let used = if self.workload == Workload::Arrivals { fastest.answers.used } else { 0 };
        let rate = LATENCY_SHARE * bar.map_or(fastest.answers.good_per_second(), |bar| bar.rate);
        let steady = self.offer(requests.get(used..).unwrap_or_default(), Loop::Open(rate), bar)?;
        Ok(vec![fastest, steady])
    }

    fn prepare(&self, maker: &mut Maker<'_>) -> anyhow::Result<Vec<Vec<u8>>> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred thousand")]
        let count = |rate: f64| (rate * self.plan.seconds) as usize;
        let requests = match self.workload {
            Workload::Arrivals => maker.arrivals(2 * count(ARRIVALS_PER_SECOND_MAX)),
            Workload::Resolve => maker.resolves(count(RATE_MAX)),
            Workload::Match => maker.matches(count(RATE_MAX / 4.0)),
            Workload::View => maker.views(count(RATE_MAX)),
            Workload::ViewMatch => maker.viewed_matches(count(RATE_MAX / 4.0)),
            Workload::Decide => maker.decisions(count(RATE_MAX)),
            Workload::DecideBatch => maker.batches(count(RATE_MAX / 10.0)),
        };
        if requests.is_empty() {
            bail!("no requests of the workload `{}` could be made", self.workload.name());
        }
        Ok(requests)
    }

    fn offer(&self, requests: &[Vec<u8>], pace: Loop, bar: Option<Bar>) -> anyhow::Result<Run> {
        let Self { plan, server, .. } = *self;
        let load = Load { address: server.address, connections: plan.connections, pace, seconds: plan.seconds };
        let (counted, spent) = (server.metrics(self.tokens)?, Spent::now(server.process())?);
        let answers = offer(&load, requests);
        let spent = Spent::now(server.process())?.since(&spent);
        let after = server.metrics(self.tokens)?;
        let grown = |name: &str| after.get(name) - counted.get(name);
        Ok(Run {
            workload: self.workload,
            pace,
            bar,
            answers,
            spent,
            batches: grown("nayose_store_batches"),
            syncs: grown("nayose_store_syncs"),
            sync_seconds: grown("nayose_store_sync_seconds"),
            conflicts: grown("nayose_store_conflicts_total"),
            search_lag: after.get("nayose_search_lag_batches"),
        })
    }
}

impl Run {
    /// Processor seconds of the server per answer, in microseconds.
    pub(crate) fn server_micros(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let count = self.answers.count.max(1) as f64;
        self.spent.server * 1e6 / count
    }

    /// Requests that were refused or not answered. That nobody is shown is an answer where consent is asked.
    fn errors(&self) -> u64 {
        let hidden = if self.workload == Workload::View { self.answers.statuses.get(&404).copied() } else { None };
        self.answers.errors() - hidden.unwrap_or_default()
    }

    /// What was asked and not reached.
    pub(crate) fn missed(&self) -> Option<String> {
        let bar = self.bar?;
        let (rate, p99) = (self.answers.good_per_second(), self.answers.latency_ms.p99);
        match (self.pace, bar.p99_ms) {
            _ if self.errors() > 0 => Some(format!("{} requests failed", self.errors())),
            (Loop::Closed, _) if rate < bar.rate => Some(format!("{rate:.0}/s of {:.0}/s", bar.rate)),
            (Loop::Open(_), Some(bound)) if p99 >= bound => Some(format!("p99 {p99:.1} ms of {bound:.0} ms")),
            (Loop::Open(pace), _) if rate < 0.98 * pace => Some(format!("{rate:.0}/s where {pace:.0}/s were offered")),
            _ => None,
        }
    }
}

impl Measured {
    /// What was asked and not reached.
    pub(crate) fn missed(&self) -> Vec<String> {
        let of_run = |run: &Run| Some(format!("{} at {} people: {}", run.workload.name(), self.people, run.missed()?));
        self.runs.iter().filter_map(of_run).collect()
    }
}
