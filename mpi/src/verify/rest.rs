//! Merges, postings, tasks and the queue, noted reads, and the log.

use super::Check;
use crate::event::Event;
use crate::history::AccessRow;
use crate::merge::MergeRow;
use crate::review::{self, QueueRow, Task, TaskState};
use crate::store::person::{MEMBER, member};
use crate::store::{decode, encode, export, person};
use crate::{Error, MergeId, PersonId, TaskId, space};
use kv::{Draft, Key, Seq};

/// Batches of the log read at once.
const CHANGES: u32 = 1_000;

impl Check<'_> {
    pub(super) fn merge(&mut self, part: &[u8], rows: &[kv::Row]) -> Result<(), Error> {
        self.done.counts.merges += 1;
        let id = part.try_into().map(MergeId);
        let place = || id.map_or_else(|_| "a merge".into(), |id| format!("merge {id}"));
        let (Ok(id), [(_, value)]) = (id, rows) else {
            self.fail("a merge is one row", place());
            return Ok(());
        };
        let Some(row) = self.decoded(decode::<MergeRow>("merge", value), &place) else { return Ok(()) };
        let ends = self.merges.remove(&id).unwrap_or_default();
        let is_automatic = matches!(row.cause, crate::MergeCause::Automatic(_));
        let both = [(row.absorbed, row.survivor, is_automatic)];
        let expected: &[_] = if row.undone.is_none() { &both } else { &[] };
        let agrees = ends.upwards == expected && ends.downwards == expected;
        self.require(agrees, "a merge that stands is at both persons, one that was undone at none", &place);
        Ok(())
    }

    pub(super) fn agree_on_merges(&mut self) {
        for (id, _) in std::mem::take(&mut self.merges) {
            self.fail("persons point to each other by a merge that is kept", format!("merge {id}"));
        }
    }

    pub(super) fn postings(&mut self) -> Result<(), Error> {
        let (kv, mut read) = (self.kv, 0);
        export::rows(kv, space::POSTING, &mut |_, _| {
            self.tell("postings", &mut read);
            Ok(())
        })?;
        self.done.counts.postings = read;
        if read == self.postings_found {
            return Ok(());
        }
        // Some posting is of nobody's key: only now is it worth asking every person.
        export::rows(kv, space::POSTING, &mut |key, _| {
            let person = PersonId::from_bytes(&key.sort);
            let has = person.map_or(Ok(false), |person| has_key(&mut Draft::new(kv), person, key))?;
            self.require(has, "a posting is of a key that a member has", &|| key.place());
            Ok(())
        })
    }

    pub(super) fn task(&mut self, part: &[u8], rows: &[kv::Row]) -> Result<(), Error> {
        self.done.counts.tasks += 1;
        let id = part.try_into().map(TaskId);
        let place = || id.map_or_else(|_| "a task".into(), |id| format!("task {id}"));
        let (Ok(id), [(_, value)]) = (id, rows) else {
            self.fail("a task is one row", place());
            return Ok(());
        };
        let Some(task) = self.decoded(decode::<Task>("task", value), &place) else { return Ok(()) };
        self.require(task.id == id, "a task has the id of its place", &place);
        let is_known = task.records.iter().all(|record| self.records.contains_key(record));
        self.require(is_known && !task.records.is_empty(), "a task is about records that exist", &place);
        let is_known = task.persons.iter().all(|person| self.persons.contains(person));
        self.require(is_known, "a task is about persons that exist", &place);
        if let (Some(version), Some(record)) = (task.version, task.records.first()) {
            let is_known = self.records.get(record).is_some_and(|note| (1..=note.versions).contains(&version));
            self.require(is_known, "a task is about a version that exists", &place);
        }
        if !matches!(task.state, TaskState::Closed { .. }) {
            self.done.counts.tasks_waiting += 1;
            let row = QueueRow { kind: task.kind, institutions: task.institutions.clone() };
            self.waiting.insert(review::queue_key(&task).sort, encode("queue", &row)?);
        }
        Ok(())
    }

    pub(super) fn queue(&mut self) -> Result<(), Error> {
        let kv = self.kv;
        export::rows(kv, space::QUEUE, &mut |key, value| {
            let is_waiting = self.waiting.remove(&key.sort).is_some_and(|row| *row == *value);
            self.require(is_waiting, "the queue shows only tasks that wait", &|| key.place());
            Ok(())
        })?;
        for _ in 0..self.waiting.len() {
            self.fail("the queue shows every task that waits", "the queue".into());
        }
        Ok(())
    }

    pub(super) fn quarantines(&mut self) -> Result<(), Error> {
        for (record, version, id) in std::mem::take(&mut self.quarantined) {
            let place = || format!("record {record}");
            let stored = review::stored(&mut Draft::new(self.kv), id);
            let is_about = |task: &Task| {
                let is_open = !matches!(task.state, TaskState::Closed { .. });
                is_open && task.version == Some(version) && task.records.first() == Some(&record)
            };
            let found = self.decoded(stored, &place).flatten();
            let is_told = found.as_ref().is_some_and(is_about);
            self.require(is_told, "a task waits about a version that was kept aside", &place);
        }
        Ok(())
    }

    pub(super) fn access(&mut self, part: &[u8], rows: &[kv::Row]) -> Result<(), Error> {
        let place = || "a noted read".to_owned();
        let is_known = PersonId::from_bytes(part).is_some_and(|person| self.persons.contains(&person));
        self.require(is_known, "a read is of a person that exists", &place);
        for (_, value) in rows {
            self.done.counts.reads_noted += 1;
            self.decoded(decode::<AccessRow>("a noted read", value), &place);
        }
        Ok(())
    }

    pub(super) fn log(&mut self) -> Result<(), Error> {
        let (mut after, mut read) = (Seq(0), 0);
        loop {
            let page = self.kv.changes(after, CHANGES)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            for change in &page {
                self.tell("batches of the log", &mut read);
                for entry in &change.entries {
                    let place = || format!("batch {} of the log", change.seq.0);
                    let is_owned = directory::log::split(entry).is_some();
                    self.require(is_owned, "every entry of the log has an owner", &place);
                    let event = self.decoded(Event::decode(entry), &place).flatten();
                    self.done.counts.events += u64::from(event.is_some());
                }
            }
        }
    }
}

fn has_key(draft: &mut Draft<'_>, id: PersonId, posting: &Key) -> Result<bool, Error> {
    let rows = draft.scan(&person::partition(id), &[MEMBER], Some(&[MEMBER + 1]), u32::MAX)?;
    let members = rows.rows.iter().filter_map(|(sort, value)| member(sort, value).ok());
    let mut keys = members.flat_map(|(_, member)| member.keys);
    Ok(keys.any(|key| key.partition() == posting.partition))
}
