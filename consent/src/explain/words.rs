//! A rule in words: who, in which role, what, whose, for what, from when to when.
//!
//! What a rule does not ask for is not said, so that short rules are short sentences: an officer reads two lists of them.

use super::Sentence;
use crate::category::{Categories, Category};
use crate::codebook::{Codebook, Name, Number};
use crate::label::{Label, Labels};
use crate::purpose::{Purpose, Purposes};
use crate::role::{ActingAs, Roles};
use crate::rule::{Effect, Flags, InstitutionKinds, Relations, Rule, Second, Selected, Selector};
use directory::{Date, InstitutionKind, Offset};

/// More names than this are counted, not listed.
const NAMES_SHOWN: usize = 5;

/// How names are said.
pub(crate) struct Wording<'w> {
    pub(crate) book: &'w Codebook,
    /// What a name is called.
    pub(crate) name: &'w dyn Fn(&Name) -> String,
    /// More names than this are counted, not listed.
    pub(crate) shown: usize,
}

/// A rule in words.
#[must_use]
pub fn describe(rule: &Rule, book: &Codebook) -> Sentence {
    described(rule, &Wording { book, name: &name_text, shown: NAMES_SHOWN })
}

/// A rule in words, as the reader knows names.
pub(crate) fn described(rule: &Rule, wording: &Wording<'_>) -> Sentence {
    let mut parts = Parts::default();
    parts.selector("受け手：", "to", rule.recipient, wording);
    if rule.roles != Roles::ALL {
        let roles = rule.roles.iter();
        parts.list("職種：", "as", roles.map(|role| (ActingAs::japanese(role), ActingAs::english(role))));
    }
    if rule.categories != Categories::ALL {
        let categories = rule.categories.iter();
        parts.list("種別：", "of", categories.map(|one| (Category::japanese(one), Category::english(one))));
    }
    parts.labels("区分：", "labelled", rule.labels_any);
    parts.labels("区分を除く：", "not labelled", rule.labels_none);
    parts.selector("情報提供元：", "from", rule.custodian, wording);
    parts.selector("対象：", "about", rule.data, wording);
    let every = Purposes(Purposes::ALL.0 & !Purposes::OVERRIDES.0);
    if rule.purposes != Purposes::ALL && rule.purposes != every {
        let purposes = rule.purposes.iter();
        parts.list("目的：", "for", purposes.map(|one| (Purpose::japanese(one), Purpose::english(one))));
    }
    parts.days(rule);
    parts.window(rule);
    if rule.flags.has(Flags::REQUIRES_RELATION) {
        parts.push("診療関係がある場合".to_owned(), "while in a care relationship".to_owned());
    }
    let kinds = rule.flags.emergencies();
    if !kinds.is_empty() {
        let kinds = crate::EmergencyKind::ALL.into_iter().filter(move |kind| kinds.meets(kind.set()));
        parts.list("緊急：", "in", kinds.map(|kind| (kind.japanese(), kind.english())));
    }
    if parts.japanese.is_empty() {
        parts.push("すべて".to_owned(), "everything to everybody".to_owned());
    }
    let effect = match rule.flags.effect() {
        Effect::Permit => ("許可", "permit"),
        Effect::Deny => ("拒否", "deny"),
        Effect::Limit => ("条件付き", "limit"),
    };
    Sentence {
        japanese: format!("{}を{}。", parts.japanese.join("、"), effect.0),
        english: format!("{} {}.", effect.1, parts.english.join("; ")),
    }
}

#[derive(Default)]
struct Parts {
    japanese: Vec<String>,
    english: Vec<String>,
}

impl Parts {
    fn push(&mut self, japanese: String, english: String) {
        self.japanese.push(japanese);
        self.english.push(english);
    }

    fn list<'w>(&mut self, japanese: &str, english: &str, words: impl Iterator<Item = (&'w str, &'w str)>) {
        let (in_japanese, in_english): (Vec<&str>, Vec<&str>) = words.unzip();
        self.push(format!("{japanese}{}", in_japanese.join("・")), format!("{english} {}", in_english.join(", ")));
    }

    fn labels(&mut self, japanese: &str, english: &str, labels: Labels) {
        if !labels.is_empty() {
            self.list(japanese, english, labels.iter().map(|label| (Label::japanese(label), Label::english(label))));
        }
    }

    fn selector(&mut self, japanese: &str, english: &str, selector: Selector, wording: &Wording<'_>) {
        if !selector.is_any() {
            let (in_japanese, in_english) = selected(selector, wording);
            self.push(format!("{japanese}{in_japanese}"), format!("{english} {in_english}"));
        }
    }

    fn days(&mut self, rule: &Rule) {
        if rule.flags.has(Flags::ROLLING) {
            let days = rule.data_from;
            self.push(format!("直近{days}日の記録"), format!("not older than {days} days"));
            return;
        }
        let day = |days: i32| Date::from_days(i64::from(days)).map(|date| date.to_string());
        let from = (rule.data_from != i32::MIN).then(|| day(rule.data_from)).flatten();
        let last = (rule.data_until != i32::MAX).then(|| day(rule.data_until - 1)).flatten();
        if from.is_some() || last.is_some() {
            let (from, last) = (from.unwrap_or_default(), last.unwrap_or_default());
            self.push(format!("記録の日付{from}〜{last}"), format!("dated {from} to {last}"));
        }
    }

    fn window(&mut self, rule: &Rule) {
        if rule.from == Second::START && rule.until == Second::FOREVER {
            return;
        }
        // A window that ends at midnight ends with the day before, as people say it.
        let day = |second: Second| second.instant().date(Offset::TOKYO).map(|date| date.to_string());
        let from = if rule.from == Second::START { None } else { day(rule.from) }.unwrap_or_default();
        let last = Second(rule.until.0.saturating_sub(1));
        let last = if rule.until == Second::FOREVER { None } else { day(last) }.unwrap_or_default();
        self.push(format!("有効期間{from}〜{last}"), format!("valid {from} to {last}"));
    }
}

fn selected(selector: Selector, wording: &Wording<'_>) -> (String, String) {
    match selector.selected() {
        Selected::Any => ("すべて".to_owned(), "anybody".to_owned()),
        Selected::Nobody => ("該当なし".to_owned(), "nobody".to_owned()),
        Selected::Institution(number)
        | Selected::Group(number)
        | Selected::Region(number)
        | Selected::Department(number)
        | Selected::Practitioner(number)
        | Selected::Record(number)
        | Selected::Related(number) => same(name(number, wording)),
        Selected::Institutions(set) | Selected::Practitioners(set) | Selected::Records(set) => members(set, wording),
        Selected::Kinds(kinds) => kinds_words(kinds),
        Selected::Relations(relations) => relations_words(relations),
        Selected::SeenWithinDays(days) => {
            (format!("最終受診から{days}日以内の施設"), format!("whoever saw the patient within {days} days"))
        }
    }
}

fn same(text: String) -> (String, String) {
    (text.clone(), text)
}

fn name(number: Number, wording: &Wording<'_>) -> String {
    wording.book.name(number).map_or_else(|| "?".to_owned(), wording.name)
}

pub(crate) fn name_text(name: &Name) -> String {
    match name {
        Name::Institution(id) => id.to_string(),
        Name::Department(id, department) => format!("{id}/{department}"),
        Name::Practitioner(id) => id.to_string(),
        Name::Group(text) | Name::Region(text) | Name::Data(text) => text.to_string(),
    }
}

fn members(set: Number, wording: &Wording<'_>) -> (String, String) {
    let names: Vec<String> = wording.book.members(set).map(wording.name).collect();
    let count = names.len();
    if count <= wording.shown {
        return (names.join("・"), names.join(", "));
    }
    let shown = names.get(..wording.shown).unwrap_or_default();
    (format!("{}ほか計{count}件", shown.join("・")), format!("{} and others, {count} in all", shown.join(", ")))
}

fn kinds_words(kinds: InstitutionKinds) -> (String, String) {
    let known = InstitutionKind::ALL.into_iter().filter(|kind| kinds.has(*kind));
    let (japanese, english): (Vec<&str>, Vec<&str>) = known.map(kind_words).unzip();
    (japanese.join("・"), english.join(", "))
}

fn kind_words(kind: InstitutionKind) -> (&'static str, &'static str) {
    match kind {
        InstitutionKind::Hospital => ("病院", "hospitals"),
        InstitutionKind::Clinic => ("診療所", "clinics"),
        InstitutionKind::DentalClinic => ("歯科診療所", "dental clinics"),
        InstitutionKind::Pharmacy => ("薬局", "pharmacies"),
        InstitutionKind::VisitingNurse => ("訪問看護ステーション", "visiting-nurse stations"),
        InstitutionKind::CareFacility => ("介護事業所", "care facilities"),
        InstitutionKind::Laboratory => ("検査機関", "laboratories"),
        InstitutionKind::Government => ("行政", "government"),
        InstitutionKind::Network => ("他ネットワーク", "other networks"),
        InstitutionKind::Other => ("その他の施設", "other institutions"),
    }
}

fn relations_words(relations: Relations) -> (String, String) {
    const WORDS: [(&str, &str); 4] = [
        ("受診中の施設", "whoever has an open encounter"),
        ("紹介先・紹介元", "whoever is party to a referral"),
        ("かかりつけ医", "the registered doctor"),
        ("最近受診した施設", "whoever saw the patient recently"),
    ];
    let of = WORDS.iter().enumerate().filter(|(bit, _)| relations.0 >> bit & 1 == 1);
    let (japanese, english): (Vec<&str>, Vec<&str>) = of.map(|(_, words)| *words).unzip();
    (japanese.join("・"), english.join(", "))
}
