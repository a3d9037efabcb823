//! `nayose keyring`: the secret keys of a network.

use std::path::PathBuf;

use clap::Subcommand;

use crate::cli::print_result;
use crate::config::Keyring;
use crate::failure::{Exit, Failure};
use crate::serve::random;

/// Make the file of secret keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a keyring with one random key per purpose. It is readable by its owner alone and never overwritten.
    New {
        /// The file to make; not in the data folder.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    let Command::New { file } = command;
    Keyring::make(file, &mut random::bytes).map_err(Failure::internal)?;
    let shown = file.display();
    print_result(&format!("made `{shown}`: keep a copy in a safe place, apart from the store and its backup\n"))?;
    Ok(Exit::Ok)
}
