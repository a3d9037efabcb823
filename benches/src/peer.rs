//! Runs the peer (Splink on DuckDB) with the blocking of our rule file.
//!
//! The rules are turned into the SQL that Splink reads, on the columns as they stand in the file: Splink does not
//! normalise, and doing it for it would be another engine. The peer measures itself, from the first read to the last
//! cluster; the interpreter and its imports are not counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use linkage::block::{KeyFunction, KeyPart};
use linkage::rules::RuleSet;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::machine::repository;
use crate::nayose::Block;
use crate::process::{Cost, measure};
use crate::scratch::Scratch;

/// The peer: a Python that has `splink` and `duckdb`, and with how many threads it links.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) python: PathBuf,
    pub(crate) threads: u16,
}

/// What one run of the peer says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PeerRun {
    pub(crate) versions: String,
    pub(crate) cost: Cost,
    /// Processor and wall seconds of each stage.
    pub(crate) stages: serde_json::Map<String, serde_json::Value>,
    /// Pairs of each rule that no earlier rule had; empty when they were not asked for.
    pub(crate) blocks: Vec<Block>,
}

/// Files that a run of the peer reads and writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerFiles<'a> {
    pub(crate) records: &'a Path,
    /// Where clusters and scored pairs go. Writing them and counting the pairs is not timed.
    pub(crate) outputs: Option<(&'a Path, &'a Path)>,
}

impl Peer {
    /// Runs the peer once.
    pub(crate) fn link(&self, rules: &RuleSet, files: &PeerFiles<'_>, scratch: &Scratch) -> anyhow::Result<PeerRun> {
        let spec = scratch.path("peer-rules.json");
        fs::write(&spec, spec_of(rules)?.to_string()).context("cannot write the rules of the peer")?;
        let mut command = Command::new(&self.python);
        command.arg(repository().join("benches/peer/splink_jp.py"));
        command.arg("--records").arg(files.records).arg("--spec").arg(&spec);
        command.args(["--threads", &self.threads.to_string()]).arg("--spill").arg(scratch.path("spill"));
        if let Some((clusters, pairs)) = files.outputs {
            command.arg("--count").arg("--clusters").arg(clusters).arg("--pairs").arg(pairs);
        }
        let (_, output) = measure(&mut command)?;
        serde_json::from_str(&output).context("the answer of the peer cannot be read")
    }
}

/// Blocking and deterministic rules as the script reads them.
fn spec_of(rules: &RuleSet) -> anyhow::Result<serde_json::Value> {
    let mut blocks = Vec::new();
    for block in &rules.blocks {
        blocks.push(json!({ "name": block.name, "sql": sql_of(rules, &block.parts)? }));
    }
    let deterministic = rules.training.deterministic.iter().map(|key| sql_of(rules, key));
    let deterministic = deterministic.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(json!({ "blocks": blocks, "deterministic": deterministic, "recall": rules.training.recall }))
}

/// A key as the condition under which two rows share it. SQL leaves rows without a value out, as our blocks do.
fn sql_of(rules: &RuleSet, key: &[KeyPart]) -> anyhow::Result<String> {
    let parts = key.iter().map(|part| {
        let field = rules.fields.get(part.field.index()).context("a key names a field that is not there")?;
        let [column] = field.columns.as_slice() else { bail!("field `{}` has several columns", field.name) };
        match part.function {
            KeyFunction::Folded => Ok(format!("l.{column} = r.{column}")),
            KeyFunction::Prefix(n) => Ok(format!("substr(l.{column}, 1, {n}) = substr(r.{column}, 1, {n})")),
            other => bail!("the peer has nothing like the key function {other:?}"),
        }
    });
    Ok(parts.collect::<anyhow::Result<Vec<_>>>()?.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> RuleSet {
        let start = "name = \"t\"\ntitle = \"t\"\n[match]\nupper = 0.0\nlower = -8.0\n[fields]\n\
            given = { column = \"given_kanji\", kind = \"kanji_name\" }\n\
            date = { column = \"dob\", kind = \"date\" }\n\
            [[comparison]]\nname = \"given\"\nlevels = [{ name = \"missing\", when = \"null(given)\", null = true }, \
            { name = \"equal\", when = \"exact(given)\" }, { name = \"different\" }]\n\
            [[comparison]]\nname = \"date\"\nlevels = [{ name = \"missing\", when = \"null(date)\", null = true }, \
            { name = \"equal\", when = \"exact(date)\" }, { name = \"different\" }]\n";
        RuleSet::parse(&format!("{start}{text}")).unwrap()
    }

    #[test]
    fn blocks_on_the_columns_of_the_file() {
        let rules = rules(
            "[[block]]\nkey = [\"given\", \"date\"]\n[[block]]\nkey = [\"prefix(given, 2)\"]\n\
             [training]\ndeterministic = [[\"date\"]]\nrecall = 0.8\nblocks = [[\"given\"], [\"date\"]]\n",
        );
        let spec = spec_of(&rules).unwrap();
        let sql = |at: usize| spec["blocks"][at]["sql"].as_str().unwrap().to_owned();
        assert_eq!(sql(0), "l.given_kanji = r.given_kanji and l.dob = r.dob");
        assert_eq!(sql(1), "substr(l.given_kanji, 1, 2) = substr(r.given_kanji, 1, 2)");
        assert_eq!(spec["deterministic"], json!(["l.dob = r.dob"]));
    }

    #[test]
    fn refuses_keys_that_the_peer_cannot_have() {
        let rules = rules(
            "[[block]]\nkey = [\"year_day(date)\"]\n\
             [training]\ndeterministic = [[\"date\"]]\nrecall = 0.8\nblocks = [[\"given\"], [\"date\"]]\n",
        );
        assert!(spec_of(&rules).unwrap_err().to_string().contains("YearDay"));
    }
}
