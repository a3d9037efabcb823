//! What a source says of a person's life beside demographics, and which source records belong to each other.
//!
//! A statement is part of a record version, so taking it back is a later version of the same record: a death that another
//! hospital has never heard of stays, because most systems send "alive" without knowing. Relationships join source
//! records and never persons, so merging and undoing a merge carry them without a write. What follows from a statement
//! (no automatic link of a living record to a dead one, an address that is not shown) is decided elsewhere.

mod relationships;

pub(crate) use relationships::RelationshipRow;
pub use relationships::{relate, relationships, stop_relating};

use crate::id::RecordId;
use directory::{Date, Instant};
use serde::{Deserialize, Serialize};

/// What one version of a source record says beside demographics; nothing by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeStatus {
    /// Dead or alive; `None` when the source does not say.
    pub vital: Option<Vital>,
    /// Whether the person is a twin, triplet …; the order among them is the attribute `birth_order`.
    pub is_multiple_birth: Option<bool>,
    /// 身元不明: the source does not know who it is; name and birth date are made up.
    pub is_unknown_patient: bool,
    /// ＤＶ等支援措置: where the person lives must not become known.
    pub protection: Option<Protection>,
}

impl LifeStatus {
    /// Whether the source says that the person has died.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.vital, Some(Vital::Dead(_)))
    }
}

/// Dead or alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Vital {
    /// Alive, as far as the source knows.
    Alive,
    /// Dead.
    Dead(DeathTime),
}

/// When somebody died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeathTime {
    /// Not said.
    Unknown,
    /// On a day.
    On(Date),
    /// At a moment.
    At(Instant),
}

/// A support measure for victims of violence; municipalities grant it for a year and renew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// The last day; `None` until it is taken back.
    pub until: Option<Date>,
}

/// How one source record belongs to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RelationshipKind {
    /// The first is the newborn of the second.
    NewbornOf,
    /// The two were born together.
    BornWith,
}

/// Two source records that belong to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// How.
    pub kind: RelationshipKind,
    /// The newborn, or one of two that were born together.
    pub first: RecordId,
    /// The mother, or the other one.
    pub second: RecordId,
    /// Since when the source says so.
    pub event_time: Instant,
    /// When the source took it back.
    pub ended: Option<Instant>,
}

/// What the current versions of some records say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vitality {
    /// Nobody says anything.
    Unsaid,
    /// Somebody says alive, nobody dead.
    Alive,
    /// Somebody says dead.
    Dead {
        /// When, by the latest record that knows when.
        time: DeathTime,
        /// The record that says so.
        said_by: RecordId,
        /// Records that say alive of a later time than that record: worth a task.
        contradicted_by: Vec<RecordId>,
    },
}

/// Whether a person is dead, from the current version of each record: when it held, and what it says.
///
/// Dead beats alive whoever says it; the order of the statements does not matter.
#[must_use]
pub fn vitality(statements: &[(RecordId, Instant, Vital)]) -> Vitality {
    let deaths = statements.iter().filter_map(|(record, at, vital)| match vital {
        Vital::Dead(time) => Some((*time != DeathTime::Unknown, *at, *record, *time)),
        Vital::Alive => None,
    });
    let Some((_, at, said_by, time)) = deaths.max_by_key(|(knows, at, record, _)| (*knows, *at, *record)) else {
        return if statements.is_empty() { Vitality::Unsaid } else { Vitality::Alive };
    };
    let is_later = |other: &&(RecordId, Instant, Vital)| other.2 == Vital::Alive && other.1 > at;
    let mut contradicted_by: Vec<RecordId> = statements.iter().filter(is_later).map(|other| other.0).collect();
    contradicted_by.sort_unstable();
    Vitality::Dead { time, said_by, contradicted_by }
}

impl Protection {
    /// Whether it holds on a day.
    #[must_use]
    pub fn holds_on(self, day: Date) -> bool {
        self.until.is_none_or(|until| day <= until)
    }
}

impl Relationship {
    /// Whether the source upholds it at a moment.
    #[must_use]
    pub fn holds_at(&self, moment: Instant) -> bool {
        self.event_time <= moment && self.ended.is_none_or(|ended| moment < ended)
    }

    /// The other record of the two; `None` when the record is neither.
    #[must_use]
    pub fn other(&self, record: RecordId) -> Option<RecordId> {
        if record == self.first {
            Some(self.second)
        } else if record == self.second {
            Some(self.first)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeathTime, LifeStatus, Protection, Relationship, RelationshipKind, Vital, Vitality, vitality};
    use crate::id::RecordId;
    use directory::{Date, Instant};

    fn record(number: u8) -> RecordId {
        RecordId([number; 16])
    }

    fn at(micros: i64) -> Instant {
        Instant::from_micros(micros)
    }

    fn dead(time: DeathTime) -> Vital {
        Vital::Dead(time)
    }

    #[track_caller]
    fn check(statements: &[(u8, i64, Vital)], expected: &Vitality) {
        let mut statements: Vec<_> =
            statements.iter().map(|(number, micros, vital)| (record(*number), at(*micros), *vital)).collect();
        assert_eq!(vitality(&statements), *expected);
        statements.reverse();
        assert_eq!(vitality(&statements), *expected, "the order must not matter");
    }

    #[test]
    fn a_death_stands_until_its_source_takes_it_back() {
        let day = DeathTime::On(Date::new(2025, 3, 1).unwrap());
        let said = |time, by, against: &[u8]| Vitality::Dead {
            time,
            said_by: record(by),
            contradicted_by: against.iter().map(|number| record(*number)).collect(),
        };
        check(&[], &Vitality::Unsaid);
        check(&[(1, 5, Vital::Alive)], &Vitality::Alive);
        check(&[(1, 5, dead(day))], &said(day, 1, &[]));
        check(&[(1, 5, dead(day)), (2, 4, Vital::Alive)], &said(day, 1, &[]));
        check(&[(1, 5, dead(day)), (3, 9, Vital::Alive), (2, 6, Vital::Alive)], &said(day, 1, &[2, 3]));
        check(&[(1, 5, dead(day)), (2, 8, dead(DeathTime::Unknown))], &said(day, 1, &[]));
        check(&[(1, 5, dead(day)), (2, 8, dead(DeathTime::At(at(3))))], &said(DeathTime::At(at(3)), 2, &[]));
    }

    #[test]
    fn a_protection_ends_with_its_last_day() {
        let day = |day| Date::new(2025, 3, day).unwrap();
        let limited = Protection { until: Some(day(10)) };
        assert!(limited.holds_on(day(10)));
        assert!(!limited.holds_on(day(11)));
        assert!(Protection { until: None }.holds_on(day(31)));
    }

    #[test]
    fn a_relationship_joins_two_records_for_a_time() {
        let (first, second) = (record(1), record(2));
        let kind = RelationshipKind::NewbornOf;
        let of = Relationship { kind, first, second, event_time: at(10), ended: Some(at(20)) };
        assert_eq!(of.other(first), Some(second));
        assert_eq!(of.other(second), Some(first));
        assert_eq!(of.other(record(3)), None);
        assert_eq!([9, 10, 19, 20].map(|moment| of.holds_at(at(moment))), [false, true, true, false]);
    }

    #[test]
    fn a_status_is_stored_and_read_back() {
        let status = LifeStatus {
            vital: Some(dead(DeathTime::On(Date::new(2025, 3, 1).unwrap()))),
            is_multiple_birth: Some(true),
            is_unknown_patient: false,
            protection: Some(Protection { until: Date::new(2026, 3, 31) }),
        };
        let bytes = postcard::to_allocvec(&status).unwrap();
        assert_eq!(postcard::from_bytes::<LifeStatus>(&bytes).unwrap(), status);
    }
}
