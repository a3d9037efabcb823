//! The register, the lists and the snapshot: tables of the rules, and laws against a model.

mod apply;
mod bitemporal;
mod corrupt;
mod rules;

use crate::*;
use kv::{BatchId, Change, Commit, Draft, Kv, MemoryKv, Plan, Seq};

/// A store and the number of its next batch.
struct Store {
    kv: MemoryKv,
    batches: u128,
}

impl Store {
    fn new() -> Self {
        Self { kv: MemoryKv::new(), batches: 0 }
    }

    /// Runs verbs on a draft and commits it.
    #[track_caller]
    fn write<T>(&mut self, verbs: impl FnOnce(&mut Draft<'_>) -> Result<T, Error>) -> T {
        let mut draft = Draft::new(&self.kv);
        let result = verbs(&mut draft).unwrap();
        let plan = draft.finish();
        let outcome = self.commit(plan);
        assert!(matches!(outcome, Commit::Committed(_)), "{outcome:?}");
        result
    }

    fn commit(&mut self, plan: Plan) -> Commit {
        self.batches += 1;
        self.kv.commit(&plan.into_batch(BatchId(self.batches.to_be_bytes()))).unwrap()
    }

    /// Reads on a draft that is dropped.
    #[track_caller]
    fn read<T>(&self, reads: impl FnOnce(&mut Draft<'_>) -> Result<T, Error>) -> T {
        reads(&mut Draft::new(&self.kv)).unwrap()
    }

    fn snapshot(&self) -> Snapshot {
        self.read(Snapshot::load)
    }

    fn events(&self) -> Vec<Event> {
        let changes = self.kv.changes(Seq(0), 1_000_000).unwrap();
        let entries = changes.into_iter().flat_map(|Change { entries, .. }| entries);
        entries.map(|entry| Event::decode(&entry).unwrap()).collect()
    }
}

fn micros(micros: i64) -> Instant {
    Instant::from_micros(micros)
}

fn during(from: i64, until: i64) -> Period {
    Period::new(micros(from), micros(until)).unwrap()
}

fn when(period: Period, recorded: i64) -> When {
    When { period, recorded: micros(recorded) }
}

fn hospital(name: &str) -> Institution {
    Institution {
        name: name.into(),
        kind: InstitutionKind::Hospital,
        region: "松江市".into(),
        groups: ["心臓ケア".into()].into(),
        is_disclosing: true,
        code: "3210000017".parse().ok(),
    }
}

fn institution_id(text: &str) -> InstitutionId {
    InstitutionId::new(text).unwrap()
}

fn authority_id(text: &str) -> AuthorityId {
    AuthorityId::new(text).unwrap()
}

fn authority(owner: &str) -> AssigningAuthority {
    AssigningAuthority {
        name: "患者番号".into(),
        kind: AuthorityKind::Patients,
        owner: institution_id(owner),
        namespace: Some("CH".into()),
        grants: [].into(),
    }
}
