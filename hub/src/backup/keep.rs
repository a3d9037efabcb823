//! Keeps the backups of a server that runs, round after round, and says how they stand.
//!
//! A round that fails is tried again at the next one and told in the log and the metrics; requests go on meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::chains::{self, Round};
use crate::config::BackupConfig;
use crate::failure::{ErrorFormat, Failure};
use crate::opening::Opened;
use crate::serve::Statistic;

/// How the backups stand, for the metrics.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The position up to which the latest backup goes.
    until: AtomicU64,
    /// When the last round succeeded, in seconds since 1970.
    at: AtomicU64,
    /// Rounds that failed.
    failures: AtomicU64,
}

impl Standing {
    /// As numbers for the metrics.
    pub(crate) fn statistics(&self) -> Vec<Statistic> {
        #[expect(clippy::cast_precision_loss, reason = "a gauge may be off by one after 2^53 writes")]
        let of = |name, help, value: &AtomicU64| Statistic { name, help, value: value.load(Ordering::Relaxed) as f64 };
        vec![
            of("backup_position", "Position of the log up to which the latest backup goes", &self.until),
            of("backup_time_seconds", "When the last round of the backup succeeded, since 1970", &self.at),
            of("backup_failures", "Rounds of the backup that failed since the start", &self.failures),
        ]
    }

    fn note(&self, found: &Result<Round, Failure>) {
        match found {
            Ok(round) => {
                self.until.store(round.chain.manifest.until, Ordering::Relaxed);
                self.at.store(chains::now_seconds(), Ordering::Relaxed);
            }
            Err(_) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Goes round after round until it is dropped.
pub(crate) async fn follow(config: BackupConfig, opened: Arc<Opened>, standing: Arc<Standing>) {
    loop {
        let (own, store, standing) = (config.clone(), Arc::clone(&opened), Arc::clone(&standing));
        match tokio::task::spawn_blocking(move || once(&own, &store, &standing)).await {
            Err(stopped) if stopped.is_cancelled() => return,
            Err(_) => tracing::error!("the backup stopped in the middle of a round"),
            Ok(()) => {}
        }
        tokio::time::sleep(Duration::from_secs(config.every_seconds.into())).await;
    }
}

/// One round; what it did is told.
pub(crate) fn once(config: &BackupConfig, opened: &Opened, standing: &Standing) {
    let found = chains::round(opened, config, chains::now_seconds());
    standing.note(&found);
    match found {
        Ok(Round { chain, begun: Some(why), removed }) => {
            let folder = chain.folder.display().to_string();
            tracing::info!(folder, position = chain.manifest.checkpoint, why, removed, "began a backup");
        }
        Ok(_) => {}
        Err(failure) => tracing::error!(error = failure.message(ErrorFormat::Human), "no backup"),
    }
}
