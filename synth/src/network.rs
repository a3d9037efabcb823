//! The institutions as a network registers them: name, kind, region, whether they disclose, their domain.
//!
//! The mix is that of the reference deployment, 861 institutions of which 218 disclose; other numbers keep its shares.
//! Large institutions come first in a run, so hospitals do, and of each kind the largest disclose. Kinds are drawn apart
//! from everything else: they change no record. Names are the municipality's with a number, so that nobody's real name
//! is among them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::data::Tables;
use crate::institution::{Institution, Institutions};
use crate::random::{Kind, Stream};
use crate::settings::Settings;
use crate::{Error, check_settings};

/// A kind of institution in the reference deployment.
struct Mix {
    /// The word in the file.
    word: &'static str,
    /// The word in names.
    name: &'static str,
    count: u64,
    disclosing: u64,
    /// Whether its id is a code of the medical fee table and thereby makes a domain of the national profile.
    has_code: bool,
}

const fn mix(word: &'static str, name: &'static str, [count, disclosing]: [u64; 2], has_code: bool) -> Mix {
    Mix { word, name, count, disclosing, has_code }
}

/// Hospitals are the largest.
const HOSPITALS: [Mix; 1] = [mix("hospital", "病院", [41, 34], true)];

/// Then those that register everybody who comes.
const PRACTICES: [Mix; 3] = [
    mix("clinic", "診療所", [274, 107], true),
    mix("pharmacy", "薬局", [78, 77], false),
    mix("dental_clinic", "歯科診療所", [10, 0], false),
];

/// Then those with few people each. The last 27 are laboratories and others: how many of which is an assumption.
const SMALL: [Mix; 5] = [
    mix("visiting_nurse", "訪問看護ステーション", [41, 0], false),
    mix("care_facility", "介護事業所", [390, 0], false),
    mix("laboratory", "検査所", [20, 0], false),
    mix("government", "保健所", [5, 0], false),
    mix("other", "事業所", [2, 0], false),
];

const TOTAL: u64 = 861;

const HEAD: &str = "institution_id,name,kind,region,disclosing,code,authority\n";

/// Writes the institutions of a population, one row each, and says how many there are.
///
/// `institution_id` is what the records call `institution`. `disclosing` is `true` or `false`. `code` is the code of ten
/// digits where the institution has one that fits its kind. `authority` is the domain of its patient numbers.
///
/// # Errors
///
/// When the settings are out of range, or the output fails.
pub fn write_institutions(settings: &Settings, output: &mut dyn Write) -> Result<u64, Error> {
    check_settings(settings)?;
    let institutions = Institutions::new(settings.seed, settings.institutions, settings.columns).all;
    let kinds = kinds(settings.seed, institutions.len());
    let mut text = HEAD.to_owned();
    let mut names: BTreeMap<(usize, &str), u32> = BTreeMap::new();
    for (institution, (kind, is_disclosing)) in institutions.iter().zip(kinds) {
        let number = names.entry((institution.municipality, kind.name)).or_default();
        *number += 1;
        push_row(&mut text, institution, (kind, is_disclosing, *number));
    }
    let write = |output: &mut dyn Write| -> io::Result<()> {
        output.write_all(text.as_bytes())?;
        output.flush()
    };
    write(output).map_err(|source| Error::Write { output: "institutions", source })?;
    Ok(u64::try_from(institutions.len()).unwrap_or(u64::MAX))
}

fn push_row(text: &mut String, institution: &Institution, (kind, is_disclosing, number): (&Mix, bool, u32)) {
    let Institution { code, municipality, .. } = institution;
    let towns = &Tables::get().towns;
    let region =
        towns.iter().find(|town| town.municipality_place == *municipality).map_or("", |town| town.municipality);
    // The 1 keeps the zero of a prefecture from leading an arc; without a code the root for local numbers is used.
    let (own_code, root) = if kind.has_code {
        (code.as_str(), "urn:oid:1.2.392.100495.20.3.51.1")
    } else {
        ("", "urn:oid:1.2.392.200119.6.51.1")
    };
    let (word, name) = (kind.word, kind.name);
    let _ = writeln!(text, "{code},{region}第{number}{name},{word},{region},{is_disclosing},{own_code},{root}{code}");
}

/// The kind of every institution, by its place, and whether it discloses.
fn kinds(seed: u64, len: usize) -> Vec<(&'static Mix, bool)> {
    let total = u64::try_from(len).unwrap_or(u64::MAX);
    let mut stream = Stream::new(seed, Kind::Network, 0);
    let (mut kinds, mut before) = (Vec::with_capacity(len), 0);
    let groups: [&'static [Mix]; 3] = [&HOSPITALS, &PRACTICES, &SMALL];
    for group in groups {
        let mut places: Vec<(&'static Mix, bool)> = Vec::new();
        for mix in group {
            // Shares of a running sum, so that the parts always add up to all.
            let count = share(before + mix.count, total) - share(before, total);
            before += mix.count;
            places.extend((0..count).map(|_| (mix, false)));
        }
        for end in (1..places.len()).rev() {
            places.swap(end, stream.place(end + 1));
        }
        for mix in group {
            let same_kind = places.iter_mut().filter(|(kind, _)| kind.word == mix.word);
            let count = places_of(mix, total);
            same_kind.take(count).for_each(|(_, is_disclosing)| *is_disclosing = true);
        }
        kinds.extend(places);
    }
    kinds
}

/// How many of a kind disclose.
fn places_of(mix: &Mix, total: u64) -> usize {
    usize::try_from(share(mix.disclosing, total)).unwrap_or(usize::MAX)
}

/// The part of `total` that is what `part` is of the reference deployment, rounded.
fn share(part: u64, total: u64) -> u64 {
    (part * total + TOTAL / 2) / TOTAL
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Per kind: how many there are and how many of them disclose.
    fn counted(kinds: &[(&'static Mix, bool)]) -> BTreeMap<&'static str, (u32, u32)> {
        let mut counted: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
        for (kind, is_disclosing) in kinds {
            let (count, disclosing) = counted.entry(kind.word).or_default();
            *count += 1;
            *disclosing += u32::from(*is_disclosing);
        }
        counted
    }

    #[test]
    fn the_mix_is_that_of_the_reference_deployment() {
        let found = counted(&kinds(1, 861));
        let expected = [
            ("care_facility", (390, 0)),
            ("clinic", (274, 107)),
            ("dental_clinic", (10, 0)),
            ("government", (5, 0)),
            ("hospital", (41, 34)),
            ("laboratory", (20, 0)),
            ("other", (2, 0)),
            ("pharmacy", (78, 77)),
            ("visiting_nurse", (41, 0)),
        ];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
        let all = HOSPITALS.iter().chain(&PRACTICES).chain(&SMALL);
        assert_eq!(all.map(|mix| mix.count).sum::<u64>(), TOTAL);
    }

    #[test]
    fn every_number_of_institutions_is_shared_out() {
        for len in [1, 2, 3, 7, 50, 100, 860, 862, 5_000] {
            let kinds = kinds(1, len);
            assert_eq!(kinds.len(), len);
            for (word, (count, disclosing)) in counted(&kinds) {
                assert!(disclosing <= count, "{word} of {len}");
            }
        }
    }

    #[test]
    fn another_seed_mixes_differently() {
        let words = |seed| kinds(seed, 861).iter().map(|(kind, _)| kind.word).collect::<Vec<_>>();
        assert_eq!(words(1), words(1));
        assert_ne!(words(1), words(2));
    }
}
