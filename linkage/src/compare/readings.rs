//! Which kana a Japanese name can be read as.
//!
//! One system sends `土江`, another `ツチエ`: nothing in the texts says that they agree. A table of pieces (whole names
//! such as `五十嵐`, single kanji such as `愛`) with their readings tells it; a name is read piece by piece. The answer is
//! "can be", never "is": a kanji has several readings, and three in ten children bear a name that is read in several ways.
//! How the table was made is told in `matching-rules/normalize/READINGS.md`.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::Side;
use super::kana::{lengthens, plain, unmarked, vowel_of};

/// Kana of a name that are read; longer texts are no names. One bit each, and one for the end.
const KANA_MAX: usize = 63;

/// Kanji of a name that are read, and the longest piece of the table.
const KANJI_MAX: usize = 32;

/// Characters of the version digest: 64 bits are plenty to tell tables apart.
const VERSION_CHARS: usize = 16;

/// A table of readings.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    version: Box<str>,
    // Pieces with their readings in plain kana. Only ever looked up, never iterated, so its order cannot leak; the hash
    // is not seeded.
    pieces: HashMap<Box<str>, Vec<Box<[char]>>, FixedState>,
    /// Characters of the longest piece.
    longest: usize,
}

/// Why a table of readings is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read line {line} of the readings: {reason}")]
pub struct ReadingsError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Readings {
    /// A table without readings: only kana are read, as themselves.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads a table: lines of a piece, a tab, and its readings in katakana with a space between them. Lines that begin
    /// with `#`, and empty ones, are skipped.
    ///
    /// # Errors
    ///
    /// The first line that is none of these, or that names a piece again.
    pub fn parse(text: &str) -> Result<Self, ReadingsError> {
        let refuse = |line, reason| Err(ReadingsError { line, reason });
        let version = blake3::hash(text.as_bytes()).to_hex().chars().take(VERSION_CHARS).collect::<String>();
        let mut readings = Self { version: version.into(), ..Self::default() };
        for (row, line) in text.lines().zip(1..).filter(|(row, _)| !row.is_empty() && !row.starts_with('#')) {
            let Some((piece, kana)) = row.split_once('\t') else {
                return refuse(line, "there is no tab after the kanji");
            };
            let length = piece.chars().count();
            if length == 0 || length > KANJI_MAX {
                return refuse(line, "the kanji are missing or too many");
            }
            let spoken: Vec<Box<[char]>> =
                kana.split(' ').map(|reading| reading.chars().map(plain).collect()).collect();
            if spoken.iter().any(|reading| reading.is_empty() || !reading.iter().copied().all(is_katakana)) {
                return refuse(line, "a reading is empty or not katakana");
            }
            if readings.pieces.insert(piece.into(), spoken).is_some() {
                return refuse(line, "the kanji stand in an earlier line too");
            }
            readings.longest = readings.longest.max(length);
        }
        Ok(readings)
    }

    /// The version of the table, a digest of its text; empty for [`Readings::empty`].
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether a name in kanji (kana in it read as themselves) can be read as the kana, folded or not.
    ///
    /// Inside a name a reading may begin with a dakuten (`中島` ナカ-ジマ), and long vowels may be written in any way.
    /// Names of more than 63 kana or 32 kanji can not be read.
    #[must_use]
    pub fn is_reading(&self, kanji: &str, kana: &str) -> bool {
        let Some(kana) = Kana::new(kana) else { return false };
        let name = without_repeat_marks(kanji);
        if name.is_empty() || name.len() > KANJI_MAX {
            return false;
        }
        // Bit k of `reached[i]`: the first i characters can be read as the first k kana.
        let mut reached = [0_u64; KANJI_MAX + 1];
        if let Some(start) = reached.first_mut() {
            *start = 1;
        }
        for (at, &character) in name.iter().enumerate() {
            let from = reached.get(at).copied().unwrap_or(0);
            if from == 0 {
                continue;
            }
            let mut add = |length: usize, ends: u64| {
                if let Some(place) = reached.get_mut(at + length) {
                    *place |= ends;
                }
            };
            for spoken in of_kana(character).into_iter().flatten() {
                add(1, kana.after(from, &[spoken]));
            }
            let mut piece = String::new();
            for (length, &next) in name.iter().skip(at).take(self.longest).enumerate() {
                piece.push(next);
                for reading in self.pieces.get(piece.as_str()).into_iter().flatten() {
                    add(length + 1, kana.after(from, reading));
                }
            }
        }
        reached.get(name.len()).is_some_and(|ends| ends & (1 << kana.text.len()) != 0)
    }
}

/// The kana of a name, and for each place the vowel that a long mark there would lengthen.
struct Kana {
    text: Vec<char>,
    vowels: Vec<Option<char>>,
}

impl Kana {
    fn new(kana: &str) -> Option<Self> {
        let text: Vec<char> = kana.chars().take(KANA_MAX + 1).map(plain).collect();
        if text.is_empty() || text.len() > KANA_MAX {
            return None;
        }
        let mut vowel = None;
        let vowels = text
            .iter()
            .map(|&kana| {
                let before = vowel;
                if !lengthens(vowel, kana) {
                    vowel = vowel_of(kana);
                }
                before
            })
            .collect();
        Some(Self { text, vowels })
    }

    /// The places where a reading ends that begins at one of the places `from`, all places as bits.
    fn after(&self, from: u64, reading: &[char]) -> u64 {
        let mut ends = 0;
        let mut left = from;
        while left != 0 {
            let place = left.trailing_zeros() as usize;
            left &= left - 1;
            if self.reads_at(place, reading) {
                ends |= 1 << (place + reading.len());
            }
        }
        ends
    }

    fn reads_at(&self, place: usize, reading: &[char]) -> bool {
        let spoken = self.text.iter().zip(&self.vowels).skip(place);
        place + reading.len() <= self.text.len()
            && reading.iter().zip(spoken).enumerate().all(|(at, (&read, (&heard, &vowel)))| {
                read == heard
                    || lengthens(vowel, read) && lengthens(vowel, heard)
                    || at == 0 && place > 0 && gains_mark(read, heard)
            })
    }
}

/// Whether a reading that begins with one kana begins with the other inside a name (連濁).
fn gains_mark(read: char, heard: char) -> bool {
    unmarked(read) == read && (unmarked(heard) == read || matches!((read, heard), ('チ', 'ジ') | ('ツ', 'ズ')))
}

/// What a kana inside a kanji name is read as; `ヶ` as `ガ` too.
fn of_kana(character: char) -> [Option<char>; 2] {
    let spoken = plain(character);
    [is_katakana(spoken).then_some(spoken), (spoken == 'ケ').then_some('ガ')]
}

fn is_katakana(character: char) -> bool {
    matches!(character, 'ァ'..='ヶ' | 'ー')
}

/// The characters of a name with `々` replaced by what it repeats, at most one more than can be read.
fn without_repeat_marks(name: &str) -> Vec<char> {
    let mut characters: Vec<char> = Vec::new();
    for character in name.chars().filter(|character| *character != ' ').take(KANJI_MAX + 1) {
        let repeated = characters.last().copied().filter(|_| character == '々');
        characters.push(repeated.unwrap_or(character));
    }
    characters
}

/// Whether the kanji of each record can be read as the kana of the other.
///
/// The first field is the kanji, the second the kana. Where one record lacks either, the other direction is enough.
pub(super) fn compatible(left: Side<'_>, right: Side<'_>, readings: &Readings) -> Option<bool> {
    let reads = |kanji: Side<'_>, kana: Side<'_>| {
        let (kanji, kana) = (kanji.first?, kana.second?.folded());
        Some(readings.is_reading(&kanji.exact, kana) || readings.is_reading(kanji.folded(), kana))
    };
    match (reads(left, right), reads(right, left)) {
        (None, None) => None,
        (one, two) => Some(one.unwrap_or(true) && two.unwrap_or(true)),
    }
}
