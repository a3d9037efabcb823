//! Structured logs on standard error.
//!
//! Every line can be read alone and names what it is about in fields. No line holds a name, a birth date, an address or
//! the value of an identifier: what is logged is chosen where it happens, and libraries below may only warn.
//!
//! A line per request would be a system call per request, on the thread that answers it. So lines are gathered for a
//! moment and written together by a thread of their own; warnings and errors are written at once, with everything before
//! them. Whoever kills the process may lose the lines of that moment: they tell of requests, and the log is no audit.

use std::io::{self, Write, stderr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogConfig, LogFormat};

/// Why logging does not start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It was started before.
    #[error("logging was started before")]
    Started(#[from] TryInitError),
    /// The operating system gives no thread.
    #[error("the operating system gives no thread for the log")]
    Thread(#[from] io::Error),
}

/// How long a line of a request waits for others.
const GATHERING: Duration = Duration::from_millis(10);

/// Bytes of lines that wait at most; whoever writes the line over it writes out all of them.
const WAITING_BYTES_MAX: usize = 256 << 10;

/// Starts logging for the whole process, until the result is dropped: what comes later is lost.
///
/// # Errors
/// [`LogError`].
pub fn start(config: &LogConfig) -> Result<Logging, LogError> {
    let level = config.level.name();
    // Libraries may say what goes wrong, not what they do: their lines are not ours to vouch for.
    let filter = EnvFilter::new(format!("warn,hub={level}"));
    let logging = Logging::to(stderr())?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(logging.lines());
    match config.format {
        LogFormat::Text => lines.with_ansi(false).with_target(false).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).finish().try_init(),
    }?;
    Ok(logging)
}

/// Running logs: dropping it writes what waits, and ends the thread.
#[derive(Debug)]
pub struct Logging {
    gathered: Arc<Gathered>,
    thread: Option<JoinHandle<()>>,
}

impl Logging {
    fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let gathered = Arc::new(Gathered {
            waiting: Mutex::default(),
            woken: Condvar::new(),
            out: Mutex::new(Output { spare: Vec::new(), out: Box::new(out) }),
        });
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn({
            let gathered = Arc::clone(&gathered);
            move || gathered.run()
        })?;
        Ok(Self { gathered, thread: Some(thread) })
    }

    fn lines(&self) -> Lines {
        Lines(Arc::clone(&self.gathered))
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        lock(&self.gathered.waiting).is_ending = true;
        self.gathered.woken.notify_one();
        if let Some(thread) = self.thread.take() {
            // It ends by itself; a thread that panicked has nothing more to write.
            let _ = thread.join();
        }
        self.gathered.write_out();
    }
}

/// Lines that wait, and where they go.
struct Gathered {
    waiting: Mutex<Waiting>,
    woken: Condvar,
    /// Whoever holds it writes; it is taken before `waiting`, so that lines stay in order.
    out: Mutex<Output>,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    is_ending: bool,
}

struct Output {
    /// The room of the lines that were written last.
    spare: Vec<u8>,
    out: Box<dyn Write + Send>,
}

impl Gathered {
    /// Takes a line; the first of a moment wakes the thread.
    fn push(&self, line: &[u8], is_urgent: bool) {
        let mut waiting = lock(&self.waiting);
        let is_first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        let is_due = is_urgent || waiting.is_ending || waiting.bytes.len() > WAITING_BYTES_MAX;
        drop(waiting);
        if is_due {
            self.write_out();
        } else if is_first {
            self.woken.notify_one();
        }
    }

    fn write_out(&self) {
        let mut output = lock(&self.out);
        let Output { spare, out } = &mut *output;
        std::mem::swap(&mut lock(&self.waiting).bytes, spare);
        // There is nobody to tell when the log cannot be written.
        let _ = out.write_all(spare).and_then(|()| out.flush());
        spare.clear();
    }

    fn run(&self) {
        loop {
            let mut waiting = lock(&self.waiting);
            while waiting.bytes.is_empty() && !waiting.is_ending {
                waiting = self.woken.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            if !waiting.is_ending {
                let ended = self.woken.wait_timeout_while(waiting, GATHERING, |waiting| !waiting.is_ending);
                waiting = ended.unwrap_or_else(PoisonError::into_inner).0;
            }
            let is_ending = waiting.is_ending;
            drop(waiting);
            self.write_out();
            if is_ending {
                return;
            }
        }
    }
}

impl std::fmt::Debug for Gathered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gathered")
    }
}

/// No code panics under these locks but by a failed allocation, which ends the process.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes lines from whoever logs.
#[derive(Debug)]
struct Lines(Arc<Gathered>);

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line { gathered: &self.0, is_urgent: true }
    }

    fn make_writer_for(&'w self, metadata: &Metadata<'_>) -> Line<'w> {
        Line { gathered: &self.0, is_urgent: *metadata.level() <= Level::WARN }
    }
}

/// One line on its way.
struct Line<'w> {
    gathered: &'w Gathered,
    is_urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gathered.push(bytes, self.is_urgent);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Gives what is written, piece by piece.
    struct Pieces(Sender<String>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !bytes.is_empty() {
                self.0.send(String::from_utf8(bytes.to_vec()).unwrap()).unwrap();
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logging() -> (Logging, Receiver<String>) {
        let (sender, receiver) = channel();
        (Logging::to(Pieces(sender)).unwrap(), receiver)
    }

    fn push(logging: &Logging, line: &str, is_urgent: bool) {
        Line { gathered: &logging.gathered, is_urgent }.write_all(line.as_bytes()).unwrap();
    }

    #[test]
    fn a_line_comes_out_by_itself() {
        let (logging, lines) = logging();
        push(&logging, "one\n", false);
        assert_eq!(lines.recv().unwrap(), "one\n");
        push(&logging, "two\n", false);
        assert_eq!(lines.recv().unwrap(), "two\n");
    }

    #[test]
    fn an_urgent_line_is_out_at_once_with_all_before_it() {
        let (logging, lines) = logging();
        push(&logging, "one\n", false);
        push(&logging, "two\n", true);
        assert_eq!(lines.try_iter().collect::<String>(), "one\ntwo\n");
        drop(logging);
        assert_eq!(lines.iter().count(), 0);
    }

    #[test]
    fn nothing_is_lost_or_out_of_order_at_the_end_or_over_the_limit() {
        let (logging, lines) = logging();
        let line = "x".repeat(1_000);
        let expected: String = (0..2_000).map(|number| format!("{number} {line}\n")).collect();
        expected.split_inclusive('\n').for_each(|line| push(&logging, line, false));
        drop(logging);
        assert_eq!(lines.iter().collect::<String>(), expected);
    }
}
