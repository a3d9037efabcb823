//! `nayose token`: secrets with which callers show who they are.

use clap::{Args, Subcommand};

use crate::cli::print_result;
use crate::config::{Role, digest_of_token};
use crate::failure::{Exit, Failure};
use crate::serve::random;

/// Make a token for a caller.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a random token, and the lines of the configuration that admit it.
    New(New),
}

/// A token to make.
#[derive(Debug, Args)]
#[command(after_help = "\
The token is shown once and kept nowhere; the configuration has its digest.

Example:
  nayose token new --id portal --role service")]
pub(crate) struct New {
    /// A name for logs and the audit.
    #[arg(long)]
    id: String,
    /// What the caller may do.
    #[arg(long, value_enum)]
    role: Role,
    /// On whose behalf it calls.
    #[arg(long)]
    institution: Option<String>,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    let Command::New(New { id, role, institution }) = command;
    if *role == Role::SourceSystem && institution.is_none() {
        return Err(Failure::usage("a source system needs `--institution`"));
    }
    let secret = blake3::Hash::from_bytes(random::bytes().map_err(Failure::internal)?).to_hex();
    let token = format!("nayose_{secret}");
    let digest = blake3::Hash::from_bytes(digest_of_token(&token)).to_hex();
    let institution =
        institution.as_ref().map_or(String::new(), |institution| format!("institution = {institution:?}\n"));
    let role = role.name();
    print_result(&format!(
        "# the token: give it to the caller, it is not shown again\n# {token}\n\n\
         [[tokens]]\nid = {id:?}\nrole = \"{role}\"\n{institution}blake3 = \"{digest}\"\n"
    ))?;
    Ok(Exit::Ok)
}
