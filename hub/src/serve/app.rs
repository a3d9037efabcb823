//! The state of the server: what every handler has, made once at the start.
//!
//! Plain parts, no container: a handler asks for what it needs. Tests make one over a store in memory and a clock that
//! stands.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use mpi::kv::Kv;

use super::caller::CallerTable;
use super::clock::Clock;
use super::counted::Counted;
use super::drafts::DraftRuns;
use super::erasures::ErasureFile;
use super::metrics::{Metrics, Sources, StatisticSource};
use super::operating::Deciding;
use super::permission::Permission;
use super::pool::Pool;
use super::random::Numbers;
use super::reads::Reads;
use super::ready::Readiness;
use super::replays::ReplayRuns;
use super::search::Search;
use super::secrets::Secrets;
use super::shadow::Shadows;
use super::store::wind_clock;
use super::trail;
use super::webhooks::Webhooks;
use super::withdrawals::EndingFile;
use crate::audit::Trail;
use crate::config::{Config, Keyring, Limits, NetworkConfig};

/// The state of the server, shared by all requests.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    kv: Arc<dyn Kv>,
    clock: Arc<Clock>,
    deciding: Arc<Deciding>,
    shadows: Shadows,
    draft_runs: DraftRuns,
    replay_runs: ReplayRuns,
    counted: Counted,
    reads: Reads,
    permission: Permission,
    trail: Option<Arc<Trail>>,
    audit_folder: Option<PathBuf>,
    audit_kept_micros: i64,
    erasures: ErasureFile,
    endings: EndingFile,
    webhooks: Webhooks,
    webhook_targets: Vec<String>,
    network: NetworkConfig,
    limits: Limits,
    callers: CallerTable,
    secrets: Secrets,
    search: OnceLock<Search>,
    metrics: Arc<Metrics>,
    request_numbers: Numbers,
    readiness: Readiness,
    readers: Arc<Pool>,
    writers: Arc<Pool>,
}

/// What a server is made of.
pub struct Ingredients {
    /// The store.
    pub kv: Arc<dyn Kv>,
    /// The clock.
    pub clock: Clock,
    /// The keyring; without one page tokens and idempotency keys end with the process.
    pub keyring: Option<Keyring>,
    /// Further numbers for the metrics.
    pub statistics: Vec<StatisticSource>,
}

/// Why a server cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The configuration names something that does not exist or is not well formed.
    #[error("the configuration cannot be used: {0}")]
    Configuration(String),
    /// The store does not answer.
    #[error("the store cannot be read at the start")]
    Store(#[from] mpi::kv::Error),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Random(#[from] std::io::Error),
    /// The rules, or the model of the active ones, cannot be used.
    #[error(transparent)]
    Model(#[from] crate::index::ModelError),
}

/// The longest year.
const YEAR_MICROS: i64 = 366 * 24 * 3_600 * 1_000_000;

impl App {
    /// A server over a store.
    ///
    /// # Errors
    /// [`AppError`].
    pub fn new(config: &Config, ingredients: Ingredients) -> Result<Self, AppError> {
        let Ingredients { kv, clock, keyring, mut statistics } = ingredients;
        wind_clock(&*kv, &clock)?;
        let deciding = Arc::new(Deciding::load(config, &*kv, keyring.as_ref())?);
        let limits = config.limits;
        let trail = trail::open(config.audit.as_ref(), keyring.as_ref())?.map(Arc::new);
        if let Some(trail) = trail.clone() {
            statistics.push(Box::new(move || trail::statistics(&trail)));
        }
        let readers = Arc::new(Pool::new(limits.readers_max, limits.queue_max));
        let writers = Arc::new(Pool::new(limits.writers_max, limits.queue_max));
        let metrics = Metrics::new(Sources {
            kv: Arc::clone(&kv),
            readers: Arc::clone(&readers),
            writers: Arc::clone(&writers),
            further: statistics,
        });
        Ok(Self(Arc::new(Parts {
            kv,
            clock: Arc::new(clock),
            deciding,
            shadows: Shadows::default(),
            draft_runs: DraftRuns::default(),
            replay_runs: ReplayRuns::default(),
            counted: Counted::default(),
            reads: Reads::default(),
            permission: Permission::default(),
            trail,
            audit_kept_micros: config
                .audit
                .as_ref()
                .map_or(i64::MAX, |audit| i64::from(audit.keep_years) * YEAR_MICROS),
            audit_folder: config.audit.as_ref().map(|audit| audit.folder.clone()),
            erasures: ErasureFile::at(config.erasures_file()),
            endings: EndingFile::at(config.withdrawals_file()),
            webhooks: Webhooks::default(),
            webhook_targets: config.webhook_targets.clone(),
            network: config.network.clone(),
            limits,
            callers: CallerTable::new(&config.tokens).map_err(AppError::Configuration)?,
            secrets: Secrets::new(keyring.as_ref())?,
            search: OnceLock::new(),
            metrics: Arc::new(metrics),
            request_numbers: Numbers::new()?,
            readiness: Readiness::default(),
            readers,
            writers,
        })))
    }

    /// The named limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// What stands in the way of answering.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// The present, for questions about now. Writes get their recorded time from [`App::write`].
    #[must_use]
    pub fn now(&self) -> directory::Instant {
        self.0.clock.now()
    }

    pub(super) fn kv(&self) -> &Arc<dyn Kv> {
        &self.0.kv
    }

    pub(super) fn clock(&self) -> Arc<Clock> {
        Arc::clone(&self.0.clock)
    }

    pub(super) fn deciding(&self) -> &Arc<Deciding> {
        &self.0.deciding
    }

    pub(super) fn shadows(&self) -> &Shadows {
        &self.0.shadows
    }

    pub(super) fn draft_runs(&self) -> &DraftRuns {
        &self.0.draft_runs
    }

    pub(super) fn replay_runs(&self) -> &ReplayRuns {
        &self.0.replay_runs
    }

    pub(super) fn counted(&self) -> &Counted {
        &self.0.counted
    }

    pub(super) fn reads(&self) -> &Reads {
        &self.0.reads
    }

    /// The audit trail; none without the section `[audit]`.
    pub(super) fn trail(&self) -> Option<&Trail> {
        self.0.trail.as_deref()
    }

    /// For how long audit events are kept, a year counted as 366 days.
    pub(super) fn audit_kept_micros(&self) -> i64 {
        self.0.audit_kept_micros
    }

    /// Where the audit trail lies.
    pub(super) fn audit_folder(&self) -> Option<&Path> {
        self.0.audit_folder.as_deref()
    }

    pub(super) fn permission(&self) -> &Permission {
        &self.0.permission
    }

    pub(super) fn erasure_file(&self) -> &ErasureFile {
        &self.0.erasures
    }

    pub(super) fn ending_file(&self) -> &EndingFile {
        &self.0.endings
    }

    pub(super) fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    /// Hosts with ports that web hooks may be sent to, beside this machine.
    pub(super) fn webhook_targets(&self) -> &[String] {
        &self.0.webhook_targets
    }

    /// What patients are told of the network.
    pub(super) fn network(&self) -> &NetworkConfig {
        &self.0.network
    }

    pub(super) fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.0.metrics)
    }

    pub(super) fn request_numbers(&self) -> &Numbers {
        &self.0.request_numbers
    }

    pub(super) fn callers(&self) -> &CallerTable {
        &self.0.callers
    }

    pub(super) fn search_slot(&self) -> &OnceLock<Search> {
        &self.0.search
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.0.secrets
    }

    pub(super) fn readers(&self) -> &Pool {
        &self.0.readers
    }

    pub(super) fn writers(&self) -> &Pool {
        &self.0.writers
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("App")
    }
}

impl fmt::Debug for Ingredients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ingredients")
    }
}
