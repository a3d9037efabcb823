//! A caller's knowledge of references, policies and codes, for tests.

use crate::document::{Grantor, GrantorKind, Kinship, Recipient};
use crate::fhir::{Coding, FhirTerms, Reference, References, Referent};
use crate::tests::world::identity;
use crate::{ConsentId, IdentityId, Label, Purpose};
use directory::{InstitutionId, Offset, PractitionerId};

/// Types of resources that are records, or what records belong to.
const RECORDS: [&str; 5] = ["Observation", "DocumentReference", "Encounter", "CarePlan", "EpisodeOfCare"];

/// A network may publish a group for all who take part, and so make the widest baseline something that PCF can say.
const ALL: Recipient = Recipient::Participants { list: 1, with_future: true, with_networks: false };

/// Names are ids of resources: `Organization/h1` is the institution `h1`, `Organization/h1.surgery` a department of it.
pub(super) struct Register;

impl References for Register {
    fn referent(&self, reference: &Reference) -> Option<Referent> {
        if let Some((system, value)) = &reference.identifier {
            let id = InstitutionId::new(value).ok().filter(|_| system == "urn:example:institutions");
            return id.map(|id| Referent::Recipient(Recipient::Institution(id)));
        }
        let address = reference.reference.as_deref()?;
        let (kind, id) = address.split_once('/')?;
        let recipient = match (kind, id) {
            ("Patient", "ex-patient") => return Some(Referent::Patient(identity(1))),
            ("Patient", "ex-mother") => return Some(Referent::Patient(identity(2))),
            ("Organization", "network") => return Some(Referent::Network),
            ("Organization", _) => match id.split_once('.') {
                Some((id, department)) => Recipient::Department(InstitutionId::new(id).ok()?, department.into()),
                None => Recipient::Institution(InstitutionId::new(id).ok()?),
            },
            ("Practitioner", _) => Recipient::Practitioner(PractitionerId::new(id).ok()?),
            ("Group", "all-participants") => ALL,
            ("Group", _) => Recipient::Group(id.into()),
            _ => return RECORDS.contains(&kind).then(|| Referent::Record(address.into())),
        };
        Some(Referent::Recipient(recipient))
    }

    fn grantor(&self, performer: &Reference, patient: IdentityId) -> Option<Grantor> {
        let known = proxies().into_iter().find(|(address, _)| performer.reference.as_deref() == Some(*address));
        known.filter(|_| patient == identity(1)).map(|(_, grantor)| grantor)
    }

    fn reference(&self, referent: &Referent) -> Option<Reference> {
        let address = match referent {
            Referent::Patient(patient) if *patient == identity(1) => "Patient/ex-patient".to_owned(),
            Referent::Patient(_) => return None,
            Referent::Network => "Organization/network".to_owned(),
            Referent::Recipient(Recipient::Institution(id)) => format!("Organization/{id}"),
            Referent::Recipient(Recipient::Department(id, department)) => format!("Organization/{id}.{department}"),
            Referent::Recipient(Recipient::Practitioner(id)) => format!("Practitioner/{id}"),
            Referent::Recipient(Recipient::Group(group)) => format!("Group/{group}"),
            Referent::Recipient(recipient) if *recipient == ALL => "Group/all-participants".to_owned(),
            Referent::Recipient(_) => return None,
            Referent::Record(name) => return name.contains('/').then(|| Reference::to(name)),
        };
        Some(Reference::to(&address))
    }

    fn performer(&self, grantor: &Grantor, _: IdentityId) -> Option<Reference> {
        let known = proxies().into_iter().find(|(_, known)| known == grantor);
        known.map(|(address, _)| Reference::to(address))
    }

    fn receipt(&self, consent: ConsentId, version: u32) -> Option<Reference> {
        // The consent 7 is from before there were receipts.
        let has_receipt = consent != ConsentId([7; 16]);
        has_receipt.then(|| Reference::to(&format!("DocumentReference/receipt-{consent}-{version}")))
    }
}

/// Who signs for the patient.
pub(super) fn proxies() -> [(&'static str, Grantor); 3] {
    let grantor = |kind| Grantor { kind, evidence: Some("戸籍".into()), valid: None };
    [
        ("Patient/ex-mother", grantor(GrantorKind::Parent)),
        ("RelatedPerson/guardian", grantor(GrantorKind::Guardian)),
        ("RelatedPerson/spouse", grantor(GrantorKind::Family(Kinship::Spouse))),
    ]
}

/// The tables of a network in Japan.
pub(super) struct Tables {
    policies: Vec<(String, u32)>,
    purposes: Vec<(Coding, Purpose)>,
    labels: Vec<(Coding, Label)>,
}

impl Tables {
    pub(super) fn new() -> Self {
        let addresses = [
            ("http://example.org/policies/basePrivacyConsentPolicy.txt", 1),
            ("http://example.org/policies/researchPrivacyConsentPolicy.txt", 2),
            ("https://profiles.ihe.net/ITI/PCF/Policy-basic-normal", 3),
            ("https://profiles.ihe.net/ITI/PCF/Policy-break-glass-only", 4),
        ];
        let coding = |system: &str, code: &str| Coding { system: system.to_owned(), code: code.to_owned() };
        Self {
            policies: addresses.map(|(address, version)| (address.to_owned(), version)).to_vec(),
            purposes: vec![(coding("http://example.org/policies/purposeOfUse", "FooBar"), "OWN0".parse().unwrap())],
            labels: vec![(coding("urn:example:labels", "crime"), "CRIME".parse().unwrap())],
        }
    }

    pub(super) fn terms(&self) -> FhirTerms<'_> {
        let Self { policies, purposes, labels } = self;
        FhirTerms { zone: Offset::TOKYO, policies, purposes, labels, references: &Register }
    }
}
