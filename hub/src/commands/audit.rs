//! `nayose audit`: proves the audit trail, and tells who saw a person.
//!
//! Both read files only, so they run beside the server; a line that is written at that moment counts as torn.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::audit::{AccessLimits, Accesses, SealKeys, Verified, accesses, verify};
use crate::cli::print_result;
use crate::config::{AuditConfig, Config};
use crate::failure::{Exit, Failure};
use crate::opening;
use crate::text::thousands;

/// Prove the audit trail and read it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Verify(VerifyArguments),
    Report(ReportArguments),
}

/// Verify that nothing in the audit trail was changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Compares every event with the hash chain and with the seals of the witness. Any alteration, deletion, insertion or
reordering before the last seal is found; events behind it are counted apart. Exit code 1 when something is wrong.

Example:
  nayose audit verify --config nayose.toml")]
pub(crate) struct VerifyArguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "nayose.toml")]
    config: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// List who saw a person, newest first.
#[derive(Debug, Args)]
#[command(after_help = "\
After a merge a person has several ids: name each with its own `--person`. The chain is not verified: see
`nayose audit verify`.

Example:
  nayose audit report --config nayose.toml --person N0000000123")]
pub(crate) struct ReportArguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "nayose.toml")]
    config: PathBuf,
    /// An enterprise id of the person.
    #[arg(long, value_name = "ID", required = true)]
    person: Vec<String>,
    /// The most events to list.
    #[arg(long, value_name = "COUNT", default_value_t = AccessLimits::default().accesses_max)]
    limit: usize,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Verify(arguments) => run_verify(arguments),
        Command::Report(arguments) => run_report(arguments),
    }
}

fn run_verify(arguments: &VerifyArguments) -> Result<Exit, Failure> {
    let (config, keyring) = opening::read(&arguments.config)?;
    let audit = section(&config)?;
    let missing = "the keyring holds no key of the purpose `audit`, which verifies the seals";
    let keys = keyring.as_ref().and_then(SealKeys::of).ok_or_else(|| Failure::usage(missing))?;
    let verified = verify(&audit.folder, &audit.witness, &keys).map_err(Failure::internal)?;
    print_result(&if arguments.json { json(&verified)? } else { text_of_verified(&verified) })?;
    Ok(if verified.is_sound() { Exit::Ok } else { Exit::Finding })
}

fn run_report(arguments: &ReportArguments) -> Result<Exit, Failure> {
    let config = Config::read(&arguments.config).map_err(Failure::bad_input)?;
    let audit = section(&config)?;
    let persons: Vec<&str> = arguments.person.iter().map(String::as_str).collect();
    let limits = AccessLimits { accesses_max: arguments.limit, ..AccessLimits::default() };
    let found = accesses(&audit.folder, &persons, limits).map_err(Failure::internal)?;
    print_result(&if arguments.json { json(&found)? } else { text_of_accesses(&found) })?;
    Ok(Exit::Ok)
}

fn section(config: &Config) -> Result<&AuditConfig, Failure> {
    config.audit.as_ref().ok_or_else(|| Failure::usage("the configuration has no section `[audit]`: there is no trail"))
}

fn json(document: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(document).map_err(Failure::internal)? + "\n")
}

fn text_of_verified(verified: &Verified) -> String {
    let mut text = String::new();
    for writer in &verified.writers {
        text.push_str(&format!("writer            {}\n", writer.writer));
        let counts = [
            ("events", writer.events),
            ("removed", writer.removed),
            ("seals", writer.seals),
            ("sealed events", writer.sealed),
            ("unsealed events", writer.unsealed),
            ("torn bytes", writer.torn_bytes),
            ("torn files", writer.torn_files),
        ];
        for (name, count) in counts {
            text.push_str(&format!("  {name:<16}{}\n", thousands(count)));
        }
        if let Some(at) = writer.sealed_at {
            text.push_str(&format!("  {:<16}{at}\n", "last seal"));
        }
    }
    match (verified.findings.len(), verified.unsealed()) {
        (0, 0) if verified.writers.is_empty() => text.push_str("neither the folder nor the witness holds anything\n"),
        (0, 0) => text.push_str("everything agrees and is sealed\n"),
        (0, unsealed) => text.push_str(&format!(
            "everything agrees; the last {} events are not sealed yet, a change there may not be found\n",
            thousands(unsealed)
        )),
        (total, _) => {
            text.push_str(&format!("{total} findings\n"));
            verified.findings.iter().for_each(|finding| text.push_str(&format!("  {finding}\n")));
        }
    }
    text
}

/// One line per decision: when, who, what, and why.
fn text_of_accesses(found: &Accesses) -> String {
    let mut text = String::new();
    for access in &found.accesses {
        let event = &access.event;
        let institution = event.caller.institution.as_deref().unwrap_or("-");
        let user = event.caller.user.as_deref().unwrap_or("-");
        let head = format!("{}  {}  {institution}  {user}  {}", event.at, event.caller.client, event.route);
        for subject in &event.persons {
            text.push_str(&format!("{head}  {}\n", subject.person));
            for answer in &subject.answers {
                let why = answer.reasons.join(" ");
                text.push_str(&format!(
                    "    {} {} for {}: {} ({}) {why}\n",
                    answer.action, answer.category, answer.purpose, answer.outcome, answer.basis
                ));
            }
        }
    }
    text.push_str(&format!("{} accesses\n", thousands(u64::try_from(found.accesses.len()).unwrap_or(u64::MAX))));
    if let Some(limit) = found.limited_by {
        text.push_str(&format!("older ones may be missing: the limit `{limit}` was reached\n"));
    }
    if found.unreadable > 0 {
        text.push_str(&format!("{} lines are no events: run `nayose audit verify`\n", thousands(found.unreadable)));
    }
    text
}

#[cfg(test)]
mod tests {
    use directory::Instant;

    use super::*;
    use crate::audit::{Access, Answer, Caller, Event, Finding, Standing, Subject};

    #[test]
    fn results_read_well() {
        let at = Instant::from_micros(1_790_000_000_000_000);
        let writer =
            Standing { writer: "hub".to_owned(), events: 1_002, sealed: 1_000, unsealed: 2, ..Standing::default() };
        let writer = Standing { seals: 1, sealed_at: Some(at), ..writer };
        let mut verified = Verified { writers: vec![writer], findings: Vec::new() };
        let mut texts = vec![text_of_verified(&Verified::default()), text_of_verified(&verified)];
        verified.findings.push(Finding { file: "trail/x".into(), line: Some(3), flaw: "something".to_owned() });
        texts.push(text_of_verified(&verified));
        let answer = Answer {
            action: "view".into(),
            category: "medication".into(),
            purpose: "TREAT".into(),
            outcome: "permit".into(),
            basis: "permitted".into(),
            reasons: vec!["network:treatment".into()],
            decision: None,
            policy: None,
            rules: None,
            question: None,
        };
        let caller = Caller { client: "chart".into(), institution: Some("13-0001".into()), user: None };
        let persons = vec![Subject { person: "N1".into(), answers: vec![answer] }];
        let event = Event { at, route: "decide".into(), caller, persons, requesters: Vec::new() };
        let accesses = vec![Access { writer: "hub".to_owned(), number: 1, event }];
        texts.push(text_of_accesses(&Accesses { accesses, limited_by: Some("accesses_max"), unreadable: 1 }));
        insta::assert_snapshot!(texts.join("\n"));
    }
}
