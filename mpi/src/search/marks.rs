//! The best match of one word in every document of a segment.
//!
//! Most words touch few documents and some touch a tenth of all, so marks live in pages that are made when first
//! touched: a rare word costs nothing, a common one a byte per document.

use super::query::Class;
use super::terms::Part;

/// Documents per page.
pub(super) const PAGE: usize = 4096;

/// How a word fits a document: its class, then its part, in one byte that sorts best last; 0 is no match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark(u8);

impl Mark {
    pub(super) fn new(class: Class, part: Part) -> Self {
        Self((class as u8) << 4 | part as u8)
    }

    /// Class and part, `None` where the word does not fit.
    pub(super) fn read(self) -> Option<(Class, Part)> {
        let class = Class::ALL.into_iter().find(|class| *class as u8 == self.0 >> 4)?;
        Some((class, Part::from_byte(self.0 & 0xF)?))
    }

    pub(super) fn is_match(self) -> bool {
        self.0 != 0
    }

    /// What the word adds to the score. What is no longer true, or no name of the patient's, counts a little less.
    pub(super) fn points(self) -> u32 {
        const OTHER: u8 = Part::OtherIdentifier as u8;
        const FORMER: u8 = Part::FormerName as u8;
        // Called for every record that fits: the class is read from its byte without a search.
        let points = POINTS.get(usize::from(self.0 >> 4)).copied().unwrap_or(0);
        match self.0 & 0xF {
            OTHER | FORMER => points.saturating_sub(1),
            _ => points,
        }
    }
}

/// Points by the byte of the class; 0 is no match.
const POINTS: [u32; Class::ALL.len() + 1] = [
    0,
    Class::Typo.points(),
    Class::Prefix.points(),
    Class::Near.points(),
    Class::Equal.points(),
    Class::Exact.points(),
];

/// Marks of one word in one segment.
#[derive(Debug)]
pub(super) struct Marks {
    pages: Vec<Option<Box<[Mark; PAGE]>>>,
}

impl Marks {
    pub(super) fn new(documents: u32) -> Self {
        let pages = usize::try_from(documents).unwrap_or_default().div_ceil(PAGE);
        Self { pages: std::iter::repeat_with(|| None).take(pages).collect() }
    }

    /// Keeps the better of the mark that stands and this one.
    pub(super) fn raise(&mut self, document: u32, mark: Mark) {
        let at = document as usize;
        let Some(page) = self.pages.get_mut(at / PAGE) else { return };
        let page = page.get_or_insert_with(|| Box::new([Mark::default(); PAGE]));
        if let Some(best) = page.get_mut(at % PAGE) {
            *best = mark.max(*best);
        }
    }

    pub(super) fn page(&self, page: usize) -> Option<&[Mark; PAGE]> {
        self.pages.get(page)?.as_deref()
    }

    pub(super) fn pages(&self) -> usize {
        self.pages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_reads_back() {
        for class in Class::ALL {
            for part in Part::ALL {
                assert_eq!(Mark::new(class, part).read(), Some((class, part)));
                assert!(Mark::new(class, part).points() > 0);
            }
        }
        assert_eq!(Mark::default().read(), None);
        assert!(Mark::new(Class::Equal, Part::FormerName) > Mark::new(Class::Near, Part::FullName));
    }

    #[test]
    fn the_best_mark_stays() {
        let mut marks = Marks::new(10_000);
        let (low, high) = (Mark::new(Class::Typo, Part::Phone), Mark::new(Class::Exact, Part::FamilyName));
        for mark in [low, high, low] {
            marks.raise(5000, mark);
        }
        marks.raise(20_000, high);
        assert_eq!(marks.pages(), 3);
        assert!(marks.page(0).is_none() && marks.page(2).is_none() && marks.page(3).is_none());
        assert_eq!(marks.page(1).map(|page| page[5000 - PAGE]), Some(high));
    }
}
