//! The population that is searched: records made by `synth`, with the person of each from the truth beside them.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use linkage::normalize::{Kind, Tables, normalize};
use linkage::value::PartialDate;
use mpi::search::{SearchName, SearchRecord};

/// Records in the order in which they were written.
pub(crate) struct Population {
    pub(crate) records: Vec<SearchRecord>,
}

impl Population {
    pub(crate) fn make(people: u64, seed: u64) -> anyhow::Result<Self> {
        let settings = synth::Settings::new(people, seed, synth::Profile::Base);
        let (mut records, mut truth, mut errors, mut strata) =
            (Vec::new(), Vec::new(), std::io::sink(), std::io::sink());
        let mut outputs =
            synth::Outputs { records: &mut records, truth: &mut truth, errors: &mut errors, strata: &mut strata };
        synth::write(&settings, &mut outputs, &mut |_| {})?;
        let persons = persons(&truth)?;
        let mut reader = csv::Reader::from_reader(records.as_slice());
        let headers: BTreeMap<String, usize> =
            reader.headers()?.iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
        let mut made = Vec::new();
        for (number, row) in (1_u128..).zip(reader.records()) {
            made.push(search_record(&headers, &persons, (number, &row?))?);
        }
        Ok(Self { records: made })
    }
}

fn persons(truth: &[u8]) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut persons = BTreeMap::new();
    for row in csv::Reader::from_reader(truth).records() {
        let row = row?;
        let (Some(record), Some(person)) = (row.get(0), row.get(1)) else { bail!("a row of the truth is too short") };
        persons.insert(record.to_owned(), person.trim_start_matches('p').parse()?);
    }
    Ok(persons)
}

fn search_record(
    headers: &BTreeMap<String, usize>,
    persons: &BTreeMap<String, u64>,
    (number, row): (u128, &csv::StringRecord),
) -> anyhow::Result<SearchRecord> {
    let column = |name: &str| headers.get(name).and_then(|&at| row.get(at)).unwrap_or_default().to_owned();
    let name = |part: &str| SearchName {
        kanji: column(&format!("{part}_kanji")),
        kana: column(&format!("{part}_kana")),
        romaji: String::new(),
    };
    let id = row.get(0).unwrap_or_default();
    // Spread over the whole range, as the digests of the store are.
    let key = number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Ok(SearchRecord {
        record: key.to_be_bytes(),
        home: persons.get(id).copied().with_context(|| format!("`{id}` is not in the truth"))?,
        institution: column("institution"),
        family: name("family"),
        given: name("given"),
        former_names: Vec::new(),
        birth_date: date(&column("birth_date")).or_else(|| date(&column("dob"))),
        phones: vec![column("phone")],
        local_id: column("local_id"),
        other_ids: Vec::new(),
    })
}

fn date(text: &str) -> Option<PartialDate> {
    normalize(Kind::Date, text, &Tables::empty())?.date()
}
