//! How good a linkage is: reads clusters, scored pairs and truth, and counts with `linkage::evaluate`.
//!
//! Columns are taken by position, as in the files of every engine that is measured here: truth `record, person`,
//! clusters `record, cluster`, pairs `left, right, weight`. A record that the truth does not know is an error: a
//! measurement that leaves something out would flatter.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context as _;
// Look-ups only: the map is never iterated, so its order cannot leak.
use hashbrown::HashMap;
use linkage::evaluate::{ScoredPairs, Truth, measure_clusters};
use serde::{Deserialize, Serialize};

/// What is linked at one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    /// Match weight in bits from which pairs are linked.
    pub(crate) threshold: f64,
    pub(crate) precision: f64,
    pub(crate) recall: f64,
    pub(crate) f1: f64,
}

/// Quality of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Quality {
    /// Scored pairs at the threshold with the best F1.
    pub(crate) best: Point,
    /// Scored pairs at the default threshold.
    pub(crate) default: Point,
    /// Pairwise F1 of the clusters.
    pub(crate) clusters_f1: f64,
    /// B-cubed F1 of the clusters.
    pub(crate) clusters_bcubed: f64,
}

/// The truth about numbered records.
#[derive(Debug)]
pub(crate) struct Known {
    records: Labels,
    persons: Vec<u32>,
    sources: Option<Vec<u32>>,
}

/// What an engine wrote.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) clusters: &'a Path,
    pub(crate) pairs: &'a Path,
    /// Its default threshold, in bits.
    pub(crate) threshold: f64,
}

#[derive(Debug, Default)]
struct Labels(HashMap<String, u32>);

impl Labels {
    fn number(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry_ref(name).or_insert(next)
    }

    fn known(&self, name: &str) -> anyhow::Result<u32> {
        self.0.get(name).copied().with_context(|| format!("record `{name}` is not in the truth"))
    }
}

impl Known {
    /// Reads the truth.
    pub(crate) fn read(truth: &Path) -> anyhow::Result<Self> {
        let (mut records, mut names, mut persons) = (Labels::default(), Labels::default(), Vec::new());
        for_each_row(truth, |row| {
            let (record, person) = (column(row, 0)?, column(row, 1)?);
            anyhow::ensure!(records.0.len() == persons.len(), "record named twice before `{record}`");
            records.number(record);
            persons.push(names.number(person));
            Ok(())
        })?;
        Ok(Self { records, persons, sources: None })
    }

    /// Lets only pairs across sources count; the record id is the first column of the file.
    pub(crate) fn across_sources(mut self, records: &Path, source: &str) -> anyhow::Result<Self> {
        let at = reader(records)?.headers()?.iter().position(|name| name == source);
        let at = at.with_context(|| format!("no column `{source}`"))?;
        let (mut names, mut sources) = (Labels::default(), vec![0; self.persons.len()]);
        for_each_row(records, |row| {
            let record = self.records.known(column(row, 0)?)?;
            if let Some(slot) = sources.get_mut(record as usize) {
                *slot = names.number(column(row, at)?);
            }
            Ok(())
        })?;
        self.sources = Some(sources);
        Ok(self)
    }

    /// Measures an answer.
    pub(crate) fn measure(&self, answer: &Answer<'_>) -> anyhow::Result<Quality> {
        let truth = Truth { persons: &self.persons, sources: self.sources.as_deref() };
        let pairs = ScoredPairs::new(&truth, &self.pairs(answer.pairs)?);
        let point = |threshold: f32| {
            let counts = pairs.at(threshold);
            let (precision, recall, f1) = (counts.precision(), counts.recall(), counts.f1());
            Point { threshold: f64::from(threshold), precision, recall, f1 }
        };
        let clusters = measure_clusters(&truth, &self.clusters(answer.clusters)?);
        Ok(Quality {
            best: pairs.best_f1().map(|best| point(best.threshold)).unwrap_or_default(),
            default: point(narrow(answer.threshold)),
            clusters_f1: clusters.pairwise.f1(),
            clusters_bcubed: clusters.bcubed.f1(),
        })
    }

    fn pairs(&self, path: &Path) -> anyhow::Result<Vec<(u32, u32, f32)>> {
        let mut pairs = Vec::new();
        for_each_row(path, |row| {
            let weight = column(row, 2)?.parse().context("a weight is not a number")?;
            pairs.push((self.records.known(column(row, 0)?)?, self.records.known(column(row, 1)?)?, weight));
            Ok(())
        })?;
        Ok(pairs)
    }

    /// One cluster per record; a record that is in none keeps a cluster of its own.
    fn clusters(&self, path: &Path) -> anyhow::Result<Vec<u32>> {
        let mut names = Labels::default();
        let mut clusters = vec![None; self.persons.len()];
        for_each_row(path, |row| {
            let record = self.records.known(column(row, 0)?)?;
            if let Some(slot) = clusters.get_mut(record as usize) {
                *slot = Some(names.number(column(row, 1)?));
            }
            Ok(())
        })?;
        let given = u32::try_from(names.0.len()).unwrap_or(u32::MAX);
        Ok((given..).zip(clusters).map(|(own, cluster)| cluster.unwrap_or(own)).collect())
    }
}

fn reader(path: &Path) -> anyhow::Result<csv::Reader<BufReader<File>>> {
    let file = File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
    Ok(csv::Reader::from_reader(BufReader::new(file)))
}

fn for_each_row(path: &Path, mut visit: impl FnMut(&csv::StringRecord) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut reader = reader(path)?;
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).with_context(|| format!("cannot read `{}`", path.display()))? {
        visit(&row).with_context(|| format!("bad row in `{}`", path.display()))?;
    }
    Ok(())
}

fn column(row: &csv::StringRecord, at: usize) -> anyhow::Result<&str> {
    row.get(at).context("too few columns")
}

#[expect(clippy::cast_possible_truncation, reason = "weights are stored and compared in this precision")]
fn narrow(weight: f64) -> f32 {
    weight as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn measures_pairs_and_clusters() {
        let scratch = Scratch::create("quality").unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(scratch.path(name), text).unwrap();
            scratch.path(name)
        };
        let truth = file("truth.csv", "id,person\na,1\nb,1\nc,2\nd,2\n");
        let pairs = file("pairs.csv", "l,r,w\na,b,5\nc,d,-1\na,c,-3\n");
        let clusters = file("clusters.csv", "id,cluster\na,a\nb,a\nc,c\n");
        let known = Known::read(&truth).unwrap();
        let quality = known.measure(&Answer { clusters: &clusters, pairs: &pairs, threshold: 0.0 }).unwrap();
        assert_eq!(quality.best, Point { threshold: -1.0, precision: 1.0, recall: 1.0, f1: 1.0 });
        assert_eq!((quality.default.precision, quality.default.recall), (1.0, 0.5));
        assert_eq!(quality.clusters_f1, 2.0 / 3.0);

        let records = file("records.csv", "id,source\na,x\nb,x\nc,x\nd,y\n");
        let known = known.across_sources(&records, "source").unwrap();
        let quality = known.measure(&Answer { clusters: &clusters, pairs: &pairs, threshold: -2.0 }).unwrap();
        assert_eq!((quality.default.precision, quality.default.recall), (1.0, 1.0));

        let strange = file("strange.csv", "l,r,w\na,z,5\n");
        assert!(known.measure(&Answer { clusters: &clusters, pairs: &strange, threshold: 0.0 }).is_err());
        let twice = file("twice.csv", "id,person\na,1\na,2\nb,2\n");
        assert!(Known::read(&twice).is_err());
    }
}
