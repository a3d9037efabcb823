//! The receipt of a consent or a withdrawal: what the person takes home, and can show later.
//!
//! A receipt says what was signed, by whom and when, under which policy, and how it is withdrawn. It is a JSON document
//! whose bytes are canonical (members in the order of their names, no spaces, as RFC 8785 has it for texts and whole
//! numbers), so that a detached signature over them can be checked for ever; the caller signs. The page is the same in
//! Japanese, for printing. Nothing here asks a clock or a store, and no name of a person is in it: the form has that.

use crate::chart::{ConsentId, IdentityId};
use crate::codebook::{Codebook, Name};
use crate::compile::CompiledConsent;
use crate::document::{ConsentDocument, GrantorKind, Kinship, Signature};
use crate::explain::{Wording, described, name_text};
use directory::{AsOf, Instant, Offset, Snapshot};
use serde::Serialize;
use std::fmt::Write as _;

/// What a receipt says beside the document.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptTerms<'a> {
    /// The network, as people call it.
    pub network: &'a str,
    /// The version of its policy, and the digest of the text.
    pub policy: (u32, [u8; 32]),
    /// How to withdraw: whom to tell, where. In the receipt of a withdrawal, how to join again.
    pub how_to_withdraw: &'a str,
    /// When the receipt is issued.
    pub issued: Instant,
    /// Names of institutions, and the moment at which they are called so.
    pub directory: (&'a Snapshot, AsOf),
}

/// A receipt. The fields stand in the order of their names, which makes the bytes canonical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// What was consented to at the root, each sentence in Japanese.
    pub baseline: Vec<String>,
    /// The consent; none for a withdrawal of everything.
    pub consent: Option<String>,
    /// Its exceptions.
    pub exceptions: Vec<String>,
    /// How to withdraw, or after a withdrawal how to join again.
    pub how_to_withdraw: String,
    /// The id of the receipt: a digest of all else.
    pub id: String,
    /// The identity that was presented, as a keyed digest.
    pub identity: String,
    /// When it was issued.
    pub issued: String,
    /// What it is a receipt of.
    pub kind: ReceiptKind,
    /// The network.
    pub network: String,
    /// The digest of the text of the policy.
    pub policy_digest: String,
    /// The version of the policy.
    pub policy_version: u32,
    /// How it was signed.
    pub signature: Option<String>,
    /// When it was signed, or from when the withdrawal holds.
    pub signed: String,
    /// Who signed.
    pub signer: Option<String>,
    /// The version of the consent.
    pub version: Option<u32>,
}

/// What a receipt is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptKind {
    /// A consent.
    Consent,
    /// A withdrawal of one consent.
    ConsentWithdrawal,
    /// A withdrawal from the network.
    Withdrawal,
}

/// The receipt of a consent; the rules are those that its document was compiled to.
#[must_use]
pub fn consent_receipt(
    document: &ConsentDocument,
    (compiled, book): (&CompiledConsent, &Codebook),
    terms: &ReceiptTerms<'_>,
) -> Receipt {
    let name = |name: &Name| called(name, terms);
    let wording = Wording { book, name: &name, shown: usize::MAX };
    let sentences = |is_root: bool| {
        let of = compiled.rules.iter().filter(move |(_, provision)| (*provision == 0) == is_root);
        of.map(|(rule, _)| described(rule, &wording).japanese).collect()
    };
    Receipt {
        baseline: sentences(true),
        exceptions: sentences(false),
        consent: Some(document.consent.to_string()),
        version: Some(document.version),
        signer: Some(signer(document.grantor.kind).to_owned()),
        signature: Some(signature(document.signature).to_owned()),
        signed: said(document.signed),
        ..bare(document.identity, ReceiptKind::Consent, terms)
    }
    .numbered()
}

/// The receipt of a withdrawal: from the network, or of one consent and its version.
#[must_use]
pub fn withdrawal_receipt(
    identity: IdentityId,
    (consent, from): (Option<(ConsentId, u32)>, Instant),
    grantor: GrantorKind,
    terms: &ReceiptTerms<'_>,
) -> Receipt {
    let kind = if consent.is_some() { ReceiptKind::ConsentWithdrawal } else { ReceiptKind::Withdrawal };
    Receipt {
        consent: consent.map(|(consent, _)| consent.to_string()),
        version: consent.map(|(_, version)| version),
        signer: Some(signer(grantor).to_owned()),
        signed: said(from),
        ..bare(identity, kind, terms)
    }
    .numbered()
}

fn bare(identity: IdentityId, kind: ReceiptKind, terms: &ReceiptTerms<'_>) -> Receipt {
    let (policy_version, digest) = terms.policy;
    Receipt {
        baseline: Vec::new(),
        consent: None,
        exceptions: Vec::new(),
        how_to_withdraw: terms.how_to_withdraw.to_owned(),
        id: String::new(),
        identity: identity.to_string(),
        issued: said(terms.issued),
        kind,
        network: terms.network.to_owned(),
        policy_digest: hex(&digest),
        policy_version,
        signature: None,
        signed: String::new(),
        signer: None,
        version: None,
    }
}

impl Receipt {
    /// The bytes that are signed and checked.
    ///
    /// # Errors
    /// None that can be brought about: a receipt is texts and numbers. The serialiser's own error is passed on.
    pub fn canonical(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    fn numbered(self) -> Self {
        let bytes = self.canonical().unwrap_or_default();
        let digest = blake3::hash(&bytes);
        Self { id: hex(digest.as_bytes().get(..16).unwrap_or_default()), ..self }
    }

    /// The page that is printed, in Japanese: one file of HTML without anything from outside.
    #[must_use]
    pub fn page(&self) -> String {
        let (title, signed) = match self.kind {
            ReceiptKind::Consent => ("同意書 受領証", "同意日"),
            ReceiptKind::ConsentWithdrawal => ("同意の撤回 受領証", "撤回日"),
            ReceiptKind::Withdrawal => ("参加の取りやめ 受領証", "取りやめ日"),
        };
        let mut rows: Vec<(&str, String)> = vec![("ネットワーク", self.network.clone())];
        rows.extend(self.signer.iter().map(|signer| ("署名者", signer.clone())));
        rows.extend(self.signature.iter().map(|signature| ("署名の方法", signature.clone())));
        rows.push((signed, self.signed.clone()));
        let version = self.version.map_or_else(String::new, |version| format!("（第{version}版）"));
        rows.extend(self.consent.iter().map(|consent| ("同意番号", format!("{consent}{version}"))));
        rows.push(("運用規程", format!("第{}版（{}）", self.policy_version, self.policy_digest)));
        rows.push(("発行日", self.issued.clone()));
        rows.push(("受領証番号", self.id.clone()));
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}\
             </style>\n</head>\n<body>\n<h1>{title}</h1>\n<table>\n"
        );
        for (name, value) in rows {
            let _ = writeln!(page, "<tr><th>{name}</th><td>{}</td></tr>", escaped(&value));
        }
        page.push_str("</table>\n");
        for (heading, sentences) in [("同意の内容", &self.baseline), ("例外", &self.exceptions)] {
            if sentences.is_empty() {
                continue;
            }
            let _ = writeln!(page, "<h2>{heading}</h2>\n<ul>");
            for sentence in sentences {
                let _ = writeln!(page, "<li>{}</li>", escaped(sentence));
            }
            page.push_str("</ul>\n");
        }
        let heading = if self.kind == ReceiptKind::Consent { "撤回の方法" } else { "今後の手続き" };
        let _ = writeln!(page, "<h2>{heading}</h2>\n<p>{}</p>\n</body>\n</html>", escaped(&self.how_to_withdraw));
        page
    }
}

/// One side of a sheet of paper, black on white.
const STYLE: &str = "body{font-family:sans-serif;margin:2em;max-width:48em}table{border-collapse:collapse}\
th,td{border:1px solid #000;padding:.3em .6em;text-align:left;overflow-wrap:anywhere}@page{size:A4}";

/// An institution by its name; what has no name here by its id.
fn called(name: &Name, terms: &ReceiptTerms<'_>) -> String {
    let (directory, as_of) = terms.directory;
    match name {
        Name::Institution(id) => {
            directory.institution(id, as_of).map_or_else(|| id.to_string(), |it| it.name.to_string())
        }
        Name::Department(id, department) => {
            let institution = directory.institution(id, as_of).map_or_else(|| id.to_string(), |it| it.name.to_string());
            format!("{institution} {department}")
        }
        other => name_text(other),
    }
}

fn signer(kind: GrantorKind) -> &'static str {
    match kind {
        GrantorKind::Subject => "本人",
        GrantorKind::Parent => "親権者",
        GrantorKind::Guardian => "後見人",
        GrantorKind::Curator => "保佐人・補助人",
        GrantorKind::Family(Kinship::Spouse) => "家族（配偶者）",
        GrantorKind::Family(Kinship::Child) => "家族（子）",
        GrantorKind::Family(Kinship::Parent) => "家族（父母）",
        GrantorKind::Family(Kinship::Sibling) => "家族（兄弟姉妹）",
        GrantorKind::Family(Kinship::Other) => "家族（その他の親族）",
        GrantorKind::Attorney => "任意代理人",
        GrantorKind::Court => "裁判所",
    }
}

fn signature(signature: Signature) -> &'static str {
    match signature {
        Signature::Own => "自署",
        Signature::Scribe => "代筆",
        Signature::OralInChart => "口頭（診療録に記載）",
        Signature::Electronic => "電子",
        Signature::Implied => "黙示（従前の取り扱い）",
    }
}

/// A moment as a calendar in Japan shows it, with its day and time.
fn said(instant: Instant) -> String {
    let day = instant.date(Offset::TOKYO).map_or_else(|| "日付不明".to_owned(), |date| date.to_string());
    let minutes = instant.micros().div_euclid(60_000_000).saturating_add(9 * 60).rem_euclid(24 * 60);
    format!("{day} {:02}:{:02} (+09:00)", minutes / 60, minutes % 60)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
