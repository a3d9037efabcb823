//! The house rules that no linter knows: crate arrows, lengths, banned calls and words, dead files, data licences.
//!
//! Every check is a pure function from a [`tree::Tree`] (paths and texts) to a list of [`Problem`]s, so that each is
//! tested on a small invented tree. Only [`run`] reads the disk. Nothing is repaired: a rule that is broken on purpose
//! belongs into one of the tables in this module, with its reason.

use std::fmt;
use std::path::Path;

pub mod arrows;
pub mod calls;
pub mod length;
pub mod provenance;
pub mod reach;
pub mod source;
pub mod tree;
pub mod words;

use tree::Tree;

/// One broken rule at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path from the root of the repository, with `/`.
    pub path: String,
    /// Line, from 1; 0 when the rule is about the whole file.
    pub line: usize,
    /// Short name of the rule, as the documentation calls it.
    pub rule: &'static str,
    /// What is wrong and what to do instead.
    pub reason: String,
}

impl Problem {
    /// A problem at a line of a file.
    pub fn new(path: &str, line: usize, rule: &'static str, reason: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, reason } = self;
        if *line == 0 {
            return write!(out, "{path}: {rule}: {reason}");
        }
        write!(out, "{path}:{line}: {rule}: {reason}")
    }
}

/// What tidy found, sorted by place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Broken rules: the tree is not tidy while one is left.
    pub problems: Vec<Problem>,
    /// Remarks: allowed, but on the way to a problem.
    pub warnings: Vec<Problem>,
    /// How many files were read.
    pub files: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(out, "warning: {warning}")?;
        }
        for problem in &self.problems {
            writeln!(out, "{problem}")?;
        }
        let (problems, warnings) = (self.problems.len(), self.warnings.len());
        writeln!(out, "tidy: {} files, {problems} problems, {warnings} warnings", self.files)
    }
}

/// Reads the repository below `root` and runs every check.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn run(root: &Path) -> anyhow::Result<Report> {
    Ok(check(&Tree::read(root)?))
}

/// Runs every check over a tree that is already in memory.
#[must_use]
pub fn check(tree: &Tree) -> Report {
    let reached = reach::follow(tree);
    let sources = source::parse_all(tree, &reached.test_files);
    let lengths = length::check(&sources, length::LONG_FILES);

    let mut problems = reached.problems;
    problems.extend(arrows::check(tree));
    problems.extend(calls::check(&sources));
    problems.extend(words::check(tree, &sources));
    problems.extend(provenance::check(tree));
    problems.extend(lengths.problems);
    problems.sort();
    problems.dedup();
    Report { problems, warnings: lengths.warnings, files: tree.files.len() }
}
