//! AuthZEN 1.0: questions and answers in its words.
//!
//! A resource is a kind of data (`type`) of one patient at one custodian (`properties`), a subject a practitioner or a
//! service with institution and role. Members that nobody knows are passed over, as the standard has it; what a question
//! needs and does not have is a bad request.

use consent::Obligation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::decision::{DecisionQuestion, DecisionView, SentenceView};
use crate::serve::problem::Problem;

/// Who, or what.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = AuthzenEntity)]
pub(in crate::serve) struct Entity {
    /// Of a subject `practitioner` or `service`; of a resource the kind of data: `prescriptions` …
    r#type: String,
    /// The practitioner; what the custodian calls the document.
    #[serde(default)]
    id: Option<String>,
    /// Of a subject `institution`, `role`, `department`, `relations`; of a resource `patient`, `custodian`, `labels`, `date`,
    /// `department`, `author`, `record`: as in a decision.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
}

/// What is to be done.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = AuthzenAction)]
pub(in crate::serve) struct Action {
    /// `view`; whatever else is denied.
    #[schema(example = "view")]
    name: String,
}

/// May this subject do this with this resource?
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = AuthzenEvaluation)]
pub(in crate::serve) struct Evaluation {
    subject: Option<Entity>,
    action: Option<Action>,
    resource: Option<Entity>,
    /// `purpose`, and `emergency` as in a decision.
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
}

/// Many questions; what one does not say is taken from the whole.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = AuthzenEvaluations)]
pub(in crate::serve) struct Evaluations {
    #[serde(flatten)]
    common: Evaluation,
    /// The questions; none: the whole is one.
    #[serde(default)]
    evaluations: Vec<Evaluation>,
    #[serde(default)]
    options: Options,
}

/// How many questions are answered.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = AuthzenOptions)]
pub(in crate::serve) struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

/// Whether the answer ends early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::serve) enum Semantic {
    /// All are answered.
    #[default]
    ExecuteAll,
    /// The answer ends with the first that is denied.
    DenyOnFirstDeny,
    /// The answer ends with the first that is permitted.
    PermitOnFirstPermit,
}

/// The only action that data of others is open to.
const VIEW: &str = "view";

impl Evaluation {
    /// What is not said here is taken from another.
    fn or(self, common: &Self) -> Self {
        Self {
            subject: self.subject.or_else(|| common.subject.clone()),
            action: self.action.or_else(|| common.action.clone()),
            resource: self.resource.or_else(|| common.resource.clone()),
            context: self.context.or_else(|| common.context.clone()),
        }
    }

    /// The same question without its kind of data, as a decision is asked: for each of some custodians.
    pub(in crate::serve) fn patient(&self) -> Result<Value, Problem> {
        let resource = self.resource.as_ref().ok_or_else(|| Problem::bad_field("resource", "is missing"))?;
        let patient = resource.properties.get("patient").cloned();
        patient.ok_or_else(|| Problem::bad_field("resource.properties.patient", "is missing"))
    }

    /// The kind of data.
    pub(in crate::serve) fn category(&self) -> &str {
        self.resource.as_ref().map_or("", |resource| &resource.r#type)
    }

    /// The purpose.
    pub(in crate::serve) fn purpose(&self) -> Result<&str, Problem> {
        let purpose = self.context.as_ref().and_then(|context| context.get("purpose")).and_then(Value::as_str);
        purpose.ok_or_else(|| Problem::bad_field("context.purpose", "is missing"))
    }

    /// The question about a custodian's records, or about those of the one that it names.
    pub(in crate::serve) fn question(&self, custodian: Option<&str>) -> Result<DecisionQuestion, Problem> {
        let missing = |field: &'static str| move || Problem::bad_field(field, "is missing");
        let subject = self.subject.as_ref().ok_or_else(missing("subject"))?;
        let resource = self.resource.as_ref().ok_or_else(missing("resource"))?;
        let is_view = self.action.as_ref().is_none_or(|action| action.name == VIEW);
        let mut requester = picked(&subject.properties, &["institution", "department", "role", "relations"]);
        match subject.r#type.as_str() {
            "practitioner" => requester.extend(subject.id.as_deref().map(|id| ("practitioner".to_owned(), id.into()))),
            other => {
                requester.entry("role").or_insert_with(|| other.into());
            }
        }
        let mut question =
            picked(&resource.properties, &["patient", "labels", "date", "department", "author", "record"]);
        let custodian = custodian.map(Value::from).or_else(|| resource.properties.get("custodian").cloned());
        question.extend(custodian.map(|custodian| ("custodian".to_owned(), custodian)));
        question.extend(resource.id.as_deref().map(|id| ("document".to_owned(), id.into())));
        question.extend(picked(self.context.as_ref().unwrap_or(&Map::new()), &["purpose", "emergency"]));
        question.insert("requester".to_owned(), requester.into());
        // An action that nobody knows is asked about data that nobody may see.
        let category = if is_view { resource.r#type.as_str() } else { "" };
        question.insert("category".to_owned(), category.into());
        serde_json::from_value(question.into()).map_err(|error| Problem::bad_request(error.to_string()))
    }
}

fn picked(from: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let one = |name: &&str| Some(((*name).to_owned(), from.get(*name)?.clone()));
    names.iter().filter_map(one).collect()
}

impl Evaluations {
    /// The questions in their order.
    pub(in crate::serve) fn questions(self) -> Result<Vec<DecisionQuestion>, Problem> {
        let common = self.common;
        if self.evaluations.is_empty() {
            return Ok(vec![common.question(None)?]);
        }
        self.evaluations.into_iter().map(|evaluation| evaluation.or(&common).question(None)).collect()
    }

    /// With which outcome the answer ends early.
    pub(in crate::serve) fn ends_with(&self) -> Option<consent::Outcome> {
        match self.options.evaluations_semantic {
            Semantic::ExecuteAll => None,
            Semantic::DenyOnFirstDeny => Some(consent::Outcome::Deny),
            Semantic::PermitOnFirstPermit => Some(consent::Outcome::Permit),
        }
    }
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthzenDecision)]
pub(in crate::serve) struct EvaluationView {
    decision: bool,
    context: ContextView,
}

/// What goes with an answer. An enforcement point that does not understand an obligation denies.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthzenContext)]
pub(in crate::serve) struct ContextView {
    /// Names the answer in the audit.
    id: String,
    /// Why, for programs.
    reason_admin: ReasonsView,
    /// Why, for people.
    reason_user: SentenceView,
    /// What must be done beside.
    #[schema(value_type = Vec<Object>)]
    obligations: Vec<Obligation>,
    /// For how many seconds the client may keep the answer.
    cache_for_seconds: u32,
}

/// Reasons for programs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthzenReasons)]
pub(in crate::serve) struct ReasonsView {
    reasons: Vec<&'static str>,
}

/// Answers in the order of the questions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuthzenDecisions)]
pub(in crate::serve) struct EvaluationViews {
    pub(in crate::serve) evaluations: Vec<EvaluationView>,
}

impl From<DecisionView> for EvaluationView {
    fn from(view: DecisionView) -> Self {
        Self {
            decision: view.is_permit(),
            context: ContextView {
                id: view.id,
                reason_admin: ReasonsView { reasons: view.reasons },
                reason_user: view.sentence,
                obligations: view.obligations,
                cache_for_seconds: view.cache_for_seconds,
            },
        }
    }
}

/// What a search has found.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = AuthzenSearch)]
pub(in crate::serve) struct SearchView {
    /// Entities, or actions.
    #[schema(value_type = Vec<Object>)]
    pub(in crate::serve) results: Vec<Value>,
}

impl SearchView {
    /// The actions that an answer opens.
    pub(in crate::serve) fn actions(view: &DecisionView) -> Self {
        Self { results: view.is_permit().then(|| json!({"name": VIEW})).into_iter().collect() }
    }

    /// The resources of custodians that answers open.
    pub(in crate::serve) fn resources<'v>(
        category: &str,
        answers: impl Iterator<Item = (&'v str, &'v DecisionView)>,
    ) -> Self {
        let open = answers.filter(|(_, view)| view.is_permit());
        let result = |(custodian, _)| json!({"type": category, "properties": {"custodian": custodian}});
        Self { results: open.map(result).collect() }
    }
}
