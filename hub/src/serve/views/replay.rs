//! What a draft of the policy would have answered, as an officer reads it.

use std::collections::{BTreeMap, BTreeSet};

use consent::simulate::Difference;
use consent::{Obligation, Outcome};
use directory::Instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::decision::{SentenceView, outcome_word};
use crate::audit::{Recent, Subject};
use crate::serve::background::State;
use crate::serve::problem::Problem;
use crate::serve::replays::{Asked, Past, ReplayRun, Tally};

/// What is asked again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewReplay {
    /// How many days back: 1 to 31; missing: 7.
    days: Option<u32>,
}

const DAYS: u32 = 7;
const DAYS_MAX: u32 = 31;
/// Differences that are shown one by one.
const SHOWN_MAX: usize = 100;

impl NewReplay {
    pub(in crate::serve) fn past(&self, version: u32) -> Result<Past, Problem> {
        let days = self.days.unwrap_or(DAYS);
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(Problem::bad_field("days", format!("must be from 1 to {DAYS_MAX}")));
        }
        Ok(Past { version, days })
    }
}

/// A replay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub(in crate::serve) struct ReplayView {
    /// Its id.
    id: String,
    /// The version that is tried.
    version: u32,
    /// `running`, `done` or `failed`.
    #[schema(example = "done")]
    state: &'static str,
    /// How much of the trail is done, in percent.
    percent: u32,
    /// What came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Replayed>,
}

impl ReplayView {
    pub(in crate::serve) fn new(run: &ReplayRun) -> Self {
        let (state, found) = match run.state() {
            State::Running(_) => ("running", None),
            State::Done(found) => ("done", Some(found)),
            State::Failed => ("failed", None),
        };
        Self {
            id: run.id.clone(),
            version: run.about.version,
            state,
            percent: if found.is_some() { 100 } else { run.percent() },
            findings: found.map(|found| (*found).clone()),
        }
    }
}

impl ReplayView {
    /// The persons whom it names, for the trail.
    pub(in crate::serve) fn subjects(&self) -> Vec<Subject> {
        let named = self.findings.iter().flat_map(|found| &found.differences).map(|one| one.person.as_str());
        let persons: BTreeSet<&str> = named.collect();
        persons.into_iter().map(|person| Subject { person: person.into(), answers: Vec::new() }).collect()
    }
}

/// What came out of a replay.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReplayFindings)]
pub(in crate::serve) struct Replayed {
    /// The version that was tried.
    version: u32,
    /// From when to when the questions are.
    from: String,
    until: String,
    /// Questions that were asked again and compared.
    compared: u64,
    /// Of these: permitted by the draft, and denied then.
    gained: u64,
    /// Of these: denied by the draft, and permitted then.
    lost: u64,
    /// Of these: permitted in both cases with other obligations.
    obliged_otherwise: u64,
    /// Answers in the trail that are not found again under the policy of then: they are not compared. More than a few are
    /// a matter for whoever runs the server.
    not_reproduced: u64,
    /// Ids of some of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_reproduced_examples: Vec<String>,
    /// Answers of which the trail does not keep the whole question.
    not_replayable: u64,
    /// Lines of the trail that are no events.
    unreadable: u64,
    /// Whether there were more questions than are asked again: the newest were.
    is_cut: bool,
    /// What differs, by who asked what.
    changes: Vec<ReplayChange>,
    /// Single questions that differ, newest first; the first hundred.
    differences: Vec<DifferenceView>,
}

/// Questions of one kind that would be answered otherwise; of the first thousand that differ.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::serve) struct ReplayChange {
    /// `gained`, `lost` or `obliged_otherwise`.
    #[schema(example = "lost")]
    direction: &'static str,
    /// Who asked.
    institution: String,
    /// In which role.
    role: &'static str,
    /// Why.
    purpose: &'static str,
    /// For which data.
    category: &'static str,
    /// How many questions.
    questions: u64,
}

/// A question that would be answered otherwise.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReplayDifference)]
pub(in crate::serve) struct DifferenceView {
    /// The id of the decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
    /// When it was asked.
    at: String,
    /// About whom.
    person: String,
    /// Who asked.
    institution: String,
    /// In which role.
    role: &'static str,
    /// Why.
    purpose: &'static str,
    /// Whose data.
    custodian: String,
    /// Which data.
    category: &'static str,
    /// `permit` or `deny`, as it was answered.
    before: &'static str,
    /// As it would be answered.
    after: &'static str,
    /// What would have to be done beside.
    #[schema(value_type = Vec<Object>)]
    obligations: Vec<Obligation>,
    /// Why.
    sentence: SentenceView,
}

impl Replayed {
    pub(in crate::serve) fn new((version, from, until): (u32, Instant, Instant), tally: &Tally, walk: Recent) -> Self {
        let Tally { replay, .. } = tally;
        Self {
            version,
            from: from.to_string(),
            until: until.to_string(),
            compared: replay.asked,
            gained: replay.gained,
            lost: replay.lost,
            obliged_otherwise: replay.obliged_otherwise,
            not_reproduced: tally.not_reproduced,
            not_reproduced_examples: tally.not_reproduced_examples.iter().map(ToString::to_string).collect(),
            not_replayable: tally.not_replayable,
            unreadable: walk.unreadable,
            is_cut: walk.is_cut,
            changes: changes(&replay.differences),
            differences: replay.differences.iter().take(SHOWN_MAX).map(DifferenceView::new).collect(),
        }
    }
}

impl DifferenceView {
    fn new(difference: &Difference<Asked>) -> Self {
        let Difference { key, before, after, .. } = difference;
        let (asked, data) = (&key.question.asked, &key.question.data);
        Self {
            decision: key.decision.as_deref().map(str::to_owned),
            at: key.at.to_string(),
            person: key.person.to_string(),
            institution: asked.institution.to_string(),
            role: asked.role.word(),
            purpose: asked.purpose.code(),
            custodian: data.custodian.to_string(),
            category: data.category.word(),
            before: outcome_word(before.0),
            after: outcome_word(after.outcome),
            obligations: after.obligations.iter().collect(),
            sentence: key.sentence.clone().into(),
        }
    }
}

fn direction(difference: &Difference<Asked>) -> &'static str {
    match (difference.before.0, difference.after.outcome) {
        (Outcome::Deny, Outcome::Permit) => "gained",
        (Outcome::Permit, Outcome::Deny) => "lost",
        _ => "obliged_otherwise",
    }
}

/// The kinds of questions that differ, those with most questions first.
fn changes(differences: &[Difference<Asked>]) -> Vec<ReplayChange> {
    type Kind<'a> = (&'static str, &'a str, &'static str, &'static str, &'static str);
    let mut counted: BTreeMap<Kind<'_>, u64> = BTreeMap::new();
    for difference in differences {
        let (asked, data) = (&difference.key.question.asked, &difference.key.question.data);
        let (role, purpose, category) = (asked.role.word(), asked.purpose.code(), data.category.word());
        *counted.entry((direction(difference), asked.institution.as_str(), role, purpose, category)).or_default() += 1;
    }
    let mut changes: Vec<ReplayChange> = counted
        .into_iter()
        .map(|((direction, institution, role, purpose, category), questions)| ReplayChange {
            direction,
            institution: institution.to_owned(),
            role,
            purpose,
            category,
            questions,
        })
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.questions));
    changes
}
