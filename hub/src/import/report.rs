//! What came of an import, in counts: never a value of a person.

use std::collections::BTreeMap;

use mpi::kv::Plan;
use mpi::{Arrived, Event, Outcome, TaskId, TaskKind};
use serde::Serialize;

use crate::failure::Failure;
use crate::text::thousands;

/// The way into an index that was empty.
pub(crate) const BULK: &str = "bulk";

/// Counts and seconds of an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Report {
    /// `bulk` or `arrivals`.
    pub(crate) way: &'static str,
    /// Rows of the file that were taken.
    pub(crate) rows: u64,
    /// Rows that were refused.
    pub(crate) rejected: u64,
    /// Records that were new.
    pub(crate) records: u64,
    /// Persons that were new.
    pub(crate) persons: u64,
    /// New records that were linked to a person.
    pub(crate) linked: u64,
    /// New versions of records that were known.
    pub(crate) updated: u64,
    /// Rows that said what was known.
    pub(crate) unchanged: u64,
    /// Rows that are older than what was known.
    pub(crate) history: u64,
    /// Rows that look like another person.
    pub(crate) quarantined: u64,
    /// Rows whose candidates were not all read, because a block is too large.
    pub(crate) blocks_cut: u64,
    /// Plans that had to be made again because something else was written first.
    pub(crate) conflicts: u64,
    /// Tasks by kind.
    pub(crate) tasks: BTreeMap<&'static str, u64>,
    /// The version of the rules that decided.
    pub(crate) rules: String,
    /// Seconds in all.
    pub(crate) seconds: f64,
    /// Rows per second.
    pub(crate) rows_per_second: f64,
    /// Seconds by stage.
    pub(crate) stages: Vec<(&'static str, f64)>,
    #[serde(skip)]
    pub(super) opened: BTreeMap<TaskId, TaskKind>,
}

impl Report {
    /// Counts what became of a row.
    pub(super) fn count(&mut self, arrived: &Arrived) {
        self.rows += 1;
        self.blocks_cut += u64::from(arrived.blocks_cut > 0);
        match arrived.outcome {
            Outcome::Created => (self.records, self.persons) = (self.records + 1, self.persons + 1),
            Outcome::Linked(_) => (self.records, self.linked) = (self.records + 1, self.linked + 1),
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::History => self.history += 1,
            Outcome::Quarantined => self.quarantined += 1,
        }
    }

    /// Notes the tasks that a plan opens.
    pub(super) fn note_tasks(&mut self, plan: &Plan) -> Result<(), Failure> {
        for entry in &plan.log {
            if let Some(Event::TaskOpened { task, kind }) = Event::decode(entry).map_err(Failure::internal)? {
                self.opened.insert(task, kind);
            }
        }
        Ok(())
    }

    /// Adds the counts of another part of the same import.
    pub(super) fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.records += other.records;
        self.persons += other.persons;
        self.linked += other.linked;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.history += other.history;
        self.quarantined += other.quarantined;
        self.blocks_cut += other.blocks_cut;
        self.conflicts += other.conflicts;
        self.opened.extend(other.opened);
    }

    /// Completes what follows from the rest.
    pub(crate) fn finish(&mut self, before: Vec<(&'static str, f64)>) {
        self.stages.splice(0..0, before);
        for kind in self.opened.values() {
            *self.tasks.entry(kind.name()).or_default() += 1;
        }
        self.seconds = self.stages.iter().map(|(_, seconds)| seconds).sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown with four digits")]
        let rows = self.rows as f64;
        self.rows_per_second = if self.seconds > 0.0 { rows / self.seconds } else { 0.0 };
    }

    /// The report for a person at a terminal.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            use std::fmt::Write as _;
            let _ = writeln!(text, "{name:<13}{value}");
        };
        line("rows", format!("{} ({} rejected), {}", thousands(self.rows), thousands(self.rejected), self.way));
        line("persons", format!("{} new", thousands(self.persons)));
        line("records", format!("{} new, {} of them linked", thousands(self.records), thousands(self.linked)));
        let others = [
            ("updated", self.updated),
            ("unchanged", self.unchanged),
            ("older", self.history),
            ("quarantined", self.quarantined),
            ("blocks cut", self.blocks_cut),
            ("conflicts", self.conflicts),
        ];
        for (name, count) in others.into_iter().filter(|(_, count)| *count > 0) {
            line(name, thousands(count));
        }
        for (kind, count) in &self.tasks {
            line("task", format!("{:>9} {kind}", thousands(*count)));
        }
        line("rules", self.rules.clone());
        let stages: Vec<String> = self.stages.iter().map(|(stage, seconds)| format!("{stage} {seconds:.1}")).collect();
        line("seconds", format!("{:.1} ({})", self.seconds, stages.join(", ")));
        line("rows/s", format!("{:.0}", self.rows_per_second));
        text
    }
}
