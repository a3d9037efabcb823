//! `nayose rules check`: what is wrong with a rule set, and what is odd about it.

use std::fmt::Write as _;
use std::path::Path;

use linkage::rules::RuleSet;
use serde::Serialize;

use super::{Check, print, read_text, rule_sets};
use crate::failure::{Exit, Failure};

/// What a check says of one file.
#[derive(Debug, Serialize)]
struct Checked {
    file: String,
    /// What is wrong; the file is then refused.
    error: Option<Wrong>,
    /// What the rule set holds; absent when it is refused.
    summary: Option<Summary>,
    warnings: Vec<Odd>,
}

#[derive(Debug, Serialize)]
struct Wrong {
    line: usize,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    digest: String,
    fields: usize,
    comparisons: usize,
    levels: usize,
    relations: usize,
    guards: usize,
    blocks: usize,
    is_trained: bool,
}

#[derive(Debug, Serialize)]
struct Odd {
    place: String,
    reason: String,
}

/// Runs the command. All files are checked, whatever is found in the first.
pub(super) fn run(arguments: &Check) -> Result<Exit, Failure> {
    let checked: Vec<Checked> = rule_sets(&arguments.rules).iter().map(|path| check(path)).collect::<Result<_, _>>()?;
    print(&checked, arguments.json, |checked| text(checked))?;
    Ok(if checked.iter().any(|file| file.error.is_some()) { Exit::BadInput } else { Exit::Ok })
}

fn check(path: &Path) -> Result<Checked, Failure> {
    let file = path.display().to_string();
    Ok(match RuleSet::parse(&read_text(path)?) {
        Err(error) => {
            let error = Some(Wrong { line: error.line, reason: error.reason });
            Checked { file, error, summary: None, warnings: Vec::new() }
        }
        Ok(rules) => {
            let warnings = rules.warnings().into_iter();
            Checked {
                file,
                error: None,
                summary: Some(summary(&rules)),
                warnings: warnings.map(|warning| Odd { place: warning.place, reason: warning.reason }).collect(),
            }
        }
    })
}

fn summary(rules: &RuleSet) -> Summary {
    Summary {
        name: rules.name.clone(),
        digest: rules.digest(),
        fields: rules.fields.len(),
        comparisons: rules.comparisons.len(),
        levels: rules.comparisons.iter().map(|comparison| comparison.levels.len()).sum(),
        relations: rules.relations.len(),
        guards: rules.guards.len(),
        blocks: rules.blocks.len(),
        is_trained: rules.is_trained(),
    }
}

fn text(checked: &[Checked]) -> String {
    let mut out = String::new();
    for file in checked {
        if let Some(error) = &file.error {
            // The form that editors jump to.
            let _ = writeln!(out, "{}:{}: {}", file.file, error.line, error.reason);
        }
        if let Some(rules) = &file.summary {
            let trained = if rules.is_trained { "trained" } else { "not trained" };
            let _ = writeln!(
                out,
                "{}: ok: {} fields, {} comparisons with {} levels, {} relations, {} guards, {} blocks, {trained} ({})",
                file.file,
                rules.fields,
                rules.comparisons,
                rules.levels,
                rules.relations,
                rules.guards,
                rules.blocks,
                rules.digest
            );
        }
        for warning in &file.warnings {
            let _ = writeln!(out, "  warning: {}: {}", warning.place, warning.reason);
        }
    }
    out
}
