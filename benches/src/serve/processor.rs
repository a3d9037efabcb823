//! Who used the processor: the server, this generator, everybody else; and how long the disk takes to sync.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// Clock ticks per second of the kernel's accounts on every Linux of our time.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processor seconds since some beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spent {
    /// Of the server.
    pub(crate) server: f64,
    /// Of this program.
    pub(crate) generator: f64,
    /// Of all other programs of the machine, and of the kernel for nobody.
    pub(crate) others: f64,
}

impl Spent {
    /// So far.
    pub(crate) fn now(server: u32) -> anyhow::Result<Self> {
        let (server, generator) = (of_process(&server.to_string())?, of_process("self")?);
        Ok(Self { server, generator, others: of_machine()? - server - generator })
    }

    /// Since an earlier moment.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            server: self.server - earlier.server,
            generator: self.generator - earlier.generator,
            others: self.others - earlier.others,
        }
    }
}

/// User and system time of a process with all its threads.
fn of_process(process: &str) -> anyhow::Result<f64> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{path}`"))?;
    // The name stands in brackets and may hold anything; the fields count from behind it.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<f64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).with_context(|| format!("cannot understand `{path}`"))?;
    Ok((user + system) / TICKS_PER_SECOND)
}

/// Time of all processors that was not idle: user, nice, system, interrupts.
fn of_machine() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/stat").context("cannot read `/proc/stat`")?;
    let fields: Vec<f64> = text
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    let busy: f64 = [0, 1, 2, 5, 6].iter().filter_map(|field| fields.get(*field)).sum();
    Ok(busy / TICKS_PER_SECOND)
}

/// How long the disk takes to make 4 KiB at the end of a file durable, alone: half and 99 % are below, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SyncLatency {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) per_second: f64,
}

const SYNCS: usize = 500;

/// Measures the disk below a folder.
pub(crate) fn sync_latency(folder: &Path) -> anyhow::Result<SyncLatency> {
    let path = folder.join("sync-latency");
    let mut file = File::create(&path).with_context(|| format!("cannot write `{}`", path.display()))?;
    let mut millis = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let started = Instant::now();
        file.write_all(&[7; 4 << 10])?;
        file.sync_data()?;
        millis.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    fs::remove_file(&path)?;
    let total: f64 = millis.iter().sum();
    millis.sort_by(f64::total_cmp);
    let below = |per_cent: usize| millis.get(SYNCS * per_cent / 100).copied().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let per_second = SYNCS as f64 * 1_000.0 / total.max(1e-9);
    Ok(SyncLatency { p50_ms: below(50), p99_ms: below(99), per_second })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_charged_to_whoever_does_it() {
        let started = Spent::now(1).unwrap();
        let clock = Instant::now();
        let mut sum = 0_u64;
        while clock.elapsed().as_millis() < 300 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let spent = Spent::now(1).unwrap().since(&started);
        assert!(spent.generator >= 0.05 && spent.generator > spent.server, "{spent:?}");
        assert!(Spent::now(u32::MAX).is_err());
    }

    #[test]
    fn syncs_take_time() {
        let latency = sync_latency(&std::env::temp_dir()).unwrap();
        assert!(latency.p50_ms > 0.0 && latency.p50_ms <= latency.p99_ms, "{latency:?}");
    }
}
