//! The server as a user has it: the release binary with a configuration, a keyring and a folder, in its own process.
//!
//! Everything is made by the program's own commands: the population by `synth`, the institutions by `directory load`, the
//! records by `import`. Nothing reaches past them into the store.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::client::Client;
use super::population::Population;
use super::requests::get;
use super::tokens::Tokens;

/// The binary and the folder in which it works.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
}

/// The configuration, in the folder of the site.
const CONFIG: &str = "nayose.toml";
/// The store, in the folder of the site.
pub(crate) const STORE: &str = "data";
/// A server that does not answer within this time does not start.
const START_SECONDS_MAX: u64 = 120;
/// A server that has not ended by then is killed.
const STOP_SECONDS_MAX: u64 = 60;

impl Site {
    /// Runs a command of the program to its end in the folder; gives the seconds that it took.
    pub(crate) fn run(&self, words: &[&str]) -> anyhow::Result<f64> {
        let started = Instant::now();
        let output = Command::new(&self.binary)
            .args(words)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot start `{}`", self.binary.display()))?;
        if !output.status.success() {
            let words = words.join(" ");
            bail!("`nayose {words}` ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(started.elapsed().as_secs_f64())
    }

    /// A population in a folder of the site; made only once.
    pub(crate) fn synth(&self, (people, seed): (u64, u64), name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        if !folder.join("records.csv").try_exists()? {
            self.run(&["synth", "--people", &people.to_string(), "--seed", &seed.to_string(), "--out", name])?;
        }
        Ok(folder)
    }

    /// The configuration for an address, with a block cache.
    pub(crate) fn configure(
        &self,
        address: SocketAddr,
        (cache_bytes, level): (u64, &str),
        tokens: &Tokens,
    ) -> anyhow::Result<()> {
        let mut text = String::new();
        let _ = write!(
            text,
            "listen = \"{address}\"\nkeyring = \"keys.toml\"\n\n[store]\nfolder = \"{STORE}\"\ncache_bytes = {cache_bytes}\n\n\
             [audit]\nfolder = \"audit\"\nwitness = \"witness\"\n\n[log]\nformat = \"json\"\nlevel = \"{level}\"\n"
        );
        text.push_str(&tokens.to_toml());
        for folder in ["audit", "witness"] {
            fs::create_dir_all(self.folder.join(folder)).context("cannot make a folder of the audit trail")?;
        }
        fs::write(self.folder.join(CONFIG), text).context("cannot write the configuration")
    }

    /// Loads institutions and records into a new store; gives the seconds of the import.
    pub(crate) fn load(&self, population: &Population) -> anyhow::Result<f64> {
        let file = |path: &Path| path.to_string_lossy().into_owned();
        if !self.folder.join("keys.toml").try_exists()? {
            self.run(&["keyring", "new", "keys.toml"])?;
        }
        self.run(&["directory", "load", "--config", CONFIG, &file(&population.directory_file)])?;
        self.run(&["import", "--config", CONFIG, &file(&population.records_file)])
    }

    /// Bytes of all files of the store.
    pub(crate) fn store_bytes(&self) -> anyhow::Result<u64> {
        bytes_below(&self.folder.join(STORE))
    }

    /// Starts the server; its log goes to a file in the folder.
    pub(crate) fn start(&self, address: SocketAddr) -> anyhow::Result<Server> {
        let log = File::create(self.folder.join("serve.log")).context("cannot write the log")?;
        let child = Command::new(&self.binary)
            .args(["serve", "--config", CONFIG])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.binary.display()))?;
        let mut server = Server { child, address };
        let until = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        loop {
            let answered = Client::new(address).ask(b"GET /health/ready HTTP/1.1\r\nHost: bench\r\n\r\n");
            if answered.is_ok_and(|status| status == 200) {
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                let log = fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default();
                bail!("the server ended with {status}: {log}");
            }
            if Instant::now() > until {
                bail!("the server is not ready after {START_SECONDS_MAX} s");
            }
            pause();
        }
    }
}

fn bytes_below(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list `{}`", folder.display()))? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_below(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

fn pause() {
    #[expect(clippy::disallowed_methods, reason = "a measurement waits for another process")]
    std::thread::sleep(Duration::from_millis(20));
}

/// A free port of this machine.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A running server; killed when it is dropped without having been stopped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// The value of a metric; 0 when it is not there.
    pub(crate) fn metrics(&self, tokens: &Tokens) -> anyhow::Result<Metrics> {
        let mut client = Client::new(self.address);
        let status = client.ask(&get("/metrics", tokens.of_operator())).context("cannot read the metrics")?;
        if status != 200 {
            bail!("the metrics are answered with {status}");
        }
        Ok(Metrics(String::from_utf8_lossy(client.body()).into_owned()))
    }

    /// Most memory that it had at once, in MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.process())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1_024.0
    }

    /// Asks it to stop, and waits for that.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.process().to_string()).status().context("cannot run `kill`")?;
        let until = Instant::now() + Duration::from_secs(STOP_SECONDS_MAX);
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() { Ok(()) } else { bail!("the server ended with {status}") };
            }
            pause();
        }
        bail!("the server did not stop within {STOP_SECONDS_MAX} s")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // It is being given up: what matters is that it does not stay.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What the server counts, in the text format.
#[derive(Debug)]
pub(crate) struct Metrics(String);

impl Metrics {
    /// The sum of all series of a name; 0 when there is none.
    pub(crate) fn get(&self, name: &str) -> f64 {
        let of_name = |line: &&str| line.split([' ', '{']).next() == Some(name);
        self.0.lines().filter(of_name).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_summed_by_name() {
        let metrics = Metrics("# HELP a b\na 3\na_total 7\nb{c=\"d e\"} 1.5\nb{c=\"f\"} 2\n".to_owned());
        assert_eq!(["a", "a_total", "b", "c"].map(|name| metrics.get(name)), [3.0, 7.0, 3.5, 0.0]);
    }

    #[test]
    fn files_are_counted_in_all_folders() {
        let folder = std::env::temp_dir().join(format!("nayose-bench-bytes-{}", std::process::id()));
        fs::create_dir_all(folder.join("inside")).unwrap();
        fs::write(folder.join("a"), [0; 10]).unwrap();
        fs::write(folder.join("inside/b"), [0; 5]).unwrap();
        assert_eq!(bytes_below(&folder).unwrap(), 15);
        fs::remove_dir_all(&folder).unwrap();
    }
}
