//! Changes of rules behind the requests: carries out what an activation has begun, and undoes what is taken back.
//!
//! What a step does is decided in [`mpi::rules`]; here it is only done, one batch per step. How far the run is stands in
//! the store, in the same batches, so that it goes on after a restart where it stopped, and a second server would do
//! nothing twice.

use std::sync::Arc;
use std::time::Duration;

use linkage::rules::RuleSet;
use mpi::events::Position;
use mpi::kv::Draft;
use mpi::rules::{self, Preparation, PreparationState, Rebuild, Reviewed, RuleRun, RunState};
use mpi::{Actor, RecordId, Stamp};

use super::app::App;
use super::problem::{ErrorCode, Problem};
use crate::index::{Models, Operating};

/// Steps between two looks at whether the run was taken back.
const STEPS: u64 = 256;
/// Log batches that are read at once.
const BATCHES: u32 = 256;
/// Time between two looks when no run goes on.
const IDLE: Duration = Duration::from_millis(500);
/// Time until another attempt after a failure.
const RETRY: Duration = Duration::from_secs(2);

/// What a shadow run found about a version; none when it was never reviewed.
pub(super) fn review(models: &Models, version: &str) -> Result<Option<Reviewed>, Problem> {
    let bytes = models.review(version)?;
    Ok(bytes.map(|bytes| Reviewed::from_bytes(&bytes)).transpose()?)
}

/// A version that may take over.
pub(super) struct Candidate {
    /// What its shadow run found.
    pub(super) reviewed: Reviewed,
    rules: RuleSet,
}

/// A version with its review.
///
/// # Errors
/// [`ErrorCode::NotFound`] for a version that is not kept, a conflict for one that was never reviewed.
pub(super) fn candidate(models: &Models, version: &str) -> Result<Candidate, Problem> {
    if !models.has(version) {
        return Err(Problem::not_found("version"));
    }
    let unseen = || Problem::conflict("the version was never reviewed as a whole: run it in the shadow first");
    let reviewed = review(models, version)?.ok_or_else(unseen)?;
    Ok(Candidate { reviewed, rules: models.rules(version)? })
}

impl Candidate {
    /// Whether it has to take over from the standby, because it reads or blocks records otherwise.
    ///
    /// # Errors
    /// [`ErrorCode::RebuildNeeded`] while what it needs of every record is not written.
    pub(super) fn may_take_over(
        &self,
        operating: &Operating,
        draft: &mut Draft<'_>,
    ) -> Result<Option<Rebuild>, Problem> {
        let (rebuild, what) = match rules::may_switch(operating.model.rules(), &self.rules) {
            Ok(()) => return Ok(None),
            Err(rebuild @ Rebuild::Fields) => (rebuild, "fields, or reads them otherwise"),
            Err(rebuild @ Rebuild::Blocks) => (rebuild, "blocking rules"),
        };
        let is_ready = |known: &Preparation| {
            known.state == PreparationState::Ready && known.standby.version == self.reviewed.version
        };
        if rules::preparation(draft)?.as_ref().is_some_and(is_ready) {
            return Ok(Some(rebuild));
        }
        let detail = format!(
            "the version has other {what} than the rules that decide: prepare it first (`POST /v1/rules/standby`), \
             and activate it when it is ready"
        );
        Err(Problem::new(ErrorCode::RebuildNeeded, detail))
    }
}

/// Carries runs out, one after the other.
#[derive(Debug, Default)]
pub(super) struct Runner {
    /// The review of the run that goes on: it may be large, and does not change.
    reviewed: Option<Arc<Reviewed>>,
}

/// Carries runs out until the server stops.
pub(super) async fn follow(app: App) {
    let mut runner = Runner::default();
    loop {
        // A store that is closed to requests is closed to this as well.
        let pause = if app.readiness().obstacles().is_empty() {
            match runner.round(&app).await {
                Ok(true) => continue,
                Ok(false) => IDLE,
                Err(problem) => {
                    tracing::warn!(code = problem.code().name(), cause = %problem, "a change of rules does not go on");
                    RETRY
                }
            }
        } else {
            RETRY
        };
        tokio::time::sleep(pause).await;
    }
}

impl Runner {
    /// Does some steps of the run that goes on; whether there may be more to do.
    pub(super) async fn round(&mut self, app: &App) -> Result<bool, Problem> {
        let Some(run) = app.read(rules::under_way).await? else { return Ok(false) };
        match run.state {
            RunState::Applying if run.done < run.total => self.apply(app, &run).await?,
            RunState::Applying => look_at_changed(app, &run).await?,
            RunState::RollingBack => undo(app, &run).await?,
            RunState::Applied | RunState::RolledBack => end(app, &run).await?,
        }
        Ok(true)
    }

    async fn apply(&mut self, app: &App, run: &RuleRun) -> Result<(), Problem> {
        let reviewed = self.reviewed(app, run).await?;
        for number in run.done..run.total.min(run.done + STEPS) {
            let place = usize::try_from(number).ok();
            let missing = || Problem::new(ErrorCode::StoreCorrupt, "the review of the rules is another one");
            let change = place.and_then(|place| reviewed.changes.get(place)).copied().ok_or_else(missing)?;
            let (inside, id, version) = (app.clone(), run.id.clone(), run.version.clone());
            app.write(move |draft, now| -> Result<_, Problem> {
                let operating = decides(&inside, &version)?;
                Ok(rules::apply(&operating.index(), draft, (&id, number, &change), &stamp(&id, now))?)
            })
            .await?;
        }
        Ok(())
    }

    async fn reviewed(&mut self, app: &App, run: &RuleRun) -> Result<Arc<Reviewed>, Problem> {
        if let Some(known) = self.reviewed.as_ref().filter(|known| known.version == run.version) {
            return Ok(Arc::clone(known));
        }
        let (models, version) = (app.deciding().models().clone(), run.version.clone());
        let found = Arc::new(app.ask_store(move |_, _| candidate(&models, &version)).await?.reviewed);
        self.reviewed = Some(Arc::clone(&found));
        Ok(found)
    }
}

/// Looks at what came between the review and the activation.
async fn look_at_changed(app: &App, run: &RuleRun) -> Result<(), Problem> {
    let (id, after) = (run.id.clone(), run.position());
    let (found, to) = app.ask_store(move |kv, _| rules::changed_since(kv, (&id, after), BATCHES)).await?;
    let last = to.map(|to| (to, None));
    let steps = found.into_iter().map(|(position, record)| (position, Some(record))).chain(last);
    for (position, record) in steps {
        look(app, run, (position, record)).await?;
    }
    if to.is_none() { end(app, run).await } else { Ok(()) }
}

async fn look(app: &App, run: &RuleRun, (position, record): (Position, Option<RecordId>)) -> Result<(), Problem> {
    let (inside, id, version) = (app.clone(), run.id.clone(), run.version.clone());
    app.write(move |draft, now| -> Result<_, Problem> {
        let operating = decides(&inside, &version)?;
        let step = (&*id, position, record);
        Ok(rules::look_at_changed(&operating.index(), draft, step, &stamp(&id, now))?)
    })
    .await
    .map(drop)
}

async fn undo(app: &App, run: &RuleRun) -> Result<(), Problem> {
    let id = run.id.clone();
    let left = app.read(move |draft| rules::work_left(draft, &id, BATCHES)).await?;
    if left.is_empty() {
        return end(app, run).await;
    }
    for work in left {
        let (inside, id) = (app.clone(), run.id.clone());
        app.write(move |draft, now| -> Result<_, Problem> {
            let operating = inside.operating()?;
            Ok(rules::roll_back(&operating.index(), draft, (&id, work), &stamp(&id, now))?)
        })
        .await?;
    }
    Ok(())
}

async fn end(app: &App, run: &RuleRun) -> Result<(), Problem> {
    let id = run.id.clone();
    app.write(move |draft, now| rules::end(draft, &id, &stamp(&id, now))).await.map(drop)
}

/// What decides, which has to be the version of the run: a run that was taken back is met by its own batch.
fn decides(app: &App, version: &str) -> Result<Arc<Operating>, Problem> {
    let operating = app.operating()?;
    if operating.model.version() == version {
        return Ok(operating);
    }
    app.deciding().suspect();
    Err(Problem::conflict("other rules decide than those of the run"))
}

/// The run does it: events and merges name it.
fn stamp(run: &str, now: directory::Instant) -> Stamp {
    Stamp { now, actor: Actor { id: format!("rules-run-{run}").into(), institution: None } }
}
