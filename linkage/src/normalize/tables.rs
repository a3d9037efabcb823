//! The tables that normalisation reads, and their version.
//!
//! They are data in `matching-rules/normalize/`, not code, so that a deployment can correct them. Their texts are
//! parameters: this crate reads no files. A wrong table is refused with its line, never read in part.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::normalize::address;
use crate::normalize::municipality::Municipalities;

/// The version of the code of this module; raised whenever a key may change although the tables did not.
pub const NORMALIZER_VERSION: u32 = 1;

/// Characters of the version digest: 64 bits are plenty to tell table sets apart.
const VERSION_CHARS: usize = 16;

/// The texts of the table files.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableSources<'a> {
    /// Text of `kanji_fold.tsv`.
    pub kanji_fold: &'a str,
    /// Text of `municipalities.tsv`.
    pub municipalities: &'a str,
}

/// Why a table was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read table `{table}`, line {line}: {reason}")]
pub struct TableError {
    /// File name of the table.
    pub table: &'static str,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// The parsed tables.
#[derive(Clone, Debug)]
pub struct Tables {
    // Only ever looked up, never iterated, so its order cannot leak; the hash is not seeded.
    kanji_fold: HashMap<char, char, FixedState>,
    municipalities: Municipalities,
    version: String,
}

impl Tables {
    /// Parses the tables.
    ///
    /// # Errors
    ///
    /// A [`TableError`] for the first line that is malformed, repeated, or folds to a character that is itself folded.
    pub fn parse(sources: &TableSources<'_>) -> Result<Self, TableError> {
        let mut tables = Self {
            kanji_fold: parse_kanji_fold(sources.kanji_fold)?,
            municipalities: Municipalities::default(),
            version: version(sources),
        };
        tables.municipalities =
            Municipalities::parse(sources.municipalities, |name| address::canonical(name, &tables))?;
        Ok(tables)
    }

    /// Tables without content: no kanji folds, and municipalities are known by their form only.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            kanji_fold: HashMap::with_hasher(FixedState::default()),
            municipalities: Municipalities::default(),
            version: version(&TableSources::default()),
        }
    }

    /// A digest of the table texts and of [`NORMALIZER_VERSION`]: 16 hexadecimal digits. Values normalised under one
    /// version may be compared with each other.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The class representative of a variant kanji, or the character itself.
    #[must_use]
    pub fn fold_kanji(&self, c: char) -> char {
        if c < '\u{2E80}' {
            return c;
        }
        self.kanji_fold.get(&c).copied().unwrap_or(c)
    }

    pub(super) fn municipalities(&self) -> &Municipalities {
        &self.municipalities
    }
}

fn version(sources: &TableSources<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&NORMALIZER_VERSION.to_le_bytes());
    for text in [sources.kanji_fold, sources.municipalities] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(VERSION_CHARS).collect()
}

fn parse_kanji_fold(text: &str) -> Result<HashMap<char, char, FixedState>, TableError> {
    let mut folds: HashMap<char, char, FixedState> = HashMap::with_hasher(FixedState::default());
    for (line, fields) in rows(text) {
        let refuse = |reason: String| TableError { table: "kanji_fold.tsv", line, reason };
        let [from, to, from_code, to_code] = *fields.as_slice() else {
            return Err(refuse(format!("expected 4 columns, found {}", fields.len())));
        };
        let from = coded_char(from, from_code).map_err(refuse)?;
        let to = coded_char(to, to_code).map_err(refuse)?;
        if from == to {
            return Err(refuse(format!("`{from}` folds to itself")));
        }
        if folds.insert(from, to).is_some() {
            return Err(refuse(format!("`{from}` is folded twice")));
        }
    }
    for (line, fields) in rows(text) {
        if let Some(next) = fields.get(1).and_then(|to| to.chars().next()).filter(|to| folds.contains_key(to)) {
            let reason = format!("`{next}` is itself folded; one pass must be enough");
            return Err(TableError { table: "kanji_fold.tsv", line, reason });
        }
    }
    Ok(folds)
}

/// One character, checked against its code point, because variants look alike on screen.
fn coded_char(text: &str, code: &str) -> Result<char, String> {
    let mut chars = text.chars();
    let (Some(c), None) = (chars.next(), chars.next()) else {
        return Err(format!("`{text}` is not one character"));
    };
    let expected = format!("U+{:04X}", u32::from(c));
    if code == expected { Ok(c) } else { Err(format!("`{c}` is {expected}, not `{code}`")) }
}

/// The rows of a table with their line numbers: `#` opens a comment line, blank lines are skipped.
pub(super) fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty())
        .map(|(at, line)| (at + 1, line.split('\t').collect()))
}
