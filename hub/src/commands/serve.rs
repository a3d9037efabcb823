//! `nayose serve`: the server, until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mpi::kv::{Kv, MemoryKv};

use crate::cli::print_result;
use crate::config::{Config, Engine, Keyring};
use crate::failure::{Exit, Failure};
#[cfg(feature = "rocks")]
use crate::serve::Statistic;
use crate::serve::app::{App, Ingredients};
use crate::serve::clock::Clock;
use crate::serve::router::router;
use crate::serve::{StatisticSource, log, server};

/// Serve the index over HTTP.
#[derive(Debug, Args)]
#[command(after_help = "\
SIGTERM or Ctrl-C stops the server: it answers the requests that it has, then ends.

Example:
  nayose serve --config nayose.toml --check
  nayose serve --config nayose.toml")]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "nayose.toml")]
    config: PathBuf,
    /// Only check the configuration, and print all of it, defaults included.
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let config = Config::read(&arguments.config).map_err(Failure::bad_input)?;
    let keyring = config.keyring.as_deref().map(Keyring::read).transpose().map_err(Failure::bad_input)?;
    if arguments.check {
        print_result(&config.show())?;
        return Ok(Exit::Ok);
    }
    let (kv, statistics) = open_store(&config, keyring.as_ref())?;
    let ingredients = Ingredients { kv, clock: Clock::of_machine(), keyring, statistics };
    let app = App::new(&config, ingredients).map_err(Failure::bad_input)?;
    log::start(&config.log).map_err(Failure::internal)?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads(&config))
        .build()
        .map_err(Failure::internal)?
        .block_on(serve(&config, app))
}

/// As many as may work at once, and a few for the runtime itself.
fn blocking_threads(config: &Config) -> usize {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    count(config.limits.readers_max).saturating_add(count(config.limits.writers_max)).saturating_add(4)
}

/// The store, and what it counts.
type Opened = (Arc<dyn Kv>, Vec<StatisticSource>);

fn open_store(config: &Config, keyring: Option<&Keyring>) -> Result<Opened, Failure> {
    match config.store.engine {
        Engine::Memory => Ok((Arc::new(MemoryKv::new()), Vec::new())),
        Engine::Rocks => open_rocks(config, keyring),
    }
}

#[cfg(not(feature = "rocks"))]
fn open_rocks(_config: &Config, _keyring: Option<&Keyring>) -> Result<Opened, Failure> {
    Err(Failure::usage(
        "this build has no RocksDB: build it with the feature `rocks`, or set `store.engine = \"memory\"` for a trial",
    ))
}

#[cfg(feature = "rocks")]
fn open_rocks(config: &Config, keyring: Option<&Keyring>) -> Result<Opened, Failure> {
    use mpi::kv::{RocksKv, RocksOptions, Sealed};

    let missing = |what: &str| Failure::usage(format!("a store on disk needs {what}"));
    let keyring = keyring.ok_or_else(|| missing("a `keyring`: make one with `nayose keyring new FILE`"))?;
    let folder = config.store.folder.as_deref().ok_or_else(|| missing("`store.folder`"))?;
    let mut options = RocksOptions::new(folder);
    options.cache_bytes = usize::try_from(config.store.cache_bytes).unwrap_or(usize::MAX);
    let failed = |error| {
        let message = format!("cannot open the store in `{}`", folder.display());
        Failure::internal(anyhow::Error::new(error).context(message))
    };
    let engine = RocksKv::open(options).map_err(failed)?;
    let store = Arc::new(Sealed::new(engine, keyring.for_store().map_err(Failure::bad_input)?));
    let counted = Arc::clone(&store);
    Ok((store, vec![Box::new(move || rocks_statistics(&counted.engine().statistics()))]))
}

#[cfg(feature = "rocks")]
fn rocks_statistics(counts: &mpi::kv::rocks::Statistics) -> Vec<Statistic> {
    let of = |name, help, value| Statistic { name, help, value };
    #[expect(clippy::cast_precision_loss, reason = "a gauge may be off by one after 2^53 writes")]
    let number = |count: u64| count as f64;
    vec![
        of("store_batches", "Batches committed since the start", number(counts.batches)),
        of("store_syncs", "Writes to the disk since the start, each with one sync", number(counts.syncs)),
        of("store_sync_seconds", "Time of all writes to the disk", counts.sync_time.as_secs_f64()),
        of("store_sync_seconds_max", "Time of the longest write to the disk", counts.sync_time_max.as_secs_f64()),
        of("store_group_batches_max", "The most batches that shared one sync", number(counts.group_batches_max)),
    ]
}

async fn serve(config: &Config, app: App) -> Result<Exit, Failure> {
    let stop = server::asked_to_stop().map_err(Failure::internal)?;
    let listener = server::listen(config.listen).await.map_err(|error| {
        let message = format!("cannot listen on `{}`", config.listen);
        Failure::internal(anyhow::Error::new(error).context(message))
    })?;
    let address = listener.local_addr().map_err(Failure::internal)?;
    tracing::info!(%address, tokens = config.tokens.len(), "server listens");
    let end = server::serve(listener, router(app.clone()), &app, stop).await;
    match end {
        server::End::Drained => tracing::info!("server stopped"),
        server::End::Cut(connections) => tracing::warn!(connections, "server stopped at the drain limit"),
    }
    Ok(Exit::Ok)
}
