//! Persons: the cross-reference of an identifier, and the golden record with where each value comes from.

use std::collections::BTreeMap;

use directory::{Instant, InstitutionId};
use mpi::golden::{Alternative, GoldenRecord, GoldenValue, Provenance};
use mpi::history::PersonAsOf;
use mpi::read::{CrossReference, PersonView};
use mpi::{Attribute, PersonId};
use serde::Serialize;
use utoipa::ToSchema;

use super::record::{RecordBody, ReferenceView, WHEREABOUTS};
use crate::index::Operating;

/// Who an identifier is, and which other identifiers are of the same person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CrossReference)]
pub(in crate::serve) struct CrossReferenceView {
    /// The enterprise id.
    #[schema(example = "N-1234-5678-9018")]
    person: String,
    /// The identifiers that the caller may see.
    records: Vec<ReferenceView>,
}

impl CrossReferenceView {
    pub(in crate::serve) fn new(cross: &CrossReference, prefix: &str) -> Self {
        Self {
            person: cross.person.enterprise_id(prefix),
            records: cross.records.iter().map(ReferenceView::new).collect(),
        }
    }
}

/// A person as far as the caller may see.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(in crate::serve) struct PersonBody {
    /// The enterprise id that was asked for.
    #[schema(example = "N-1234-5678-9018")]
    person: String,
    /// The enterprise id that stands for the person; another one than asked for after a merge.
    #[schema(example = "N-1234-5678-9018")]
    canonical: String,
    /// Every enterprise id that leads here, the canonical one first.
    ids: Vec<String>,
    /// The best-known values, by attribute. Missing for the past.
    #[serde(skip_serializing_if = "Option::is_none")]
    golden: Option<BTreeMap<&'static str, GoldenValueView>>,
    /// The records.
    records: Vec<RecordBody>,
}

/// A value of the golden record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GoldenValue)]
pub(in crate::serve) struct GoldenValueView {
    /// The text as its source wrote it.
    value: String,
    /// Where it comes from.
    #[serde(flatten)]
    source: ProvenanceView,
    /// What decided for it.
    #[schema(example = "agreement")]
    decided_by: &'static str,
    /// Records that say the same.
    records: u32,
    /// What other records say, most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alternatives: Vec<AlternativeView>,
}

/// A value that was not chosen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alternative)]
pub(in crate::serve) struct AlternativeView {
    /// The text as the latest of its sources wrote it.
    value: String,
    /// That source.
    #[serde(flatten)]
    source: ProvenanceView,
    /// Records that say this.
    records: u32,
}

/// Where a value comes from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Provenance)]
pub(in crate::serve) struct ProvenanceView {
    /// The record that wrote it.
    record: String,
    /// Which version of it.
    version: u32,
    /// When its source says that it held.
    event_time: String,
}

impl ProvenanceView {
    fn new(provenance: &Provenance) -> Self {
        Self {
            record: provenance.record.to_string(),
            version: provenance.version,
            event_time: provenance.event_time.to_string(),
        }
    }
}

impl GoldenValueView {
    fn new(value: &GoldenValue) -> Self {
        let alternative = |other: &Alternative| AlternativeView {
            value: other.text.to_string(),
            source: ProvenanceView::new(&other.provenance),
            records: other.records,
        };
        Self {
            value: value.text.to_string(),
            source: ProvenanceView::new(&value.provenance),
            decided_by: value.decided_by.name(),
            records: value.records,
            alternatives: value.alternatives.iter().map(alternative).collect(),
        }
    }
}

/// Who asks, under which id, and when.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Asked {
    /// The enterprise id.
    pub(in crate::serve) id: PersonId,
    /// The institution that asks.
    pub(in crate::serve) reader: Option<InstitutionId>,
    /// The present.
    pub(in crate::serve) now: Instant,
}

impl PersonBody {
    /// A person as it stands.
    pub(in crate::serve) fn new(operating: &Operating, person: &PersonView, asked: &Asked) -> Self {
        let golden = person.golden(&operating.index(), &operating.survivorship, asked.now);
        let reader = asked.reader.as_ref();
        // Whose whereabouts are protected in one record has them in no answer that is put together.
        let is_protected = person.records.iter().any(|record| record.life.protection.is_some());
        Self {
            golden: Some(values(&golden, is_protected)),
            records: person.records.iter().map(|record| RecordBody::new(record, reader)).collect(),
            ..Self::ids(operating, asked.id, (person.person, &person.persons))
        }
    }

    /// A person as it was.
    pub(in crate::serve) fn as_of(operating: &Operating, person: &PersonAsOf, asked: &Asked) -> Self {
        let reader = asked.reader.as_ref();
        Self {
            records: person.records.iter().map(|record| RecordBody::as_of(record, reader)).collect(),
            ..Self::ids(operating, asked.id, (person.person, &person.persons))
        }
    }

    fn ids(operating: &Operating, asked: PersonId, (canonical, ids): (PersonId, &[PersonId])) -> Self {
        let written = |id: &PersonId| id.enterprise_id(&operating.prefix);
        Self {
            person: written(&asked),
            canonical: written(&canonical),
            ids: ids.iter().map(written).collect(),
            golden: None,
            records: Vec::new(),
        }
    }
}

fn values(golden: &GoldenRecord, is_protected: bool) -> BTreeMap<&'static str, GoldenValueView> {
    let is_shown = |attribute: &Attribute| !(is_protected && WHEREABOUTS.contains(attribute));
    let shown = golden.values.iter().filter(|(attribute, _)| is_shown(attribute));
    shown.map(|(attribute, value)| (attribute.name(), GoldenValueView::new(value))).collect()
}
