//! The program as a user runs it: command lines in, exit code and output out.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its files has failed")]

mod evaluate;
mod frame;
mod rules;
mod serve;
#[cfg(feature = "rocks")]
mod store;
mod synth;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of its own for one test, removed when the test passes.
struct Folder {
    path: PathBuf,
}

static FOLDERS: AtomicU32 = AtomicU32::new(0);

impl Folder {
    fn new() -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("nayose-cli-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path.join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8(std::fs::read(self.path.join(name)).unwrap()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        names_in(&self.path)
    }

    /// Runs `nayose` in the folder, with the words of a command line.
    fn run(&self, line: &str) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(line.split_whitespace())
            .current_dir(&self.path)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn names_in(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What a run gave.
#[derive(Debug)]
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Outcome {
    /// Exit code 0 and nothing to complain about; the standard output.
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    /// This exit code, and a message that contains this text.
    #[track_caller]
    fn fails(&self, code: i32, message: &str) {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.contains(message), "{}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}
