//! Reads what a clerk typed into look-ups in the index.
//!
//! A word may be many things at once: `1957` is a year, the end of a telephone number and a patient number. Every
//! reading that is possible becomes a look-up of its own class; the best that a record fits counts. Nothing is
//! rejected: what cannot be read finds nothing. This module is pure and opens no index.

use std::fmt;

use linkage::normalize::era::SLIPS;
use linkage::normalize::{Kind, Tables, WILDCARD, clean, kana_key, normalize};
use linkage::value::PartialDate;

use super::sound::read_romaji;
use super::terms::{TermField, confusable_key, date_text, identifier_text, is_name_separator, reversed, shortened};

/// Most words of a query that are read; a name, a date, a number and a telephone are five.
pub const WORDS_MAX: usize = 8;

/// Most characters of a query that are read: twice the longest name of a register with everything else beside it.
pub const QUERY_CHARS_MAX: usize = 256;

/// Fewest characters of a name in which one typing error is looked for: below, nearly every name is one error away.
const TYPO_CHARS_MIN: usize = 3;

/// Fewest letters of a sound in which one typing error is looked for; letters are shorter than kana.
const TYPO_LETTERS_MIN: usize = 5;

/// The same for full names. Shorter words are a family or a given name, which have fields of their own.
const FULL_TYPO_CHARS_MIN: usize = 4;
const FULL_TYPO_KANA_MIN: usize = 5;
const FULL_TYPO_LETTERS_MIN: usize = 8;

/// Fewest characters of the beginning of a full name: one character begins the family name as well, which is found anyway.
const FULL_PREFIX_CHARS_MIN: usize = 2;

/// Fewest digits of the end of a telephone number.
const PHONE_DIGITS_MIN: usize = 4;

/// Fewest characters of the beginning of an identifier.
const IDENTIFIER_PREFIX_MIN: usize = 4;

/// Birth years that are read as such; anything else of four digits is another number.
const YEARS: std::ops::RangeInclusive<u16> = 1850..=2199;

/// How well a record fits a word, best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// All but one character: one changed, lost, added, or two exchanged; for a date, the year of another era.
    Typo = 1,
    /// The beginning of a name or number, a year or month of a date, the end of a telephone number.
    Prefix = 2,
    /// Sounds the same to the ear, is confusable, or was stored with a lost character.
    Near = 3,
    /// Variant kanji, or an equal reading.
    Equal = 4,
    /// As stored.
    Exact = 5,
}

impl Class {
    /// Every class, worst first.
    pub const ALL: [Self; 5] = [Self::Typo, Self::Prefix, Self::Near, Self::Equal, Self::Exact];

    /// What a word that fits so adds to the score of a record. Two names by their beginning never outweigh one exact.
    pub(super) const fn points(self) -> u32 {
        match self {
            Self::Exact => 16,
            Self::Equal => 12,
            Self::Near => 9,
            Self::Prefix => 5,
            Self::Typo => 2,
        }
    }
}

/// What was typed.
#[derive(Clone, Debug)]
pub enum Question {
    /// An enterprise id: the store resolves it, merged ones too; the index is not asked.
    EnterpriseId(String),
    /// Words to search for; none when nothing was said.
    Words(Query),
}

/// Words to search for, made by [`parse`].
#[derive(Clone, Debug, Default)]
pub struct Query {
    pub(super) words: Vec<Word>,
    /// Whether a part of the text was left out: more than [`WORDS_MAX`] words or [`QUERY_CHARS_MAX`] characters.
    pub is_cut: bool,
}

impl Query {
    /// The words in the order in which they were typed, cleaned; the numbers in answers count along this list.
    pub fn words(&self) -> impl ExactSizeIterator<Item = &str> {
        self.words.iter().map(|word| word.text.as_str())
    }
}

/// One typed word and everything that it may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) lookups: Vec<Lookup>,
}

/// One look-up in one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lookup {
    pub(super) class: Class,
    pub(super) field: TermField,
    pub(super) pattern: Pattern,
}

/// Which terms a look-up takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// This text.
    Whole(String),
    /// Texts that begin so.
    Beginning(String),
    /// Texts at one typing error from this.
    OneTypo(String),
    /// Texts of this shape; [`WILDCARD`] is any one character.
    Shape(String),
}

impl Lookup {
    /// The field of full names in which the same is to be looked up too, if a full name can fit at all.
    pub(super) fn field_of_full_names(&self) -> Option<TermField> {
        let field = self.field.of_full_names()?;
        let is_possible = match &self.pattern {
            Pattern::Whole(_) | Pattern::Shape(_) => true,
            Pattern::Beginning(text) => text.chars().nth(FULL_PREFIX_CHARS_MIN - 1).is_some(),
            Pattern::OneTypo(text) => {
                let chars_min = match field {
                    TermField::FullKana => FULL_TYPO_KANA_MIN,
                    TermField::FullSound => FULL_TYPO_LETTERS_MIN,
                    _ => FULL_TYPO_CHARS_MIN,
                };
                text.chars().nth(chars_min - 1).is_some()
            }
        };
        is_possible.then_some(field)
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, text) = match &self.pattern {
            Pattern::Whole(text) => ("=", text),
            Pattern::Beginning(text) => ("^", text),
            Pattern::OneTypo(text) => ("~", text),
            Pattern::Shape(text) => ("?", text),
        };
        write!(formatter, "{}{sign}{text}", self.field.name())
    }
}

/// Reads a typed text. `is_enterprise_id` knows the shape of enterprise ids; one of them among the words is the whole
/// question, since nothing else can be more exact.
#[must_use]
pub fn parse(text: &str, tables: &Tables, is_enterprise_id: impl Fn(&str) -> bool) -> Question {
    let head: String = text.chars().take(QUERY_CHARS_MAX).collect();
    let mut query = Query { words: Vec::new(), is_cut: head.len() < text.len() };
    let cleaned = join_dates(&clean(&head));
    let is_separator = |c: char| is_name_separator(c) || matches!(c, ';' | '，');
    for word in cleaned.split(is_separator).filter(|word| word.chars().any(char::is_alphanumeric)) {
        if is_enterprise_id(word) {
            return Question::EnterpriseId(word.to_owned());
        }
        if query.words.len() == WORDS_MAX {
            query.is_cut = true;
            continue;
        }
        query.words.push(Word { text: word.to_owned(), lookups: lookups(word, tables) });
    }
    Question::Words(query)
}

/// Takes out the spaces inside a date written with 年 and 月, or after the name of an era: `昭和 32年 4月 5日`.
fn join_dates(cleaned: &str) -> String {
    let mut out = String::with_capacity(cleaned.len());
    let mut rest = cleaned.chars().peekable();
    while let Some(c) = rest.next() {
        let before_number = rest.peek().is_some_and(|next| next.is_ascii_digit() || *next == '元');
        let in_date = ["年", "月", "明治", "大正", "昭和", "平成", "令和"].iter().any(|mark| out.ends_with(mark));
        if !(c == ' ' && before_number && in_date) {
            out.push(c);
        }
    }
    out
}

fn lookups(word: &str, tables: &Tables) -> Vec<Lookup> {
    let mut found = Found(Vec::new());
    let has_digit = word.chars().any(|c| c.is_ascii_digit());
    let is_date = (has_digit || word.contains('元')) && found.add_date(word, tables);
    found.add_phone(word, tables);
    if word.chars().any(|c| c.is_ascii_alphanumeric()) {
        found.add_identifier(word, has_digit);
    }
    let is_name = word.chars().any(|c| c.is_alphabetic() || c == WILDCARD) && !is_date;
    if is_name && word.chars().all(|c| !c.is_alphabetic() || is_latin(c)) {
        if !has_digit {
            found.add_romaji(word);
        }
    } else if is_name {
        let katakana = katakana(word);
        if let Some(katakana) = &katakana {
            found.add_kana(katakana);
        }
        found.add_kanji(word, tables, katakana.is_some());
    }
    found.0
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{C0}'..='\u{24F}')
}

/// The word in katakana, `None` when it holds anything else than kana.
fn katakana(word: &str) -> Option<String> {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        out.push(match c {
            'ぁ'..='ゖ' | 'ゝ' | 'ゞ' => char::from_u32(u32::from(c) + 0x60)?,
            'ァ'..='ヺ' | 'ー' | 'ヽ' | 'ヾ' => c,
            '-' | '‐' | '‑' | '–' | '—' | '―' | '−' if !out.is_empty() => 'ー',
            _ => return None,
        });
    }
    Some(out)
}

/// The look-ups of one word so far.
struct Found(Vec<Lookup>);

impl Found {
    fn add(&mut self, class: Class, field: TermField, pattern: Pattern) {
        let lookup = Lookup { class, field, pattern };
        if !self.0.contains(&lookup) {
            self.0.push(lookup);
        }
    }

    fn whole(&mut self, class: Class, field: TermField, text: &str) {
        if !text.is_empty() {
            self.add(class, field, Pattern::Whole(shortened(text).to_owned()));
        }
    }

    fn beginning(&mut self, field: TermField, text: &str) {
        if !text.is_empty() {
            self.add(Class::Prefix, field, Pattern::Beginning(shortened(text).to_owned()));
        }
    }

    fn one_typo(&mut self, field: TermField, text: &str, chars_min: usize) {
        let text = shortened(text);
        if text.chars().count() >= chars_min {
            self.add(Class::Typo, field, Pattern::OneTypo(text.to_owned()));
        }
    }

    /// Adds a date and says whether the word is one.
    fn add_date(&mut self, word: &str, tables: &Tables) -> bool {
        let Some(date) = normalize(Kind::Date, word, tables).and_then(|value| value.date()) else {
            return false;
        };
        let is_possible = YEARS.contains(&date.year)
            && date.month.is_none_or(|month| month <= 12)
            && date.day.is_none_or(|day| day <= 31 && date.month.is_some());
        if !is_possible {
            return false;
        }
        let text = date_text(date);
        if let PartialDate { month: Some(_), day: Some(_), year } = date {
            self.whole(Class::Exact, TermField::Date, &text);
            // A record may know only the month or the year.
            self.whole(Class::Prefix, TermField::Date, text.get(..6).unwrap_or_default());
            self.whole(Class::Prefix, TermField::Date, text.get(..4).unwrap_or_default());
            for slip in SLIPS {
                for year in [year.saturating_add(slip.years), year.saturating_sub(slip.years)] {
                    self.whole(Class::Typo, TermField::Date, &date_text(PartialDate { year, ..date }));
                }
            }
        } else {
            self.beginning(TermField::Date, &text);
        }
        true
    }

    fn add_phone(&mut self, word: &str, tables: &Tables) {
        let is_number = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '(' | ')' | '+' | 'ー' | '−'));
        let digits = word.chars().filter(char::is_ascii_digit).count();
        if !is_number || digits < PHONE_DIGITS_MIN {
            return;
        }
        let typed: String = word.chars().filter(char::is_ascii_digit).collect();
        self.beginning(TermField::Phone, &reversed(&typed));
        if let Some(number) = normalize(Kind::Phone, word, tables).filter(|number| number.folded().len() > 9) {
            self.whole(Class::Exact, TermField::Phone, &reversed(number.folded()));
        }
    }

    fn add_identifier(&mut self, word: &str, has_digit: bool) {
        let exact = identifier_text(word);
        self.whole(Class::Exact, TermField::Identifier, &exact);
        self.whole(Class::Equal, TermField::Identifier, exact.trim_start_matches('0'));
        if has_digit && exact.chars().count() >= IDENTIFIER_PREFIX_MIN {
            self.beginning(TermField::Identifier, &exact);
        }
    }

    fn add_romaji(&mut self, word: &str) {
        let romaji = read_romaji(word);
        match &romaji.kana_key {
            Some(key) => {
                self.whole(Class::Equal, TermField::KanaKey, key);
                self.whole(Class::Near, TermField::Sound, &romaji.sound);
            }
            None => self.whole(Class::Equal, TermField::Sound, &romaji.sound),
        }
        for beginning in &romaji.beginnings {
            self.beginning(TermField::Sound, beginning);
        }
        self.one_typo(TermField::Sound, &romaji.sound, TYPO_LETTERS_MIN);
    }

    fn add_kana(&mut self, katakana: &str) {
        let key = kana_key(katakana);
        self.whole(Class::Exact, TermField::Kana, katakana);
        self.whole(Class::Equal, TermField::KanaKey, &key);
        self.whole(Class::Near, TermField::Sound, &super::sound::sound_of_kana(&key));
        self.beginning(TermField::KanaKey, &key);
        self.one_typo(TermField::KanaKey, &key, TYPO_CHARS_MIN);
    }

    /// The word as the registered spelling of a name. Kana are one only now and then (さくら), so errors in them are
    /// looked for in the readings alone.
    fn add_kanji(&mut self, word: &str, tables: &Tables, is_kana: bool) {
        let Some(name) = normalize(Kind::KanjiName, word, tables) else { return };
        let folded = name.folded();
        if folded.contains(WILDCARD) {
            self.add(Class::Near, TermField::FoldedKanji, Pattern::Shape(shortened(folded).to_owned()));
            return;
        }
        self.whole(Class::Exact, TermField::Kanji, &name.exact);
        self.whole(Class::Equal, TermField::FoldedKanji, folded);
        self.beginning(TermField::FoldedKanji, folded);
        if is_kana {
            return;
        }
        self.whole(Class::Near, TermField::ConfusableKanji, &confusable_key(folded));
        self.add_lost_characters(folded);
        self.one_typo(TermField::FoldedKanji, folded, TYPO_CHARS_MIN);
    }

    /// A stored name may have lost any one character: `●橋` for 高橋.
    fn add_lost_characters(&mut self, folded: &str) {
        let chars: Vec<char> = shortened(folded).chars().collect();
        if chars.len() < 2 {
            return;
        }
        for lost in 0..chars.len() {
            let with_gap = |(at, c): (usize, &char)| if at == lost { WILDCARD } else { *c };
            let text: String = chars.iter().enumerate().map(with_gap).collect();
            self.whole(Class::Near, TermField::FoldedKanji, &text);
        }
    }
}

#[cfg(test)]
mod tests;
