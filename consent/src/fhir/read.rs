//! From a FHIR Consent to a consent document.
//!
//! The Consent may claim any profile: what counts is what it says. Members that are about the resource and not about the
//! consent (`id`, `meta`, `language`, `identifier`, generated narrative) are left to the caller; every other member is
//! evaluated or refuses the Consent. A JSON object that names a member twice is for whoever parsed it.

use super::code::{check_kind, policy_rule_of};
use super::element::{Element, Members};
use super::error::{FhirProblem, FhirRejection};
use super::provision::root_of;
use super::reference::{Reference, Referent};
use super::time::signed_of;
use super::{FhirConsent, FhirStatus, FhirTerms, Given};
use crate::chart::IdentityId;
use crate::document::{Choice, ConsentDocument, Grantor, GrantorKind, Recipient};
use crate::rule::Effect;
use directory::InstitutionId;
use serde_json::Value;

const UNDERSTOOD: [&str; 17] = [
    "resourceType",
    "meta",
    "language",
    "text",
    "identifier",
    "status",
    "scope",
    "category",
    "patient",
    "dateTime",
    "performer",
    "organization",
    "sourceReference",
    "policy",
    "policyRule",
    "provision",
    "id",
];

/// Reads a FHIR R4 Consent (IHE PCF 1.1, basic, intermediate or advanced).
///
/// The document is not checked against a directory or a policy; [`crate::registry::save`] does that.
///
/// # Errors
/// [`FhirRejection`] with the first element that cannot be carried over exactly.
pub fn from_fhir(resource: &Value, given: Given, terms: &FhirTerms<'_>) -> Result<FhirConsent, FhirRejection> {
    let consent = Element::resource(resource).members(&UNDERSTOOD)?;
    let kind = consent.required("resourceType")?;
    if kind.text()? != "Consent" {
        return Err(kind.malformed("`Consent`"));
    }
    check_narrative(&consent)?;
    check_kind(&consent)?;
    let status = status_of(&consent.required("status")?)?;
    let identity = identity_of(&consent.required("patient")?, terms)?;
    let root_effect = policy_rule_of(&consent)?.map(|permits| if permits { Effect::Permit } else { Effect::Deny });
    let mut root = root_of(&consent.required("provision")?, root_effect, terms)?;
    root.custodians = custodians_of(&consent, terms)?;
    let Given { consent: id, version, replaces, signature } = given;
    let document = ConsentDocument {
        consent: id,
        version,
        identity,
        grantor: grantor_of(&consent, identity, terms)?,
        signature,
        signed: signed_of(&consent.required("dateTime")?, terms.zone)?,
        policy: policy_of(&consent, terms)?,
        replaces,
        scan: scan_of(&consent.required("sourceReference")?, given, terms)?,
        root,
    };
    Ok(FhirConsent { document, status })
}

/// A narrative that was generated from the elements says no more than they do; another may.
fn check_narrative(consent: &Members<'_>) -> Result<(), FhirRejection> {
    let Some(text) = consent.get("text") else { return Ok(()) };
    let status = text.members(&["status", "div"])?.required("status")?;
    let is_generated = matches!(status.text()?, "generated" | "empty");
    let reason = "a narrative that says more than the elements is not evaluated";
    if is_generated { Ok(()) } else { Err(status.inexpressible(reason)) }
}

fn status_of(element: &Element<'_>) -> Result<FhirStatus, FhirRejection> {
    let code = element.text()?;
    let status = FhirStatus::ALL.into_iter().find(|status| status.code() == code);
    status.ok_or_else(|| element.malformed("a status of a Consent"))
}

fn identity_of(element: &Element<'_>, terms: &FhirTerms<'_>) -> Result<IdentityId, FhirRejection> {
    let reference = Reference::of(element)?;
    match terms.references.referent(&reference) {
        Some(Referent::Patient(identity)) => Ok(identity),
        _ => Err(reference.unresolved(element, "a patient")),
    }
}

/// The one who signs: the patient, or somebody whom the caller knows to act for the patient.
fn grantor_of(consent: &Members<'_>, patient: IdentityId, terms: &FhirTerms<'_>) -> Result<Grantor, FhirRejection> {
    let performer = consent.single("performer", "a consent has exactly one grantor")?;
    let reference = Reference::of(&performer)?;
    if terms.references.referent(&reference) == Some(Referent::Patient(patient)) {
        return Ok(Grantor { kind: GrantorKind::Subject, evidence: None, valid: None });
    }
    let grantor = terms.references.grantor(&reference, patient);
    grantor.ok_or_else(|| reference.unresolved(&performer, "somebody who signs for the patient"))
}

/// Whose data the consent is about. The network manages consents about the data of all its institutions.
fn custodians_of(consent: &Members<'_>, terms: &FhirTerms<'_>) -> Result<Choice<InstitutionId>, FhirRejection> {
    let whole = consent.required("organization")?;
    let (mut institutions, mut has_network) = (Vec::new(), false);
    for element in consent.list("organization")? {
        let reference = Reference::of(&element)?;
        match terms.references.referent(&reference) {
            Some(Referent::Network) => has_network = true,
            Some(Referent::Recipient(Recipient::Institution(id))) => institutions.push(id),
            _ => return Err(reference.unresolved(&element, "an institution or the network")),
        }
    }
    match (has_network, institutions.as_slice()) {
        (true, []) => Ok(Choice::Any),
        (false, [_, ..]) => Ok(Choice::Of(institutions)),
        _ => Err(whole.inexpressible("the network stands for all institutions, so none stands beside it")),
    }
}

/// The version of the policy that the person was shown.
fn policy_of(consent: &Members<'_>, terms: &FhirTerms<'_>) -> Result<u32, FhirRejection> {
    let policy = consent.single("policy", "a consent is given under one version of one policy")?;
    let uri = policy.members(&["uri"])?.required("uri")?;
    let address = uri.text()?;
    let known = terms.policies.iter().find(|(known, _)| known == address).map(|(_, version)| *version);
    let (expected, found) = ("a version of the policy", format!("`{address}`"));
    known.ok_or_else(|| uri.problem(FhirProblem::Unresolved { expected, found }))
}

/// Where the signed form lies; an address is kept, and no more than that. The receipt stands for no form.
fn scan_of(element: &Element<'_>, given: Given, terms: &FhirTerms<'_>) -> Result<Option<Box<str>>, FhirRejection> {
    let found = Reference::of(element)?;
    if terms.references.receipt(given.consent, given.version) == Some(found) {
        return Ok(None);
    }
    let address = element.members(&["reference", "display"])?.required("reference")?;
    address.text().map(|address| Some(address.into()))
}
