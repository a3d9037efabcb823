//! From a `Consent.provision` to a provision of a document.
//!
//! The attributes of one provision are joined by "and", the values of one attribute by "or", in FHIR as in a document.
//! An attribute that is absent means "any"; one that is empty is no JSON of FHIR. `action`, `class` and `code` restrict
//! and are not evaluated here, so a provision that has one of them is refused (PCF forbids them at the root as well).

use super::FhirTerms;
use super::code::{check_role, label_of, purpose_of};
use super::element::{Element, Members};
use super::error::FhirRejection;
use super::reference::{Reference, Referent};
use super::time::{period_of, record_days_of};
use crate::document::{Choice, Provision, Recipient, RecordDays, Target};
use crate::rule::Effect;

const UNDERSTOOD: [&str; 8] =
    ["type", "period", "actor", "securityLabel", "purpose", "dataPeriod", "data", "provision"];
/// What data are related to: anything else would have to be followed through the chart.
pub(super) const RELATED_TYPES: [&str; 3] = ["Encounter", "CarePlan", "EpisodeOfCare"];

/// The root with its exceptions; `policy_rule` is what the Consent says of the root outside of it.
pub(super) fn root_of(
    element: &Element<'_>,
    policy_rule: Option<Effect>,
    terms: &FhirTerms<'_>,
) -> Result<Provision, FhirRejection> {
    let members = element.members(&UNDERSTOOD)?;
    let own = members.get("type").map(|own| effect_of(&own).map(|effect| (own, effect))).transpose()?;
    let effect = match (own, policy_rule) {
        // R4 reads a root of another type than the rule as an exception to the rule, PCF reads it as the rule.
        (Some((own, effect)), Some(rule)) if effect != rule => {
            return Err(own.inexpressible("the policy rule of the Consent says the opposite"));
        }
        (Some((_, effect)), _) => effect,
        (None, rule) => rule.unwrap_or(Effect::Deny),
    };
    let exceptions = members.list("provision")?;
    let exceptions = exceptions.iter().map(|exception| exception_of(exception, terms)).collect::<Result<_, _>>()?;
    Ok(Provision { exceptions, ..flat_of(&members, effect, terms)? })
}

fn exception_of(element: &Element<'_>, terms: &FhirTerms<'_>) -> Result<Provision, FhirRejection> {
    let members = element.members(&UNDERSTOOD)?;
    if let Some(nested) = members.get("provision") {
        return Err(nested.inexpressible("exceptions are one level deep"));
    }
    let effect = effect_of(&members.required("type")?)?;
    flat_of(&members, effect, terms)
}

fn effect_of(element: &Element<'_>) -> Result<Effect, FhirRejection> {
    match element.text()? {
        "permit" => Ok(Effect::Permit),
        "deny" => Ok(Effect::Deny),
        _ => Err(element.malformed("`permit` or `deny`")),
    }
}

fn flat_of(members: &Members<'_>, effect: Effect, terms: &FhirTerms<'_>) -> Result<Provision, FhirRejection> {
    let period = members.get("period").map(|period| period_of(&period, terms.zone)).transpose()?;
    let days = members.get("dataPeriod").map(|days| record_days_of(&days)).transpose()?;
    Ok(Provision {
        effect: Some(effect),
        recipients: choice(members, "actor", |actor| recipient_of(actor, terms))?,
        labels: choice(members, "securityLabel", |label| label_of(label, terms))?,
        purposes: choice(members, "purpose", |purpose| purpose_of(purpose, terms))?,
        targets: choice(members, "data", |data| target_of(data, terms))?,
        days: days.unwrap_or(RecordDays::Any),
        period,
        ..Provision::default()
    })
}

fn choice<T>(
    members: &Members<'_>,
    name: &str,
    read: impl Fn(&Element<'_>) -> Result<T, FhirRejection>,
) -> Result<Choice<T>, FhirRejection> {
    let values = members.list(name)?.iter().map(read).collect::<Result<Vec<T>, _>>()?;
    Ok(if values.is_empty() { Choice::Any } else { Choice::Of(values) })
}

fn recipient_of(actor: &Element<'_>, terms: &FhirTerms<'_>) -> Result<Recipient, FhirRejection> {
    let members = actor.members(&["role", "reference"])?;
    check_role(&members)?;
    let element = members.required("reference")?;
    let reference = Reference::of(&element)?;
    match terms.references.referent(&reference) {
        Some(Referent::Recipient(recipient)) => Ok(recipient),
        _ => Err(reference.unresolved(&element, "a recipient")),
    }
}

fn target_of(data: &Element<'_>, terms: &FhirTerms<'_>) -> Result<Target, FhirRejection> {
    let members = data.members(&["meaning", "reference"])?;
    let (meaning, element) = (members.required("meaning")?, members.required("reference")?);
    let reference = Reference::of(&element)?;
    let referent = terms.references.referent(&reference);
    match (meaning.text()?, referent) {
        ("instance", Some(Referent::Record(name))) => Ok(Target::Record(name)),
        ("related", _) if !reference.resource_type().is_some_and(|it| RELATED_TYPES.contains(&it)) => {
            Err(reference.unresolved(&element, "an encounter, a care plan or an episode"))
        }
        ("related", Some(Referent::Record(name))) => Ok(Target::Related(name)),
        ("authoredby", Some(Referent::Recipient(Recipient::Practitioner(id)))) => Ok(Target::AuthoredBy(id)),
        ("instance", _) => Err(reference.unresolved(&element, "a record")),
        ("related", _) => Err(reference.unresolved(&element, "an encounter, a care plan or an episode")),
        ("authoredby", _) => Err(reference.unresolved(&element, "a practitioner who writes records")),
        ("dependents", _) => Err(meaning.inexpressible("what refers to a record is not followed")),
        _ => Err(meaning.malformed("`instance`, `related` or `authoredby`")),
    }
}
