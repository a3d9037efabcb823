//! Care relationships and cards, as they come in and go out.

use std::collections::BTreeSet;

use consent::Relation;
use consent::registry::{Card, CareRelation};
use directory::{Instant, InstitutionId, Period, PractitionerId};
use linkage::model::Decision;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::decision::{name, word_of};
use super::directive::Presented;
use crate::serve::ids;
use crate::serve::problem::Problem;

/// What an institution has to do with a patient, under its own reference.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewRelation {
    /// The patient: the number of an institution.
    pub(in crate::serve) identity: Presented,
    /// Whose relationship; missing: that of the token.
    pub(in crate::serve) institution: Option<String>,
    /// As the institution calls the encounter, referral or registration. What is stated under it later stands above.
    pub(in crate::serve) reference: String,
    /// `open_encounter`, `referral` or `registered_doctor`; missing: there never was one under this reference.
    relation: Option<String>,
    /// From when; missing: now.
    from: Option<String>,
    /// Until when; missing: it goes on.
    until: Option<String>,
    /// The practitioner whom alone it is about; missing: the whole institution.
    practitioner: Option<String>,
    /// Where it is known from: a message, a form, a system.
    source: String,
}

impl NewRelation {
    /// The relationship; none: there never was one.
    pub(in crate::serve) fn relation(&self, now: Instant) -> Result<Option<CareRelation>, Problem> {
        let Some(word) = &self.relation else { return Ok(None) };
        let relation: Relation =
            word_of(word).ok_or_else(|| Problem::bad_field("relation", "is no care relationship"))?;
        let instant =
            |field: &str, text: &Option<String>| text.as_deref().map(|text| ids::instant(field, text)).transpose();
        let from = instant("from", &self.from)?.unwrap_or(now);
        let until = instant("until", &self.until)?.unwrap_or(Instant::FOREVER);
        let period = Period::new(from, until).map_err(|_| Problem::bad_field("until", "is not after `from`"))?;
        let practitioner = self.practitioner.as_deref();
        Ok(Some(CareRelation {
            relation,
            period,
            practitioner: practitioner.map(|id| name("practitioner", PractitionerId::new(id))).transpose()?,
            source: self.source.as_str().into(),
        }))
    }
}

/// Care relationships of a patient.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Relations {
    /// By identity and institution.
    pub(in crate::serve) relations: Vec<RelationView>,
}

/// A care relationship.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CareRelation)]
pub(in crate::serve) struct RelationView {
    institution: String,
    #[schema(value_type = String, example = "open_encounter")]
    relation: Relation,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner: Option<String>,
    source: String,
}

impl RelationView {
    pub(in crate::serve) fn new((institution, it): &(InstitutionId, CareRelation)) -> Self {
        let until = it.period.until();
        Self {
            institution: institution.to_string(),
            relation: it.relation,
            from: it.period.from().to_string(),
            until: (until != Instant::FOREVER).then(|| until.to_string()),
            practitioner: it.practitioner.as_ref().map(ToString::to_string),
            source: it.source.to_string(),
        }
    }
}

/// A card for a patient who joins with a form.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewCard {
    /// The number on the card. It is kept as a keyed digest only.
    pub(in crate::serve) number: String,
    /// Where the form lies.
    pub(in crate::serve) form: String,
    /// Who issues it; missing: the institution of the token.
    pub(in crate::serve) institution: Option<String>,
}

/// A card by its number.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct CardNumber {
    /// The number on the card.
    pub(in crate::serve) number: String,
}

/// A number of an institution that is to be tied to the card that the patient shows.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewTie {
    /// The number on the card.
    pub(in crate::serve) number: String,
    /// The institution's own number of the patient.
    pub(in crate::serve) identity: Presented,
    /// Whether somebody has looked at both although the index takes them for two persons.
    #[serde(default)]
    pub(in crate::serve) is_confirmed: bool,
}

/// A card or tie that ends.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct CardEnd {
    /// The number on the card.
    pub(in crate::serve) number: String,
    /// The tie that ends; missing: the whole card.
    pub(in crate::serve) identity: Option<Presented>,
    /// Why.
    pub(in crate::serve) reason: String,
}

/// How a card stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Card)]
pub(in crate::serve) struct CardView {
    /// Where the form lies.
    form: String,
    /// Who issued it, and when.
    issuer: String,
    issued: String,
    /// The institutions with a number that is tied to it.
    institutions: BTreeSet<String>,
    /// Whether it is lost, or was called off.
    is_cancelled: bool,
    /// How the number that was tied compares with those that were tied before.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<TieCheckView>,
}

/// How the person of a number compares with whom a card is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = TieCheck)]
pub(in crate::serve) struct TieCheckView {
    /// `first`: nothing was tied before; `linked`: the index has them as one person; otherwise what the rules say of the
    /// two: `match`, `possible match` or `non-match`.
    outcome: &'static str,
    /// The match weight in bits, where the rules were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<f64>,
}

impl TieCheckView {
    /// Nothing was tied before.
    pub(in crate::serve) const FIRST: Self = Self { outcome: "first", weight: None };
    /// The index has them as one person.
    pub(in crate::serve) const LINKED: Self = Self { outcome: "linked", weight: None };

    /// What the rules say.
    pub(in crate::serve) fn compared((weight, decision): (f64, Decision)) -> Self {
        Self { outcome: decision.name(), weight: Some(weight) }
    }

    /// Whether a clerk has to look before the two are tied: a family member's card, a typing error.
    pub(in crate::serve) fn is_doubtful(self) -> bool {
        self.weight.is_some() && self.outcome != Decision::Match.name()
    }
}

impl CardView {
    pub(in crate::serve) fn new(card: &Card, check: Option<TieCheckView>) -> Self {
        Self {
            form: card.form.to_string(),
            issuer: card.issuer.to_string(),
            issued: card.issued.to_string(),
            institutions: card.ties.values().map(ToString::to_string).collect(),
            is_cancelled: card.is_cancelled,
            check,
        }
    }
}
