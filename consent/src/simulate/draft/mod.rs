//! What changes if this draft is published: exact, over all patients, before it happens.
//!
//! The policies are compared first; only where they differ can an answer change. Patients are then grouped by what of
//! their charts can matter there, and one of each group is asked: for all who may ask, in every role and relationship, for
//! every purpose and in every emergency, for every label and category, for every custodian, now and at every moment within
//! the horizon at which a window begins or ends.
//!
//! What is compared is what may be *seen*. Obligations and the length of sessions are not; whether they differ is told.
//! Requests on a legal basis of their own, and emergencies that were declared before the policy changes, are not asked.
//! Any custodian may hold a record of any linked identity: the index alone knows which does.

mod bits;
mod evaluate;
mod network;
mod shape;
mod universe;

use crate::category::Category;
use crate::chart::{ChartView, SubjectState};
use crate::codebook::Codebook;
use crate::emergency::{Emergency, EmergencyKind};
use crate::label::{Label, Labels};
use crate::policy::PolicyImage;
use crate::purpose::Purpose;
use crate::request::{RecordFacts, Requester};
use crate::role::ActingAs;
use crate::rule::{Relation, Relations, Rule};
use directory::{Instant, InstitutionKind};
use evaluate::{Entry, Evaluator};
use hashbrown::HashMap;
use network::{Contexts, Variant};
use shape::{Projector, Shape};
use std::collections::BTreeMap;
use universe::Universe;

/// The most rules of the policies that are about one record at one moment: far more than a policy that people can read.
pub const NETWORK_RULES_MAX: usize = bits::RuleSet::MAX;
/// The most rules of one chart that can matter to a comparison; patients over it are counted apart.
pub const SHAPE_RULES_MAX: usize = 128;
/// The most labels, and the most relationships, that are asked about.
pub const PROBES_MAX: usize = 64;
/// How many patients are named as examples of one kind of change.
pub const EXAMPLES_MAX: usize = 20;

/// What is compared, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Drafted<'a> {
    /// The numbers of both policies and of all charts.
    pub book: &'a Codebook,
    /// What is in force.
    pub old: &'a PolicyImage,
    /// The draft.
    pub new: &'a PolicyImage,
    /// Everybody who may ask: an ordinary person at each institution, and whoever has a name in a rule. Roles and
    /// relationships are replaced, and so is the naming for emergencies.
    pub seats: &'a [Requester],
    /// The relationships that requesters may have; see [`every_relationship`].
    pub relations: &'a [Relationship],
    /// An ordinary record of each disclosing custodian; category, labels and identity are replaced.
    pub records: &'a [RecordFacts<'a>],
    /// The labels that records may carry; see [`every_label`].
    pub labels: &'a [Labels],
    /// The present.
    pub now: Instant,
    /// Until when windows that begin or end are looked at.
    pub horizon: Instant,
}

/// What a requester may have to do with a patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relationship {
    /// The care relationships.
    pub relations: Relations,
    /// When the last encounter ended.
    pub last_encounter: Option<Instant>,
}

/// Whether something opens or closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// It may be seen and could not be before.
    Gained,
    /// It could be seen and may not be any more.
    Lost,
}

/// A kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeKey {
    /// Whether it opens.
    pub direction: Direction,
    /// The kind of institution that asks.
    pub kind: Option<InstitutionKind>,
    /// In which role.
    pub role: ActingAs,
    /// Why.
    pub purpose: Purpose,
    /// In which emergency, if in one.
    pub emergency: Option<EmergencyKind>,
    /// Whether the record carries a label that one of the policies calls sensitive.
    pub is_sensitive: bool,
    /// Which data.
    pub category: Category,
}

/// One question that is answered differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Who asks, by the place among the seats.
    pub seat: usize,
    /// In which relationship, by its place.
    pub relation: usize,
    /// For which record, by its place.
    pub record: usize,
    /// With which labels, by their place.
    pub label: usize,
    /// Of which linked identity.
    pub identity: u16,
    /// When.
    pub now: Instant,
    /// In which emergency.
    pub emergency: Option<Emergency>,
    /// Whether the person was named for emergencies, where that was asked.
    pub is_named: Option<bool>,
}

/// Whom a kind of change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<P> {
    /// How many patients.
    pub patients: u64,
    /// For how many of them it holds at once; for the others a window has to begin or end first.
    pub patients_now: u64,
    /// The first [`EXAMPLES_MAX`] of them, in the order of their groups.
    pub examples: Vec<P>,
    /// A question about the first of these patients that is answered differently.
    pub witness: Witness,
}

/// What would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDiff<P> {
    /// How many patients were looked at.
    pub patients: u64,
    /// How many gain or lose something.
    pub affected: u64,
    /// How many had too many rules to be compared; what they gain or lose is not known.
    pub unresolved: u64,
    /// The first [`EXAMPLES_MAX`] of these.
    pub unresolved_examples: Vec<P>,
    /// How many groups the patients fell into.
    pub shapes: usize,
    /// Everything that opens or closes.
    pub changes: BTreeMap<ChangeKey, Change<P>>,
    /// Whether somebody would see what he or she does not see today, or that cannot be excluded: a second officer confirms.
    pub widens: bool,
    /// Whether obligations, the length of emergency sessions, or the time for which answers may be kept differ.
    pub changes_conditions: bool,
}

/// Why policies cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// Too many rules about one record.
    #[error("the two policies have {count} rules about one record; {limit} can be compared at once")]
    TooManyRules {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// Too much to ask about.
    #[error("{count} {what} are over the limit of {limit}")]
    TooManyProbes {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
}

/// No relationship, each one alone, and one that has just been seen.
#[must_use]
pub fn every_relationship(now: Instant) -> Vec<Relationship> {
    let alone = Relation::ALL
        .into_iter()
        .map(|relation| Relationship { relations: [relation].into_iter().collect(), last_encounter: None });
    let seen = Relationship { relations: Relations::default(), last_encounter: Some(now) };
    std::iter::once(Relationship::default()).chain(alone).chain([seen]).collect()
}

/// Nothing special, each label at the normal level, and each other level.
#[must_use]
pub fn every_label() -> Vec<Labels> {
    let one = |label: Label| if label.is_level() { label.set() } else { label.set().with(Label::NORMAL.set()) };
    let others = Label::all().map(one).filter(|labels| *labels != Labels::PLAIN);
    std::iter::once(Labels::PLAIN).chain(others).collect()
}

/// Compares a draft with what is in force, for all patients.
///
/// # Errors
/// [`DraftError`] over a limit; nothing was compared then.
pub fn what_would_change<'c, P: Clone>(
    drafted: &Drafted<'_>,
    patients: impl IntoIterator<Item = (P, ChartView<'c>)>,
) -> Result<PolicyDiff<P>, DraftError> {
    check(drafted)?;
    let universe = Universe::new(drafted);
    let contexts = network::contexts(&universe)?;
    let mut groups: Vec<Groups<'_, P>> = contexts.iter().map(|contexts| Groups::new(&universe, contexts)).collect();
    let mut diff = PolicyDiff {
        patients: 0,
        affected: 0,
        unresolved: 0,
        unresolved_examples: Vec::new(),
        shapes: 0,
        changes: BTreeMap::new(),
        widens: false,
        changes_conditions: do_conditions_differ(drafted),
    };
    for (patient, chart) in patients {
        diff.patients += 1;
        let subject = chart.subject;
        // Neither policy opens anything of these.
        if subject.state == SubjectState::NotEnrolled || subject.is_deceased || chart.identities == 0 {
            continue;
        }
        let is_withdrawn = subject.state == SubjectState::Withdrawn;
        let variant = Variant { has_signed: subject.has_signed, is_withdrawn };
        let place = Variant::ALL.iter().position(|known| *known == variant);
        let Some(group) = place.and_then(|place| groups.get_mut(place)) else { continue };
        if !group.add(&patient, chart) {
            diff.unresolved += 1;
            if diff.unresolved_examples.len() < EXAMPLES_MAX {
                diff.unresolved_examples.push(patient);
            }
        }
    }
    for group in groups {
        group.settle(&mut diff);
    }
    diff.widens = diff.unresolved > 0 || diff.changes.keys().any(|key| key.direction == Direction::Gained);
    Ok(diff)
}

/// Patients of one variant, by shape.
struct Groups<'u, P> {
    universe: &'u Universe<'u>,
    contexts: &'u Contexts,
    projector: Projector<'u>,
    places: HashMap<Vec<u64>, usize>,
    groups: Vec<Group<P>>,
}

struct Group<P> {
    patients: u64,
    examples: Vec<P>,
    entries: Vec<Entry>,
}

impl<'u, P: Clone> Groups<'u, P> {
    fn new(universe: &'u Universe<'u>, contexts: &'u Contexts) -> Self {
        let projector = Projector::new(universe, &contexts.region);
        Self { universe, contexts, projector, places: HashMap::new(), groups: Vec::new() }
    }

    /// Adds a patient; false when the chart has too many rules to be compared.
    fn add(&mut self, patient: &P, chart: ChartView<'_>) -> bool {
        if self.contexts.region.categories == 0 {
            return true;
        }
        let Some(shape) = self.projector.shape(chart) else { return false };
        let place = self.places.get(&shape.key).copied();
        let place = place.unwrap_or_else(|| self.enter(&shape));
        if let Some(group) = self.groups.get_mut(place) {
            group.patients += 1;
            if group.examples.len() < EXAMPLES_MAX {
                group.examples.push(patient.clone());
            }
        }
        true
    }

    fn enter(&mut self, shape: &Shape) -> usize {
        let place = self.groups.len();
        let entries = Evaluator::new(self.universe, self.contexts, shape).run();
        self.groups.push(Group { patients: 0, examples: Vec::new(), entries });
        self.places.insert(shape.key.clone(), place);
        place
    }

    fn settle(self, diff: &mut PolicyDiff<P>) {
        diff.shapes += self.groups.len();
        for group in self.groups {
            if !group.entries.is_empty() {
                diff.affected += group.patients;
            }
            for entry in &group.entries {
                for category in entry.categories.iter() {
                    let key = ChangeKey { category, ..entry.key };
                    let change = diff.changes.entry(key).or_insert_with(|| Change {
                        patients: 0,
                        patients_now: 0,
                        examples: Vec::new(),
                        witness: entry.witness,
                    });
                    change.patients += group.patients;
                    change.patients_now += if entry.is_now { group.patients } else { 0 };
                    let room = EXAMPLES_MAX.saturating_sub(change.examples.len());
                    change.examples.extend(group.examples.iter().take(room).cloned());
                }
            }
        }
    }
}

fn check(drafted: &Drafted<'_>) -> Result<(), DraftError> {
    let counts = [("labels", drafted.labels.len()), ("relationships", drafted.relations.len())];
    for (what, count) in counts {
        if count > PROBES_MAX {
            return Err(DraftError::TooManyProbes { what, count, limit: PROBES_MAX });
        }
    }
    Ok(())
}

/// Whether the policies differ in what has to be done beside.
fn do_conditions_differ(drafted: &Drafted<'_>) -> bool {
    let [old, new] = [drafted.old, drafted.new];
    let rules = |policy: &PolicyImage| -> Vec<Rule> {
        policy.rules().iter().chain(policy.custodian_rules()).copied().collect()
    };
    let (of_old, of_new) = (rules(old), rules(new));
    let is_same = |a: &Rule, b: &Rule| *a == Rule { obligations: a.obligations, ..*b };
    let is_obliged_otherwise = |rule: &&Rule| !of_old.contains(rule) && of_old.iter().any(|known| is_same(known, rule));
    let terms = |policy: &PolicyImage| {
        EmergencyKind::ALL.map(|kind| policy.emergency().terms(kind).map(|terms| (terms.seconds, terms.obligations)))
    };
    of_new.iter().any(|rule| is_obliged_otherwise(&rule))
        || terms(old) != terms(new)
        || old.cache_for_seconds() != new.cache_for_seconds()
}
