//! Why, in Japanese and English, for two audiences.
//!
//! The privacy officer, the audit and the simulation read everything: each rule that stands behind the answer, by name and
//! in words. The requester reads what he or she may know: what lies on the requester's own side, and of the patient's side
//! only that it may not be seen. Of an identity that is hidden the requester reads what would be said of one that does not
//! exist, to the letter.

mod words;

pub use words::describe;
pub(crate) use words::{Wording, described, name_text};

use crate::chart::Chart;
use crate::decide::Engine;
use crate::decision::{Basis, Decision, Fate, Outcome, Reasons, RuleRef, Stop};
use crate::obligation::{Field, Notified, Obligation, Obligations};
use std::fmt;

/// The same in two languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// Japanese.
    pub japanese: String,
    /// English.
    pub english: String,
}

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A privacy officer, the audit, the simulation.
    Officer,
    /// Whoever asked.
    Requester {
        /// Whether he or she may know that the person has a record there; see [`Engine::visibility`].
        is_identity_visible: bool,
    },
}

/// The name of a rule in answers, logs and receipts; it stays right when rules are numbered anew.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleName {
    /// A rule of a version of the network's policy.
    Network {
        /// The version.
        version: u32,
        /// The name in the policy.
        name: String,
        /// Whether it is a ceiling of a role.
        is_ceiling: bool,
    },
    /// A veto of a custodian.
    Custodian {
        /// The version of the policy in whose image it stood.
        version: u32,
        /// Its name.
        name: String,
    },
    /// A provision of a consent.
    Consent(crate::Origin),
    /// A place where there is no rule: the reasons belong to another chart or policy.
    Unknown,
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { version, name, .. } => write!(f, "network:{version}/{name}"),
            Self::Custodian { version, name } => write!(f, "custodian:{version}/{name}"),
            Self::Consent(origin) => write!(f, "consent:{}.{}/{}", origin.consent, origin.version, origin.provision),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl Engine<'_> {
    /// The name of a rule of this policy or of a chart.
    #[must_use]
    pub fn rule_name(&self, chart: &Chart, at: RuleRef) -> RuleName {
        let version = self.policy.version();
        let found = match at {
            RuleRef::Network(place) => self.policy.network_origin(place).map(|rule| RuleName::Network {
                version,
                name: rule.name.clone(),
                is_ceiling: rule.is_ceiling,
            }),
            RuleRef::Custodian(place) => {
                let rule = self.policy.custodian_origin(place);
                rule.map(|rule| RuleName::Custodian { version, name: rule.name.clone() })
            }
            RuleRef::Chart(place) => {
                let origin = usize::try_from(place).ok().and_then(|place| chart.origins.get(place));
                origin.copied().map(RuleName::Consent)
            }
        };
        found.unwrap_or(RuleName::Unknown)
    }
}

/// Says why a decision came out as it did.
#[must_use]
pub fn explain(
    engine: &Engine<'_>,
    chart: &Chart,
    (decision, reasons): (&Decision, &Reasons),
    audience: Audience,
) -> Sentence {
    match audience {
        Audience::Officer => for_officer(engine, chart, (decision, reasons)),
        Audience::Requester { is_identity_visible } => for_requester(decision, is_identity_visible),
    }
}

fn for_requester(decision: &Decision, is_identity_visible: bool) -> Sentence {
    let own_side = decision.stops.iter().filter(|stop| is_of_requester(*stop));
    let told: Vec<Sentence> = own_side.map(stop_sentence).collect();
    if !told.is_empty() {
        return join(&told);
    }
    if !is_identity_visible {
        // Exactly what is said of somebody whom the index does not know.
        return Sentence::of("該当する記録は見つかりませんでした。", "No such record was found.");
    }
    if decision.outcome == Outcome::Deny {
        return Sentence::of("この記録は閲覧できません。", "This record may not be viewed.");
    }
    let mut sentence = Sentence::of("閲覧できます。", "It may be viewed.");
    sentence.push(&obligations_sentence(decision.obligations));
    sentence
}

/// Whether a stop lies with the requester or the question, and says nothing of the patient.
#[must_use]
pub fn is_of_requester(stop: Stop) -> bool {
    matches!(
        stop,
        Stop::Stale
            | Stop::UnknownPurpose
            | Stop::Suspended
            | Stop::PurposeNotLicensed
            | Stop::NotParticipating
            | Stop::EmergencyRefused
    )
}

fn for_officer(engine: &Engine<'_>, chart: &Chart, (decision, reasons): (&Decision, &Reasons)) -> Sentence {
    let mut sentence = match decision.basis {
        Basis::OwnRecord => Sentence::of("許可：自施設の記録です。", "Permitted: the institution's own record."),
        Basis::Permitted => Sentence::of("許可：", "Permitted:"),
        Basis::Emergency(kind) => Sentence {
            japanese: format!("許可（{}）：", kind.japanese()),
            english: format!("Permitted ({}):", kind.english()),
        },
        Basis::Stopped => Sentence::of("拒否：", "Denied:"),
        Basis::Denied => Sentence::of("拒否：", "Denied:"),
        Basis::NoPermit => {
            Sentence::of("拒否：許可する同意も規則もありません。", "Denied: no consent and no rule permits it.")
        }
    };
    decision.stops.iter().for_each(|stop| sentence.push(&stop_sentence(stop)));
    for (fate, japanese, english) in [
        (Fate::Denies, "拒否", "denied by"),
        (Fate::Permits, "許可", "permitted by"),
        (Fate::Lifted, "同じ同意の許可により解除された拒否", "a deny lifted by a permit of the same consent:"),
        (Fate::Overridden, "緊急時のため適用しない拒否", "a deny set aside in the emergency:"),
        (Fate::Limits, "条件", "limited by"),
    ] {
        for at in reasons.of(fate) {
            let Some(rule) = engine.rule(chart.view(), at) else { continue };
            let (name, words) = (engine.rule_name(chart, at), describe(rule, engine.book));
            sentence.push(&Sentence {
                japanese: format!("{japanese}〔{name}〕{}", words.japanese),
                english: format!("{english} [{name}] {}", words.english),
            });
        }
    }
    let lacks_permit = decision.outcome == Outcome::Deny && reasons.of(Fate::Permits).next().is_none();
    if lacks_permit && decision.basis != Basis::NoPermit {
        sentence.push(&Sentence::of("許可する同意や規則もありません。", "Nobody permits it either."));
    }
    sentence.push(&obligations_sentence(decision.obligations));
    sentence
}

/// What a hard stop says.
#[must_use]
pub fn stop_sentence(stop: Stop) -> Sentence {
    let (japanese, english) = match stop {
        Stop::Stale => (
            "判定できません（最新の情報を確認できません）。",
            "It cannot be decided: what is known may be out of date.",
        ),
        Stop::UnknownCategory => ("データの種別が不明です。", "The kind of data is not known."),
        Stop::UnknownLabel => ("機微区分が不明です。", "A sensitivity label is not known."),
        Stop::UnknownPurpose => ("利用目的が不明です。", "The purpose is not known."),
        Stop::UnknownInstitution => ("施設が登録されていません。", "An institution is not in the directory."),
        Stop::UnknownIdentity => ("この患者の記録と確認できません。", "The record is not one of this person's."),
        Stop::Suspended => ("利用者または施設は利用停止中です。", "The user or the institution is suspended."),
        Stop::PurposeNotLicensed => {
            ("この目的での利用は許可されていません。", "The client is not licensed for this purpose.")
        }
        Stop::NotParticipating => {
            ("施設はネットワークに参加していません。", "The institution does not take part in the network.")
        }
        Stop::NotEnrolled => ("患者は参加していません。", "The patient has not joined."),
        Stop::Withdrawn => ("患者は同意を撤回しています。", "The patient has withdrawn."),
        Stop::Deceased => ("患者は亡くなっています。", "The patient has died."),
        Stop::EmergencyRefused => {
            ("緊急時閲覧の条件を満たしていません。", "The emergency was not declared, or is not authorised.")
        }
    };
    Sentence::of(japanese, english)
}

/// What must be done beside; empty when there is nothing.
#[must_use]
pub fn obligations_sentence(obligations: Obligations) -> Sentence {
    let parts: Vec<(String, String)> = obligations.iter().map(obligation_words).collect();
    if parts.is_empty() {
        return Sentence::default();
    }
    let (japanese, english): (Vec<String>, Vec<String>) = parts.into_iter().unzip();
    Sentence {
        japanese: format!("条件：{}。", japanese.join("、")),
        english: format!("Conditions: {}.", english.join(", ")),
    }
}

fn obligation_words(obligation: Obligation) -> (String, String) {
    let (japanese, english) = match obligation {
        Obligation::Redact => ("表示しない", "do not show it"),
        Obligation::SummaryOnly => ("要約・一覧のみ", "summary or list only"),
        Obligation::Mask(Field::Address) => ("住所・連絡先を隠す", "hide address and telephone"),
        Obligation::Mask(Field::Author) => ("記載者を隠す", "hide the author"),
        Obligation::Mask(Field::Institution) => ("施設名を隠す", "hide the institution"),
        Obligation::Mask(Field::Contacts) => ("家族・連絡先を隠す", "hide contacts"),
        Obligation::NoDownload => ("保存不可", "no download"),
        Obligation::NoPrint => ("印刷不可", "no printing"),
        Obligation::NoRedisclosure => ("第三者への再提供不可", "no redisclosure"),
        Obligation::Watermark => ("閲覧者名を透かしで表示", "watermark with the viewer's name"),
        Obligation::Audit => ("詳細に記録", "detailed audit"),
        Obligation::ExplainLater => ("回復後に患者へ説明", "explain to the patient afterwards"),
        Obligation::ReasonRequired => ("理由の入力", "state a reason"),
        Obligation::StepUp => ("再認証", "authenticate again"),
        Obligation::Notify(Notified::Patient) => ("患者へ通知", "notify the patient"),
        Obligation::Notify(Notified::Custodian) => ("情報提供施設へ通知", "notify the custodian"),
        Obligation::Notify(Notified::Officer) => ("個人情報保護担当者へ通知", "notify the privacy officer"),
        Obligation::RetainYears(years) => {
            return (format!("記録を{years}年以上保存"), format!("keep the log for {years} years"));
        }
        Obligation::TimeboxHours(hours) => return (format!("{hours}時間まで"), format!("ends after {hours} hours")),
        Obligation::ReviewDays(days) => return (format!("{days}日以内に審査"), format!("review within {days} days")),
    };
    (japanese.to_owned(), english.to_owned())
}

fn join(sentences: &[Sentence]) -> Sentence {
    sentences.iter().fold(Sentence::default(), |mut all, sentence| {
        all.push(sentence);
        all
    })
}

impl Sentence {
    /// A sentence in both languages.
    #[must_use]
    pub fn of(japanese: &str, english: &str) -> Self {
        Self { japanese: japanese.to_owned(), english: english.to_owned() }
    }

    /// Adds another after this one.
    pub fn push(&mut self, other: &Self) {
        self.japanese.push_str(&other.japanese);
        if !self.english.is_empty() && !other.english.is_empty() {
            self.english.push(' ');
        }
        self.english.push_str(&other.english);
    }
}
