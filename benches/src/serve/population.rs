//! The invented population of a measurement, and what of it arrives later.
//!
//! `nayose synth` makes it. A part of the records is held back before loading, at most one of each person that has
//! several: they arrive as new records of known persons, with the errors that their institution makes. Another seed makes
//! the new persons. Of what is loaded a sample is kept in memory, to be updated and asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::random::{Random, number_of};

/// One record, by column.
pub(crate) type Row = BTreeMap<String, String>;

/// How many records are needed of each kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needed {
    /// Held back, to arrive as new records of known persons.
    pub(crate) held_back: usize,
    /// Kept in memory of those that are loaded.
    pub(crate) sampled: usize,
    /// First records of new persons.
    pub(crate) new_persons: usize,
}

/// The population, ready to be loaded and to arrive.
#[derive(Debug)]
pub(crate) struct Population {
    /// The records to load.
    pub(crate) records_file: PathBuf,
    /// How many those are.
    pub(crate) loaded: u64,
    /// The directory to load: the institutions with their domains, and the service that asks.
    pub(crate) directory_file: PathBuf,
    /// Domain of the patient numbers of each institution.
    pub(crate) authorities: BTreeMap<String, String>,
    /// Loaded records, in random order.
    pub(crate) sample: Vec<Row>,
    /// Records of loaded persons that are not loaded.
    pub(crate) held_back: Vec<Row>,
    /// Records of persons that nobody knows.
    pub(crate) new_persons: Vec<Row>,
}

impl Population {
    /// Divides the output of `synth` in a folder; `strangers` is that of another seed.
    pub(crate) fn divide(folder: &Path, strangers: &Path, needed: Needed) -> anyhow::Result<Self> {
        let institutions: Vec<Row> = rows(&folder.join("institutions.csv"))?.collect::<anyhow::Result<_>>()?;
        let directory_file = folder.join("directory.toml");
        std::fs::write(&directory_file, directory_of(&institutions)?).context("cannot write the directory")?;
        let pair = |mut row: Row| (take(&mut row, "institution_id"), take(&mut row, "authority"));
        let authorities: BTreeMap<String, String> = institutions.into_iter().map(pair).collect();
        let chosen = choose_held_back(&folder.join("truth.csv"), needed.held_back)?;
        let records_file = folder.join("loaded.csv");
        let (held_back, sample, loaded) = split(&folder.join("records.csv"), &records_file, (&chosen, needed.sampled))?;
        let mut population = Self {
            records_file,
            loaded,
            directory_file,
            authorities,
            sample,
            held_back,
            new_persons: first_records(strangers, needed.new_persons)?,
        };
        population.settle_strangers();
        let mut random = Random::new(11);
        random.shuffle(&mut population.sample);
        random.shuffle(&mut population.held_back);
        Ok(population)
    }

    /// New persons come to institutions of this population, under numbers that nobody has.
    fn settle_strangers(&mut self) {
        let institutions: Vec<&String> = self.authorities.keys().collect();
        let mut random = Random::new(12);
        for row in &mut self.new_persons {
            if let Some(institution) = random.one_of(&institutions) {
                row.insert("institution".to_owned(), (*institution).clone());
            }
            let number = row.entry("local_id".to_owned()).or_default();
            number.push_str("-2");
        }
    }
}

/// The directory as TOML, whose texts are written as those of JSON: what `institutions.csv` says, and a service that is licensed for treatment.
fn directory_of(institutions: &[Row]) -> anyhow::Result<String> {
    let text =
        |row: &Row, column: &str| serde_json::Value::from(row.get(column).map_or("", String::as_str)).to_string();
    let mut toml = String::new();
    for row in institutions {
        let [id, name, kind, region, authority] =
            ["institution_id", "name", "kind", "region", "authority"].map(|column| text(row, column));
        let disclosing = row.get("disclosing").is_some_and(|word| matches!(word.as_str(), "1" | "true" | "yes"));
        writeln!(
            toml,
            "[[institutions]]\nid = {id}\nname = {name}\nkind = {kind}\nregion = {region}\ndisclosing = {disclosing}\n\
             [[authorities]]\nid = {authority}\nname = {name}\nkind = \"patients\"\nowner = {id}"
        )?;
    }
    let first = institutions.first().context("there is no institution")?;
    let id = text(first, "institution_id");
    writeln!(
        toml,
        "[[clients]]\nid = \"network\"\nname = \"network\"\ninstitution = {id}\npurposes = [\"TREAT\"]\nroles = [\"physician\"]"
    )?;
    Ok(toml)
}

/// One record of each of some persons that have several. The rows of one person stand together in the truth.
fn choose_held_back(truth: &Path, count: usize) -> anyhow::Result<BTreeSet<String>> {
    let mut candidates: Vec<(u64, String)> = Vec::new();
    let mut person = String::new();
    let mut records: Vec<String> = Vec::new();
    let mut close = |records: &mut Vec<String>| {
        let last = records.pop().filter(|_| !records.is_empty());
        candidates.extend(last.map(|record| (number_of(&record), record)));
        records.clear();
    };
    for row in rows(truth)? {
        let mut row = row?;
        let of = take(&mut row, "person_id");
        if of != person {
            close(&mut records);
            person = of;
        }
        records.push(take(&mut row, "record_id"));
    }
    close(&mut records);
    candidates.sort_unstable();
    Ok(candidates.into_iter().take(count).map(|(_, record)| record).collect())
}

/// Writes the records that are loaded; gives those held back, a sample of the loaded ones, and the number loaded.
fn split(
    records: &Path,
    loaded_file: &Path,
    (chosen, sampled): (&BTreeSet<String>, usize),
) -> anyhow::Result<(Vec<Row>, Vec<Row>, u64)> {
    let mut reader = csv::Reader::from_path(records).with_context(|| format!("cannot read `{}`", records.display()))?;
    let header = reader.headers()?.clone();
    let mut writer = csv::Writer::from_path(loaded_file)?;
    writer.write_record(&header)?;
    let total = std::fs::metadata(records)?.len() / 150;
    // The share of the sample in 2^64, from a low estimate of the records: some more are taken than needed.
    let share = (u128::from(u64::MAX) * u128::try_from(sampled)? / u128::from(total.max(1))).min(u64::MAX.into());
    let (mut held_back, mut sample, mut loaded) = (Vec::new(), Vec::new(), 0);
    for record in reader.records() {
        let record = record?;
        let id = record.get(0).unwrap_or_default();
        if chosen.contains(id) {
            held_back.push(row_of(&header, &record));
            continue;
        }
        loaded += 1;
        writer.write_record(&record)?;
        if u128::from(number_of(id)) <= share {
            sample.push(row_of(&header, &record));
        }
    }
    writer.flush()?;
    Ok((held_back, sample, loaded))
}

/// The first record of each of some persons.
fn first_records(folder: &Path, count: usize) -> anyhow::Result<Vec<Row>> {
    let mut firsts = BTreeSet::new();
    let mut person = String::new();
    for row in rows(&folder.join("truth.csv"))? {
        let mut row = row?;
        let of = take(&mut row, "person_id");
        if of != person && firsts.len() < count {
            firsts.insert(take(&mut row, "record_id"));
        }
        person = of;
    }
    let mut found = Vec::new();
    for row in rows(&folder.join("records.csv"))? {
        let row = row?;
        if row.get("record_id").is_some_and(|id| firsts.contains(id)) {
            found.push(row);
        }
    }
    if found.is_empty() {
        bail!("no records in `{}`", folder.display());
    }
    Ok(found)
}

fn rows(path: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Row>>> {
    let file = File::open(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let header = reader.headers()?.clone();
    Ok(reader.into_records().map(move |record| Ok(row_of(&header, &record?))))
}

fn row_of(header: &csv::StringRecord, record: &csv::StringRecord) -> Row {
    header.iter().zip(record).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn take(row: &mut Row, column: &str) -> String {
    row.remove(column).unwrap_or_default()
}
