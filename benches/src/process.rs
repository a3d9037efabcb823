//! Runs a command and says what it cost: processor seconds, wall seconds, peak memory.
//!
//! The figures come from the kernel's accounting of the ended child (`wait4`), so they are exact and cost nothing while
//! it runs; sampling a live process would miss the peak. One trap is left to callers: a child starts with the peak of
//! the process that spawned it, so this process must stay small until the last measured child has been spawned.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use wait4::Wait4 as _;

/// What a command cost, with the children that it waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Processor seconds, user and system, of all threads.
    pub(crate) cpu_seconds: f64,
    /// Seconds from start to end.
    pub(crate) wall_seconds: f64,
    /// Most memory that was resident at once, in bytes.
    pub(crate) peak_bytes: u64,
}

/// One of the figures of a cost.
pub(crate) type Figure = fn(&Cost) -> f64;

/// Runs a command to its end; gives its cost and what it wrote to standard output.
///
/// # Errors
/// When it cannot be started, writes what is not UTF-8, or ends with another exit code than 0.
pub(crate) fn measure(command: &mut Command) -> anyhow::Result<(Cost, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{name}`"))?;
    let mut output = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut output).with_context(|| format!("cannot read the output of `{name}`"))?;
    }
    let ended = child.wait4().with_context(|| format!("cannot wait for `{name}`"))?;
    if !ended.status.success() {
        bail!("`{name}` ended with {}", ended.status);
    }
    let cost = Cost {
        cpu_seconds: (ended.rusage.utime + ended.rusage.stime).as_secs_f64(),
        wall_seconds: start.elapsed().as_secs_f64(),
        peak_bytes: ended.rusage.maxrss,
    };
    Ok((cost, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> anyhow::Result<(Cost, String)> {
        measure(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn counts_work_and_not_waiting() {
        let (idle, output) = shell("sleep 0.2; echo done").unwrap();
        assert_eq!(output, "done\n");
        assert!(idle.wall_seconds >= 0.2, "{idle:?}");
        assert!(idle.cpu_seconds < 0.1, "{idle:?}");
        let (busy, _) = shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done").unwrap();
        assert!(busy.cpu_seconds > idle.cpu_seconds, "{busy:?}");
        assert!((100_000..1 << 30).contains(&busy.peak_bytes), "{busy:?}");
    }

    #[test]
    fn counts_the_work_of_children() {
        let (cost, _) = shell("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; true").unwrap();
        assert!(cost.cpu_seconds > 0.01, "{cost:?}");
    }

    #[test]
    fn refuses_a_command_that_fails() {
        assert!(shell("exit 3").unwrap_err().to_string().contains("exit status: 3"));
        assert!(measure(&mut Command::new("no-such-command")).is_err());
    }
}
