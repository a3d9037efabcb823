//! From a consent document to a FHIR Consent of the narrowest PCF profile that says it.
//!
//! Whatever PCF has no element for is refused with the provision where it stands. At the end the Consent is read back: a
//! document that would come back as another one, because the caller's references or codes are not one to one, is refused
//! as well.

use super::code::{category_json, label_json, purpose_json, role_json, scope_json};
use super::error::FhirRefusal;
use super::provision::RELATED_TYPES;
use super::read::from_fhir;
use super::reference::{Reference, Referent};
use super::time::{period_json, record_days_json, signed_text};
use super::{FhirStatus, FhirTerms, Given};
use crate::document::{Choice, ConsentDocument, Grantor, GrantorKind, Provision, Recipient, RecordDays, Target};
use crate::purpose::Purpose;
use crate::rule::Effect;
use serde_json::{Map, Value, json};

/// A profile of PCF, from narrow to wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FhirProfile {
    /// One provision with a period, recipients, and the purposes of treatment, payment and operations.
    Basic,
    /// Also exceptions, days of data, single data, authors, encounters and other purposes.
    Intermediate,
    /// Also labels.
    Advanced,
}

impl FhirProfile {
    /// Its address.
    #[must_use]
    pub const fn url(self) -> &'static str {
        match self {
            Self::Basic => "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentBasic",
            Self::Intermediate => "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate",
            Self::Advanced => "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentAdvanced",
        }
    }

    /// The narrowest that says a root provision and its exceptions, if any does.
    #[must_use]
    pub fn of(root: &Provision) -> Self {
        let all = || root.numbered().map(|(_, provision)| provision);
        // Intermediate allows an exception one value of each meaning; advanced does not count them.
        let has_many = |provision: &Provision| {
            let targets = provision.targets.values().unwrap_or_default();
            let count = |test: fn(&Target) -> bool| targets.iter().filter(|target| test(target)).count();
            count(|target| matches!(target, Target::Record(_))) > 1
                || count(|target| matches!(target, Target::Related(_))) > 1
                || count(|target| matches!(target, Target::AuthoredBy(_))) > 1
        };
        if all().any(|provision| !provision.labels.is_any()) || root.exceptions.iter().any(has_many) {
            return Self::Advanced;
        }
        let is_basic = |purpose: &Purpose| matches!(purpose.code(), "TREAT" | "HPAYMT" | "HOPERAT");
        let is_wide = !root.exceptions.is_empty()
            || !root.targets.is_any()
            || root.days != RecordDays::Any
            || !root.purposes.values().unwrap_or_default().iter().all(is_basic);
        if is_wide { Self::Intermediate } else { Self::Basic }
    }
}

/// Writes a document as a FHIR R4 Consent (IHE PCF 1.1); `meta.profile` names the narrowest profile that says it.
///
/// # Errors
/// [`FhirRefusal`] with what PCF cannot say, or what the caller has no reference, code or address for.
pub fn to_fhir(document: &ConsentDocument, status: FhirStatus, terms: &FhirTerms<'_>) -> Result<Value, FhirRefusal> {
    let ConsentDocument { consent, version, identity, root, .. } = document;
    let patient = refer(&Referent::Patient(*identity), (0, "the patient"), terms)?;
    let performer = performer_json(&document.grantor, document, terms)?;
    let receipt = || terms.references.receipt(*consent, *version);
    let form = document.scan.as_deref().map_or_else(receipt, |scan| Some(Reference::to(scan)));
    let form = form.ok_or(FhirRefusal::Missing("the signed form, and there is neither scan nor receipt"))?;
    let policy = terms.policies.iter().find(|(_, known)| *known == document.policy);
    let (policy, _) = policy.ok_or(FhirRefusal::NoPolicy(document.policy))?;
    let json = json!({
        "resourceType": "Consent",
        "id": consent.to_string(),
        "meta": { "versionId": version.to_string(), "profile": [FhirProfile::of(root).url()] },
        "status": status.code(),
        "scope": scope_json(),
        "category": category_json(),
        "patient": patient.json(),
        "dateTime": signed_text(document.signed)?,
        "performer": [performer],
        "organization": organizations_json(root, terms)?,
        "sourceReference": form.json(),
        "policy": [{ "uri": policy }],
        "provision": root_json(root, terms)?,
    });
    let read = from_fhir(&json, Given::of(document), terms);
    match read {
        Ok(read) if read.document == *document && read.status == status => Ok(json),
        Ok(_) => Err(FhirRefusal::NotReadBack(None)),
        Err(rejection) => Err(FhirRefusal::NotReadBack(Some(rejection))),
    }
}

fn refer(
    referent: &Referent,
    (provision, what): (u16, &'static str),
    terms: &FhirTerms<'_>,
) -> Result<Reference, FhirRefusal> {
    terms.references.reference(referent).ok_or(FhirRefusal::NoReference { provision, what })
}

fn performer_json(grantor: &Grantor, document: &ConsentDocument, terms: &FhirTerms<'_>) -> Result<Value, FhirRefusal> {
    let what = "the grantor";
    let patient = document.identity;
    if grantor.kind != GrantorKind::Subject {
        let performer = terms.references.performer(grantor, patient);
        return Ok(performer.ok_or(FhirRefusal::NoReference { provision: 0, what })?.json());
    }
    if grantor.evidence.is_some() || grantor.valid.is_some() {
        let what = "by what right the patient signs";
        return Err(FhirRefusal::Unsayable { provision: 0, what });
    }
    Ok(refer(&Referent::Patient(patient), (0, what), terms)?.json())
}

fn organizations_json(root: &Provision, terms: &FhirTerms<'_>) -> Result<Vec<Value>, FhirRefusal> {
    let Some(custodians) = root.custodians.values() else {
        return Ok(vec![refer(&Referent::Network, (0, "the network"), terms)?.json()]);
    };
    let referents = custodians.iter().map(|id| Referent::Recipient(Recipient::Institution(id.clone())));
    referents.map(|referent| Ok(refer(&referent, (0, "a custodian"), terms)?.json())).collect()
}

fn root_json(root: &Provision, terms: &FhirTerms<'_>) -> Result<Value, FhirRefusal> {
    let mut json = flat_json(root, 0, terms)?;
    let mut exceptions = Vec::new();
    for (number, exception) in root.numbered().skip(1) {
        let refused = |what| FhirRefusal::Unsayable { provision: number, what };
        if !exception.exceptions.is_empty() {
            return Err(refused("exceptions of exceptions"));
        }
        if !exception.custodians.is_any() {
            return Err(refused("whose data an exception is about"));
        }
        exceptions.push(Value::from(flat_json(exception, number, terms)?));
    }
    if !exceptions.is_empty() {
        json.insert("provision".to_owned(), exceptions.into());
    }
    Ok(json.into())
}

/// What no profile of PCF has an element for.
fn check_sayable(provision: &Provision, number: u16) -> Result<(), FhirRefusal> {
    let said = [
        (!provision.roles.is_any(), "in which roles somebody sees"),
        (!provision.categories.is_any(), "which kinds of data are meant"),
        (!provision.without_labels.is_any(), "that a record carries none of some labels"),
        (provision.needs_relation, "that a care relationship is needed"),
        (!provision.emergencies.is_any(), "which kinds of emergency are meant"),
        (provision.never_overridden, "that not even an emergency sets a deny aside"),
        (!provision.obligations.is_empty(), "what must be done beside"),
    ];
    let found = said.into_iter().find(|(is_said, _)| *is_said);
    found.map_or(Ok(()), |(_, what)| Err(FhirRefusal::Unsayable { provision: number, what }))
}

fn flat_json(provision: &Provision, number: u16, terms: &FhirTerms<'_>) -> Result<Map<String, Value>, FhirRefusal> {
    check_sayable(provision, number)?;
    let refused = |what| FhirRefusal::Unsayable { provision: number, what };
    let effect = match provision.effect {
        Some(Effect::Permit) => "permit",
        Some(Effect::Deny) => "deny",
        Some(Effect::Limit) => return Err(refused("a limit")),
        None => return Err(FhirRefusal::Missing("the effect of every provision, also of one that denies by silence")),
    };
    let no_code = |word| FhirRefusal::NoCode { provision: number, word };
    let lists = [
        ("actor", list(&provision.recipients, |recipient| actor_json(recipient, number, terms))),
        ("securityLabel", list(&provision.labels, |it| label_json(*it, terms).ok_or(no_code(it.code())))),
        ("purpose", list(&provision.purposes, |it| purpose_json(*it, terms).ok_or(no_code(it.code())))),
        ("data", list(&provision.targets, |target| data_json(target, number, terms))),
    ];
    let mut json = Map::from_iter([("type".to_owned(), Value::from(effect))]);
    if let Some(period) = provision.period {
        json.insert("period".to_owned(), period_json(period, number)?);
    }
    if let Some(days) = record_days_json(provision.days, number)? {
        json.insert("dataPeriod".to_owned(), days);
    }
    for (name, values) in lists {
        match values?.as_deref() {
            None => {}
            Some([]) => return Err(refused("that one of no values is meant")),
            Some(values) => {
                json.insert(name.to_owned(), values.into());
            }
        }
    }
    Ok(json)
}

fn list<T>(
    choice: &Choice<T>,
    write: impl Fn(&T) -> Result<Value, FhirRefusal>,
) -> Result<Option<Vec<Value>>, FhirRefusal> {
    choice.values().map(|values| values.iter().map(write).collect()).transpose()
}

fn actor_json(recipient: &Recipient, provision: u16, terms: &FhirTerms<'_>) -> Result<Value, FhirRefusal> {
    let unsayable = |what| Err(FhirRefusal::Unsayable { provision, what });
    match recipient {
        Recipient::InRelation(_) => unsayable("that whoever is in a care relationship sees"),
        Recipient::SeenWithinDays(_) => unsayable("that whoever saw the patient lately sees"),
        _ => {
            let referent = Referent::Recipient(recipient.clone());
            let reference = refer(&referent, (provision, "a recipient"), terms)?;
            Ok(json!({ "role": role_json(), "reference": reference.json() }))
        }
    }
}

fn data_json(target: &Target, provision: u16, terms: &FhirTerms<'_>) -> Result<Value, FhirRefusal> {
    let (meaning, referent, what) = match target {
        Target::Record(name) => ("instance", Referent::Record(name.clone()), "a record"),
        Target::Related(name) => ("related", Referent::Record(name.clone()), "what data are related to"),
        Target::AuthoredBy(id) => ("authoredby", Referent::Recipient(Recipient::Practitioner(id.clone())), "an author"),
        Target::Department(..) => {
            return Err(FhirRefusal::Unsayable { provision, what: "which department data come from" });
        }
    };
    let reference = refer(&referent, (provision, what), terms)?;
    let is_of_type = reference.resource_type().is_some_and(|it| RELATED_TYPES.contains(&it));
    if meaning == "related" && !is_of_type {
        let what = "what belongs to anything but an encounter, a care plan or an episode";
        return Err(FhirRefusal::Unsayable { provision, what });
    }
    Ok(json!({ "meaning": meaning, "reference": reference.json() }))
}
