//! What a source says of a person: raw texts by attribute.
//!
//! The closed list of attributes is what the index keeps and what a golden record is made of. Texts are kept as they
//! came; normalising them is the linkage model's work. There is no attribute for My Number.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident = $column:literal;)*) => {
        /// One thing that a source says of a person.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Attribute {
            $($(#[$doc])* $name,)*
        }

        impl Attribute {
            /// Every attribute, in the order of forms and screens.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name used in files, rule sets and the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $column,)*
                }
            }
        }
    };
}

attributes! {
    /// Family name in its registered spelling.
    FamilyKanji = "family_kanji";
    /// Given name in its registered spelling.
    GivenKanji = "given_kanji";
    /// Reading of the family name.
    FamilyKana = "family_kana";
    /// Reading of the given name.
    GivenKana = "given_kana";
    /// Whole name in Latin letters.
    NameRomaji = "name_romaji";
    /// A former family name (旧姓).
    FormerFamily = "former_family";
    /// A name used in daily life beside the registered one (通称).
    CommonName = "common_name";
    /// Administrative sex.
    Sex = "sex";
    /// Birth date, in any calendar, perhaps partial.
    BirthDate = "birth_date";
    /// Postcode.
    Postcode = "postcode";
    /// Address in one text.
    Address = "address";
    /// Telephone number.
    Phone = "phone";
    /// 保険者番号.
    InsurerNumber = "insurer_no";
    /// 記号 of the insured person.
    InsuredSymbol = "insured_symbol";
    /// 番号 of the insured person.
    InsuredNumber = "insured_no";
    /// 枝番.
    BranchNumber = "branch_no";
    /// Card id of the network.
    CardId = "card_id";
    /// Order of birth among twins, triplets …
    BirthOrder = "birth_order";
}

impl Attribute {
    /// The attribute of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.name() == name)
    }
}

/// The most bytes that the text of one attribute may have: an address with a building is under 300.
pub(crate) const TEXT_BYTES_MAX: usize = 1_000;

/// Raw texts by attribute; an attribute that the source left out is absent, never empty.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demographics(BTreeMap<Attribute, Box<str>>);

impl Demographics {
    /// Nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets one attribute; white space around the text goes, and an empty text removes the attribute.
    pub fn set(&mut self, attribute: Attribute, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            self.0.remove(&attribute);
        } else {
            self.0.insert(attribute, text.into());
        }
    }

    /// The text of one attribute; empty when absent.
    #[must_use]
    pub fn get(&self, attribute: Attribute) -> &str {
        self.0.get(&attribute).map_or("", |text| text)
    }

    /// All attributes that are present.
    pub fn iter(&self) -> impl Iterator<Item = (Attribute, &str)> {
        self.0.iter().map(|(attribute, text)| (*attribute, &**text))
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attribute whose text is longer than may be, if any.
    #[must_use]
    pub fn too_long(&self) -> Option<Attribute> {
        self.iter().find(|(_, text)| text.len() > TEXT_BYTES_MAX).map(|(attribute, _)| attribute)
    }
}

/// Names the attributes and hides the texts: demographics end up in no log.
impl fmt::Debug for Demographics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
