//! Numbers for names: what a rule compares is a number, what people and files say is a name.
//!
//! A codebook belongs to one process and only grows, so rules that were compiled stay right when the directory gains an
//! institution. It is derived: nothing in it is stored, and a rule without its codebook says nothing. A name that is not in
//! the book is in no rule either and is [`Number::OTHER`]; what is not known at all is [`Number::UNKNOWN`]. The two differ:
//! a deny of one author does not match another author, and does match a record whose author nobody knows.

use crate::obligation::Obligations;
use directory::{InstitutionId, PractitionerId};
use std::collections::BTreeMap;

/// The number of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub(crate) u32);

impl Number {
    /// Not known, the default. A permit never matches it; a deny does.
    pub const UNKNOWN: Self = Self(0);
    /// Known, and named by no rule.
    pub const OTHER: Self = Self(NUMBERS_MAX - 1);

    /// Whether it is the number of a name in the book.
    #[must_use]
    pub const fn is_named(self) -> bool {
        self.0 != Self::UNKNOWN.0 && self.0 != Self::OTHER.0
    }
}

/// The place of joined obligations in the codebook; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObligationsId(pub(crate) u16);

/// The most numbers of one codebook: what fits beside the kind in a [`crate::Selector`].
pub const NUMBERS_MAX: u32 = 1 << 28;
/// The most different obligations of one codebook: far more than any network thinks of.
pub const OBLIGATIONS_MAX: usize = 65_535;

/// Why the codebook takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the codebook has {limit} {kind}, and takes no more")]
pub struct CodebookFull {
    /// Of what.
    pub kind: &'static str,
    /// The limit.
    pub limit: usize,
}

/// A name that rules compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// An institution.
    Institution(InstitutionId),
    /// A department of an institution.
    Department(InstitutionId, Box<str>),
    /// A practitioner, as requester or as author.
    Practitioner(PractitionerId),
    /// A group of institutions, or a care team.
    Group(Box<str>),
    /// A region.
    Region(Box<str>),
    /// A document, an encounter or another thing that data belongs to, as its custodian calls it.
    Data(Box<str>),
}

/// The numbers of names, sets of numbers, and obligations.
#[derive(Clone, Debug, Default)]
pub struct Codebook {
    numbers: BTreeMap<Name, Number>,
    names: Vec<Name>,
    /// For every number, the institution that it is a department of.
    owners: Vec<Number>,
    /// All sets, each a head and its bits, one after the other: a look at a member reads one place in memory.
    sets: Vec<u64>,
    set_numbers: BTreeMap<Vec<Number>, Number>,
    obligations: Vec<Obligations>,
}

/// Some numbers as a head and words: a list when that is shorter, and bits otherwise.
fn words_of(numbers: &[Number]) -> Vec<u64> {
    let bits = bits_of(numbers);
    let count = numbers.len().div_ceil(2);
    if count + 1 >= bits.len() {
        return bits;
    }
    // Two numbers share a word; what is left over is 0, which is the number of nothing.
    let pair = |pair: &[Number]| pair.iter().rev().fold(0_u64, |word, number| word << 32 | u64::from(number.0));
    let head = IS_LIST | (count as u64) << 32;
    std::iter::once(head).chain(numbers.chunks(2).map(pair)).collect()
}

/// In the head of a list.
const IS_LIST: u64 = 1 << 63;

/// Some numbers as a head (how many words of bits there are, and the first of them) and bits, one for each number.
fn bits_of(numbers: &[Number]) -> Vec<u64> {
    let words = || numbers.iter().map(|number| number.0 / 64);
    let (Some(first), Some(last)) = (words().min(), words().max()) else { return vec![0] };
    let count = last - first + 1;
    let mut bits = vec![0_u64; usize::try_from(count).unwrap_or(0) + 1];
    bits.iter_mut().take(1).for_each(|head| *head = u64::from(count) << 32 | u64::from(first));
    for number in numbers {
        let place = usize::try_from(number.0 / 64 - first).unwrap_or(usize::MAX);
        bits.iter_mut().skip(1).skip(place).take(1).for_each(|word| *word |= 1 << (number.0 % 64));
    }
    bits
}

impl Codebook {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of a name; [`Number::OTHER`] when it is not in the book.
    #[must_use]
    pub fn number(&self, name: &Name) -> Number {
        self.numbers.get(name).copied().unwrap_or(Number::OTHER)
    }

    /// The name of a number; none when it is of none.
    #[must_use]
    pub fn name(&self, number: Number) -> Option<&Name> {
        self.names.get(usize::try_from(number.0.checked_sub(1)?).ok()?)
    }

    /// The number of a name, given now if it has none.
    ///
    /// # Errors
    /// [`CodebookFull`] at [`NUMBERS_MAX`].
    pub fn enter(&mut self, name: Name) -> Result<Number, CodebookFull> {
        if let Some(number) = self.numbers.get(&name) {
            return Ok(*number);
        }
        let owner = match &name {
            Name::Department(institution, _) => self.enter(Name::Institution(institution.clone()))?,
            _ => Number::default(),
        };
        let full = CodebookFull { kind: "names", limit: NUMBERS_MAX as usize - 2 };
        let number = u32::try_from(self.names.len() + 1).ok().filter(|number| *number < Number::OTHER.0).ok_or(full)?;
        self.names.push(name.clone());
        self.owners.push(owner);
        self.numbers.insert(name, Number(number));
        Ok(Number(number))
    }

    /// The number of a set of names, given now if it has none. The order does not matter.
    ///
    /// # Errors
    /// [`CodebookFull`] at [`NUMBERS_MAX`].
    pub fn enter_set(&mut self, names: impl IntoIterator<Item = Name>) -> Result<Number, CodebookFull> {
        let mut numbers = names.into_iter().map(|name| self.enter(name)).collect::<Result<Vec<_>, _>>()?;
        numbers.sort_unstable();
        numbers.dedup();
        if let Some(number) = self.set_numbers.get(&numbers) {
            return Ok(*number);
        }
        let full = CodebookFull { kind: "words of sets", limit: NUMBERS_MAX as usize - 1 };
        let number = u32::try_from(self.sets.len() + 1).ok().filter(|number| *number < NUMBERS_MAX).ok_or(full)?;
        self.sets.extend(words_of(&numbers));
        self.set_numbers.insert(numbers, Number(number));
        Ok(Number(number))
    }

    /// The place of joined obligations, given now if they have none.
    ///
    /// # Errors
    /// [`CodebookFull`] at [`OBLIGATIONS_MAX`].
    pub fn enter_obligations(&mut self, obligations: Obligations) -> Result<ObligationsId, CodebookFull> {
        if obligations.is_empty() {
            return Ok(ObligationsId(0));
        }
        let place = self.obligations.iter().position(|known| *known == obligations);
        let place = place.unwrap_or_else(|| {
            self.obligations.push(obligations);
            self.obligations.len() - 1
        });
        let id = u16::try_from(place + 1).map(ObligationsId);
        id.map_err(|_| CodebookFull { kind: "obligations", limit: OBLIGATIONS_MAX })
    }

    /// The members of a set, ascending; none when there is no such set.
    pub fn members(&self, set: Number) -> impl Iterator<Item = &Name> {
        let found = self.set_numbers.iter().find(|(_, number)| **number == set);
        found.into_iter().flat_map(|(numbers, _)| numbers.iter()).filter_map(|number| self.name(*number))
    }

    #[inline]
    pub(crate) fn is_member(&self, number: Number, set: Number) -> bool {
        let head_place = set.0.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let Some((head_place, head)) = head_place.and_then(|place| Some((place, *self.sets.get(place)?))) else {
            return false;
        };
        let (count, first) = ((head & !IS_LIST) >> 32, head & u64::from(u32::MAX));
        if head & IS_LIST != 0 {
            let words =
                usize::try_from(count).ok().and_then(|count| self.sets.get(head_place + 1..head_place + 1 + count));
            let has =
                |word: &u64| word & u64::from(u32::MAX) == u64::from(number.0) || word >> 32 == u64::from(number.0);
            return number != Number::UNKNOWN && words.unwrap_or_default().iter().any(has);
        }
        let word = u64::from(number.0 / 64).wrapping_sub(first);
        let bits =
            usize::try_from(word).ok().filter(|_| word < count).and_then(|word| self.sets.get(head_place + 1 + word));
        bits.is_some_and(|bits| bits >> (number.0 % 64) & 1 == 1)
    }

    /// The institution that a department belongs to.
    pub(crate) fn owner(&self, department: Number) -> Number {
        let place = department.0.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.owners.get(place)).copied().unwrap_or_default()
    }

    /// The obligations at a place; none at 0.
    #[must_use]
    #[inline]
    pub fn obligations(&self, id: ObligationsId) -> Obligations {
        let place = usize::from(id.0).checked_sub(1);
        place.and_then(|place| self.obligations.get(place)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(text: &str) -> Name {
        Name::Group(text.into())
    }

    #[test]
    fn numbers_stay_and_sets_know_their_members() {
        let mut book = Codebook::new();
        let first = book.enter(group("a")).unwrap();
        let all: Vec<Name> = (0..200).map(|number| group(&number.to_string())).collect();
        let set = book.enter_set(all.iter().skip(70).cloned()).unwrap();
        assert_eq!(book.enter_set(all.iter().skip(70).rev().cloned()).unwrap(), set);
        assert_eq!(book.enter(group("a")).unwrap(), first);
        assert_eq!(book.number(&group("nobody")), Number::OTHER);
        assert!(book.is_member(book.number(&all[70]), set) && book.is_member(book.number(&all[199]), set));
        assert!(!book.is_member(first, set) && !book.is_member(Number::UNKNOWN, set));
        assert!(!book.is_member(Number::OTHER, set));
        assert!(!book.is_member(first, Number::default()));
        assert_eq!(book.members(set).count(), 130);
        // A few names far apart are kept as a list, an odd one at its end.
        let few = book.enter_set([&all[0], &all[90], &all[199]].map(Clone::clone)).unwrap();
        let is_in = |place: usize| book.is_member(book.number(&all[place]), few);
        assert!(is_in(0) && is_in(90) && is_in(199) && !is_in(1) && !is_in(91));
        assert!(!book.is_member(Number::UNKNOWN, few) && !book.is_member(Number::OTHER, few));
        assert_eq!(book.members(few).count(), 3);
    }
}
