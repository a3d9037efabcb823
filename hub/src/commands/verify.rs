//! `nayose verify`: proves that a store is sound.

use std::path::PathBuf;

use clap::Args;
use linkage::arrival::FrozenFrequencies;
use mpi::Index;
use mpi::kv::Draft;
use mpi::rules::PreparationState;
use mpi::verify::{Counts, Verified};
use serde_json::json;

use super::import::first_rules;
use crate::cli::print_result;
use crate::failure::{Exit, Failure};
use crate::index::{Operating, freeze};
use crate::opening;
use crate::progress::{Progress, Unit};
use crate::text::thousands;

/// Verify that everything in a store agrees with everything else.
#[derive(Debug, Args)]
#[command(after_help = "\
Reads the whole store and changes nothing. Exit code 1 when something is wrong: restore a backup then, and tell whoever
maintains the program. The server must not run at the same time.

Example:
  nayose verify --config nayose.toml")]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "nayose.toml")]
    config: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (config, keyring) = opening::read(&arguments.config)?;
    // A store with a gap may be verified: that is how an operator decides.
    let opened = opening::open(&config, keyring.as_ref())?;
    let rules = first_rules(&config)?;
    let first = || freeze(rules.clone(), FrozenFrequencies::default());
    let keys = (opened.digester.clone(), config.enterprise_id_prefix.as_str());
    let operating = Operating::load(&*opened.kv, &opened.models, &first, keys).map_err(Failure::internal)?;
    let bar = Progress::start("verifying", None, Unit::Count);
    let verify = |index: &Index<'_>| mpi::verify::verify(index, &*opened.kv, &mut |progress| bar.set(progress.read));
    let mut verified = verify(&operating.index()).map_err(Failure::internal)?;
    // What stands by is held to the same, by the same proof from its side, once every record is written.
    let preparation = mpi::rules::preparation(&mut Draft::new(&*opened.kv)).map_err(Failure::internal)?;
    let is_ready = preparation.is_some_and(|known| known.state == PreparationState::Ready);
    if let Some(standby) = operating.index().from_standby().filter(|_| is_ready) {
        let other = verify(&standby).map_err(Failure::internal)?;
        verified.counts.members_unchecked = 0;
        verified.violations_total += other.violations_total;
        verified.violations.extend(other.violations);
    }
    bar.finish();
    let digest = mpi::dump::digest(&*opened.kv).map_err(Failure::internal)?;
    let digest = blake3::Hash::from_bytes(digest).to_hex().to_string();
    let position = opened.kv.health().seq.0;
    print_result(&if arguments.json {
        let document = json!({
            "position": position,
            "digest": digest,
            "counts": counts(&verified.counts).into_iter().collect::<serde_json::Map<_, _>>(),
            "violations_total": verified.violations_total,
            "violations": verified.violations.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        serde_json::to_string_pretty(&document).map_err(Failure::internal)? + "\n"
    } else {
        text(&verified, (position, &digest))
    })?;
    Ok(if verified.violations_total == 0 { Exit::Ok } else { Exit::Finding })
}

fn counts(counts: &Counts) -> Vec<(String, serde_json::Value)> {
    let named = [
        ("records", counts.records),
        ("erased", counts.erased),
        ("versions", counts.versions),
        ("moves", counts.moves),
        ("relationships", counts.relationships),
        ("persons", counts.persons),
        ("members", counts.members),
        ("members_unchecked", counts.members_unchecked),
        ("postings", counts.postings),
        ("merges", counts.merges),
        ("tasks", counts.tasks),
        ("tasks_waiting", counts.tasks_waiting),
        ("reads_noted", counts.reads_noted),
        ("events", counts.events),
    ];
    named.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect()
}

fn text(verified: &Verified, (position, digest): (u64, &str)) -> String {
    let mut text = format!("position          {}\ndigest            {digest}\n", thousands(position));
    for (name, count) in counts(&verified.counts) {
        let count = thousands(count.as_u64().unwrap_or_default());
        text.push_str(&format!("{:<18}{count}\n", name.replace('_', " ")));
    }
    match verified.violations_total {
        0 => text.push_str("everything agrees\n"),
        total => {
            text.push_str(&format!("{} violations\n", thousands(total)));
            verified.violations.iter().for_each(|violation| text.push_str(&format!("  {violation}\n")));
        }
    }
    text
}
