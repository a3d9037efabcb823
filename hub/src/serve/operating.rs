//! What decides, as requests see it: loaded at the start, exchanged when the directory or the active rules moved.
//!
//! A request takes the value as it stands and keeps it to its end, so nothing changes under it. Whether it moved is asked
//! after a write that touched the directory or the rules, which is seen from the batch itself, and once in a while by the
//! clock, for stores that others write as well; an ordinary request asks nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use linkage::arrival::{FrozenFrequencies, FrozenModel};
use linkage::rules::RuleSet;
use mpi::Stamp;
use mpi::kv::{Batch, Digester, Draft, Key, Kv};

use super::answer::Answer;
use super::app::{App, AppError};
use super::caller::Caller;
use super::once::Once;
use super::problem::Problem;
use super::random;
use crate::config::{Config, Keyring};
use crate::index::{ModelError, Models, Operating, freeze, models_of, read_rules};

/// The rule set that the program carries, for a store without records and a configuration without `rules`.
const RULES: &str = include_str!("../../../matching-rules/person.toml");

/// What decides, and whether it may have moved.
#[derive(Debug)]
pub(super) struct Deciding {
    now: RwLock<Arc<Operating>>,
    has_moved: AtomicBool,
    /// One request at a time loads; the others go on with what they have.
    loading: Mutex<()>,
    models: Models,
}

impl Deciding {
    /// What the store says, or the first model for an empty one.
    pub(super) fn load(config: &Config, kv: &dyn Kv, keyring: Option<&Keyring>) -> Result<Self, AppError> {
        let models = models_of(config);
        let first = || first_model(config);
        let digester = digester(keyring)?;
        if models.folder().is_none() {
            // Models in memory begin with the process: a store in memory was begun under the first.
            models.save(&first()?)?;
        }
        let operating = Operating::load(kv, &models, &first, (digester, &config.enterprise_id_prefix))?;
        if !operating.is_active {
            models.save(&operating.model)?;
        }
        Ok(Self {
            now: RwLock::new(Arc::new(operating)),
            has_moved: AtomicBool::new(false),
            loading: Mutex::new(()),
            models,
        })
    }

    /// Notes a committed batch: what it changed may be what decides.
    pub(super) fn note(&self, batch: &Batch) {
        let is_directory = |space: u8| space <= DIRECTORY_LAST;
        let rules = mpi::rules::partition();
        let decides = |key: &Key| is_directory(key.partition.space.0) || key.partition == rules;
        if batch.plan.rows.keys().any(decides) {
            self.suspect();
        }
    }

    /// Lets the next request ask the store whether something moved.
    pub(super) fn suspect(&self) {
        self.has_moved.store(true, Ordering::Release);
    }

    /// The versions that are kept.
    pub(super) fn models(&self) -> &Models {
        &self.models
    }

    /// What decides now.
    pub(super) fn now(&self, kv: &dyn Kv) -> Result<Arc<Operating>, ModelError> {
        if self.has_moved.load(Ordering::Acquire) {
            let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
            if self.has_moved.swap(false, Ordering::AcqRel)
                && let Err(error) = self.exchange(kv)
            {
                self.suspect();
                return Err(error);
            }
        }
        Ok(Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner)))
    }

    fn exchange(&self, kv: &dyn Kv) -> Result<(), ModelError> {
        let old = Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner));
        if let Some(new) = old.renewed(kv, &self.models)? {
            *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        }
        Ok(())
    }
}

/// The last space of the directory.
const DIRECTORY_LAST: u8 = 15;

fn first_model(config: &Config) -> Result<FrozenModel, ModelError> {
    let rules = match &config.rules {
        Some(path) => read_rules(path)?,
        None => RuleSet::parse(RULES)
            .map_err(|source| ModelError::Rules { path: "matching-rules/person.toml".into(), source })?,
    };
    freeze(rules, FrozenFrequencies::default())
}

fn digester(keyring: Option<&Keyring>) -> Result<Digester, AppError> {
    match keyring {
        Some(keyring) => {
            let ring = keyring.for_store().map_err(|error| AppError::Configuration(error.to_string()))?;
            Ok(ring.digester().clone())
        }
        // A store in memory ends with the process, and its digests with it.
        None => Ok(Digester::new(&random::bytes()?)),
    }
}

impl App {
    /// What decides now.
    ///
    /// # Errors
    /// When the store does not answer, or the model of the active rules is missing.
    pub(super) fn operating(&self) -> Result<Arc<Operating>, Problem> {
        self.deciding().now(&**self.kv()).map_err(Into::into)
    }

    /// Asks the index: a read on a draft that is dropped.
    ///
    /// # Errors
    /// What the verb says, and those of [`App::read`].
    pub(super) async fn ask<T, E>(
        &self,
        verb: impl FnOnce(&Operating, &mut Draft<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem>,
    {
        let app = self.clone();
        self.read(move |draft| -> Result<T, Problem> {
            let operating = app.operating()?;
            verb(&operating, draft).map_err(Into::into)
        })
        .await
    }

    /// Asks the store itself, for verbs that take no draft.
    ///
    /// # Errors
    /// What the verb says, and those of [`App::read`].
    pub(super) async fn ask_store<T, E>(
        &self,
        verb: impl FnOnce(&dyn Kv, &Operating) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem>,
    {
        let app = self.clone();
        let job = move || -> Result<T, Problem> { verb(&**app.kv(), &*app.operating()?).map_err(Into::into) };
        self.readers().run(job).await?
    }

    /// Asks the index on this thread, for a handful of point reads: handing them to another thread would cost more.
    ///
    /// # Errors
    /// What the verb says.
    pub(super) fn ask_here<T, E: Into<Problem>>(
        &self,
        verb: impl FnOnce(&Operating, &mut Draft<'_>) -> Result<T, E>,
    ) -> Result<T, Problem> {
        let operating = self.operating()?;
        verb(&operating, &mut Draft::peeking(&**self.kv())).map_err(Into::into)
    }

    /// Changes the index, once per idempotency key if the request has one.
    ///
    /// # Errors
    /// What the verb says, and those of [`App::write_once`].
    pub(super) async fn act<E>(
        &self,
        (caller, once): (&Caller, Option<Once>),
        mut verb: impl FnMut(&Operating, &mut Draft<'_>, &Stamp) -> Result<Answer, E> + Send + 'static,
    ) -> Result<Answer, Problem>
    where
        E: Into<Problem>,
    {
        let (app, actor) = (self.clone(), caller.actor());
        self.write_once(once, move |draft, now| -> Result<Answer, Problem> {
            let operating = app.operating()?;
            verb(&operating, draft, &Stamp { now, actor: actor.clone() }).map_err(Into::into)
        })
        .await
    }
}
