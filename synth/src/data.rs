//! The tables that people are drawn from, read once.
//!
//! The files in `data/` are part of the program; a row that cannot be read is left out, and a test counts the rows,
//! so a broken file cannot pass unnoticed. Names are kept as borrowed text: drawing one allocates nothing.

use std::sync::OnceLock;

use crate::random::Cumulative;

/// A spelling with its reading.
pub(crate) type Spelled = (&'static str, &'static str);

/// All tables.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) surnames: Surnames,
    pub(crate) male: GivenNames,
    pub(crate) female: GivenNames,
    pub(crate) towns: Vec<Town>,
    /// Draws a place in `towns` by how many people live there.
    pub(crate) town_weights: Cumulative,
    pub(crate) family_variants: Vec<Variant>,
    pub(crate) given_variants: Vec<Variant>,
    pub(crate) look_alikes: Vec<(char, char)>,
    /// Characters outside JIS X 0208, and whether CP932 has them.
    pub(crate) outside: Vec<(char, bool)>,
    pub(crate) foreign: Vec<ForeignName>,
}

/// Surnames with their frequencies, nationwide and in Shimane.
#[derive(Debug)]
pub(crate) struct Surnames {
    pub(crate) rows: Vec<Spelled>,
    pub(crate) national: Cumulative,
    pub(crate) shimane: Cumulative,
    /// Places in `rows` sorted by reading, for homophones.
    by_reading: Vec<usize>,
    /// Parts that join into rare surnames.
    pub(crate) first_parts: Vec<Spelled>,
    pub(crate) second_parts: Vec<Spelled>,
}

/// Given names of one sex.
#[derive(Debug)]
pub(crate) struct GivenNames {
    pub(crate) rows: Vec<Spelled>,
    /// One weight table per cohort.
    pub(crate) cohorts: Vec<Cumulative>,
    /// The commonest names of each cohort.
    pub(crate) common: Vec<Vec<Spelled>>,
    by_spelling: Vec<usize>,
    by_reading: Vec<usize>,
}

/// A postal town.
#[derive(Clone, Debug)]
pub(crate) struct Town {
    pub(crate) postcode: &'static str,
    pub(crate) municipality: &'static str,
    /// Place of the municipality in the order of first appearance.
    pub(crate) municipality_place: usize,
    pub(crate) town: &'static str,
    /// What municipality and town prefix were called before the mergers: (prefix of `town`, former name).
    pub(crate) former: Option<(&'static str, &'static str)>,
}

/// A registered variant of a standard character.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    pub(crate) standard: char,
    pub(crate) variant: char,
    pub(crate) permille: u32,
}

/// A part of a foreign resident's name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForeignName {
    /// `family`, `F` or `M`.
    pub(crate) part: &'static str,
    pub(crate) origin: &'static str,
    pub(crate) romaji: &'static str,
    pub(crate) kana: &'static str,
}

/// Share of all people whose surname is in `surnames.tsv`; the others get a surname joined from parts.
pub(crate) const LISTED_SURNAMES_PERCENT: u32 = 80;

/// People in the listed surnames of Japan, to which the Shimane figures are brought.
const NATIONAL_POPULATION: u64 = 124_000_000;
const SHIMANE_POPULATION: u64 = 690_000;

/// Bearers in Shimane of a surname outside its published ten: fewer than of the tenth.
const SHIMANE_OTHERS_MAX: u64 = 3_500;

impl Tables {
    /// The tables; the first call reads them.
    pub(crate) fn get() -> &'static Self {
        static TABLES: OnceLock<Tables> = OnceLock::new();
        TABLES.get_or_init(Self::read)
    }

    pub(crate) fn given(&self, female: bool) -> &GivenNames {
        if female { &self.female } else { &self.male }
    }

    fn read() -> Self {
        let towns = read_towns();
        let town_weights = Cumulative::new(towns.iter().map(|town| town_weight(town.municipality)));
        let (family_variants, given_variants) = read_variants();
        Self {
            surnames: Surnames::read(),
            male: GivenNames::read("M", include_str!("../data/given_male.tsv")),
            female: GivenNames::read("F", include_str!("../data/given_female.tsv")),
            towns,
            town_weights,
            family_variants,
            given_variants,
            look_alikes: rows(include_str!("../data/look_alikes.tsv"))
                .filter_map(|[left, right, ..]| Some((single(left)?, single(right)?)))
                .collect(),
            outside: rows(include_str!("../data/outside_charsets.tsv"))
                .filter_map(|[character, cp932, ..]| Some((single(character)?, cp932 == "yes")))
                .collect(),
            foreign: rows(include_str!("../data/foreign_names.tsv"))
                .map(|[part, origin, romaji, kana, ..]| ForeignName { part, origin, romaji, kana })
                .collect(),
        }
    }
}

impl Surnames {
    fn read() -> Self {
        let corrections: Vec<Spelled> =
            rows(include_str!("../data/surname_readings.tsv")).map(|[kanji, reading, ..]| (kanji, reading)).collect();
        let mut names = Vec::new();
        let mut national = Vec::new();
        for [kanji, reading, bearers, ..] in rows(include_str!("../data/surnames.tsv")) {
            let corrected = corrections.iter().find(|(name, _)| *name == kanji).map(|(_, reading)| *reading);
            names.push((kanji, corrected.unwrap_or(reading)));
            national.push(bearers.parse().unwrap_or(0));
        }
        // Shimane: the national figure, replaced by the local one where a local one is known.
        let ceiling = SHIMANE_OTHERS_MAX * NATIONAL_POPULATION / SHIMANE_POPULATION;
        let mut shimane: Vec<u64> = national.iter().map(|&bearers: &u64| bearers.min(ceiling)).collect();
        for (name, local) in shimane_bearers() {
            if let Some(place) = names.iter().position(|row| *row == name) {
                if let Some(weight) = shimane.get_mut(place) {
                    *weight = local;
                }
            } else {
                names.push(name);
                national.push(0);
                shimane.push(local);
            }
        }
        let part = |wanted: &str| {
            rows(include_str!("../data/surname_parts.tsv"))
                .filter(|[part, ..]| *part == wanted)
                .map(|[_, kanji, reading, ..]| (kanji, reading))
                .collect()
        };
        Self {
            by_reading: sorted_places(&names, |row| row.1),
            rows: names,
            national: Cumulative::new(national),
            shimane: Cumulative::new(shimane),
            first_parts: part("first"),
            second_parts: part("second"),
        }
    }

    /// Surnames with this reading.
    pub(crate) fn homophones(&self, reading: &str) -> impl Iterator<Item = Spelled> {
        with_key(&self.rows, &self.by_reading, reading, |row| row.1)
    }
}

/// Bearers of local surnames, brought to the scale of the national list.
///
/// The ten commonest are published in order, the first three with figures; the others are interpolated. Of a name
/// with several readings the first listed has half of the bearers. Local figures are assumptions.
fn shimane_bearers() -> Vec<(Spelled, u64)> {
    let list: Vec<[&str; 8]> = rows(include_str!("../data/shimane_surnames.tsv")).collect();
    let mut bearers = Vec::new();
    for [kanji, reading, kind, rank, people, ..] in &list {
        let rank: u64 = rank.parse().unwrap_or(0);
        let several = list.iter().filter(|[other, _, other_kind, ..]| other == kanji && *other_kind == "multi").count();
        let first = list.iter().find(|[other, ..]| other == kanji).is_some_and(|[_, other, ..]| other == reading);
        let local = match *kind {
            "top" => people.parse().unwrap_or(7_000_u64.saturating_sub(300 * rank)),
            "multi" if *kanji == "渡部" && *reading == "ワタナベ" => continue,
            "multi" if first || several < 2 => 1_200,
            "multi" => 500,
            _ => 1_500,
        };
        bearers.push(((*kanji, *reading), local * NATIONAL_POPULATION / SHIMANE_POPULATION));
    }
    bearers
}

impl GivenNames {
    fn read(sex: &str, text: &'static str) -> Self {
        let mut names: Vec<Spelled> = Vec::new();
        let mut weights = Vec::new();
        for [kanji, reading, source, ..] in rows(text) {
            names.push((kanji, reading));
            // How far a source is trusted to list names in use: both lists 20, the curated one 5, the wide one 1.
            weights.push(match source {
                "dg" => 20,
                "g" => 5,
                _ => 1,
            });
        }
        let cohorts = COHORTS
            .iter()
            .map(|cohort| {
                Cumulative::new(names.iter().zip(&weights).map(|(name, weight)| weight * ending(sex, cohort, name.0)))
            })
            .collect();
        let common = COHORTS
            .iter()
            .map(|wanted| {
                rows(include_str!("../data/common_given.tsv"))
                    .filter(|[row_sex, cohort, ..]| *row_sex == sex && cohort == wanted)
                    .map(|[_, _, kanji, reading, ..]| (kanji, reading))
                    .collect()
            })
            .collect();
        Self {
            by_spelling: sorted_places(&names, |row| row.0),
            by_reading: sorted_places(&names, |row| row.1),
            rows: names,
            cohorts,
            common,
        }
    }

    /// Names with this reading.
    pub(crate) fn homophones(&self, reading: &str) -> impl Iterator<Item = Spelled> {
        with_key(&self.rows, &self.by_reading, reading, |row| row.1)
    }

    /// Readings of this spelling.
    pub(crate) fn readings(&self, spelling: &str) -> impl Iterator<Item = Spelled> {
        with_key(&self.rows, &self.by_spelling, spelling, |row| row.0)
    }

    /// Names whose spelling begins with this character.
    pub(crate) fn beginning_with(&self, first: char) -> impl ExactSizeIterator<Item = Spelled> {
        let initial = |place: &usize| self.rows.get(*place).and_then(|row| row.0.chars().next());
        let start = self.by_spelling.partition_point(|place| initial(place) < Some(first));
        let end = self.by_spelling.partition_point(|place| initial(place) <= Some(first));
        let places = self.by_spelling.get(start..end).unwrap_or_default();
        places.iter().map(|&place| self.rows.get(place).copied().unwrap_or_default())
    }
}

/// The cohorts of given names, oldest first, and the first year of birth after each.
pub(crate) const COHORTS: [&str; 4] = ["old", "mid", "late", "new"];
pub(crate) const COHORT_ENDS: [i32; 3] = [1950, 1980, 2000];

/// How much likelier a name with this ending is in a cohort, times ten (assumptions).
fn ending(sex: &str, cohort: &str, kanji: &str) -> u64 {
    let last = kanji.chars().last().unwrap_or_default();
    let female = sex == "F";
    match (female, cohort) {
        (true, "old") if last == '子' => 300,
        (true, "old") if "江枝代恵ヨエノ".contains(last) => 80,
        (true, "old") => 2,
        (true, "mid") if last == '子' => 100,
        (true, "mid") if "美恵代江枝".contains(last) => 60,
        (true, "mid") => 6,
        (true, "late") if "美香奈子".contains(last) => 25,
        (true, "new") if last == '子' => 3,
        (false, "old") if "一二三郎男雄夫治吉蔵造義正清茂".contains(last) => 100,
        (false, "old") => 2,
        (false, "mid") if "一二郎夫雄司彦明博浩之樹".contains(last) => 60,
        (false, "mid") => 5,
        (false, "late") if "也介輔太樹人之平".contains(last) => 30,
        _ => 10,
    }
}

fn read_towns() -> Vec<Town> {
    let former: Vec<[&str; 8]> = rows(include_str!("../data/former_municipalities.tsv")).collect();
    let mut municipalities: Vec<&str> = Vec::new();
    let mut towns = Vec::new();
    for [postcode, _, municipality, _, town, ..] in rows(include_str!("../data/shimane_addresses.tsv")) {
        // The catch-all row of a municipality is no place to live.
        if town.is_empty() {
            continue;
        }
        let municipality_place = municipalities.iter().position(|name| *name == municipality).unwrap_or_else(|| {
            municipalities.push(municipality);
            municipalities.len() - 1
        });
        let former = former
            .iter()
            .find(|[city, prefix, ..]| *city == municipality && town.starts_with(prefix))
            .map(|[_, prefix, old, ..]| (*prefix, *old));
        towns.push(Town { postcode, municipality, municipality_place, town, former });
    }
    towns
}

/// People per town, by municipality: thousands of inhabitants (rounded) over the number of postal towns.
fn town_weight(municipality: &str) -> u64 {
    match municipality {
        "松江市" => 1_010,
        "出雲市" => 960,
        "浜田市" => 440,
        "益田市" => 460,
        "大田市" => 510,
        "安来市" => 400,
        "江津市" => 460,
        "雲南市" => 390,
        "隠岐郡隠岐の島町" => 300,
        _ => 220,
    }
}

fn read_variants() -> (Vec<Variant>, Vec<Variant>) {
    let (mut family, mut given) = (Vec::new(), Vec::new());
    for [standard, variant, permille, part, ..] in rows(include_str!("../data/kanji_variants.tsv")) {
        let (Some(standard), Some(variant), Ok(permille)) = (single(standard), single(variant), permille.parse())
        else {
            continue;
        };
        let list = if part == "family" { &mut family } else { &mut given };
        list.push(Variant { standard, variant, permille });
    }
    (family, given)
}

/// The cells of each row after the first, eight at most; absent cells are empty.
fn rows(text: &'static str) -> impl Iterator<Item = [&'static str; 8]> {
    text.lines().skip(1).map(|line| {
        let mut cells = line.split('\t');
        [(); 8].map(|()| cells.next().unwrap_or_default())
    })
}

/// The only character of a text.
fn single(text: &str) -> Option<char> {
    let mut characters = text.chars();
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

fn sorted_places(rows: &[Spelled], key: impl Fn(&Spelled) -> &'static str) -> Vec<usize> {
    let mut places: Vec<usize> = (0..rows.len()).collect();
    places.sort_by_key(|&place| (rows.get(place).map(&key), place));
    places
}

/// The rows with this key, through an index sorted by it.
fn with_key<'a, K: Fn(&Spelled) -> &'static str>(
    rows: &'a [Spelled],
    places: &'a [usize],
    wanted: &str,
    key: K,
) -> impl Iterator<Item = Spelled> + use<'a, K> {
    let key_at = |place: &usize| rows.get(*place).map_or("", &key);
    let start = places.partition_point(|place| key_at(place) < wanted);
    let end = places.partition_point(|place| key_at(place) <= wanted);
    places.get(start..end).unwrap_or_default().iter().filter_map(|&place| rows.get(place).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_are_read() {
        let tables = Tables::get();
        assert!(tables.surnames.rows.len() >= 1_999, "{}", tables.surnames.rows.len());
        assert_eq!(tables.male.rows.len(), 32_624);
        assert_eq!(tables.female.rows.len(), 21_444);
        assert_eq!(tables.towns.len(), 1_164);
        assert_eq!(tables.family_variants.len() + tables.given_variants.len(), 50);
        assert_eq!(tables.outside.len(), 20);
        assert_eq!(tables.foreign.len(), 75);
        assert!(tables.male.common.iter().chain(&tables.female.common).all(|cohort| cohort.len() > 20));
        assert!(tables.towns.iter().filter(|town| town.former.is_some()).count() > 200);
    }

    #[test]
    fn names_are_found_by_reading_and_spelling() {
        let tables = Tables::get();
        let same: Vec<_> = tables.surnames.homophones("イトウ").map(|row| row.0).collect();
        assert!(same.contains(&"伊藤") && same.contains(&"伊東"), "{same:?}");
        assert!(tables.female.readings("陽菜").any(|row| row.1 == "ハルナ"));
        assert!(tables.female.beginning_with('陽').any(|row| row.0 == "陽奈"));
        assert!(tables.surnames.homophones("ソンザイシナイ").next().is_none());
    }
}
