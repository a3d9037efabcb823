//! What the evidence of an update amounts to.
//!
//! The rules are few and closed. They ask whether two things that belong to a person changed together, and, where only one
//! did, whether anything still ties the record to the person.

use super::{Change, Field, FieldEvidence, Level};
use serde::{Deserialize, Serialize};

/// What is to be done with an update, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// It becomes the current version.
    Accept,
    /// It becomes the current version, and a task asks a clerk to look.
    AcceptWithTask,
    /// It waits until a clerk has looked.
    Quarantine,
}

/// Why an update is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// The name and the birth date change together.
    NameAndBirthDate,
    /// The given name and the sex change together.
    GivenNameAndSex,
    /// The birth date and the sex change together.
    BirthDateAndSex,
    /// Family and given name are replaced by others that are read otherwise.
    WholeName,
    /// Another given name under another branch number or order of birth: another member of the household.
    OtherMember,
    /// Another given name, and nothing that a twin or sibling would not share. An adult who changes the given name alone
    /// keeps the branch number or the card of the network, and a court allows it some thousand times a year in all of
    /// Japan; two babies in a hundred are twins, and these are what clerks mix up. So without a number of the person's
    /// own the update waits.
    PerhapsTwin,
    /// Another given name while a number of the person's own stays: a legal change, or a correction.
    GivenNameAlone,
    /// Another whole name, with birth date and household unchanged: an alias given up, a foreign name registered anew.
    WholeNameOfSamePerson,
    /// A newborn's record gets the data of somebody born at another time.
    NewbornOverwritten,
    /// The same name and another birth date that no slip explains, without a number of the person's own that stays: a
    /// stranger or a relative of the same name.
    PerhapsNamesake,
    /// The birth date moves beyond what a slip explains, while a number of the person's own stays.
    BirthDateAlone,
    /// The sex changes with something that was corrected as well.
    SexAndCorrection,
    /// A name is replaced by a placeholder: another patient's, or worth nothing; the name stays until a clerk has looked.
    NameLost,
    /// The order of birth changes.
    BirthOrder,
}

impl Reason {
    /// What this reason asks for.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::NameAndBirthDate
            | Self::GivenNameAndSex
            | Self::BirthDateAndSex
            | Self::WholeName
            | Self::OtherMember
            | Self::PerhapsTwin
            | Self::NewbornOverwritten
            | Self::PerhapsNamesake
            | Self::NameLost => Verdict::Quarantine,
            Self::GivenNameAlone
            | Self::WholeNameOfSamePerson
            | Self::BirthDateAlone
            | Self::SexAndCorrection
            | Self::BirthOrder => Verdict::AcceptWithTask,
        }
    }

    /// The sentence for answers and screens.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NameAndBirthDate => "the name and the birth date change together",
            Self::GivenNameAndSex => "the given name and the sex change together",
            Self::BirthDateAndSex => "the birth date and the sex change together",
            Self::WholeName => "the whole name is replaced by one that is read otherwise",
            Self::OtherMember => "another given name with another branch number or order of birth",
            Self::PerhapsTwin => "another given name, and nothing tells the person from a twin",
            Self::GivenNameAlone => "another given name, while a number of the person's own stays",
            Self::WholeNameOfSamePerson => "another whole name, while birth date and household stay",
            Self::NewbornOverwritten => "a newborn's record gets the data of somebody born at another time",
            Self::PerhapsNamesake => {
                "the same name with another birth date, and nothing tells the person from a namesake"
            }
            Self::BirthDateAlone => {
                "the birth date moves beyond what a slip explains, while a number of the person's own stays"
            }
            Self::SexAndCorrection => "the sex changes together with something else",
            Self::NameLost => "a name is replaced by a placeholder",
            Self::BirthOrder => "the order of birth changes",
        }
    }
}

/// The evidence by field.
struct Fields<'e>(&'e [FieldEvidence]);

impl Fields<'_> {
    fn level(&self, field: Field) -> Level {
        self.0.iter().find(|evidence| evidence.field == field).map_or(Level::Missing, |evidence| evidence.level)
    }

    fn change(&self, field: Field) -> Change {
        self.0.iter().find(|evidence| evidence.field == field).map_or(Change::Silent, |evidence| evidence.change)
    }

    fn contradicts(&self, field: Field) -> bool {
        self.change(field) == Change::Contradiction
    }

    fn has_other_family_name(&self) -> bool {
        self.level(Field::FamilyName) == Level::Different
    }

    /// Whether a number that belongs to one person alone stays the same.
    fn keeps_own_number(&self) -> bool {
        self.level(Field::Insurance) == Level::CardAndBranch || self.level(Field::CardId) == Level::Equal
    }

    /// Whether anything that a household shares stays the same.
    fn keeps_household(&self) -> bool {
        let shared = [Field::Address, Field::Telephone, Field::Insurance];
        shared.into_iter().any(|field| self.change(field) == Change::Same)
    }

    /// Whether the update names another member of the household.
    fn names_other_member(&self) -> bool {
        self.level(Field::Insurance) == Level::OtherBranch || self.contradicts(Field::BirthOrder)
    }
}

/// Every reason to doubt, gravest first; none for a harmless update.
pub(super) fn reasons(evidence: &[FieldEvidence]) -> Vec<Reason> {
    let fields = Fields(evidence);
    let mut reasons = match fields.level(Field::GivenName) {
        Level::Different => other_given_name(&fields),
        Level::Unnamed => name_lost(&fields),
        _ => same_given_name(&fields),
    };
    reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.verdict()), *reason));
    reasons
}

fn other_given_name(fields: &Fields<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let date_moves = matches!(fields.change(Field::BirthDate), Change::Plausible | Change::Contradiction);
    let date_stays = fields.change(Field::BirthDate) == Change::Same;
    if date_moves {
        reasons.push(Reason::NameAndBirthDate);
    }
    if fields.contradicts(Field::Sex) {
        reasons.push(Reason::GivenNameAndSex);
    }
    if fields.names_other_member() {
        reasons.push(Reason::OtherMember);
    }
    let is_tied = fields.keeps_own_number();
    if fields.has_other_family_name() {
        let same_person = date_stays && (is_tied || fields.keeps_household());
        reasons.push(if same_person { Reason::WholeNameOfSamePerson } else { Reason::WholeName });
    } else if is_tied {
        reasons.push(Reason::GivenNameAlone);
    } else if reasons.is_empty() {
        reasons.push(Reason::PerhapsTwin);
    }
    reasons
}

fn name_lost(fields: &Fields<'_>) -> Vec<Reason> {
    let date_moves = fields.contradicts(Field::BirthDate);
    let others = date_moves.then_some(Reason::NameAndBirthDate);
    others.into_iter().chain([Reason::NameLost]).collect()
}

fn same_given_name(fields: &Fields<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let level = fields.level(Field::GivenName);
    let is_corrected = fields.change(Field::GivenName) == Change::Plausible;
    let is_other_spelling = matches!(level, Level::KanaEqual | Level::Near | Level::InPart);
    if fields.contradicts(Field::BirthDate) {
        reasons.push(if level == Level::Named {
            Reason::NewbornOverwritten
        } else if is_corrected || fields.has_other_family_name() {
            Reason::NameAndBirthDate
        } else if fields.keeps_own_number() {
            Reason::BirthDateAlone
        } else {
            Reason::PerhapsNamesake
        });
        if fields.contradicts(Field::Sex) {
            reasons.push(Reason::BirthDateAndSex);
        }
    } else if fields.contradicts(Field::Sex) {
        let date_is_corrected = fields.change(Field::BirthDate) == Change::Plausible;
        if is_corrected || date_is_corrected || fields.has_other_family_name() {
            reasons.push(Reason::SexAndCorrection);
        }
    }
    if fields.names_other_member() && is_other_spelling {
        reasons.push(Reason::OtherMember);
    } else if fields.contradicts(Field::BirthOrder) {
        reasons.push(Reason::BirthOrder);
    }
    reasons
}
