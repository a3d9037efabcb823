//! The command line: which command, and how errors are told.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    audit, backup, directory, evaluate, explain, import, keyring, link, policy, restore, rules, serve, synth, token,
    verify,
};
use crate::failure::{EXIT_CODES, ErrorFormat, Exit, Failure};

/// Finds all records of one person, and can always say why.
#[derive(Debug, Parser)]
#[command(name = "nayose", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    /// How errors are printed on standard error.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    error_format: ErrorFormat,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Synth(synth::Arguments),
    Link(link::Arguments),
    #[command(subcommand)]
    Rules(rules::Command),
    #[command(subcommand)]
    Policy(policy::Command),
    Explain(explain::Arguments),
    Evaluate(evaluate::Arguments),
    Serve(serve::Arguments),
    #[command(subcommand)]
    Directory(directory::Command),
    Import(import::Arguments),
    Verify(verify::Arguments),
    Backup(backup::Arguments),
    Restore(restore::Arguments),
    #[command(subcommand)]
    Audit(audit::Command),
    #[command(subcommand)]
    Keyring(keyring::Command),
    #[command(subcommand)]
    Token(token::Command),
}

/// Runs the program.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &arguments),
    };
    let result = match &cli.command {
        Command::Synth(arguments) => synth::run(arguments),
        Command::Link(arguments) => link::run(arguments),
        Command::Rules(command) => rules::run(command),
        Command::Policy(command) => policy::run(command),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Evaluate(arguments) => evaluate::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Directory(command) => directory::run(command),
        Command::Import(arguments) => import::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Backup(arguments) => backup::run(arguments),
        Command::Restore(arguments) => restore::run(arguments),
        Command::Audit(command) => audit::run(command),
        Command::Keyring(command) => keyring::run(command),
        Command::Token(command) => token::run(command),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print(cli.error_format);
            failure.exit().into()
        }
    }
}

/// Writes a result to standard output; a reader that has gone away (`| head`) is no error.
pub(crate) fn print_result(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::internal(error)),
        _ => Ok(()),
    }
}

/// Help and version, which clap treats as errors, and command lines that are wrong.
fn usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        return match print_result(&error.render().to_string()) {
            Ok(()) => Exit::Ok.into(),
            Err(failure) => failure.exit().into(),
        };
    }
    // The command line could not be parsed, so the one flag that decides how to say so is looked for by hand.
    let texts: Vec<&str> = arguments.iter().filter_map(|argument| argument.to_str()).collect();
    let is_json =
        texts.contains(&"--error-format=json") || texts.windows(2).any(|pair| pair == ["--error-format", "json"]);
    if is_json {
        let rendered = error.render().to_string();
        let message = rendered.lines().next().unwrap_or_default().trim_start_matches("error: ");
        Failure::usage(message).print(ErrorFormat::Json);
    } else {
        let _ = error.print();
    }
    Exit::Usage.into()
}
