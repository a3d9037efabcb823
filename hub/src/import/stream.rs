//! Lets records arrive one by one in an index that lives: many at once, each planned again when it met a conflict.
//!
//! Writers share the syncs of the disk, so there are more of them than cores. Rows of one record are taken in their
//! order by one writer.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use directory::Identifier;
use mpi::kv::Draft;
use mpi::{Arrived, Error, Index, Refusal};

use super::bulk::Row;
use super::commit::commit;
use super::{Import, Persons, ReadRows, Report, draw, person_of};
use crate::failure::Failure;
use crate::linking::Stopwatch;
use crate::progress::{Progress, Unit};

/// Writers at once: as many share one sync.
const WRITERS: usize = 32;
/// Attempts of one row; each conflict means that somebody else got on.
const ATTEMPTS_MAX: u32 = 100;
/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_millis(50);

/// Lets rows arrive under the active rules.
pub(super) fn load(import: &Import<'_>, rows: ReadRows, index: &Index<'_>) -> Result<(Report, Persons), Failure> {
    let stopwatch = Stopwatch::start();
    let rules = index.model.version().to_owned();
    let mut report = Report { way: "arrivals", rejected: rows.rejected, rules, ..Report::default() };
    let mut persons = vec![None; rows.arrivals.len()];
    let mut taken: Vec<Row> = Vec::with_capacity(rows.arrivals.len());
    for (place, arrival) in rows.arrivals.into_iter().enumerate() {
        taken.push((place, (arrival, draw()?)));
    }
    admit(import, index, taken, (&mut report, &mut persons))?;
    stopwatch.lap("arrive");
    report.stages = stopwatch.seconds();
    Ok((report, persons))
}

/// Lets rows arrive, in the order of their event times for each record.
pub(super) fn admit(
    import: &Import<'_>,
    index: &Index<'_>,
    rows: Vec<Row>,
    (report, persons): (&mut Report, &mut Persons),
) -> Result<(), Failure> {
    let progress = Progress::start("arriving", Some(rows.len() as u64), Unit::Count);
    let groups = by_record(rows);
    let (next, is_stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let before = report.rows;
    let counted = Mutex::new((report, persons));
    let work = || -> Result<(), Failure> {
        while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
            for (place, row) in group {
                if is_stopped.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let mut part = Report::default();
                let arrived = arrive(import, index, row, &mut part)?;
                let mut counted = counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                let (report, persons) = &mut *counted;
                report.add(part);
                if let Some(slot) = persons.get_mut(*place) {
                    *slot = person_of(&arrived);
                }
                progress.set(report.rows - before);
            }
        }
        Ok(())
    };
    let outcomes: Vec<Result<(), Failure>> = std::thread::scope(|scope| {
        let guarded = || work().inspect_err(|_| is_stopped.store(true, Ordering::Relaxed));
        let threads: Vec<_> = (0..WRITERS).map(|_| scope.spawn(guarded)).collect();
        threads.into_iter().map(join).collect()
    });
    progress.finish();
    outcomes.into_iter().collect()
}

fn join(thread: std::thread::ScopedJoinHandle<'_, Result<(), Failure>>) -> Result<(), Failure> {
    thread.join().unwrap_or_else(|_| Err(Failure::internal(anyhow::anyhow!("a writer stopped through a fault"))))
}

/// The rows of each record, oldest first; records in the order of their first rows.
fn by_record(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let mut positions: BTreeMap<Identifier, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<Row>> = Vec::new();
    for row in rows {
        let position = *positions.entry(row.1.0.identifier.clone()).or_insert(groups.len());
        match groups.get_mut(position) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|(place, (arrival, _))| (arrival.event_time, *place));
    }
    groups
}

/// One arrival, until it is committed.
fn arrive(
    import: &Import<'_>,
    index: &Index<'_>,
    (arrival, fresh): &(mpi::Arrival, mpi::PersonId),
    part: &mut Report,
) -> Result<Arrived, Failure> {
    let mut fresh = *fresh;
    for attempt in 0..ATTEMPTS_MAX {
        let mut draft = Draft::new(import.kv);
        match mpi::arrive(index, &mut draft, arrival, fresh, &import.stamp()) {
            Ok(arrived) => {
                let plan = draft.finish();
                let mut noted = Report::default();
                noted.note_tasks(&plan)?;
                if commit(import.kv, import.clock, plan)?.is_some() {
                    noted.count(&arrived);
                    part.add(noted);
                    return Ok(arrived);
                }
                part.conflicts += 1;
                pause(attempt);
            }
            // The id that was drawn is another person's.
            Err(Error::Refused(Refusal::State(_))) => fresh = draw()?,
            Err(error) => return Err(Failure::internal(error)),
        }
    }
    Err(Failure::internal(anyhow::anyhow!("a record met a conflict {ATTEMPTS_MAX} times: run the import again")))
}

#[expect(clippy::disallowed_methods, reason = "a writer of a command has a thread of its own, and nothing else to do")]
fn pause(attempt: u32) {
    std::thread::sleep(PAUSE_MAX.min(Duration::from_micros(200 << attempt.min(8))));
}
