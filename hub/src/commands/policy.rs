//! `nayose policy`: checks policies of a network and runs their golden scenarios.
//!
//! Both need no store and no directory: an editor or an officer can run them on a file.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use consent::NetworkPolicy;
use consent::scenario::ScenarioFile;
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
    let (Command::Check(arguments) | Command::Test(arguments)) = command;
    let mut said = Vec::new();
    for path in &arguments.policies {
        let text = read(path)?;
        said.push(match command {
            Command::Check(_) => check(path, &text),
            Command::Test(_) => test(path, &text)?,
        });
    }
    let bad = match command {
        Command::Check(_) => Exit::BadInput,
        Command::Test(_) => Exit::Finding,
    };
    let text = if arguments.json {
        serde_json::to_string_pretty(&said).map_err(Failure::internal)? + "\n"
    } else {
        said.iter().map(text_of).collect()
    };
    print_result(&text)?;
    Ok(if said.iter().any(|file| !file.errors.is_empty()) { bad } else { Exit::Ok })
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
    let wrong = |reason: String| Failure::bad_input(anyhow::anyhow!(reason));
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
