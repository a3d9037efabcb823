//! `nayose serve`: the server, until it is told to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use mpi::kv::{Kv, MemoryKv};

use super::closed::closed;
use crate::backup::chains;
use crate::backup::keep::{self, Standing};
use crate::cli::print_result;
use crate::config::{Config, Engine, Keyring};
use crate::failure::{ErrorFormat, Exit, Failure};
use crate::opening::{self, Opened};
#[cfg(feature = "rocks")]
use crate::serve::Statistic;
use crate::serve::app::{App, Ingredients};
use crate::serve::clock::Clock;
use crate::serve::router::router;
use crate::serve::search::Search;
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
    /// Accept that the store ends at this position, before what its witness knows: later writes are lost.
    #[arg(long, value_name = "POSITION")]
    accept_gap: Option<u64>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let config = Config::read(&arguments.config).map_err(Failure::bad_input)?;
    let keyring = config.keyring.as_deref().map(Keyring::read).transpose().map_err(Failure::bad_input)?;
    if arguments.check {
        opening::check_outside(&config)?;
        print_result(&config.show())?;
        return Ok(Exit::Ok);
    }
    let Store { kv, mut statistics, opened, gap } = open_store(&config, keyring.as_ref(), arguments.accept_gap)?;
    let _log = log::start(&config.log).map_err(Failure::internal)?;
    let search = Search::of_server(&config, &kv)?;
    statistics.push(search.statistics());
    let standing = Arc::new(Standing::default());
    if config.backup.is_some() {
        let standing = Arc::clone(&standing);
        statistics.push(Box::new(move || standing.statistics()));
    }
    let ingredients = Ingredients { kv, clock: Clock::of_machine(), keyring, statistics };
    let app = App::new(&config, ingredients).map_err(Failure::bad_input)?;
    app.open_search(search);
    let exit = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads(&config))
        .build()
        .map_err(Failure::internal)?
        .block_on(serve(&config, app, (opened.as_ref(), gap.as_deref()), &standing))?;
    // A closed store stays as it is, and so do its witness and its backup.
    let Some(opened) = opened.filter(|_| gap.is_none()) else { return Ok(exit) };
    opened.witness(&config)?;
    config.backup.iter().for_each(|backup| keep::once(backup, &opened, &standing));
    Ok(exit)
}

/// As many as may work at once, and a few for the runtime itself.
fn blocking_threads(config: &Config) -> usize {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    count(config.limits.readers_max).saturating_add(count(config.limits.writers_max)).saturating_add(4)
}

/// The store, and what it counts.
struct Store {
    kv: Arc<dyn Kv>,
    statistics: Vec<StatisticSource>,
    /// A store on disk, for its witness.
    opened: Option<Arc<Opened>>,
    /// Why the server stays closed.
    gap: Option<String>,
}

fn open_store(config: &Config, keyring: Option<&Keyring>, accepted: Option<u64>) -> Result<Store, Failure> {
    if config.store.engine == Engine::Memory {
        return Ok(Store { kv: Arc::new(MemoryKv::new()), statistics: Vec::new(), opened: None, gap: None });
    }
    let opened = Arc::new(opening::open(config, keyring)?);
    let gap = match (&opened.gap, accepted) {
        (None, None) => None,
        (None, Some(_)) => return Err(Failure::usage("there is no gap to accept: leave `--accept-gap` out")),
        (Some(gap), Some(position)) if position == gap.held => {
            // What the last backup holds beyond the gap is of a history that did not go on.
            config.backup.as_ref().map_or(Ok(()), |backup| chains::end(&backup.folder))?;
            opened.witness(config)?;
            None
        }
        (Some(gap), Some(_)) => return Err(Failure::usage(gap.closed())),
        (Some(gap), None) => Some(gap.closed().to_string()),
    };
    #[cfg(feature = "rocks")]
    let statistics: Vec<StatisticSource> = {
        let counted = Arc::clone(&opened.engine);
        vec![Box::new(move || rocks_statistics(&counted.engine().statistics()))]
    };
    #[cfg(not(feature = "rocks"))]
    let statistics = Vec::new();
    Ok(Store { kv: Arc::clone(&opened.kv), statistics, opened: Some(opened), gap })
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

async fn serve(
    config: &Config,
    app: App,
    (opened, gap): (Option<&Arc<Opened>>, Option<&str>),
    standing: &Arc<Standing>,
) -> Result<Exit, Failure> {
    let stop = server::asked_to_stop().map_err(Failure::internal)?;
    let listener = server::listen(config.listen).await.map_err(|error| {
        let message = format!("cannot listen on `{}`", config.listen);
        Failure::internal(anyhow::Error::new(error).context(message))
    })?;
    if gap.is_none() {
        let replayed = app.replay_erasures().await.map_err(|problem| {
            let cause = std::error::Error::source(&problem).map(ToString::to_string).unwrap_or_default();
            Failure::bad_input(anyhow::anyhow!("the list of erasures cannot be used: {problem}: {cause}"))
        })?;
        if replayed > 0 {
            tracing::warn!(records = replayed, "the store held records that were erased: they are erased again");
        }
        let ended = app.replay_endings().await.map_err(|problem| {
            let cause = std::error::Error::source(&problem).map(ToString::to_string).unwrap_or_default();
            Failure::bad_input(anyhow::anyhow!("the list of withdrawals cannot be used: {problem}: {cause}"))
        })?;
        if ended > 0 {
            tracing::warn!(consents = ended, "the store held consents that had ended: they have ended again");
        }
    }
    let address = listener.local_addr().map_err(Failure::internal)?;
    if config.audit.is_none() {
        tracing::warn!("there is no section `[audit]`: what is answered about persons leaves no trail");
    }
    tracing::info!(%address, tokens = config.tokens.len(), "server listens");
    let routes = match gap {
        None => router(app.clone()),
        Some(gap) => {
            tracing::error!(gap, "server is closed");
            closed(router(app.clone()), &app, gap)
        }
    };
    let beside = opened.filter(|_| gap.is_none()).map(|opened| {
        let backup = config.backup.clone().map(|backup| keep::follow(backup, Arc::clone(opened), Arc::clone(standing)));
        [Some(tokio::spawn(witness(config.clone(), Arc::clone(opened), app.clone()))), backup.map(tokio::spawn)]
    });
    let end = server::serve(listener, routes, &app, stop).await;
    beside.into_iter().flatten().flatten().for_each(|task| task.abort());
    match end {
        server::End::Drained => tracing::info!("server stopped"),
        server::End::Cut(connections) => tracing::warn!(connections, "server stopped at the drain limit"),
    }
    Ok(Exit::Ok)
}

/// Time between two notes of what the store holds.
const WITNESS_EVERY: Duration = Duration::from_secs(1);

/// Notes outside of the store what it holds, as long as the server runs. A server that cannot is not ready: after a crash
/// nobody could tell what is missing.
async fn witness(config: Config, opened: Arc<Opened>, app: App) {
    let config = Arc::new(config);
    let mut noted = None;
    loop {
        let seq = opened.kv.health().seq;
        if noted != Some(seq) {
            let (config, opened) = (Arc::clone(&config), Arc::clone(&opened));
            match tokio::task::spawn_blocking(move || opened.witness(&config)).await {
                Ok(Ok(())) => {
                    noted = Some(seq);
                    app.readiness().remove("witness");
                }
                Ok(Err(failure)) => {
                    app.readiness().put("witness", "the witness cannot be written");
                    tracing::error!(error = failure.message(ErrorFormat::Human), "no witness");
                }
                Err(stopped) if stopped.is_cancelled() => return,
                Err(_) => tracing::error!("the writer of the witness stopped"),
            }
        }
        tokio::time::sleep(WITNESS_EVERY).await;
    }
}
