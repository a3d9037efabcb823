//! What a source says of a person's life beside demographics, in both directions.

use directory::{Date, Instant};
use mpi::life::{DeathTime, LifeStatus, Protection, Vital};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::serve::problem::Problem;

/// What a source says of a person's life; everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = Life)]
pub(in crate::serve) struct LifeView {
    /// `alive` or `dead`; missing when the source does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "alive")]
    vital: Option<String>,
    /// When the person died: a date or a time; only with `dead`.
    #[serde(skip_serializing_if = "Option::is_none")]
    death: Option<String>,
    /// Whether the person is a twin, triplet …; the order among them is the attribute `birth_order`.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_multiple_birth: Option<bool>,
    /// The source does not know who it is: name and birth date are made up.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_unknown_patient: bool,
    /// Where the person lives must not become known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_protected: bool,
    /// The last day of the protection; missing: until it is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    protected_until: Option<String>,
}

impl LifeView {
    /// As the index keeps it.
    pub(in crate::serve) fn status(&self) -> Result<LifeStatus, Problem> {
        let vital = match (self.vital.as_deref(), self.death.as_deref()) {
            (Some("dead"), death) => Some(Vital::Dead(death.map_or(Ok(DeathTime::Unknown), death_time)?)),
            (_, Some(_)) => return Err(Problem::bad_field("life.death", "is given, but `vital` is not `dead`")),
            (Some("alive"), None) => Some(Vital::Alive),
            (None, None) => None,
            (Some(_), None) => return Err(Problem::bad_field("life.vital", "must be `alive` or `dead`")),
        };
        let until = self.protected_until.as_deref().map(|text| date("life.protected_until", text)).transpose()?;
        if until.is_some() && !self.is_protected {
            return Err(Problem::bad_field("life.protected_until", "is given, but `is_protected` is not true"));
        }
        let protection = self.is_protected.then_some(Protection { until });
        let (is_multiple_birth, is_unknown_patient) = (self.is_multiple_birth, self.is_unknown_patient);
        Ok(LifeStatus { vital, is_multiple_birth, is_unknown_patient, protection })
    }

    /// As it is answered; none when the source says nothing.
    pub(in crate::serve) fn of(status: &LifeStatus) -> Option<Self> {
        let death = match status.vital {
            Some(Vital::Dead(DeathTime::On(date))) => Some(date.to_string()),
            Some(Vital::Dead(DeathTime::At(instant))) => Some(instant.to_string()),
            _ => None,
        };
        let view = Self {
            vital: status.vital.map(|vital| if vital == Vital::Alive { "alive" } else { "dead" }.to_owned()),
            death,
            is_multiple_birth: status.is_multiple_birth,
            is_unknown_patient: status.is_unknown_patient,
            is_protected: status.protection.is_some(),
            protected_until: status.protection.and_then(|protection| protection.until).map(|date| date.to_string()),
        };
        (view != Self::default()).then_some(view)
    }
}

fn death_time(text: &str) -> Result<DeathTime, Problem> {
    if let Ok(instant) = text.parse::<Instant>() {
        return Ok(DeathTime::At(instant));
    }
    date("life.death", text).map(DeathTime::On)
}

fn date(field: &str, text: &str) -> Result<Date, Problem> {
    text.parse().map_err(|_| Problem::bad_field(field, "is not a date such as `2026-04-01`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: Result<(), &str>) {
        let view: LifeView = serde_json::from_str(json).unwrap();
        match (view.status(), expected) {
            (Ok(status), Ok(())) => assert_eq!(LifeView::of(&status).unwrap_or_default(), view, "{json}"),
            (Err(problem), Err(field)) => assert!(problem.detail().contains(field), "{json}: {}", problem.detail()),
            (found, _) => panic!("{json}: {found:?}"),
        }
    }

    #[test]
    fn what_is_said_comes_back() {
        check("{}", Ok(()));
        check(r#"{"vital": "alive", "is_multiple_birth": false}"#, Ok(()));
        check(r#"{"vital": "dead"}"#, Ok(()));
        check(r#"{"vital": "dead", "death": "2026-02-03"}"#, Ok(()));
        check(r#"{"vital": "dead", "death": "2026-02-03T04:05:06Z"}"#, Ok(()));
        check(r#"{"is_protected": true, "protected_until": "2027-03-31", "is_unknown_patient": true}"#, Ok(()));
        check(r#"{"vital": "well"}"#, Err("life.vital"));
        check(r#"{"vital": "alive", "death": "2026-02-03"}"#, Err("life.death"));
        check(r#"{"vital": "dead", "death": "yesterday"}"#, Err("life.death"));
        check(r#"{"protected_until": "2027-03-31"}"#, Err("life.protected_until"));
    }
}
