//! `nayose policy`: checks policies of a network, runs their golden scenarios, and says what another would change.
//!
//! All of them need no store and no directory: an editor or an officer can run them on a file.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use consent::scenario::ScenarioFile;
use consent::simulate::{Change, ChangeKey, Direction};
use consent::{EmergencyKind, NetworkPolicy};
use serde::Serialize;

use crate::cli::print_result;
use crate::failure::{Exit, Failure};

/// Check policies of a network and test them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read policies and say what is wrong: file, line, reason.
    Check(Arguments),
    /// Run the golden scenarios beside policies.
    #[command(after_help = "The scenarios of `X.toml` are in `X.scenarios.toml` beside it.")]
    Test(Arguments),
    /// Say what the second policy would change for the patients of the scenarios beside it.
    #[command(after_help = "\
The comparison is exact: every role, relationship, purpose, emergency, label and kind of data, now and at every moment within
a year at which a window begins or ends. For the patients of a running network: `POST /v1/policies/{version}/simulations`.

Exit codes: 0 nobody would see more, 1 somebody would.")]
    Diff(DiffArguments),
}

/// Which two.
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// The policy of today (TOML).
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The policy of tomorrow; its scenarios lie beside it.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Other scenarios.
    #[arg(long, value_name = "FILE")]
    scenarios: Option<PathBuf>,
    /// Print the changes as JSON.
    #[arg(long)]
    json: bool,
}

/// One kind of change.
#[derive(Debug, Serialize)]
struct Changed {
    /// `gained` or `lost`.
    direction: &'static str,
    institution_kind: Option<&'static str>,
    role: &'static str,
    purpose: &'static str,
    emergency: Option<EmergencyKind>,
    is_sensitive: bool,
    category: &'static str,
    /// The patients of the scenarios, by name.
    patients: Vec<String>,
}

/// Which files.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Policies (TOML).
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// What is said of one file.
#[derive(Debug, Serialize)]
struct Said {
    file: String,
    /// What is wrong; nothing when all is well.
    errors: Vec<String>,
    /// What was looked at, in words.
    summary: String,
}

/// Runs the command. All files are looked at, whatever is found in the first.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Check(arguments) => look(arguments, Exit::BadInput, |path, text| Ok(check(path, text))),
        Command::Test(arguments) => look(arguments, Exit::Finding, test),
        Command::Diff(arguments) => diff(arguments),
    }
}

/// Looks at every file; `bad` is the exit when something is wrong with one.
fn look(arguments: &Arguments, bad: Exit, at: impl Fn(&Path, &str) -> Result<Said, Failure>) -> Result<Exit, Failure> {
    let mut said = Vec::new();
    for path in &arguments.policies {
        said.push(at(path, &read(path)?)?);
    }
    let text = if arguments.json {
        serde_json::to_string_pretty(&said).map_err(Failure::internal)? + "\n"
    } else {
        said.iter().map(text_of).collect()
    };
    print_result(&text)?;
    Ok(if said.iter().any(|file| !file.errors.is_empty()) { bad } else { Exit::Ok })
}

fn diff(arguments: &DiffArguments) -> Result<Exit, Failure> {
    let beside = arguments.scenarios.clone().unwrap_or_else(|| arguments.new.with_extension("scenarios.toml"));
    let scenarios = ScenarioFile::parse(&beside.display().to_string(), &read(&beside)?).map_err(wrong)?;
    let found = scenarios.diff(&policy(&arguments.old)?, &policy(&arguments.new)?).map_err(wrong)?;
    let changed = |(key, change): (&ChangeKey, &Change<String>)| Changed {
        direction: if key.direction == Direction::Gained { "gained" } else { "lost" },
        institution_kind: key.kind.map(directory::InstitutionKind::word),
        role: key.role.word(),
        purpose: key.purpose.code(),
        emergency: key.emergency,
        is_sensitive: key.is_sensitive,
        category: key.category.word(),
        patients: change.examples.clone(),
    };
    let changes: Vec<Changed> = found.changes.iter().map(changed).collect();
    let text = if arguments.json {
        serde_json::to_string_pretty(&changes).map_err(Failure::internal)? + "\n"
    } else {
        let (affected, patients) = (found.affected, found.patients);
        let conditions = if found.changes_conditions { "; duties beside would change" } else { "" };
        let head = format!("{affected} of {patients} patients of the scenarios affected{conditions}\n");
        head + &changes.iter().map(line_of).collect::<String>()
    };
    print_result(&text)?;
    Ok(if found.widens { Exit::Finding } else { Exit::Ok })
}

fn line_of(changed: &Changed) -> String {
    let Changed { direction, role, purpose, category, .. } = changed;
    let at = changed.institution_kind.unwrap_or("any institution");
    let sensitive = if changed.is_sensitive { ", sensitive" } else { "" };
    let emergency = if changed.emergency.is_some() { ", in an emergency" } else { "" };
    let patients = changed.patients.join(", ");
    format!("  {direction:<7}{role} at {at}, {purpose}: {category}{sensitive}{emergency}  ({patients})\n")
}

/// A policy that can be read.
fn policy(path: &Path) -> Result<NetworkPolicy, Failure> {
    NetworkPolicy::parse(&path.display().to_string(), &read(path)?).map_err(|error| wrong(error.to_string()))
}

fn wrong(reason: String) -> Failure {
    Failure::bad_input(anyhow::anyhow!(reason))
}

fn check(path: &Path, text: &str) -> Said {
    let file = path.display().to_string();
    match NetworkPolicy::parse(&file, text) {
        Ok(policy) => {
            let (name, rules, ceilings) = (&policy.name, policy.rules.len(), policy.ceilings.len());
            Said { summary: format!("{name}: {ceilings} ceilings, {rules} rules"), file, errors: Vec::new() }
        }
        Err(error) => Said { file, errors: vec![error.to_string()], summary: String::new() },
    }
}

fn test(path: &Path, text: &str) -> Result<Said, Failure> {
    let file = path.display().to_string();
    let policy = NetworkPolicy::parse(&file, text).map_err(|error| wrong(error.to_string()))?;
    let beside = path.with_extension("scenarios.toml");
    let scenarios = ScenarioFile::parse(&beside.display().to_string(), &read(&beside)?).map_err(wrong)?;
    let (asked, failures) = scenarios.run(&policy);
    let errors: Vec<String> = failures.iter().map(ToString::to_string).collect();
    Ok(Said { summary: format!("{} of {asked} scenarios hold", asked - errors.len()), file, errors })
}

fn text_of(said: &Said) -> String {
    let errors: String = said.errors.iter().map(|error| format!("  {error}\n")).collect();
    let verdict = if said.errors.is_empty() { "ok" } else { "WRONG" };
    format!("{verdict:<6}{}  {}\n{errors}", said.file, said.summary)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::bad_input(anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../consent/policies/default.toml");

    #[test]
    fn the_default_policy_is_sound_and_its_scenarios_hold() {
        let path = Path::new(POLICY);
        let text = read(path).unwrap();
        assert_eq!(check(path, &text).errors, Vec::<String>::new());
        let tested = test(path, &text).unwrap();
        assert_eq!(tested.errors, Vec::<String>::new());
        assert!(!tested.summary.starts_with("0 of 0"), "{}", tested.summary);
    }

    #[test]
    fn a_wrong_policy_is_told_with_its_line() {
        let checked = check(Path::new("x.toml"), "name = 1\n");
        assert!(checked.errors[0].starts_with("x.toml, line 1"), "{:?}", checked.errors);
        let text = read(Path::new(POLICY)).unwrap().replace("purposes = [\"TREAT\"]", "purposes = [\"HRESCH\"]");
        assert_ne!(test(Path::new(POLICY), &text).unwrap().errors, Vec::<String>::new());
    }
}
