//! Which rules of a policy can match at all, by one look: an index of its masks.
//!
//! A policy does not change, so for each category, purpose and role it is known beforehand which of its rules speak of it.
//! A decision joins three words instead of testing every rule. Patients' rules have no index: they are few, and the index
//! would be larger than they are.

use crate::category::Category;
use crate::purpose::Purposes;
use crate::role::Roles;
use crate::rule::Rule;

/// Rules that one part of the index covers: one bit each.
pub(crate) const CHUNK: usize = 64;

/// One part for each [`CHUNK`] rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleIndex {
    parts: Vec<Part>,
}

/// The rules that speak of each category, purpose and role, by their bits.
#[derive(Clone, Debug)]
struct Part {
    categories: [u64; 64],
    purposes: [u64; 32],
    roles: [u64; 16],
}

impl RuleIndex {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        Self { parts: rules.chunks(CHUNK).map(Part::new).collect() }
    }

    /// Which of the rules of a part can match by category, purpose and role; none for a part that there is not.
    #[inline]
    pub(crate) fn candidates(&self, part: usize, (category, purpose, role): (Category, Purposes, Roles)) -> u64 {
        let Some(part) = self.parts.get(part) else { return 0 };
        let of = |table: &[u64], bit: u32| table.get(bit as usize).copied().unwrap_or(0);
        // What is not defined has no bit, and then its place lies beyond the table.
        of(&part.categories, u32::from(category.bit()))
            & of(&part.purposes, purpose.0.trailing_zeros())
            & of(&part.roles, role.0.trailing_zeros())
    }
}

impl Part {
    fn new(rules: &[Rule]) -> Self {
        let with = |test: &dyn Fn(&Rule) -> bool| {
            (0_u32..).zip(rules).fold(0, |all, (place, rule)| all | u64::from(test(rule)) << place)
        };
        let bits = 0_u32..;
        let mut part = Self { categories: [0; 64], purposes: [0; 32], roles: [0; 16] };
        let all = |words: &mut [u64], test: &dyn Fn(&Rule, u32) -> bool| {
            words.iter_mut().zip(bits.clone()).for_each(|(word, bit)| *word = with(&|rule| test(rule, bit)));
        };
        all(&mut part.categories, &|rule, bit| rule.categories.0 >> bit & 1 == 1);
        all(&mut part.purposes, &|rule, bit| rule.purposes.0 >> bit & 1 == 1);
        all(&mut part.roles, &|rule, bit| rule.roles.0 >> bit & 1 == 1);
        part
    }
}
