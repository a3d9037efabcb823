//! Overlay defence: whether an update turns a local id into another person.
//!
//! An overlay is a record overwritten with somebody else's data: a clerk has the wrong chart open, or a number is used
//! again. Every link of the record would then lead to the wrong person, so such an update is quarantined until a clerk has
//! looked. Most updates are harmless: people marry, move, change insurers, get a name, and typing errors are corrected.
//! One changed field is never an overlay by itself unless nothing else could tell the difference (see [`Reason`]); two
//! that belong to a person, changed together, are.
//!
//! The two versions of one record are compared by the measures of `linkage`, with levels of its own: a change of the
//! matching rules must not weaken this defence. Evidence holds levels and no values. Nothing is stored or decided here.

mod evidence;
mod judge;
mod name;
#[cfg(test)]
mod tests;

pub use judge::{Reason, Verdict};

use crate::demographics::Demographics;
use linkage::compare::Readings;
use linkage::normalize::Tables;
use serde::{Deserialize, Serialize};

/// What comparing two versions needs.
#[derive(Clone, Copy, Debug)]
pub struct Examiner<'t> {
    /// Tables of normalisation.
    pub tables: &'t Tables,
    /// Readings of kanji.
    pub readings: &'t Readings,
}

/// What an update changes, and whether it may be another person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    /// One line per field, in the order of [`Field`].
    pub evidence: Vec<FieldEvidence>,
    /// Why the update is doubted; empty for a harmless one.
    pub reasons: Vec<Reason>,
}

/// What happened to one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldEvidence {
    /// The field.
    pub field: Field,
    /// How the two values compare.
    pub level: Level,
    /// What that says.
    pub change: Change,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    /// Given name in kanji and kana.
    GivenName,
    /// Family name in kanji and kana.
    FamilyName,
    /// Birth date.
    BirthDate,
    /// Administrative sex.
    Sex,
    /// Address and postcode.
    Address,
    /// Telephone number.
    Telephone,
    /// Insurer, symbol, number and branch.
    Insurance,
    /// Card of the network.
    CardId,
    /// Order of birth.
    BirthOrder,
}

/// What a level says of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A side is missing or is a placeholder: it says nothing.
    Silent,
    /// The same value, perhaps in another way of writing.
    Same,
    /// A change that happens to one person: a correction, a marriage, a move, a new card.
    Plausible,
    /// A change that hardly ever happens to one person.
    Contradiction,
}

macro_rules! levels {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// How two values of one field compare; each field uses some of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Level {
            $($(#[$doc])* $name,)*
        }

        impl Level {
            /// The words for answers and screens.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

levels! {
    /// A side is missing.
    Missing = "missing";
    /// Equal, variants and ways of writing folded.
    Equal = "equal";
    /// The kana are equal, the kanji interchanged, look alike, or lost in part.
    KanjiAlike = "kana equal, kanji alike";
    /// The kanji are equal, the kana differ: a reading corrected.
    KanjiEqual = "kanji equal, kana different";
    /// The kana are equal, the kanji differ.
    KanaEqual = "kana equal, kanji different";
    /// One slip apart.
    Near = "near";
    /// Only kanji on one side and only kana on the other, which can be read so.
    ReadsAs = "kanji of one reads as kana of the other";
    /// Kanji alone, with a character in common; or whole names in one field, partly equal.
    InPart = "equal in part";
    /// Family and given name exchanged.
    Exchanged = "family and given name exchanged";
    /// The name that the record had as a common or former name.
    KnownName = "a name known before";
    /// A placeholder became a name: a newborn named, an unknown patient identified.
    Named = "a placeholder became a name";
    /// A name became a placeholder.
    Unnamed = "a name became a placeholder";
    /// Nothing that explains it.
    Different = "different";
    /// Same month and day, the year off by a slip between eras.
    EraSlip = "slip between eras";
    /// One digit, two exchanged digits, day and month exchanged, or one day.
    KeySlip = "one slip of the keys";
    /// A partial or default date completed, or the other way round.
    Completed = "a partial or default date";
    /// Two of year, month and day agree.
    TwoOfThree = "two of three parts agree";
    /// Same town and numbers.
    SameHouse = "same house";
    /// Same town or postcode.
    SameTown = "same town or postcode";
    /// Card and branch number are equal: the insurer's number of one person.
    CardAndBranch = "card and branch equal";
    /// The card is equal, a branch number is missing.
    Card = "card equal, branch missing";
    /// Another branch of the same card: another member of the household.
    OtherBranch = "card equal, branch different";
}

impl Examiner<'_> {
    /// Compares the version that a record has with the one that is to follow.
    #[must_use]
    pub fn examine(&self, before: &Demographics, after: &Demographics) -> Examination {
        let evidence = evidence::of(*self, before, after);
        let reasons = judge::reasons(&evidence);
        Examination { evidence, reasons }
    }
}

impl Examination {
    /// What is to be done with the update.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.reasons.iter().map(|reason| reason.verdict()).max().unwrap_or(Verdict::Accept)
    }

    /// Whether the update is to be quarantined.
    #[must_use]
    pub fn is_overlay(&self) -> bool {
        self.verdict() == Verdict::Quarantine
    }

    /// The evidence of one field.
    #[must_use]
    pub fn of(&self, field: Field) -> Option<FieldEvidence> {
        self.evidence.iter().copied().find(|evidence| evidence.field == field)
    }
}

impl Field {
    /// The words for answers and screens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GivenName => "given name",
            Self::FamilyName => "family name",
            Self::BirthDate => "birth date",
            Self::Sex => "sex",
            Self::Address => "address",
            Self::Telephone => "telephone",
            Self::Insurance => "insurance",
            Self::CardId => "card id",
            Self::BirthOrder => "order of birth",
        }
    }
}

impl Change {
    /// The word for answers and screens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Same => "same",
            Self::Plausible => "changed plausibly",
            Self::Contradiction => "contradiction",
        }
    }
}
