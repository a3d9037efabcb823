//! Who is like a description.

use std::collections::BTreeMap;

use linkage::model::MatchWeight;
use mpi::kv::Draft;
use mpi::read::{Found, Likeness, Query};
use mpi::{Visible, read};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::arrival::demographics;
use super::waterfall::{Side, WaterfallView};
use crate::audit::Subject;
use crate::index::Operating;
use crate::serve::app::App;
use crate::serve::permission::Patient;
use crate::serve::problem::Problem;
use crate::serve::viewer::{DEMOGRAPHICS, Viewer};

/// A description to compare with the index.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Description {
    /// What is known, by attribute, in any way of writing.
    demographics: BTreeMap<String, String>,
    /// The most persons to give.
    #[serde(default = "default_limit")]
    #[schema(default = 10)]
    limit: u32,
    /// From which match weight in bits a person is given; missing: from that of a possible match.
    weight_min: Option<f64>,
    /// Whether to say for each person why.
    #[serde(default)]
    explain: bool,
}

fn default_limit() -> u32 {
    10
}

/// The most persons of one answer: more are not looked through by anybody.
const LIMIT_MAX: u32 = 100;

/// Who is like a description.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Matches)]
pub(in crate::serve) struct MatchesView {
    /// The persons, the likest first.
    persons: Vec<MatchView>,
    /// How many there are in all.
    total: usize,
    /// Blocks that were too large to be compared whole: somebody may be missing. For callers of the whole network.
    blocks_cut: u32,
}

/// A person that is like a description.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Match)]
pub(in crate::serve) struct MatchView {
    /// The enterprise id.
    #[schema(example = "N-1234-5678-9018")]
    person: String,
    /// Match weight of the best record in bits, after guards.
    weight: f64,
    /// The same as a probability.
    probability: f64,
    /// `match`, `possible match` or `non-match`.
    #[schema(example = "match")]
    decision: &'static str,
    /// The best record.
    record: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<WaterfallView>,
}

/// A description with who asks.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Question {
    body: Description,
    demographics: mpi::Demographics,
    viewer: Viewer,
}

impl Question {
    /// A checked description.
    pub(in crate::serve) fn new(body: Description, viewer: Viewer) -> Result<Self, Problem> {
        if !(1..=LIMIT_MAX).contains(&body.limit) {
            return Err(Problem::bad_field("limit", format!("must be from 1 to {LIMIT_MAX}")));
        }
        if body.weight_min.is_some_and(|weight| !weight.is_finite()) {
            return Err(Problem::bad_field("weight_min", "must be a number"));
        }
        let demographics = demographics(&body.demographics)?;
        if demographics.is_empty() {
            return Err(Problem::bad_field("demographics", "says nothing"));
        }
        Ok(Self { body, demographics, viewer })
    }

    /// The answer, and the persons in it for the audit.
    pub(in crate::serve) fn answer(
        &self,
        (app, operating): (&App, &Operating),
        draft: &mut Draft<'_>,
    ) -> Result<(MatchesView, Vec<Subject>), Problem> {
        let query = Query {
            demographics: self.demographics.clone(),
            limit: usize::try_from(self.body.limit).unwrap_or(usize::MAX),
            weight_min: self.body.weight_min.unwrap_or(operating.model.rules().lower),
        };
        let visible = self.visible((app, operating), draft, &query)?;
        let Found { persons, total, blocks_cut } = read::find(&operating.index(), draft, &query, &visible)?;
        let persons = persons.iter().map(|likeness| self.found(operating, draft, (likeness, &visible)));
        let persons: Vec<MatchView> = persons.collect::<Result<_, Problem>>()?;
        let blocks_cut = if visible == Visible::All { blocks_cut } else { 0 };
        let shown = persons.iter().map(|person| person.person.clone());
        let subjects = self.viewer.subjects(shown, operating.model.version());
        Ok((MatchesView { persons, total, blocks_cut }, subjects))
    }

    /// What the answer may be made of. Whoever has a visible record that is like the description is like it in the whole
    /// index as well, so those are asked about and nobody else.
    fn visible(&self, from: (&App, &Operating), draft: &mut Draft<'_>, query: &Query) -> Result<Visible, Problem> {
        let patients = if self.viewer.is_by_consent() {
            let everybody = Query { limit: usize::MAX, ..query.clone() };
            let found = read::find(&from.1.index(), draft, &everybody, &Visible::All)?;
            found.persons.iter().map(|likeness| Patient::Person(likeness.person)).collect()
        } else {
            Vec::new()
        };
        self.viewer.visible(from, (&patients, &DEMOGRAPHICS))
    }

    fn found(
        &self,
        operating: &Operating,
        draft: &mut Draft<'_>,
        (likeness, visible): (&Likeness, &Visible),
    ) -> Result<MatchView, Problem> {
        let explanation = match self.body.explain {
            false => None,
            true => read::record(draft, likeness.evidence.with, visible)?.map(|record| {
                let right = Side::of(&record, self.viewer.institution());
                WaterfallView::of(operating, Side::described(&self.demographics), right)
            }),
        };
        Ok(MatchView {
            person: likeness.person.enterprise_id(&operating.prefix),
            weight: likeness.evidence.weight,
            probability: MatchWeight(likeness.evidence.weight).probability(),
            decision: likeness.decision.name(),
            record: likeness.evidence.with.to_string(),
            explanation,
        })
    }
}
