//! Compares the index with the model: now, and at every moment that was remembered.

use super::model::{Model, Moment};
use crate::history::{person_as_of, record_as_of};
use crate::review::{self, Filter};
use crate::store::{person as stored, record as source};
use crate::{PersonId, RecordId, TaskId, Visible, read};
use directory::Instant;
use kv::Draft;
use std::collections::{BTreeMap, BTreeSet};

impl Model {
    pub(super) fn check_now(&self) {
        let mut draft = Draft::new(&self.world.kv);
        for (record, home) in &self.homes {
            let head = source::head(&mut draft, *record).unwrap().unwrap();
            let held = &self.held[record];
            assert_eq!((head.home, head.current, head.versions), (*home, held.version, held.versions));
            let root = stored::root(&mut draft, head.home).unwrap().unwrap().0;
            assert_eq!(root, self.root(*home));
        }
    }

    /// What listings say of a person is what its members and the heads of their records say, for whoever asks.
    pub(super) fn check_cross_references(&self) {
        let index = self.world.index();
        let mut draft = Draft::new(&self.world.kv);
        for record in self.homes.keys() {
            let head = source::head(&mut draft, *record).unwrap().unwrap();
            let own = Visible::custodian(head.institution);
            for visible in [Visible::All, own] {
                let person = read::resolve(&index, &mut draft, &head.identifier, &visible).unwrap();
                let cross = read::cross_reference(&index, &mut draft, &head.identifier, &visible).unwrap();
                let (person, cross) = (person.unwrap(), cross.unwrap());
                let said = person.records.into_iter().map(|it| (it.record, it.identifier, it.institution));
                assert_eq!(cross.person, person.person);
                assert!(cross.records.into_iter().map(|it| (it.record, it.identifier, it.institution)).eq(said));
            }
        }
    }

    pub(super) fn check_tasks(&self) {
        let filter = Filter { limit: usize::MAX, ..Filter::default() };
        let now = Instant::from_micros(self.world.now);
        let listed = self.run(|_, draft| review::list(draft, &filter, &Visible::All, now)).0.unwrap();
        let listed: BTreeSet<TaskId> = listed.tasks.iter().map(|task| task.id).collect();
        assert_eq!(listed, self.waiting.keys().copied().collect());
    }

    /// Keeps this moment, to ask for it later.
    pub(super) fn remember(&mut self) {
        let moment =
            self.homes.iter().map(|(record, home)| (*record, (self.root(*home), *home, self.held[record].version)));
        let moment: Moment = moment.collect();
        self.moments.push((self.world.now, moment));
    }

    /// Every remembered moment is read back as it was.
    pub(super) fn check_past(&self) {
        let index = self.world.index();
        let mut draft = Draft::new(&self.world.kv);
        for (now, moment) in &self.moments {
            let at = Instant::from_micros(*now);
            let mut of_root: BTreeMap<PersonId, BTreeSet<RecordId>> = BTreeMap::new();
            for (record, (root, home, version)) in moment {
                let was = record_as_of(&index, &mut draft, *record, at, &Visible::All).unwrap().unwrap();
                assert_eq!((was.home, was.version), (*home, *version));
                of_root.entry(*root).or_default().insert(*record);
            }
            for (root, records) in of_root {
                let was = person_as_of(&index, &mut draft, root, at, &Visible::All).unwrap().unwrap();
                let found: BTreeSet<RecordId> = was.records.iter().map(|record| record.record).collect();
                assert_eq!((was.person, found), (root, records));
            }
        }
    }
}
