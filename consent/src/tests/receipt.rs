//! Receipts: the document and the page, and that the bytes stay what was signed.

use super::world::*;
use crate::document::*;
use crate::receipt::*;
use crate::*;
use directory::InstitutionId;

fn terms() -> ReceiptTerms<'static> {
    ReceiptTerms {
        network: "地域医療連携ネットワーク <試験>",
        policy: (1, [0xab; 32]),
        how_to_withdraw: "最寄りの参加施設の窓口、または事務局に「撤回届」を出してください。",
        issued: NOW.plus_micros(HOUR),
        directory: (snapshot(), known().as_of),
    }
}

fn receipt() -> Receipt {
    let mut world = World::new();
    let clinic = Recipient::Institution(InstitutionId::new("c1").unwrap());
    let root = Provision {
        purposes: of(&[Purpose::TREAT]),
        exceptions: vec![
            Provision { recipients: Choice::Of(vec![clinic]), ..Provision::deny() },
            Provision { labels: of(&[Label::HIV]), ..Provision::deny() },
        ],
        ..Provision::permit()
    };
    let grantor = Grantor { kind: GrantorKind::Parent, evidence: Some("戸籍".into()), valid: None };
    let document = ConsentDocument { grantor, ..document(7, root) };
    let compiled = world.compile(&document).unwrap();
    consent_receipt(&document, (&compiled, &world.book), &terms())
}

#[test]
fn the_receipt_of_a_consent() {
    let receipt = receipt();
    insta::assert_snapshot!("consent_json", String::from_utf8(receipt.canonical().unwrap()).unwrap());
    insta::assert_snapshot!("consent_page", receipt.page());
}

#[test]
fn the_receipt_of_a_withdrawal() {
    let one = Some((ConsentId([7; 16]), 2));
    let receipt = withdrawal_receipt(identity(1), (one, NOW), GrantorKind::Subject, &terms());
    insta::assert_snapshot!("withdrawal_json", String::from_utf8(receipt.canonical().unwrap()).unwrap());
    let all = withdrawal_receipt(identity(1), (None, NOW), GrantorKind::Family(Kinship::Spouse), &terms());
    insta::assert_snapshot!("withdrawal_page", all.page());
    assert_ne!(receipt.id, all.id);
}

#[test]
fn the_bytes_are_canonical_and_the_id_is_of_all_else() {
    let receipt = receipt();
    let bytes = receipt.canonical().unwrap();
    let read: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let names: Vec<&String> = read.as_object().unwrap().keys().collect();
    let text = String::from_utf8(bytes).unwrap();
    let mut places: Vec<usize> = names.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
    let mut sorted: Vec<(&&String, usize)> = names.iter().zip(places.iter().copied()).collect();
    sorted.sort();
    places.sort_unstable();
    assert_eq!(sorted.iter().map(|(_, place)| *place).collect::<Vec<_>>(), places, "members stand by name");
    let other = Receipt { network: "別".to_owned(), ..receipt.clone() };
    assert_eq!(other.id, receipt.id);
    assert_ne!(other.canonical().unwrap(), receipt.canonical().unwrap());
    // Made again from the same, it is the same to the byte.
    assert_eq!(self::receipt(), receipt);
}
