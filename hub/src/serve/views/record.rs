//! Source records.

use std::collections::BTreeMap;

use directory::InstitutionId;
use mpi::history::RecordAsOf;
use mpi::life::LifeStatus;
use mpi::read::{RecordView, Reference};
use mpi::{Attribute, Demographics, RecordState};
use serde::Serialize;
use utoipa::ToSchema;

use super::life::LifeView;

/// A source record as others refer to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reference)]
pub(in crate::serve) struct ReferenceView {
    /// The record's id.
    record: String,
    /// The assigning authority.
    authority: String,
    /// The local id in the domain of the authority.
    local_id: String,
    /// The custodian.
    institution: String,
}

impl ReferenceView {
    pub(in crate::serve) fn new(reference: &Reference) -> Self {
        Self {
            record: reference.record.to_string(),
            authority: reference.identifier.authority().to_string(),
            local_id: reference.identifier.value().to_owned(),
            institution: reference.institution.to_string(),
        }
    }
}

/// A source record with the version that holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Record)]
pub(in crate::serve) struct RecordBody {
    /// The record's id.
    record: String,
    /// The assigning authority.
    authority: String,
    /// The local id in the domain of the authority.
    local_id: String,
    /// The custodian.
    institution: String,
    /// The version that holds, counted from 1.
    version: u32,
    /// When the source says that it holds from.
    event_time: String,
    /// When it was taken.
    recorded: String,
    /// What the source says, by attribute, as it wrote it.
    demographics: BTreeMap<&'static str, String>,
    /// What the source says of life and death.
    #[serde(skip_serializing_if = "Option::is_none")]
    life: Option<LifeView>,
    /// `active`; `quarantined` when a later version waits for a clerk; `erased`. Missing for the past.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// Attributes that are withheld since the person is protected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<&'static str>,
}

impl RecordBody {
    /// A record as it stands; `reader` is the institution that asks.
    pub(in crate::serve) fn new(record: &RecordView, reader: Option<&InstitutionId>) -> Self {
        let state = match record.state {
            RecordState::Active => "active",
            RecordState::Quarantined { .. } => "quarantined",
            RecordState::Erased => "erased",
        };
        let (demographics, withheld) = shown((&record.demographics, &record.life), reader == Some(&record.institution));
        Self {
            record: record.record.to_string(),
            authority: record.identifier.authority().to_string(),
            local_id: record.identifier.value().to_owned(),
            institution: record.institution.to_string(),
            version: record.version,
            event_time: record.event_time.to_string(),
            recorded: record.recorded.to_string(),
            demographics,
            life: LifeView::of(&record.life),
            state: Some(state),
            withheld,
        }
    }

    /// A record as it was.
    pub(in crate::serve) fn as_of(record: &RecordAsOf, reader: Option<&InstitutionId>) -> Self {
        let (demographics, withheld) = shown((&record.demographics, &record.life), reader == Some(&record.institution));
        Self {
            record: record.record.to_string(),
            authority: record.identifier.authority().to_string(),
            local_id: record.identifier.value().to_owned(),
            institution: record.institution.to_string(),
            version: record.version,
            event_time: record.event_time.to_string(),
            recorded: record.recorded.to_string(),
            demographics,
            life: LifeView::of(&record.life),
            state: None,
            withheld,
        }
    }
}

/// Where a person lives: what a protected one has to be sure of.
pub(in crate::serve) const WHEREABOUTS: [Attribute; 3] = [Attribute::Postcode, Attribute::Address, Attribute::Phone];

/// The texts of a record by attribute, and what is withheld: a protected person's whereabouts from everybody but the
/// institution that knows them.
fn shown(
    (demographics, life): (&Demographics, &LifeStatus),
    is_own: bool,
) -> (BTreeMap<&'static str, String>, Vec<&'static str>) {
    let is_withheld = |attribute: &Attribute| life.protection.is_some() && !is_own && WHEREABOUTS.contains(attribute);
    let texts = demographics.iter().filter(|(attribute, _)| !is_withheld(attribute));
    let withheld = demographics.iter().map(|(attribute, _)| attribute).filter(is_withheld).map(Attribute::name);
    (texts.map(|(attribute, text)| (attribute.name(), text.to_owned())).collect(), withheld.collect())
}
