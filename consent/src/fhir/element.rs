//! One element of a FHIR resource in JSON, with the path that leads to it.
//!
//! An object is opened with the list of members that are understood; any other member refuses the whole resource, so
//! that nothing is overlooked because nobody thought of it. This covers `modifierExtension`, `extension`, the `_name`
//! members of primitive values, and elements of later versions. No schema is checked beyond what is read.

use super::error::{FhirProblem, FhirRejection};
use crate::compile::VALUES_MAX;
use serde_json::{Map, Value};

/// The most characters of a value that a message repeats.
const SHOWN_CHARS_MAX: usize = 80;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Element<'v> {
    pub(super) path: String,
    value: &'v Value,
}

/// An object of which every member is understood.
#[derive(Clone, Debug)]
pub(super) struct Members<'v> {
    path: String,
    object: &'v Map<String, Value>,
}

impl<'v> Element<'v> {
    pub(super) fn resource(value: &'v Value) -> Self {
        Self { path: "Consent".to_owned(), value }
    }

    pub(super) fn problem(&self, problem: FhirProblem) -> FhirRejection {
        FhirRejection { path: self.path.clone(), problem }
    }

    pub(super) fn malformed(&self, expected: &'static str) -> FhirRejection {
        self.problem(FhirProblem::Malformed { expected, found: shown(self.value) })
    }

    pub(super) fn inexpressible(&self, reason: &'static str) -> FhirRejection {
        self.problem(FhirProblem::Inexpressible { found: shown(self.value), reason })
    }

    /// The members, which must be among these; `id` names the element inside its resource and is always understood.
    pub(super) fn members(&self, understood: &[&str]) -> Result<Members<'v>, FhirRejection> {
        let Value::Object(object) = self.value else { return Err(self.malformed("an object")) };
        let unknown = object.keys().find(|name| *name != "id" && !understood.contains(&name.as_str()));
        match unknown {
            Some(name) => {
                let path = format!("{}.{name}", self.path);
                Err(FhirRejection { path, problem: FhirProblem::NotEvaluated })
            }
            None => Ok(Members { path: self.path.clone(), object }),
        }
    }

    /// The text, which is never empty in FHIR.
    pub(super) fn text(&self) -> Result<&'v str, FhirRejection> {
        let text = self.value.as_str().filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| self.malformed("a text"))
    }
}

impl<'v> Members<'v> {
    pub(super) fn get(&self, name: &str) -> Option<Element<'v>> {
        self.object.get(name).map(|value| Element { path: format!("{}.{name}", self.path), value })
    }

    pub(super) fn required(&self, name: &str) -> Result<Element<'v>, FhirRejection> {
        let missing = || FhirRejection { path: format!("{}.{name}", self.path), problem: FhirProblem::Missing };
        self.get(name).ok_or_else(missing)
    }

    /// The members of a list; none when it is absent. FHIR has no empty lists, and one would be no "any".
    pub(super) fn list(&self, name: &str) -> Result<Vec<Element<'v>>, FhirRejection> {
        let Some(whole) = self.get(name) else { return Ok(Vec::new()) };
        let values = whole.value.as_array().filter(|values| !values.is_empty());
        let values = values.ok_or_else(|| whole.malformed("a list with at least one value"))?;
        if values.len() > VALUES_MAX {
            return Err(whole.problem(FhirProblem::TooMany { count: values.len(), limit: VALUES_MAX }));
        }
        let numbered = values.iter().enumerate();
        Ok(numbered.map(|(place, value)| Element { path: format!("{}[{place}]", whole.path), value }).collect())
    }

    /// A list that has exactly one member.
    pub(super) fn single(&self, name: &str, reason: &'static str) -> Result<Element<'v>, FhirRejection> {
        let whole = self.required(name)?;
        match <[Element<'v>; 1]>::try_from(self.list(name)?) {
            Ok([one]) => Ok(one),
            Err(_) => Err(whole.inexpressible(reason)),
        }
    }
}

/// A value as a message repeats it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
        Value::String(text) => format!("`{}`", text.chars().take(SHOWN_CHARS_MAX).collect::<String>()),
        Value::Array(values) => format!("a list of {}", values.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}
