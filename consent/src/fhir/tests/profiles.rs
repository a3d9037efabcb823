//! What is written keeps the published definition of the profile that it claims.
//!
//! The definitions are data of `../shared` beside the repository; without them the test says that it skips. Checked are
//! how often each element and each slice stands there and the fixed patterns; codes and types are the business of the
//! other tests.

use super::pcf::file;
use super::register::Tables;
use super::rejections::full;
use super::round_trip::{documents, given, sayable_roots};
use crate::fhir::{FhirStatus, from_fhir, to_fhir};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;

/// The children of an element by a part of an element id: a name, a choice of types, or a slice of `data` by its meaning.
fn children<'j>(parent: &'j Value, part: &str) -> Vec<&'j Value> {
    let (name, slice) = part.split_once(':').unwrap_or((part, ""));
    let choice = name.strip_suffix("[x]");
    let is_named = |found: &str| choice.map_or(found == name, |choice| found.starts_with(choice));
    let members = parent.as_object().into_iter().flatten().filter(|(found, _)| is_named(found));
    let values = members.flat_map(|(_, value)| value.as_array().map_or(vec![value], |values| values.iter().collect()));
    let is_in_slice = |value: &&Value| match slice.chars().next() {
        None => true,
        Some('i') => value["meaning"] == "instance",
        Some('r') => value["meaning"] == "related",
        Some('a') => value["meaning"] == "authoredby",
        Some(_) => panic!("`{slice}` is a slice that nobody has read yet"),
    };
    values.filter(is_in_slice).collect()
}

/// The elements that stand there too seldom or too often, or differ from their pattern.
fn violations(definition: &Value, json: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for element in definition["snapshot"]["element"].as_array().unwrap() {
        let id = element["id"].as_str().unwrap();
        let Some((parents, name)) = id.rsplit_once('.') else { continue };
        let parents = parents
            .split('.')
            .skip(1)
            .fold(vec![json], |parents, part| parents.into_iter().flat_map(|parent| children(parent, part)).collect());
        for parent in parents {
            let there = children(parent, name);
            let min = usize::try_from(element["min"].as_u64().unwrap()).unwrap();
            let max = element["max"].as_str().unwrap().parse().unwrap_or(usize::MAX);
            let pattern = &element["patternCodeableConcept"];
            let has_pattern = pattern.is_null() || there.iter().all(|value| *value == pattern);
            if !(min..=max).contains(&there.len()) || !has_pattern {
                found.push(format!("{id} stands there {} times", there.len()));
            }
        }
    }
    found
}

/// The definition that a Consent claims.
fn claimed(json: &Value) -> Option<Value> {
    let name = json["meta"]["profile"][0].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    file(&format!("profiles/StructureDefinition-{name}.json"))
}

#[test]
fn what_is_written_keeps_the_profile_that_it_claims() {
    let Some(basic) = file("profiles/StructureDefinition-IHE.PCF.consentBasic.json") else {
        eprintln!("SKIPPED: the profiles of IHE PCF are not beside this checkout");
        return;
    };
    // The check finds something where there is something to find.
    assert!(violations(&basic, &full()).len() > 3, "{:?}", violations(&basic, &full()));
    let tables = Tables::new();
    let document = from_fhir(&full(), given(), &tables.terms()).unwrap().document;
    let json = to_fhir(&document, FhirStatus::Active, &tables.terms()).unwrap();
    assert_eq!(violations(&claimed(&json).unwrap(), &json), Vec::<String>::new());
    let mut runner = TestRunner::new(Config::with_cases(128));
    let keeps = |document| {
        let json = to_fhir(&document, FhirStatus::Active, &tables.terms()).unwrap();
        let found = violations(&claimed(&json).unwrap(), &json);
        if found.is_empty() { Ok(()) } else { Err(TestCaseError::fail(format!("{found:?}: {json}"))) }
    };
    runner.run(&documents(sayable_roots()), keeps).unwrap();
}
