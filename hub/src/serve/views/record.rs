//! Source records.

use std::collections::BTreeMap;

use directory::InstitutionId;
use mpi::history::RecordAsOf;
use mpi::life::LifeStatus;
use mpi::read::{RecordView, Reference, VersionView};
use mpi::{Attribute, Demographics, RecordState, Standing};
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

/// One version of a record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordVersion)]
pub(in crate::serve) struct VersionBody {
    /// Its number, counted from 1 in the order of arrival.
    version: u32,
    /// When the source says that it holds from.
    event_time: String,
    /// When it was taken.
    recorded: String,
    /// Who sent it.
    by: String,
    /// What became of it when it was taken: `current`, `history` or `quarantined`.
    standing: &'static str,
    /// What the source says, by attribute, as it wrote it.
    demographics: BTreeMap<&'static str, String>,
    /// What the source says of life and death.
    #[serde(skip_serializing_if = "Option::is_none")]
    life: Option<LifeView>,
    /// Attributes that are withheld since the person is protected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<&'static str>,
}

impl VersionBody {
    /// A version; a person who is protected by any version of the record is so in all of them.
    pub(in crate::serve) fn new(version: &VersionView, is_open: bool) -> Self {
        let (demographics, withheld) = withhold(&version.demographics, !is_open);
        Self {
            version: version.version,
            event_time: version.event_time.to_string(),
            recorded: version.recorded.to_string(),
            by: version.actor.id.to_string(),
            standing: match version.standing {
                Standing::Current => "current",
                Standing::History => "history",
                Standing::Quarantined => "quarantined",
            },
            demographics,
            life: LifeView::of(&version.life),
            withheld,
        }
    }

    /// The versions of a record for a reader.
    pub(in crate::serve) fn all(versions: &[VersionView], is_own: bool) -> Vec<Self> {
        let is_open = is_own || versions.iter().all(|version| version.life.protection.is_none());
        versions.iter().map(|version| Self::new(version, is_open)).collect()
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
    withhold(demographics, life.protection.is_some() && !is_own)
}

fn withhold(demographics: &Demographics, is_protected: bool) -> (BTreeMap<&'static str, String>, Vec<&'static str>) {
    let is_withheld = |attribute: &Attribute| is_protected && WHEREABOUTS.contains(attribute);
    let texts = demographics.iter().filter(|(attribute, _)| !is_withheld(attribute));
    let withheld = demographics.iter().map(|(attribute, _)| attribute).filter(is_withheld).map(Attribute::name);
    (texts.map(|(attribute, text)| (attribute.name(), text.to_owned())).collect(), withheld.collect())
}
