//! Fills an empty index: linkage over all rows proposes which records have to do with each other, arrival admits them.
//!
//! The rules are frozen with the frequencies of these very rows and become the version that decides from then on. They
//! are made active before the first record, so an import that is interrupted leaves an index that is whole, and goes on
//! as arrivals. Nobody else can write meanwhile: a store on disk is open once.

use std::collections::BTreeSet;
use std::sync::Mutex;

use directory::Snapshot;
use linkage::arrival::FrozenFrequencies;
use linkage::block::BlockIndex;
use linkage::exec;
use linkage::run::{Request, Run};
use linkage::table::TableBuilder;
use mpi::events::Position;
use mpi::kv::Draft;
use mpi::{Arrival, Attribute, Index, PersonId, bulk};

use super::commit::commit_alone;
use super::{BULK, First, Import, Persons, ReadRows, Report, draw, person_of, stream};
use crate::failure::Failure;
use crate::index::freeze;
use crate::linking::{self, Loaded, Lookup, Pool, Stopwatch, Weighing};
use crate::progress::{Progress, Unit};

/// Bits below the lower threshold from which on records arrive together: frequencies counted one record at a time differ
/// a little from those counted at once.
const MARGIN_BITS: f64 = 4.0;
/// Records of one group that a plan can hold; a larger group arrives record by record.
const GROUP_RECORDS_MAX: usize = 2 * bulk::RECORDS_PER_PLAN;
const SEED: u64 = 1;

/// Loads rows into an index that has no active rules yet.
pub(super) fn load(
    import: &Import<'_>,
    rows: ReadRows,
    (first, directory): (&First, Snapshot),
) -> Result<(Report, Persons), Failure> {
    let loaded = tabulate(import.pool, first, &rows.arrivals)?;
    let (model, pairs) = propose(first, &loaded)?;
    import.models.save(&model).map_err(Failure::internal)?;
    let Loaded { stopwatch, table, lookup, .. } = loaded;
    // The rows are in memory as arrivals as well.
    drop((table, lookup));
    let mut draft = Draft::new(import.kv);
    mpi::rules::activate(&mut draft, model.version(), 0, &import.stamp()).map_err(Failure::internal)?;
    commit_alone(import.kv, import.clock, draft.finish())?;
    let index = Index { model: &model, generation: 0, standby: None, directory: &directory, digester: import.digester };
    let groups = bulk::groups(&index, &rows.arrivals, &pairs);
    stopwatch.lap("group");
    let mut report =
        Report { way: BULK, rejected: rows.rejected, rules: model.version().to_owned(), ..Report::default() };
    let mut persons = vec![None; rows.arrivals.len()];
    let (plans, large) = cut(groups, rows.arrivals)?;
    admit(import, &index, plans, (&mut report, &mut persons))?;
    skip_second_looks(import)?;
    stopwatch.lap("admit");
    if !large.is_empty() {
        stream::admit(import, &index, large, (&mut report, &mut persons))?;
        stopwatch.lap("large groups");
    }
    report.stages = stopwatch.seconds();
    Ok((report, persons))
}

/// The rows as linkage wants them; each is known by its place.
fn tabulate(pool: Pool, first: &First, arrivals: &[Arrival]) -> Result<Loaded, Failure> {
    let stopwatch = Stopwatch::start();
    let lookup = Lookup::built_in()?;
    let mut builder = TableBuilder::new(&first.rules);
    let attributes: Vec<Option<Attribute>> = builder.columns().iter().map(|column| Attribute::named(column)).collect();
    let places: Vec<String> = (0..arrivals.len()).map(|place| place.to_string()).collect();
    let head = |row: usize| (places.get(row).map_or("", String::as_str), 0);
    let text = |row: usize, column: usize| {
        let attribute = attributes.get(column).copied().flatten();
        arrivals.get(row).zip(attribute).map_or("", |(arrival, attribute)| arrival.demographics.get(attribute))
    };
    if let Some((_, error)) = builder.push_rows(arrivals.len(), &head, &text).first() {
        return Err(Failure::bad_input(anyhow::anyhow!("the file cannot be loaded at once: {error}")));
    }
    let (table, _) = builder.finish(&first.rules, &lookup.tables, false, &pool);
    stopwatch.lap("normalise");
    Ok(Loaded { table, lookup, pool, across_sources: false, rejected: 0, stopwatch })
}

/// Pairs of places.
type Pairs = Vec<(u32, u32)>;

/// The rules with the frequencies of the rows, and which rows have to do with each other.
fn propose(first: &First, loaded: &Loaded) -> Result<(linkage::arrival::FrozenModel, Pairs), Failure> {
    let weighing = Weighing { train: first.is_training, seed: SEED };
    linking::with_scorer(&first.rules, loaded, weighing, |ready| {
        let rules = ready.rules;
        let blocks = BlockIndex::build(&rules.blocks, &loaded.table, false, &loaded.pool);
        let request = Request { threshold: rules.upper, weight_min: rules.lower - MARGIN_BITS, across_sources: false };
        let progress = Progress::start("comparing", None, Unit::Count);
        let run = Run { scorer: ready.scorer, blocks: &blocks, request };
        let linked = run.link(&loaded.pool, &|done, _| progress.set(done as u64));
        progress.finish();
        let place = |record: u32| loaded.table.id(record).parse::<u32>().ok();
        let pairs = linked.pairs.iter().filter_map(|pair| Some((place(pair.left)?, place(pair.right)?))).collect();
        loaded.stopwatch.lap("compare");
        let frequencies = FrozenFrequencies::freeze(rules, &loaded.table);
        let model = freeze(rules.clone(), frequencies).map_err(Failure::internal)?;
        loaded.stopwatch.lap("freeze");
        Ok((model, pairs))
    })
}

/// Nobody raced with the rows so far, so none of their persons needs a second look.
fn skip_second_looks(import: &Import<'_>) -> Result<(), Failure> {
    let mut draft = Draft::new(import.kv);
    let to = Position { batch: import.kv.health().seq, entries: u32::MAX };
    mpi::events::skip_second_looks(&mut draft, to).map_err(Failure::internal)?;
    commit_alone(import.kv, import.clock, draft.finish()).map(drop)
}

/// A row on its way: its place, and the arrival with an id for the person that it may make.
pub(super) type Row = (usize, (Arrival, PersonId));

/// Groups that arrive in one plan.
type PlanRows = Vec<Vec<Row>>;

/// Cuts groups into plans; rows of groups that no plan can hold come apart.
fn cut(groups: Vec<Vec<usize>>, arrivals: Vec<Arrival>) -> Result<(Vec<PlanRows>, Vec<Row>), Failure> {
    let mut drawn = BTreeSet::new();
    let mut arrivals: Vec<Option<Arrival>> = arrivals.into_iter().map(Some).collect();
    let (mut plans, mut plan, mut rows, mut large) = (Vec::new(), PlanRows::new(), 0, Vec::new());
    for group in groups {
        let mut taken: Vec<Row> = Vec::with_capacity(group.len());
        for place in group {
            let Some(arrival) = arrivals.get_mut(place).and_then(Option::take) else { continue };
            taken.push((place, (arrival, draw_new(&mut drawn)?)));
        }
        if taken.len() > GROUP_RECORDS_MAX {
            large.extend(taken);
            continue;
        }
        rows += taken.len();
        plan.push(taken);
        if rows >= bulk::RECORDS_PER_PLAN {
            plans.push(std::mem::take(&mut plan));
            rows = 0;
        }
    }
    plans.push(plan);
    Ok((plans, large))
}

/// A random id for a person that this load has not drawn yet: plans do not see each other.
fn draw_new(drawn: &mut BTreeSet<PersonId>) -> Result<PersonId, Failure> {
    loop {
        let person = draw()?;
        if drawn.insert(person) {
            return Ok(person);
        }
    }
}

/// Admits plans in parallel and commits each as it is ready.
fn admit(
    import: &Import<'_>,
    index: &Index<'_>,
    plans: Vec<PlanRows>,
    (report, persons): (&mut Report, &mut Persons),
) -> Result<(), Failure> {
    let total = plans.iter().flatten().map(Vec::len).sum::<usize>();
    let progress = Progress::start("loading", Some(total as u64), Unit::Count);
    let counted = Mutex::new((report, persons));
    let failures = exec::map_owned(&import.pool, plans, |plan| {
        let places: Vec<usize> = plan.iter().flatten().map(|(place, _)| *place).collect();
        let groups: Vec<Vec<(Arrival, PersonId)>> =
            plan.into_iter().map(|group| group.into_iter().map(|(_, row)| row).collect()).collect();
        let outcome = bulk::admit(index, &groups, &import.stamp()).map_err(Failure::internal);
        let (planned, arrived) = match outcome {
            Ok(admitted) => admitted,
            Err(failure) => return Some(failure),
        };
        let mut part = Report::default();
        arrived.iter().for_each(|arrived| part.count(arrived));
        let committed = part.note_tasks(&planned).and_then(|()| commit_alone(import.kv, import.clock, planned));
        if let Err(failure) = committed {
            return Some(failure);
        }
        let mut counted = counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (report, persons) = &mut *counted;
        for (place, arrived) in places.into_iter().zip(arrived) {
            if let Some(slot) = persons.get_mut(place) {
                *slot = person_of(&arrived);
            }
        }
        report.add(part);
        progress.set(report.rows);
        None
    });
    progress.finish();
    failures.into_iter().flatten().next().map_or(Ok(()), Err)
}
