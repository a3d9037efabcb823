//! Reads truth, clusters, pairs, errors and strata, and numbers what they name.
//!
//! Columns are found by name where a name is known and by position otherwise, so the files of other engines can be
//! measured too. Rows that name a record the truth does not know are counted and left out.

use std::path::Path;

// Look-ups only: the maps are never iterated, so their order cannot leak.
use hashbrown::HashMap;
use linkage::evaluate::{KINDS_MAX, StratumMember};

use crate::commands::warn_rejects;
use crate::failure::Failure;
use crate::input::{self, InputError, RejectLog, RejectReason, RowSink, column_position};
use crate::progress::Progress;

/// Names to numbers, in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    numbers: HashMap<Box<str>, u32>,
}

impl Labels {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(name.into(), number);
        number
    }

    fn known(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    fn len(&self) -> usize {
        self.numbers.len()
    }
}

/// The truth: records are numbered in file order.
#[derive(Debug, Default)]
pub(crate) struct KnownRecords {
    records: Labels,
    people: Labels,
    /// The person of each record.
    pub(crate) persons: Vec<u32>,
    /// The name of the id column.
    pub(crate) id_column: String,
}

impl KnownRecords {
    /// The number of a record.
    pub(crate) fn record(&self, id: &str) -> Option<u32> {
        self.records.known(id)
    }

    /// The number of the person that a record is of.
    pub(crate) fn person(&self, record: &str) -> Option<u32> {
        self.persons.get(self.records.known(record)? as usize).copied()
    }
}

/// Which column of a file is meant.
#[derive(Clone, Copy)]
enum Column<'a> {
    /// The column of this name must be there.
    Named(&'a str),
    /// The first of these names that is there, otherwise the column at this position.
    Known(&'a [&'a str], usize),
    /// The first of these names that is there; the field is empty when there is none.
    Optional(&'a [&'a str]),
}

/// Hands chosen columns of each row to a function.
struct Chosen<'a> {
    path: &'a Path,
    columns: &'a [Column<'a>],
    positions: Vec<Option<usize>>,
    names: Vec<String>,
    on_row: &'a mut dyn FnMut(&[&str]) -> Result<(), RejectReason>,
}

impl RowSink for Chosen<'_> {
    fn header(&mut self, names: &[String]) -> Result<(), InputError> {
        let known = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        for column in self.columns {
            self.positions.push(match column {
                Column::Named(name) => Some(column_position(self.path, names, name)?),
                Column::Optional(wanted) => known(wanted),
                Column::Known(wanted, position) => match known(wanted) {
                    None if *position >= names.len() => {
                        let wanted = wanted.first().copied().unwrap_or("record_id");
                        Some(column_position(self.path, names, wanted)?)
                    }
                    None => Some(*position),
                    found => found,
                },
            });
        }
        names.clone_into(&mut self.names);
        Ok(())
    }

    fn row(&mut self, _: u64, fields: &[&str]) -> Result<(), RejectReason> {
        let mut chosen = [""; 3];
        for (to, position) in chosen.iter_mut().zip(&self.positions) {
            *to = position.and_then(|position| fields.get(position)).copied().unwrap_or("");
        }
        (self.on_row)(chosen.get(..self.positions.len()).unwrap_or(&chosen))
    }
}

/// Reads chosen columns; returns the name of the first one.
fn read(
    path: &Path,
    columns: &[Column<'_>],
    on_row: &mut dyn FnMut(&[&str]) -> Result<(), RejectReason>,
) -> Result<String, Failure> {
    let mut rejects = RejectLog::new();
    let progress = Progress::reading(path);
    let mut sink = Chosen { path, columns, positions: Vec::new(), names: Vec::new(), on_row };
    input::read(path, &mut sink, &mut rejects, &mut |bytes| progress.set(bytes))?;
    progress.finish();
    warn_rejects(path, &rejects);
    let first = sink.positions.first().copied().flatten().unwrap_or(0);
    Ok(sink.names.get(first).cloned().unwrap_or_default())
}

const ID_NAMES: [&str; 2] = ["record_id", "unique_id"];

/// Reads the truth.
pub(crate) fn truth(path: &Path) -> Result<KnownRecords, Failure> {
    let mut known = KnownRecords::default();
    let columns = [Column::Known(&ID_NAMES, 0), Column::Known(&["person_id", "cluster_id"], 1)];
    known.id_column = read(path, &columns, &mut |fields| {
        let [record, person] = fields else { return Ok(()) };
        let number = known.records.number(record);
        if (number as usize) < known.persons.len() {
            return Err(RejectReason::Other("the record is named by an earlier row".to_owned()));
        }
        known.persons.push(known.people.number(person));
        Ok(())
    })?;
    if known.persons.is_empty() {
        return Err(Failure::bad_input(anyhow::anyhow!("`{}` names no record", path.display())));
    }
    Ok(known)
}

/// Per record of the truth the cluster that it is in; and the rows that name other records. A record that the file does
/// not name is a cluster of its own.
pub(crate) fn clusters(path: &Path, known: &KnownRecords) -> Result<(Vec<u32>, u64), Failure> {
    let mut labels = Labels::default();
    let mut clusters: Vec<Option<u32>> = vec![None; known.persons.len()];
    let mut ignored = 0;
    let columns = [Column::Known(&ID_NAMES, 0), Column::Known(&["cluster_id"], 1)];
    read(path, &columns, &mut |fields| {
        let [record, cluster] = fields else { return Ok(()) };
        match known.records.known(record).and_then(|record| clusters.get_mut(record as usize)) {
            None => ignored += 1,
            Some(Some(_)) => return Err(RejectReason::Other("the record is named by an earlier row".to_owned())),
            Some(slot) => *slot = Some(labels.number(cluster)),
        }
        Ok(())
    })?;
    let mut next = u32::try_from(labels.len()).unwrap_or(u32::MAX);
    let alone = |cluster: Option<u32>| {
        cluster.unwrap_or_else(|| {
            next = next.wrapping_add(1);
            next - 1
        })
    };
    Ok((clusters.into_iter().map(alone).collect(), ignored))
}

/// A scored pair: two record numbers and the match weight.
pub(crate) type Pair = (u32, u32, f32);

/// The scored pairs, and the rows that name records the truth does not know. Without a weight every pair weighs 0.
pub(crate) fn pairs(path: &Path, known: &KnownRecords) -> Result<(Vec<Pair>, u64), Failure> {
    let mut pairs = Vec::new();
    let mut ignored = 0;
    let columns = [
        Column::Known(&["left_id", "unique_id_l"], 0),
        Column::Known(&["right_id", "unique_id_r"], 1),
        Column::Optional(&["match_weight", "score", "match_probability"]),
    ];
    read(path, &columns, &mut |fields| {
        let [left, right, weight] = fields else { return Ok(()) };
        let weight: f32 = match *weight {
            "" => 0.0,
            text => text.parse().map_err(|_| RejectReason::Other("the match weight is not a number".to_owned()))?,
        };
        match (known.records.known(left), known.records.known(right)) {
            (Some(left), Some(right)) => pairs.push((left, right, weight)),
            _ => ignored += 1,
        }
        Ok(())
    })?;
    Ok((pairs, ignored))
}

/// The source of each record of the truth; a record that the file does not name gets a source of its own kind.
pub(crate) fn sources(path: &Path, id: &str, source: &str, known: &KnownRecords) -> Result<Vec<u32>, Failure> {
    let mut labels = Labels::default();
    let mut sources = vec![u32::MAX; known.persons.len()];
    read(path, &[Column::Named(id), Column::Named(source)], &mut |fields| {
        let [record, source] = fields else { return Ok(()) };
        if let Some(slot) = known.records.known(record).and_then(|record| sources.get_mut(record as usize)) {
            *slot = labels.number(source);
        }
        Ok(())
    })?;
    Ok(sources)
}

/// Which errors each record has.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    /// The kinds, in order of first appearance; the number of a kind is its bit.
    pub(crate) names: Vec<String>,
    /// Per record the bits of its kinds.
    pub(crate) kinds: Vec<u64>,
}

/// Reads the known errors.
pub(crate) fn errors(path: &Path, known: &KnownRecords) -> Result<Errors, Failure> {
    let mut errors = Errors { names: Vec::new(), kinds: vec![0; known.persons.len()] };
    let columns = [Column::Known(&ID_NAMES, 0), Column::Named("kind")];
    read(path, &columns, &mut |fields| {
        let [record, kind] = fields else { return Ok(()) };
        let position = errors.names.iter().position(|name| name == kind).unwrap_or_else(|| {
            errors.names.push((*kind).to_owned());
            errors.names.len() - 1
        });
        if position >= KINDS_MAX {
            errors.names.truncate(KINDS_MAX);
            return Err(RejectReason::Other(format!("more than {KINDS_MAX} kinds of errors")));
        }
        if let Some(slot) = known.records.known(record).and_then(|record| errors.kinds.get_mut(record as usize)) {
            *slot |= 1 << position;
        }
        Ok(())
    })?;
    Ok(errors)
}

/// The hard cases: names of the strata, and who belongs to which case.
#[derive(Debug, Default)]
pub(crate) struct Strata {
    /// The strata, in order of first appearance.
    pub(crate) names: Vec<String>,
    /// The persons of the cases.
    pub(crate) members: Vec<StratumMember>,
}

/// Reads the hard cases; persons whom the truth does not know are left out.
pub(crate) fn strata(path: &Path, known: &KnownRecords) -> Result<Strata, Failure> {
    let mut strata = Strata::default();
    let mut cases = Labels::default();
    read(path, &[Column::Named("stratum"), Column::Named("case"), Column::Named("person_id")], &mut |fields| {
        let [name, case, person] = fields else { return Ok(()) };
        let position = strata.names.iter().position(|known| known == name).unwrap_or_else(|| {
            strata.names.push((*name).to_owned());
            strata.names.len() - 1
        });
        if let Some(person) = known.people.known(person) {
            let stratum = u32::try_from(position).unwrap_or(u32::MAX);
            strata.members.push(StratumMember { stratum, case: cases.number(case), person });
        }
        Ok(())
    })?;
    Ok(strata)
}
