//! A server in a process of its own, and callers that write to it until it dies.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::power::Journal;

/// A folder of its own for one test, removed when the test passes.
#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nayose-crash-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self { path: path.canonicalize().unwrap() }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

/// A program that serves a configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program {
    /// The binary, as a user starts it.
    Nayose,
    /// This test program, which serves the same without ever syncing.
    WithoutSync,
}

/// Where a test finds its own program's folder when it is started to serve.
pub(crate) const FOLDER: &str = "NAYOSE_CRASH_FOLDER";
/// A server that is not ready by then does not start.
const START_SECONDS_MAX: u64 = 60;

/// A place with a configuration, a keyring, a store and records to send.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) folder: Folder,
    pub(crate) address: SocketAddr,
    records: Vec<BTreeMap<String, String>>,
    authorities: BTreeMap<String, String>,
}

impl Site {
    /// A store with a directory and no records.
    pub(crate) fn new(seed: u64) -> Self {
        let folder = Folder::new();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = format!(
            "listen = \"{address}\"\nkeyring = \"keys.toml\"\n[store]\nfolder = \"site/data\"\ncache_bytes = 8388608\n\
             [log]\nlevel = \"warn\"\n"
        );
        std::fs::write(folder.path.join("nayose.toml"), text).unwrap();
        let mut site = Self { folder, address, records: Vec::new(), authorities: BTreeMap::new() };
        site.run("keyring new keys.toml").ok();
        site.run(&format!("synth --people 2000 --institutions 40 --seed {seed} --out population")).ok();
        site.run("directory load population/institutions.csv").ok();
        let rows = |name: &str| csv::Reader::from_path(site.folder.path.join("population").join(name)).unwrap();
        let records = rows("records.csv").deserialize().map(Result::unwrap).collect();
        let institutions: Vec<BTreeMap<String, String>> =
            rows("institutions.csv").deserialize().map(Result::unwrap).collect();
        let authorities =
            institutions.iter().map(|row| (row["institution_id"].clone(), row["authority"].clone())).collect();
        (site.records, site.authorities) = (records, authorities);
        site
    }

    /// Where everything lies that a power cut can hit.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path.join("site")
    }

    /// The folder of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.data().join("data")
    }

    /// Runs a command of the program to its end.
    pub(crate) fn run(&self, line: &str) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(line.split_whitespace())
            .current_dir(&self.folder.path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ended {
            code: output.status.code(),
            text: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
        }
    }

    /// The body of the write of a number: a new record, or when there are none left an update of an old one.
    pub(crate) fn write(&self, number: usize) -> Value {
        let row = &self.records[number % self.records.len()];
        let frame = ["record_id", "institution", "local_id", "registered_on"];
        let mut demographics: BTreeMap<&str, String> = row
            .iter()
            .filter(|(name, value)| !frame.contains(&name.as_str()) && !value.is_empty())
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        if number >= self.records.len() {
            demographics.insert("phone", format!("090{number:08}"));
        }
        let institution = &row["institution"];
        json!({
            "authority": self.authorities[institution],
            "local_id": row["local_id"],
            "institution": institution,
            "demographics": demographics,
        })
    }

    /// Starts a server and waits until it is ready, or until it ends.
    pub(crate) fn start(&self, program: Program, watched: Option<(&Journal, Option<u64>)>) -> Result<Server, Ended> {
        let mut command = match program {
            Program::Nayose => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
                command.arg("serve");
                command
            }
            Program::WithoutSync => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["--exact", "serves_without_syncing", "--ignored", "--nocapture"]);
                command.env(FOLDER, &self.folder.path);
                command
            }
        };
        if let Some((journal, space)) = watched {
            journal.watch(&mut command, space);
        }
        let log = self.folder.path.join("serve.log");
        let file = || std::fs::File::options().create(true).append(true).open(&log).unwrap();
        std::fs::write(&log, "").unwrap();
        let child =
            command.current_dir(&self.folder.path).stdin(Stdio::null()).stdout(file()).stderr(file()).spawn().unwrap();
        let mut server = Server { child, address: self.address };
        let until = Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        loop {
            if let Some(status) = server.child.try_wait().unwrap() {
                return Err(Ended { code: status.code(), text: std::fs::read_to_string(&log).unwrap() });
            }
            if Caller::new(self.address).get("/health/ready").is_ok_and(|(status, _)| status == 200) {
                return Ok(server);
            }
            assert!(Instant::now() < until, "not ready: {}", std::fs::read_to_string(&log).unwrap());
            pause(Duration::from_millis(5));
        }
    }
}

pub(crate) fn pause(duration: Duration) {
    #[expect(clippy::disallowed_methods, reason = "another process needs time, and is killed after some")]
    std::thread::sleep(duration);
}

/// How a process ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.text);
        self.text
    }
}

/// A running server; it does not outlive the test.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn caller(&self) -> Caller {
        Caller::new(self.address)
    }

    /// Kills it as the system would, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop.
    pub(crate) fn stop(mut self) {
        let kill = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(kill.success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// One connection that is kept.
#[derive(Debug)]
pub(crate) struct Caller {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
    /// The position of the log at which the last write that was answered is visible.
    pub(crate) sequence: u64,
}

impl Caller {
    fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, sequence: 0 }
    }

    pub(crate) fn get(&mut self, target: &str) -> std::io::Result<(u16, Value)> {
        self.ask(&format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))
    }

    pub(crate) fn post(&mut self, target: &str, body: &Value) -> std::io::Result<(u16, Value)> {
        let body = body.to_string();
        let head = "Host: test\r\nContent-Type: application/json";
        self.ask(&format!("POST {target} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    fn ask(&mut self, request: &str) -> std::io::Result<(u16, Value)> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(60)))?;
                BufReader::new(stream)
            }
        };
        stream.get_mut().write_all(request.as_bytes())?;
        let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Err(broken());
            }
            let line = line.trim_end();
            if status.is_none() {
                status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
            } else if let Some((name, value)) = line.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().map_err(|_| broken())?,
                    "nayose-sequence" => self.sequence = value.trim().parse().map_err(|_| broken())?,
                    _ => {}
                }
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        self.stream = Some(stream);
        Ok((status.ok_or_else(broken)?, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }
}

/// The file of an ending that was written last, of those that are not empty.
pub(crate) fn last_file(folder: &Path, ending: &str) -> PathBuf {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let of_ending = files.filter(|file| file.extension().is_some_and(|found| found == ending));
    let mut filled: Vec<PathBuf> = of_ending.filter(|file| std::fs::metadata(file).unwrap().len() > 0).collect();
    filled.sort();
    filled.pop().unwrap()
}
