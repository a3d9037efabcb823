//! Puts the records of one person together.
//!
//! The index knows the home person of a record; which persons have been merged, the store knows, so the root of a person
//! is asked for. Words may be matched by different records of one person: the old surname by one, the new telephone by
//! another.

use std::collections::BTreeMap;

use super::evaluate::{Hit, WordMatch, points};

/// A person with the records that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPerson {
    /// What `root` gave for the home of the records.
    pub root: u64,
    /// Words matched by any of the records, the best match of each.
    pub matches: Vec<WordMatch>,
    /// Sum of the points of [`FoundPerson::matches`].
    pub score: u32,
    /// The records, in the order of the hits.
    pub hits: Vec<Hit>,
}

/// Groups hits by person and ranks the persons: more words matched before fewer, then the score, then the rank of the
/// best record. Only the hits given are grouped: of a truncated answer some records may be missing.
pub fn group_by_person(hits: Vec<Hit>, mut root: impl FnMut(u64) -> u64) -> Vec<FoundPerson> {
    let mut places: BTreeMap<u64, usize> = BTreeMap::new();
    let mut persons: Vec<FoundPerson> = Vec::new();
    for hit in hits {
        let root = root(hit.home);
        let place = *places.entry(root).or_insert(persons.len());
        if place == persons.len() {
            persons.push(FoundPerson { root, matches: Vec::new(), score: 0, hits: Vec::new() });
        }
        if let Some(person) = persons.get_mut(place) {
            for found in &hit.matches {
                keep_best(&mut person.matches, *found);
            }
            person.hits.push(hit);
        }
    }
    for person in &mut persons {
        person.matches.sort_unstable_by_key(|found| found.word);
        person.score = person.matches.iter().map(|found| points(found.class, found.part)).sum();
    }
    // Stable, so persons of one rank keep the order of their best records.
    persons.sort_by_key(|person| std::cmp::Reverse((person.matches.len(), person.score)));
    persons
}

fn keep_best(matches: &mut Vec<WordMatch>, found: WordMatch) {
    match matches.iter_mut().find(|best| best.word == found.word) {
        Some(best) if (best.class, best.part) < (found.class, found.part) => *best = found,
        Some(_) => {}
        None => matches.push(found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Class, Part};
    use super::*;

    fn hit(record: u8, home: u64, matches: &[(usize, Class, Part)]) -> Hit {
        let matches: Vec<WordMatch> =
            matches.iter().map(|&(word, class, part)| WordMatch { word, class, part }).collect();
        let score = matches.iter().map(|found| points(found.class, found.part)).sum();
        Hit { record: [record; 16], home, score, matches }
    }

    #[test]
    fn records_of_one_person_answer_together() {
        let hits = vec![
            hit(1, 10, &[(0, Class::Exact, Part::FamilyName)]),
            hit(2, 20, &[(1, Class::Equal, Part::GivenName)]),
            hit(3, 11, &[(1, Class::Prefix, Part::GivenName)]),
            hit(4, 20, &[(1, Class::Prefix, Part::FamilyName)]),
        ];
        let persons = group_by_person(hits, |home| if home == 11 { 10 } else { home });
        let summary: Vec<(u64, usize, u32, usize)> =
            persons.iter().map(|person| (person.root, person.matches.len(), person.score, person.hits.len())).collect();
        assert_eq!(summary, [(10, 2, 21, 2), (20, 1, 12, 2)]);
    }
}
