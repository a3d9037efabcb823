//! Questions of every kind, made from stored records that are drawn from a fixed sequence.

use std::collections::BTreeSet;

use directory::InstitutionId;
use linkage::normalize::era::to_wareki;
use linkage::normalize::kana_to_romaji_key;
use mpi::Visible;
use mpi::search::{RecordKey, SearchRecord};

use crate::population::Population;

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    FullKanji,
    FamilyKanji,
    KanjiInitial,
    JoinedKanji,
    FullKana,
    KanaInitial,
    KanaTypo,
    FullRomaji,
    RomajiInitial,
    Era,
    Year,
    PhoneTail,
    LocalId,
    Everything,
    HalfNameAndDate,
    OneInstitution,
    ManyInstitutions,
}

pub(crate) const KINDS: [Kind; 17] = [
    Kind::FullKanji,
    Kind::FamilyKanji,
    Kind::KanjiInitial,
    Kind::JoinedKanji,
    Kind::FullKana,
    Kind::KanaInitial,
    Kind::KanaTypo,
    Kind::FullRomaji,
    Kind::RomajiInitial,
    Kind::Era,
    Kind::Year,
    Kind::PhoneTail,
    Kind::LocalId,
    Kind::Everything,
    Kind::HalfNameAndDate,
    Kind::OneInstitution,
    Kind::ManyInstitutions,
];

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::FullKanji => "family and given name, kanji",
            Self::FamilyKanji => "family name, kanji",
            Self::KanjiInitial => "first kanji",
            Self::JoinedKanji => "name in one word",
            Self::FullKana => "family and given name, kana",
            Self::KanaInitial => "first kana",
            Self::KanaTypo => "kana, one changed",
            Self::FullRomaji => "family and given name, romaji",
            Self::RomajiInitial => "first letter",
            Self::Era => "birth date, era",
            Self::Year => "birth year",
            Self::PhoneTail => "end of the telephone number",
            Self::LocalId => "local id",
            Self::Everything => "names, date, telephone",
            Self::HalfNameAndDate => "half a name and the date",
            Self::OneInstitution => "kana, one institution visible",
            Self::ManyInstitutions => "kana, 400 institutions visible",
        }
    }

    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::FullKanji => "渡邉 健一",
            Self::FamilyKanji => "渡邉",
            Self::KanjiInitial => "渡",
            Self::JoinedKanji => "渡邉健一",
            Self::FullKana => "ワタナベ ケンイチ",
            Self::KanaInitial => "ワ",
            Self::KanaTypo => "ワタタベ ケンイチ",
            Self::FullRomaji => "watanabe kenichi",
            Self::RomajiInitial => "w",
            Self::Era => "S32.4.5",
            Self::Year => "1957",
            Self::PhoneTail => "5111",
            Self::LocalId => "00012345",
            Self::Everything => "渡邉 ケンイチ S32.4.5 5111",
            Self::HalfNameAndDate => "ワタ 19570405",
            Self::OneInstitution | Self::ManyInstitutions => "ワタナベ ケンイチ",
        }
    }
}

/// One question and whom it was made from.
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) record: RecordKey,
    pub(crate) home: u64,
    /// What the asker sees.
    pub(crate) visible: Visible,
}

/// Questions of one kind; records without the needed values are passed over.
pub(crate) fn make(population: &Population, kind: Kind, count: usize) -> Vec<Asked> {
    let all: BTreeSet<&String> = population.records.iter().map(|record| &record.institution).collect();
    let mut asked = Vec::with_capacity(count);
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    // A population in which no record has a value would never fill the list.
    for _ in 0..count.saturating_mul(50) {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(state >> 33).unwrap_or_default() % population.records.len().max(1);
        let Some(record) = population.records.get(place) else { break };
        let Some(text) = text(kind, record) else { continue };
        let visible = match kind {
            Kind::OneInstitution => records_of([&record.institution]),
            Kind::ManyInstitutions => records_of(all.iter().copied().take(399).chain([&record.institution])),
            _ => Visible::All,
        };
        asked.push(Asked { text, record: record.record, home: record.home, visible });
        if asked.len() == count {
            break;
        }
    }
    asked
}

/// What somebody sees who sees the records of these institutions.
fn records_of<'a>(institutions: impl IntoIterator<Item = &'a String>) -> Visible {
    let custodians = institutions.into_iter().filter_map(|name| InstitutionId::new(name).ok()).collect();
    Visible::Some { custodians, records: BTreeSet::new() }
}

fn text(kind: Kind, record: &SearchRecord) -> Option<String> {
    let (family, given) = (&record.family, &record.given);
    let kanji = !family.kanji.is_empty() && !given.kanji.is_empty();
    let kana = !family.kana.is_empty() && !given.kana.is_empty();
    let date = record.birth_date.filter(|date| date.day.is_some());
    let tail = || {
        let digits: Vec<char> = record.phones.first()?.chars().filter(char::is_ascii_digit).collect();
        let start = digits.len().checked_sub(4)?;
        Some(digits.into_iter().skip(start).collect::<String>())
    };
    let era = || {
        let day = to_wareki(date?)?;
        Some(format!("{}{}.{}.{}", day.era.letter, day.year, day.month?, day.day?))
    };
    match kind {
        Kind::FullKanji => kanji.then(|| format!("{} {}", family.kanji, given.kanji)),
        Kind::FamilyKanji => kanji.then(|| family.kanji.clone()),
        Kind::KanjiInitial => family.kanji.chars().next().map(String::from),
        Kind::JoinedKanji => kanji.then(|| format!("{}{}", family.kanji, given.kanji)),
        Kind::FullKana | Kind::OneInstitution | Kind::ManyInstitutions => {
            kana.then(|| format!("{} {}", family.kana, given.kana))
        }
        Kind::KanaInitial => family.kana.chars().next().map(String::from),
        Kind::KanaTypo => (kana && family.kana.chars().count() > 3).then(|| {
            let changed = |(at, c)| if at == 2 { 'タ' } else { c };
            let family: String = family.kana.chars().enumerate().map(changed).collect();
            format!("{family} {}", given.kana)
        }),
        Kind::FullRomaji => {
            let romaji = |kana: &str| kana_to_romaji_key(&linkage::normalize::clean(kana)).to_lowercase();
            kana.then(|| format!("{} {}", romaji(&family.kana), romaji(&given.kana)))
        }
        Kind::RomajiInitial => {
            let letters = kana_to_romaji_key(&linkage::normalize::clean(&family.kana)).to_lowercase();
            letters.chars().next().filter(char::is_ascii_alphabetic).map(String::from)
        }
        Kind::Era => era(),
        Kind::Year => date.map(|date| date.year.to_string()),
        Kind::PhoneTail => tail(),
        Kind::LocalId => Some(record.local_id.clone()).filter(|id| !id.is_empty()),
        Kind::Everything => kanji.then(|| Some(format!("{} {} {} {}", family.kanji, given.kana, era()?, tail()?)))?,
        Kind::HalfNameAndDate => {
            let half: String = family.kana.chars().take(2).collect();
            let date = date?;
            (!half.is_empty()).then(|| Some(format!("{half} {:04}{:02}{:02}", date.year, date.month?, date.day?)))?
        }
    }
}
