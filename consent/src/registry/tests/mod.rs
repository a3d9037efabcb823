//! The registry over a store in memory: its rules as tables, its laws over random histories.

mod laws;
mod model;
mod people;
mod policies;
mod rules;

use super::*;
use crate::document::{ConsentDocument, Provision};
use crate::tests::world::{DEFAULT_POLICY, NOW, World, document, identity, known};
use crate::{ConsentId, IdentityId, SignerFacts};
use directory::Instant;
use kv::{BatchId, Commit, Draft, Kv, MemoryKv, Plan};
use std::collections::BTreeSet;

const MINUTE: i64 = 60 * 1_000_000;
/// When the policy of the tests came into force: before everything else.
const BEGIN: Instant = NOW.plus_micros(-1_000 * 60 * MINUTE);

/// A store with the default policy in force, and what documents are checked against.
struct Registry {
    kv: MemoryKv,
    batches: u8,
    world: World,
}

impl Registry {
    fn new() -> Self {
        let mut registry = Self::empty();
        registry.run(|draft, _| save_policy(draft, &policy_text(), &stamp_of("author", BEGIN))).unwrap();
        let review = Review { simulation: [0; 32], does_widen: true, is_widening_confirmed: true };
        registry.run(|draft, _| review_policy(draft, 1, &review, &stamp_of("reviewer", BEGIN))).unwrap();
        registry.run(|draft, _| schedule_policy(draft, 1, BEGIN, &stamp_of("author", BEGIN))).unwrap();
        registry
    }

    fn empty() -> Self {
        Self { kv: MemoryKv::new(), batches: 0, world: World::with(&policy_text(), &[]) }
    }

    /// Runs a verb, and commits what it planned if it did not refuse.
    fn run<T>(&mut self, verb: impl FnOnce(&mut Draft<'_>, &mut World) -> Result<T, Error>) -> Result<T, Error> {
        let mut draft = Draft::new(&self.kv);
        let answer = verb(&mut draft, &mut self.world)?;
        let plan = draft.finish();
        if !plan.is_empty() {
            let committed = self.commit(plan);
            assert!(matches!(committed, Commit::Committed(_)), "{committed:?}");
        }
        Ok(answer)
    }

    fn commit(&mut self, plan: Plan) -> Commit {
        self.batches += 1;
        self.kv.commit(&plan.into_batch(BatchId([self.batches; 16]))).unwrap()
    }

    /// Reads, and plans nothing.
    fn read<T>(&self, read: impl FnOnce(&mut Draft<'_>) -> Result<T, Error>) -> T {
        let mut draft = Draft::new(&self.kv);
        let answer = read(&mut draft).unwrap();
        assert_eq!(draft.finish(), Plan::default());
        answer
    }

    fn save(&mut self, document: &ConsentDocument, now: Instant) -> Result<Change, Error> {
        self.run(|draft, world| {
            let World { book, policy } = world;
            let checks = Checks { known: known(), signer: SignerFacts::default(), policy, book };
            save(draft, document, checks, &stamp(now))
        })
    }

    /// Enrols an identity, and brings a consent into force under it.
    fn sign(&mut self, document: &ConsentDocument, linked: &BTreeSet<IdentityId>, now: Instant) {
        self.run(|draft, _| enrol(draft, document.identity, now, &stamp(now))).unwrap();
        self.save(document, now).unwrap();
        let place = (document.consent, document.version);
        self.run(|draft, _| activate(draft, place, (linked, now), &stamp(now))).unwrap();
    }
}

/// The default policy, with every refusal of an emergency offered, so that random documents are taken more often.
fn policy_text() -> String {
    let all = "refusable = [\"break_glass\", \"consented\", \"ambulance\", \"disaster\"]";
    DEFAULT_POLICY.replace("refusable = []", all)
}

fn stamp(now: Instant) -> Stamp {
    stamp_of("clerk", now)
}

fn stamp_of(id: &str, now: Instant) -> Stamp {
    Stamp { now, actor: Actor { id: id.into(), institution: None } }
}

fn minutes(minutes: i64) -> Instant {
    NOW.plus_micros(minutes * MINUTE)
}

fn consent(number: u8) -> ConsentId {
    ConsentId([number; 16])
}

fn linked(numbers: &[u8]) -> BTreeSet<IdentityId> {
    numbers.iter().map(|number| identity(*number)).collect()
}

/// A document that is signed at the present of the tests.
fn form(number: u8, version: u32, owner: u8, root: Provision) -> ConsentDocument {
    ConsentDocument { version, identity: identity(owner), signed: NOW, ..document(number, root) }
}
