//! `nayose backup`: a copy of the store from which it can be put back.
//!
//! For a store that no server has open. What a backup is stands in [`crate::backup`].

use std::path::PathBuf;

use clap::Args;

use crate::backup::{self, Manifest, chains};
use crate::cli::print_result;
use crate::failure::{Exit, Failure};
use crate::opening;

/// Back the store up, or add to a backup what was written since.
#[derive(Debug, Args)]
#[command(after_help = "\
The folder gets a checkpoint of the store and the models; backing up into the same folder again adds only what was
written since. The keyring is not in it: keep a copy elsewhere. The server must not run at the same time; a server that runs
backs itself up when its configuration has a section `[backup]`.

Example:
  nayose backup --config nayose.toml --to /backup/monday")]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "nayose.toml")]
    config: PathBuf,
    /// The folder of the backup; not in the folder of the store.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (config, keyring) = opening::read(&arguments.config)?;
    let to = &arguments.to;
    if to.starts_with(opening::folder(&config)?) {
        return Err(Failure::usage("the backup would lie in the folder of the store: choose another disk"));
    }
    let opened = opening::open_whole(&config, keyring.as_ref())?;
    let before = Manifest::read(to)?;
    if before.as_ref().is_some_and(|before| before.is_ended) {
        return Err(Failure::usage(format!(
            "the backup in `{}` has ended, because the store went on from an older state: begin a new one",
            to.display()
        )));
    }
    let manifest = match before.clone() {
        None => backup::begin(&opened, to, chains::now_seconds())?,
        Some(before) => backup::go_on(&opened, to, before).map_err(Failure::from)?,
    };
    opened.witness(&config)?;
    let shown = to.display();
    print_result(&match before {
        None => format!("checkpoint at position {} in `{shown}`\n", manifest.until),
        Some(before) if before.until == manifest.until => {
            format!("nothing was written since position {}\n", before.until)
        }
        Some(before) => format!("added positions {} to {} to `{shown}`\n", before.until + 1, manifest.until),
    })?;
    Ok(Exit::Ok)
}
