//! References: what a Consent points to, and the part of the caller who knows what that is.
//!
//! This crate knows no FHIR server and no register of resources. Whoever calls says what a reference means and which
//! reference stands for something; what it does not know is refused, never guessed from the text.

use super::element::Element;
use super::error::{FhirProblem, FhirRejection};
use crate::chart::{ConsentId, IdentityId};
use crate::document::{Grantor, Recipient};
use serde_json::{Map, Value, json};

/// A FHIR reference, by address, by identifier, or by both.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// `Reference.reference`: `Patient/1`, an address, or an URN.
    pub reference: Option<String>,
    /// `Reference.type`, the type of the resource.
    pub kind: Option<String>,
    /// `Reference.identifier`, as system and value.
    pub identifier: Option<(String, String)>,
}

/// What a reference may mean in a Consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referent {
    /// A patient, by the identity that the patient goes by there.
    Patient(IdentityId),
    /// The organisation that runs the network.
    Network,
    /// An institution, a department, a group, a practitioner: somebody who may see.
    Recipient(Recipient),
    /// A record, an encounter, a care plan or an episode, as its custodian calls it.
    Record(Box<str>),
}

/// The knowledge of the caller about references.
///
/// The two directions belong together: what [`References::reference`] gives for something, [`References::referent`] reads
/// as the same. Where it does not, nothing wrong comes of it: [`super::to_fhir`] reads back what it wrote, and refuses.
pub trait References {
    /// What a reference means; none when it is not known.
    fn referent(&self, reference: &Reference) -> Option<Referent>;
    /// In what right somebody else than the patient signs; none when it is not known.
    fn grantor(&self, performer: &Reference, patient: IdentityId) -> Option<Grantor>;
    /// The reference that stands for something; none when there is none.
    fn reference(&self, referent: &Referent) -> Option<Reference>;
    /// The reference that stands for somebody who signs for the patient; none when there is none.
    fn performer(&self, grantor: &Grantor, patient: IdentityId) -> Option<Reference>;
    /// The reference of the receipt of a consent, which stands for the signed form where there is no scan: PCF asks for
    /// one or the other. None when the caller does not give receipts out.
    fn receipt(&self, consent: ConsentId, version: u32) -> Option<Reference>;
}

impl Reference {
    /// A reference by address.
    #[must_use]
    pub fn to(address: &str) -> Self {
        Self { reference: Some(address.to_owned()), ..Self::default() }
    }

    /// The type of the resource, where type or address tells: `Patient` of `Patient/1` and of `Patient/1/_history/2`.
    #[must_use]
    pub fn resource_type(&self) -> Option<&str> {
        self.kind.as_deref().or_else(|| self.address_type())
    }

    fn address_type(&self) -> Option<&str> {
        let address = self.reference.as_deref()?;
        let address = address.split_once("/_history/").map_or(address, |(address, _)| address);
        let (rest, _) = address.rsplit_once('/')?;
        rest.rsplit('/').next().filter(|word| word.starts_with(|first: char| first.is_ascii_uppercase()))
    }

    pub(super) fn of(element: &Element<'_>) -> Result<Self, FhirRejection> {
        let members = element.members(&["reference", "type", "identifier", "display"])?;
        let text = |name| members.get(name).map(|text| text.text().map(str::to_owned)).transpose();
        let identifier = members.get("identifier").map(|identifier| {
            let members = identifier.members(&["system", "value", "type"])?;
            let text = |name| members.required(name)?.text().map(str::to_owned);
            Ok((text("system")?, text("value")?))
        });
        let found = Self { reference: text("reference")?, kind: text("type")?, identifier: identifier.transpose()? };
        if found.reference.is_none() && found.identifier.is_none() {
            return Err(element.malformed("a reference by address or identifier"));
        }
        let differs = found.kind.as_deref().zip(found.address_type()).is_some_and(|(kind, address)| kind != address);
        if differs { Err(element.malformed("a reference with one type")) } else { Ok(found) }
    }

    pub(super) fn json(&self) -> Value {
        let mut json = Map::new();
        let texts = [("reference", &self.reference), ("type", &self.kind)].into_iter();
        json.extend(texts.filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.clone()?)))));
        if let Some((system, value)) = &self.identifier {
            json.insert("identifier".to_owned(), json!({ "system": system, "value": value }));
        }
        json.into()
    }

    /// The refusal of this reference; the value of an identifier is not repeated.
    pub(super) fn unresolved(&self, element: &Element<'_>, expected: &'static str) -> FhirRejection {
        let by_identifier = || self.identifier.as_ref().map(|(system, _)| format!("an identifier of `{system}`"));
        let by_address = self.reference.as_ref().map(|address| format!("`{address}`"));
        let found = by_address.or_else(by_identifier).unwrap_or_default();
        element.problem(FhirProblem::Unresolved { expected, found })
    }
}
