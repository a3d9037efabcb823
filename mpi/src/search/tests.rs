//! The index as the hub uses it: who is found by what, what is visible, what a crash and a rebuild leave.

mod crash;
mod finding;
mod visible;

use std::sync::Arc;

use directory::InstitutionId;
use linkage::normalize::{TableSources, Tables};
use linkage::value::PartialDate;
use tempfile::TempDir;

use super::*;
use crate::{RecordId, Visible};

fn tables() -> Arc<Tables> {
    static TABLES: std::sync::OnceLock<Arc<Tables>> = std::sync::OnceLock::new();
    let sources = TableSources {
        kanji_fold: include_str!("../../../matching-rules/normalize/kanji_fold.tsv"),
        municipalities: "",
    };
    TABLES.get_or_init(|| Arc::new(Tables::parse(&sources).unwrap())).clone()
}

fn name(kanji: &str, kana: &str) -> SearchName {
    SearchName { kanji: kanji.into(), kana: kana.into(), romaji: String::new() }
}

/// A record from one line: number, home, institution, kanji of family and given name, kana of both, birth date,
/// telephone, local id; `-` is absent.
fn record(line: &str) -> SearchRecord {
    let fields: Vec<String> = line.split_whitespace().map(|field| field.replace('-', "")).collect();
    let [number, home, institution, family, given, family_kana, given_kana, date, phone, local] = fields.as_slice()
    else {
        panic!("{line}");
    };
    let part = |range: std::ops::Range<usize>| date.get(range).and_then(|digits| digits.parse::<u16>().ok());
    let birth_date = part(0..4).map(|year| PartialDate {
        year,
        month: part(4..6).and_then(|month| month.try_into().ok()),
        day: part(6..8).and_then(|day| day.try_into().ok()),
    });
    SearchRecord {
        record: [number.parse().unwrap(); 16],
        home: home.parse().unwrap(),
        institution: institution.clone(),
        family: name(family, family_kana),
        given: name(given, given_kana),
        former_names: Vec::new(),
        birth_date,
        phones: vec![phone.clone()],
        local_id: local.clone(),
        other_ids: Vec::new(),
    }
}

fn put(record: SearchRecord) -> SearchUpdate {
    SearchUpdate::Put(Box::new(record))
}

fn open(folder: &TempDir) -> SearchIndex {
    SearchIndex::open(folder.path(), tables()).unwrap()
}

fn filled(records: impl IntoIterator<Item = SearchRecord>) -> (TempDir, SearchIndex) {
    let folder = TempDir::new().unwrap();
    let mut index = open(&folder);
    index.apply(1, &records.into_iter().map(put).collect::<Vec<_>>()).unwrap();
    index.commit().unwrap();
    (folder, index)
}

fn query(text: &str) -> Query {
    match parse(text, &tables(), |_| false) {
        Question::Words(query) => query,
        Question::EnterpriseId(id) => panic!("{id}"),
    }
}

fn ask(reader: &SearchReader, text: &str) -> Answer {
    reader.search(&query(text), &Visible::All, HITS_MAX).unwrap()
}

/// The first byte of each record found, in rank order.
fn numbers(answer: &Answer) -> Vec<u8> {
    answer.hits.iter().map(|hit| hit.record[0]).collect()
}

fn institution(name: &str) -> InstitutionId {
    InstitutionId::new(name).unwrap()
}

/// Some institutions, and records by their number.
fn some<'a>(institutions: impl IntoIterator<Item = &'a str>, records: impl IntoIterator<Item = u8>) -> Visible {
    Visible::Some {
        custodians: institutions.into_iter().map(institution).collect(),
        records: records.into_iter().map(|number| RecordId([number; 16])).collect(),
    }
}
