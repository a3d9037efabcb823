//! `nayose rules test`: runs the golden pairs beside rule sets.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use linkage::rules::golden::{GoldenPairs, Outcome};
use serde::Serialize;

use super::{Test, print, read_text, rule_sets};
use crate::failure::{Exit, Failure};
use crate::linking::{Lookup, read_rules};

/// The outcomes of one rule set.
#[derive(Debug, Serialize)]
struct Tested {
    rules: String,
    tests: String,
    /// Without weights, decisions are not tested.
    is_trained: bool,
    passed: usize,
    failed: usize,
    pairs: Vec<Pair>,
}

#[derive(Debug, Serialize)]
struct Pair {
    name: String,
    line: usize,
    passed: bool,
    match_weight: Option<f64>,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    place: String,
    expected: String,
    found: String,
}

/// Runs the command.
pub(super) fn run(arguments: &Test) -> Result<Exit, Failure> {
    let lookup = Lookup::built_in()?;
    let files = rule_sets(&arguments.rules);
    let tested = files.iter().map(|path| {
        let tests = arguments.tests.clone().unwrap_or_else(|| tests_beside(path));
        test(path, &tests, &lookup)
    });
    let tested: Vec<Tested> = tested.collect::<Result<_, _>>()?;
    print(&tested, arguments.json, |tested| text(tested))?;
    Ok(if tested.iter().any(|rules| rules.failed > 0) { Exit::Finding } else { Exit::Ok })
}

/// `person.toml` has its golden pairs in `person.tests.toml`.
fn tests_beside(rules: &Path) -> PathBuf {
    rules.with_extension("tests.toml")
}

fn test(path: &Path, tests: &Path, lookup: &Lookup) -> Result<Tested, Failure> {
    let rules = read_rules(path)?;
    let pairs = GoldenPairs::parse(&read_text(tests)?, &rules)
        .map_err(|error| Failure::bad_input(anyhow::anyhow!("{}:{}: {}", tests.display(), error.line, error.reason)))?;
    let pairs: Vec<Pair> = pairs.run(&rules, &lookup.tables, &lookup.readings).into_iter().map(pair).collect();
    let passed = pairs.iter().filter(|pair| pair.passed).count();
    Ok(Tested {
        rules: path.display().to_string(),
        tests: tests.display().to_string(),
        is_trained: rules.is_trained(),
        passed,
        failed: pairs.len() - passed,
        pairs,
    })
}

fn pair(outcome: Outcome) -> Pair {
    let findings = outcome.findings.into_iter();
    let findings: Vec<Finding> = findings
        .map(|finding| Finding { place: finding.place, expected: finding.expected, found: finding.found })
        .collect();
    Pair {
        passed: findings.is_empty(),
        name: outcome.name,
        line: outcome.line,
        match_weight: outcome.weight.map(|weight| weight.0),
        findings,
    }
}

fn text(tested: &[Tested]) -> String {
    let mut out = String::new();
    for rules in tested {
        for pair in rules.pairs.iter().filter(|pair| !pair.passed) {
            let weight = pair.match_weight.map_or_else(String::new, |weight| format!(" (match weight {weight:+.2})"));
            let _ = writeln!(out, "{}:{}: FAILED {}{weight}", rules.tests, pair.line, pair.name);
            for finding in &pair.findings {
                let _ =
                    writeln!(out, "  {}: expected `{}`, found `{}`", finding.place, finding.expected, finding.found);
            }
        }
        let untrained = if rules.is_trained { "" } else { " (levels and guards only: not trained)" };
        let _ = writeln!(out, "{}: {} passed, {} failed{untrained}", rules.rules, rules.passed, rules.failed);
    }
    out
}
