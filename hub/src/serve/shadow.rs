//! Shadow runs: a candidate rule set over the whole population, beside the requests, with nothing written.
//!
//! The candidate itself, frozen with the frequencies of the records that it was run over, and the review are kept beside the
//! models, so that it can be activated later. What the candidate would change is decided in [`mpi::rules`], who is alike in
//! `linkage`, and how a run goes on beside the requests in `background`.

use std::sync::Arc;

use linkage::arrival::FrozenFrequencies;
use linkage::block::BlockIndex;
use linkage::model::Weights;
use linkage::rules::RuleSet;
use linkage::run::{Request, Run};
use linkage::table::TableBuilder;
use mpi::Attribute;
use mpi::kv::Kv;
use mpi::rules::{Diff, Population, Proposed, Rebuild, Reviewed};

use super::app::App;
use super::background::{Run as Background, Runs};
use super::problem::Problem;
use super::views::rules::Candidate;
use crate::failure::Failure;
use crate::index::{Models, Operating, freeze};
use crate::linking::{self, Loaded, Lookup, Pool, Stopwatch, Weighing};

/// The runs since the start.
pub(super) type Shadows = Runs<Named, Outcome>;
/// One run.
pub(super) type Shadow = Background<Named, Outcome>;

/// The candidate of a run.
#[derive(Debug)]
pub(super) struct Named {
    /// Its name.
    pub(super) name: String,
    /// Its digest.
    pub(super) digest: String,
}

/// What a run found.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The version of the candidate: rules and weights with the frequencies of the records that it was run over.
    pub(super) version: String,
    /// What would change; the single changes are with the model.
    pub(super) diff: Diff,
    /// Changes that a run of the version would carry out.
    pub(super) changes: u64,
    /// Why the version cannot take over by switching.
    pub(super) rebuild: Option<Rebuild>,
    /// Seconds per stage.
    pub(super) seconds: Vec<(&'static str, f64)>,
}

/// What a run needs.
struct Work {
    rules: RuleSet,
    train: bool,
    operating: Arc<Operating>,
    models: Models,
}

impl App {
    /// Starts a run of a candidate.
    ///
    /// # Errors
    /// A bad field when the candidate is no trained rule set, a conflict while another run goes on.
    pub(super) fn start_shadow(&self, candidate: &Candidate) -> Result<Arc<Shadow>, Problem> {
        let wrong = |reason: String| Problem::bad_field("rules", reason);
        let operating = self.operating()?;
        let rules = match &candidate.rules {
            Some(text) => {
                RuleSet::parse(text).map_err(|error| wrong(format!("line {}: {}", error.line, error.reason)))?
            }
            None => operating.model.rules().clone(),
        };
        if !candidate.train {
            Weights::of(&rules).map_err(|error| wrong(format!("{error}: train it first, or say `train`")))?;
        }
        let about = Named { name: rules.name.clone(), digest: rules.digest() };
        let kv = Arc::clone(self.kv());
        let work = Work { rules, train: candidate.train, operating, models: self.deciding().models().clone() };
        self.shadows().start(("shadow run", about), move |run| compare(&*kv, &work, run))
    }

    /// A run by its id.
    ///
    /// # Errors
    /// [`super::problem::ErrorCode::NotFound`].
    pub(super) fn shadow(&self, id: &str) -> Result<Arc<Shadow>, Problem> {
        self.shadows().get(id)
    }
}

fn compare(kv: &dyn Kv, work: &Work, run: &Shadow) -> Result<Outcome, Failure> {
    let stopwatch = Stopwatch::start();
    // What is committed from here on may be missing in what is read, and is looked at by an activation.
    let until = kv.health().seq.0;
    let mut population = Vec::new();
    mpi::rules::population(kv, &mut |one| population.push(one)).map_err(Failure::internal)?;
    // The order of records must not decide ties otherwise than on the next run.
    population.sort_unstable_by_key(|one: &Population| one.record);
    stopwatch.lap("read");
    run.stage("normalising");
    let loaded = tabulate(&work.rules, &population, stopwatch)?;
    run.stage("comparing");
    let (proposed, version) = propose(work, &loaded, &population, run)?;
    let mut diff = mpi::rules::diff(&population, &proposed);
    let changes = std::mem::take(&mut diff.changes);
    let count = changes.len() as u64;
    // A review that does not hold every change is none.
    if diff.changes_left_out == 0 {
        let against = work.operating.model.version().into();
        let reviewed = Reviewed { version: version.as_str().into(), against, until, changes };
        let bytes = reviewed.to_bytes().map_err(Failure::internal)?;
        work.models.keep_review(&version, &bytes).map_err(Failure::internal)?;
    }
    let rebuild = mpi::rules::may_switch(work.operating.model.rules(), &work.rules).err();
    loaded.stopwatch.lap("set against what stands");
    Ok(Outcome { version, diff, changes: count, rebuild, seconds: loaded.stopwatch.seconds() })
}

/// The population as linkage wants it; each record is known by its place.
fn tabulate(rules: &RuleSet, population: &[Population], stopwatch: Stopwatch) -> Result<Loaded, Failure> {
    let (lookup, pool) = (Lookup::built_in()?, Pool::new(None));
    let mut builder = TableBuilder::new(rules);
    let attributes: Vec<Option<Attribute>> = builder.columns().iter().map(|column| Attribute::named(column)).collect();
    let places: Vec<String> = (0..population.len()).map(|place| place.to_string()).collect();
    let head = |row: usize| (places.get(row).map_or("", String::as_str), 0);
    let text = |row: usize, column: usize| {
        let attribute = attributes.get(column).copied().flatten();
        population.get(row).zip(attribute).map_or("", |(one, attribute)| one.demographics.get(attribute))
    };
    if let Some((_, error)) = builder.push_rows(population.len(), &head, &text).first() {
        return Err(Failure::bad_input(anyhow::anyhow!("the population cannot be compared at once: {error}")));
    }
    let (table, _) = builder.finish(rules, &lookup.tables, false, &pool);
    stopwatch.lap("normalise");
    Ok(Loaded { table, lookup, pool, across_sources: false, rejected: 0, stopwatch })
}

/// What the candidate finds, and the version under which it is kept.
fn propose(
    work: &Work,
    loaded: &Loaded,
    population: &[Population],
    shadow: &Shadow,
) -> Result<(Proposed, String), Failure> {
    linking::with_scorer(&work.rules, loaded, Weighing { train: work.train, seed: 1 }, |ready| {
        let rules = ready.rules;
        let model =
            freeze(rules.clone(), FrozenFrequencies::freeze(rules, &loaded.table)).map_err(Failure::internal)?;
        work.models.save(&model).map_err(Failure::internal)?;
        let blocks = BlockIndex::build(&rules.blocks, &loaded.table, false, &loaded.pool);
        let request = Request { threshold: rules.upper, weight_min: rules.lower, across_sources: false };
        let run = Run { scorer: ready.scorer, blocks: &blocks, request };
        let linked = run.link(&loaded.pool, &|done, all| shadow.progress(done, all));
        loaded.stopwatch.lap("compare");
        let one = |record: u32| {
            let place = loaded.table.id(record).parse::<usize>().ok();
            place.and_then(|place| population.get(place)).map(|one| one.record)
        };
        let cluster = |record: u32| usize::try_from(record).ok().and_then(|record| linked.clusters.get(record));
        let mut proposed = Proposed::default();
        for (record, cluster) in (0_u32..).zip(&linked.clusters) {
            proposed.clusters.extend(one(record).map(|id| (id, *cluster)));
        }
        let doubts = linked.pairs.iter().filter(|pair| cluster(pair.left) != cluster(pair.right));
        proposed.doubts = doubts.filter_map(|pair| one(pair.left).zip(one(pair.right))).collect();
        Ok((proposed, model.version().to_owned()))
    })
}
