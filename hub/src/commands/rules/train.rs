//! `nayose rules train`: learns the weights of a rule set and writes the trained one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use linkage::model::{Frequencies, Profiles};
use linkage::rules::RuleSet;
use linkage::score::Comparer;
use linkage::table::RecordIndex;
use linkage::train::{self, Labels, Settings};
use serde::Serialize;

use super::{Train, print};
use crate::evaluation::load::truth;
use crate::failure::{Exit, Failure};
use crate::linking::{self, Loaded, Pool, Source, TrainingSummary, Weighing};
use crate::output::AtomicFile;
use crate::progress::{Progress, Unit};
use crate::text::thousands;

/// Records of one person whose pairs are taken as labels; of a person with more, the first in canonical order, which
/// is a random one.
const RECORDS_PER_PERSON_MAX: usize = 200;

/// What training did.
#[derive(Debug, Serialize)]
struct Document {
    rules: String,
    /// Digest of the trained rule set.
    rules_digest: String,
    out: String,
    records: u64,
    rejected: u64,
    prior: f64,
    /// Labelled pairs, when trained from the truth.
    labels: Option<LabelCounts>,
    /// The convergence report, when trained without labels.
    training: Option<TrainingSummary>,
    comparisons: Vec<Comparison>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct LabelCounts {
    pairs_used: u64,
    pairs: u64,
    /// Records that the truth does not name.
    records_unknown: u64,
}

#[derive(Debug, Serialize)]
struct Comparison {
    name: String,
    levels: Vec<Level>,
}

#[derive(Debug, Serialize)]
struct Level {
    name: String,
    is_null: bool,
    m: Option<f64>,
    u: Option<f64>,
    weight: Option<f64>,
}

/// Runs the command.
pub(super) fn run(arguments: &Train) -> Result<Exit, Failure> {
    let rules = linking::read_rules(&arguments.rules)?;
    let records = &arguments.records;
    let source = Source {
        data: &records.data,
        id: &records.id,
        source: records.source.as_deref(),
        rejects: records.rejects.as_deref(),
        keep_raw: false,
    };
    let loaded = linking::load(&rules, &source, Pool::new(arguments.threads))?;
    let document = match &arguments.truth {
        Some(truth) => {
            let (trained, labels) = from_truth(&rules, &loaded, truth, arguments.seed)?;
            finish(arguments, &loaded, &trained, Outcome { labels: Some(labels), training: None })?
        }
        None => {
            let weighing = Weighing { train: true, seed: arguments.seed };
            linking::with_scorer(&rules, &loaded, weighing, |ready| {
                let training = ready.training.map(|report| TrainingSummary::of(report, ready.rules));
                finish(arguments, &loaded, ready.rules, Outcome { labels: None, training })
            })?
        }
    };
    print(&document, arguments.json, text)?;
    Ok(Exit::Ok)
}

struct Outcome {
    labels: Option<LabelCounts>,
    training: Option<TrainingSummary>,
}

/// Writes the trained rule set.
fn finish(arguments: &Train, loaded: &Loaded, trained: &RuleSet, outcome: Outcome) -> Result<Document, Failure> {
    let failed = |error| Failure::write(&arguments.out, error);
    let mut file = AtomicFile::create(&arguments.out).map_err(failed)?;
    file.write_all(trained.to_toml().as_bytes()).map_err(failed)?;
    file.commit().map_err(failed)?;
    Ok(Document {
        rules: trained.name.clone(),
        rules_digest: trained.digest(),
        out: arguments.out.display().to_string(),
        records: loaded.table.len() as u64,
        rejected: loaded.rejected,
        prior: trained.prior.unwrap_or(0.0),
        labels: outcome.labels,
        training: outcome.training,
        comparisons: trained.comparisons.iter().map(comparison).collect(),
    })
}

fn comparison(rule: &linkage::rules::Comparison) -> Comparison {
    let levels = rule.levels.iter().map(|level| Level {
        name: level.name.clone(),
        is_null: level.is_null,
        m: level.m,
        u: level.u,
        weight: level.m.zip(level.u).filter(|_| !level.is_null).map(|(m, u)| (m / u).log2()),
    });
    Comparison { name: rule.name.clone(), levels: levels.collect() }
}

/// Learns prior and m from all pairs that the truth calls one person.
fn from_truth(rules: &RuleSet, loaded: &Loaded, path: &Path, seed: u64) -> Result<(RuleSet, LabelCounts), Failure> {
    let known = truth(path)?;
    let progress = Progress::start("training", None, Unit::Count);
    let mut persons: BTreeMap<u32, Vec<RecordIndex>> = BTreeMap::new();
    let mut records_unknown = 0;
    for record in 0..u32::try_from(loaded.table.len()).unwrap_or(u32::MAX) {
        match known.person(loaded.table.id(record)) {
            Some(person) => persons.entry(person).or_default().push(record),
            None => records_unknown += 1,
        }
    }
    let is_comparable = |left: RecordIndex, right: RecordIndex| {
        !loaded.across_sources || loaded.table.source(left) != loaded.table.source(right)
    };
    let mut matches = Vec::new();
    let mut pairs = 0;
    for records in persons.values() {
        pairs += pairs_of(records, loaded);
        for (position, left) in records.iter().enumerate().take(RECORDS_PER_PERSON_MAX) {
            let others = records.iter().take(RECORDS_PER_PERSON_MAX).skip(position + 1);
            matches.extend(others.filter(|right| is_comparable(*left, **right)).map(|right| (*left, *right)));
        }
    }
    if matches.is_empty() {
        let reason = "no two of the records are of one person, so there is nothing to learn";
        return Err(Failure::bad_input(anyhow::anyhow!("{reason}").context(format!("truth `{}`", path.display()))));
    }
    let frequencies = Frequencies::count(rules, &loaded.table);
    let profiles = Profiles::build(rules, &loaded.table, &frequencies, &loaded.pool);
    let comparer = Comparer::new(rules, &loaded.table, &profiles, &loaded.lookup.readings);
    let settings = Settings { across_sources: loaded.across_sources, seed: seed ^ train::SEED };
    let labels = Labels { matches: &matches, matches_total: pairs };
    let trained = train::train_from_labels(&comparer, &frequencies, settings, &labels, &loaded.pool);
    progress.finish();
    Ok((trained, LabelCounts { pairs_used: matches.len() as u64, pairs, records_unknown }))
}

/// All comparable pairs of one person.
fn pairs_of(records: &[RecordIndex], loaded: &Loaded) -> u64 {
    let pairs = |count: u64| count * count.saturating_sub(1) / 2;
    let all = pairs(records.len() as u64);
    if !loaded.across_sources {
        return all;
    }
    let mut sources: BTreeMap<u16, u64> = BTreeMap::new();
    for record in records {
        *sources.entry(loaded.table.source(*record)).or_default() += 1;
    }
    all - sources.values().map(|count| pairs(*count)).sum::<u64>()
}

fn text(document: &Document) -> String {
    let mut out = format!("{} records", thousands(document.records));
    if document.rejected > 0 {
        let _ = write!(out, ", {} rows refused", thousands(document.rejected));
    }
    out.push('\n');
    if let Some(labels) = &document.labels {
        let _ = writeln!(
            out,
            "labels       prior {:.3e} from {} labelled pairs, {} of them used; {} records are not in the truth",
            document.prior,
            thousands(labels.pairs),
            thousands(labels.pairs_used),
            thousands(labels.records_unknown)
        );
    }
    if let Some(training) = &document.training {
        training.write(&mut out);
    }
    for comparison in &document.comparisons {
        let _ = writeln!(out, "\n{}", comparison.name);
        let heading = ["", "m", "u", "weight"].map(ToOwned::to_owned).to_vec();
        let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2e}"));
        let rows = comparison.levels.iter().map(|level| {
            let weight = match level.weight {
                Some(weight) => format!("{weight:+.2}"),
                None => "0".to_owned(),
            };
            vec![level.name.clone(), number(level.m), number(level.u), weight]
        });
        out.push_str(&crate::text::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>()));
    }
    let _ = writeln!(out, "\nwritten to {} ({})", document.out, document.rules_digest);
    out
}
