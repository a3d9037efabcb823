//! Codes: purposes of use and labels, and the few fixed codes that a PCF Consent holds.
//!
//! A code without its system means nothing and is refused, and so is a code of HL7 that this crate does not evaluate: a
//! permit for something unknown would be a permit for nobody knows what, and a deny would be lost. The purposes and labels
//! that a network names itself have no code in HL7; the caller gives them theirs, see [`super::FhirTerms`].

use super::element::{Element, Members};
use super::error::{FhirProblem, FhirRejection};
use super::{Coding, FhirTerms};
use crate::label::Label;
use crate::purpose::Purpose;
use serde_json::{Value, json};

const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";
const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
const LOINC: &str = "http://loinc.org";

/// Who receives information: the one role of a PCF actor.
const RECIPIENT: (&str, &str) = (PARTICIPATION, "IRCP");
/// Of the scopes, the one that is about who sees data.
const PRIVACY: (&str, &str) = (SCOPE, "patient-privacy");
/// A consent, and a release of information: categories that say no more than the consent itself.
const CATEGORIES: [(&str, &str); 2] = [(LOINC, "59284-0"), (LOINC, "64292-6")];
/// Labels for which HL7 has no code.
const OWN_LABELS: [&str; 2] = ["CRIME", "OTHER"];

fn coding_of(element: &Element<'_>) -> Result<Coding, FhirRejection> {
    let members = element.members(&["system", "version", "code", "display", "userSelected"])?;
    let text = |name| members.required(name)?.text().map(str::to_owned);
    Ok(Coding { system: text("system")?, code: text("code")? })
}

fn unknown(element: &Element<'_>, coding: Coding) -> FhirRejection {
    let Coding { system, code } = coding;
    element.problem(FhirProblem::UnknownCode { system, code })
}

/// The purpose of a coding.
pub(super) fn purpose_of(element: &Element<'_>, terms: &FhirTerms<'_>) -> Result<Purpose, FhirRejection> {
    let coding = coding_of(element)?;
    let purpose = if coding.system == ACT_REASON {
        coding.code.parse().ok().filter(|purpose: &Purpose| !purpose.is_own())
    } else {
        terms.purposes.iter().find(|(known, _)| *known == coding).map(|(_, purpose)| *purpose)
    };
    purpose.ok_or_else(|| unknown(element, coding))
}

/// The label of a coding; a level is only one of confidentiality, the rest only a code of acts.
pub(super) fn label_of(element: &Element<'_>, terms: &FhirTerms<'_>) -> Result<Label, FhirRejection> {
    let coding = coding_of(element)?;
    let parsed = || coding.code.parse::<Label>().ok().filter(|label| !is_own(*label));
    let label = match coding.system.as_str() {
        CONFIDENTIALITY => parsed().filter(|label| label.is_level()),
        ACT_CODE => parsed().filter(|label| !label.is_level()),
        _ => terms.labels.iter().find(|(known, _)| *known == coding).map(|(_, label)| *label),
    };
    label.ok_or_else(|| unknown(element, coding))
}

/// The coding of a purpose; none for one of the network's own that the caller gave no code.
pub(super) fn purpose_json(purpose: Purpose, terms: &FhirTerms<'_>) -> Option<Value> {
    if !purpose.is_own() {
        return Some(json!({ "system": ACT_REASON, "code": purpose.code() }));
    }
    terms.purposes.iter().find(|(_, known)| *known == purpose).map(|(coding, _)| own_json(coding))
}

/// The coding of a label; none for one without a code in HL7 that the caller gave none.
pub(super) fn label_json(label: Label, terms: &FhirTerms<'_>) -> Option<Value> {
    if !is_own(label) {
        let system = if label.is_level() { CONFIDENTIALITY } else { ACT_CODE };
        return Some(json!({ "system": system, "code": label.code() }));
    }
    terms.labels.iter().find(|(_, known)| *known == label).map(|(coding, _)| own_json(coding))
}

fn own_json(coding: &Coding) -> Value {
    json!({ "system": coding.system, "code": coding.code })
}

fn is_own(label: Label) -> bool {
    OWN_LABELS.contains(&label.code())
}

/// A concept of which this crate knows some codes. Several codings could differ in what they mean, so there is one.
fn check_concept(element: &Element<'_>, known: &[(&str, &str)]) -> Result<(), FhirRejection> {
    let members = element.members(&["coding", "text"])?;
    let coding = members.single("coding", "one coding is read, and others might say something else")?;
    let found = coding_of(&coding)?;
    let is_known = known.iter().any(|(system, code)| *system == found.system && *code == found.code);
    if is_known { Ok(()) } else { Err(unknown(&coding, found)) }
}

/// That an actor is one who receives information.
pub(super) fn check_role(actor: &Members<'_>) -> Result<(), FhirRejection> {
    check_concept(&actor.required("role")?, &[RECIPIENT])
}

/// That the Consent is about who sees data, and its categories say nothing else.
pub(super) fn check_kind(consent: &Members<'_>) -> Result<(), FhirRejection> {
    check_concept(&consent.required("scope")?, &[PRIVACY])?;
    consent.required("category")?;
    consent.list("category")?.iter().try_for_each(|category| check_concept(category, &CATEGORIES))
}

/// Whether the policy rule of a Consent is to permit (`OPTIN`) or to deny (`OPTOUT`); none when there is none.
pub(super) fn policy_rule_of(consent: &Members<'_>) -> Result<Option<bool>, FhirRejection> {
    let Some(rule) = consent.get("policyRule") else { return Ok(None) };
    let is_permit = check_concept(&rule, &[(ACT_CODE, "OPTIN")]).is_ok();
    if !is_permit {
        check_concept(&rule, &[(ACT_CODE, "OPTOUT")])?;
    }
    Ok(Some(is_permit))
}

/// The role of an actor.
pub(super) fn role_json() -> Value {
    concept_json(RECIPIENT)
}

/// The scope of a Consent.
pub(super) fn scope_json() -> Value {
    concept_json(PRIVACY)
}

/// The categories of a Consent.
pub(super) fn category_json() -> Value {
    let [consent, _] = CATEGORIES;
    json!([concept_json(consent)])
}

fn concept_json((system, code): (&str, &str)) -> Value {
    json!({ "coding": [{ "system": system, "code": code }] })
}
