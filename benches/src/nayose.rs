//! Runs the binary `nayose` as a user would: `synth` for the records, `link --train` for the measurement.
//!
//! The whole process counts, from start to exit: reading, training, blocking, scoring, clustering, and writing both
//! outputs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::process::{Cost, measure};

/// The binary, and with how many threads it links.
#[derive(Clone, Debug)]
pub(crate) struct Nayose {
    pub(crate) binary: PathBuf,
    pub(crate) threads: u16,
}

/// What to link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link<'a> {
    pub(crate) rules: &'a Path,
    pub(crate) records: &'a Path,
    /// The column that names the source, to link across sources only.
    pub(crate) source: Option<&'a str>,
    /// Weight from which pairs are written; `None`: the lower threshold of the rules.
    pub(crate) weight_min: Option<f64>,
    pub(crate) clusters: &'a Path,
    pub(crate) pairs: &'a Path,
}

/// The part of the summary of `link --json` that is measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) records: u64,
    pub(crate) blocks: Vec<Block>,
    pub(crate) second_hop_pairs: u64,
    pub(crate) pairs_compared: u64,
    pub(crate) threshold: f64,
}

/// Pairs of a blocking rule that no earlier rule had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(crate) name: String,
    pub(crate) pairs: u64,
    #[serde(default)]
    pub(crate) blocks_skipped: u64,
}

impl Nayose {
    /// The binary of that path; without one, that beside this program.
    pub(crate) fn find(given: Option<PathBuf>, threads: u16) -> anyhow::Result<Self> {
        let beside = || Some(std::env::current_exe().ok()?.with_file_name("nayose"));
        let binary = given.or_else(beside).context("this program does not know its own path: give --nayose")?;
        if !binary.is_file() {
            bail!("no binary `{}`: run `cargo build --release -p hub`, or give --nayose", binary.display());
        }
        Ok(Self { binary, threads })
    }

    /// Makes a population with the columns of `jp_10k`: `records.csv` and `truth.csv` in a folder.
    pub(crate) fn synth(&self, people: u64, seed: u64, folder: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(&self.binary);
        command.args(["synth", "--profile", "base", "--columns", "jp_10k", "--json"]);
        command.args(["--people", &people.to_string(), "--seed", &seed.to_string(), "--out"]).arg(folder);
        measure(&mut command).map(|_| ())
    }

    /// Links.
    pub(crate) fn link(&self, link: &Link<'_>) -> anyhow::Result<(Cost, Summary)> {
        let mut command = Command::new(&self.binary);
        command.args(["link", "--train", "--json", "--id", "unique_id", "--threads", &self.threads.to_string()]);
        command.arg("--rules").arg(link.rules).arg(link.records);
        command.arg("--out").arg(link.clusters).arg("--pairs").arg(link.pairs);
        if let Some(source) = link.source {
            command.args(["--source", source]);
        }
        if let Some(weight) = link.weight_min {
            command.args(["--min-weight", &weight.to_string()]);
        }
        let (cost, output) = measure(&mut command)?;
        Ok((cost, serde_json::from_str(&output).context("the summary of `nayose link` cannot be read")?))
    }
}
