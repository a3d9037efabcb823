//! The distinct values of a column, from its distinct raw texts.
//!
//! Most raw texts are in normal form already. Such a text differs from all others, as raw texts do, so it needs no
//! table of its own: only what normalisation changed is looked up, first among the raw texts.

use super::NULL;
use crate::normalize::{self, Kind, Tables};
use crate::text::Interner;
use crate::value::Value;

/// What normalisation makes of a raw text.
pub(super) enum Normal {
    /// It says nothing.
    Missing,
    /// A value whose canonical form is the raw text.
    Same(Value),
    /// Any other value.
    Changed(Value),
}

impl Normal {
    pub(super) fn of(kind: Kind, raw: &str, tables: &Tables) -> Self {
        match normalize::normalize(kind, raw, tables) {
            None => Self::Missing,
            Some(value) if *value.exact == *raw => Self::Same(value),
            Some(value) => Self::Changed(value),
        }
    }
}

/// Distinct values in order of first appearance, and how raw texts lead to them.
pub(super) struct Dictionary<'a> {
    pub(super) values: Vec<Value>,
    /// Per raw text, and behind them per text of `others`: [`NULL`], or one more than the number of its value.
    pub(super) numbers: Vec<u32>,
    raw: &'a Interner,
    /// Per raw text: whether it is in normal form.
    is_normal: Vec<bool>,
    /// Canonical forms that are no raw texts.
    others: Interner,
}

impl<'a> Dictionary<'a> {
    /// Numbers the values of raw texts; `normalized` has them in the order of `raw`, in pieces.
    pub(super) fn of(raw: &'a Interner, normalized: Vec<Vec<Normal>>) -> Self {
        let is_normal = normalized.iter().flatten().map(|normal| matches!(normal, Normal::Same(_))).collect();
        let numbers = vec![NULL; raw.len()];
        let mut dictionary =
            Self { values: Vec::with_capacity(raw.len()), numbers, raw, is_normal, others: Interner::default() };
        for (place, normal) in normalized.into_iter().flatten().enumerate() {
            let (place_of_value, value) = match normal {
                Normal::Missing => continue,
                Normal::Same(value) => (place, value),
                Normal::Changed(value) => (dictionary.place_or_new(&value.exact), value),
            };
            let number = dictionary.number(place_of_value, value);
            if let Some(slot) = dictionary.numbers.get_mut(place) {
                *slot = number;
            }
        }
        dictionary
    }

    /// Per value: a number that two values share exactly when they are folded equal. A value that is its own key keeps
    /// its number; a value that folds to another value's text gets that value's number.
    pub(super) fn folded(&self) -> Vec<u32> {
        let mut keys = Interner::default();
        let behind = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        let mut number_of_key = |key: &str| {
            let known = self.place(key).and_then(|place| self.numbers.get(place)?.checked_sub(1));
            known.unwrap_or_else(|| behind.saturating_add(keys.intern(key)))
        };
        let own = |(number, value): (u32, &Value)| {
            if value.is_own_key() { number } else { number_of_key(value.folded()) }
        };
        (0..).zip(&self.values).map(own).collect()
    }

    /// Where `numbers` has a canonical form.
    fn place(&self, text: &str) -> Option<usize> {
        let raw = self.raw.find(text).map(|raw| raw as usize).filter(|raw| self.is_normal.get(*raw) == Some(&true));
        raw.or_else(|| Some(self.raw.len() + self.others.find(text)? as usize))
    }

    fn place_or_new(&mut self, text: &str) -> usize {
        self.place(text).unwrap_or_else(|| {
            self.numbers.push(NULL);
            self.raw.len() + self.others.intern(text) as usize
        })
    }

    /// One more than the number of the value with that place; a new value is added.
    fn number(&mut self, place: usize, value: Value) -> u32 {
        let Some(slot) = self.numbers.get_mut(place) else { return NULL };
        if *slot == NULL {
            self.values.push(value);
            *slot = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        }
        *slot
    }
}
