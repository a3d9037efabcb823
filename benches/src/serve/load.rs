//! The load: many connections at a given rate, or as fast as they are answered.
//!
//! *Open loop*: requests have intended start times, evenly spread, decided before the first is sent. A latency counts from
//! the intended time, so a server that falls behind is charged for everybody who waits and not only for whom it serves.
//! *Closed loop*: every connection sends its next request when the last is answered; this finds the most that the server
//! can do, and says nothing of latency under another load. One thread per connection; requests are made ahead.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::client::Client;

/// How the load is offered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Loop {
    /// At a rate per second, whatever the server does.
    Open(f64),
    /// As fast as answers come.
    Closed,
}

/// A load: to whom, over how many connections, how, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) pace: Loop,
    pub(crate) seconds: f64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Answers {
    /// Requests answered, whatever the status.
    pub(crate) count: u64,
    /// Seconds from the first intended start to the last answer.
    pub(crate) seconds: f64,
    /// Answers by status.
    pub(crate) statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by reason.
    pub(crate) failures: BTreeMap<String, u64>,
    /// Milliseconds from the intended start to the end of the answer: half, 90 %, 99 %, 99.9 % are below.
    pub(crate) latency_ms: Percentiles,
    /// Whether the requests ran out before the time.
    pub(crate) is_short: bool,
    /// How many of the prepared requests were used.
    pub(crate) used: usize,
}

/// Upper bounds of shares of the latencies, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Answers {
    /// Answers with a status below 400, per second.
    pub(crate) fn good_per_second(&self) -> f64 {
        let good: u64 = self.statuses.range(..400).map(|(_, count)| count).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
        let good = good as f64;
        good / self.seconds.max(1e-9)
    }

    /// Requests that were refused or not answered.
    pub(crate) fn errors(&self) -> u64 {
        self.statuses.range(400..).map(|(_, count)| count).sum::<u64>() + self.failures.values().sum::<u64>()
    }
}

/// Offers the requests in order, until they or the time are used up.
pub(crate) fn offer(load: &Load, requests: &[Vec<u8>]) -> Answers {
    let next = AtomicUsize::new(0);
    // Time for every thread to stand ready, so that the first requests are not late for our own reasons.
    let started = Instant::now() + Duration::from_millis(50);
    let parts: Vec<Part> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..load.connections.max(1))
            .map(|_| scope.spawn(|| offer_on_one_connection(load, requests, (&next, started))))
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    summarise(parts, started, requests.len())
}

/// What one connection saw.
#[derive(Debug, Default)]
struct Part {
    micros: Vec<u64>,
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<String, u64>,
    ended: Option<Instant>,
    used: usize,
}

fn offer_on_one_connection(load: &Load, requests: &[Vec<u8>], (next, started): (&AtomicUsize, Instant)) -> Part {
    let end = started + Duration::from_secs_f64(load.seconds);
    let mut part = Part::default();
    let mut client = Client::new(load.address);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(number) else { break };
        let intended = match load.pace {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            Loop::Open(rate) => started + Duration::from_secs_f64(number as f64 / rate),
            Loop::Closed => Instant::now().max(started),
        };
        if intended >= end {
            break;
        }
        wait_until(intended);
        part.used = number + 1;
        match client.ask(request) {
            Ok(status) => *part.statuses.entry(status).or_default() += 1,
            Err(error) => *part.failures.entry(error.kind().to_string()).or_default() += 1,
        }
        let ended = Instant::now();
        part.micros.push(u64::try_from(ended.saturating_duration_since(intended).as_micros()).unwrap_or(u64::MAX));
        part.ended = Some(ended);
    }
    part
}

fn wait_until(instant: Instant) {
    let left = instant.saturating_duration_since(Instant::now());
    if left > Duration::ZERO {
        #[expect(clippy::disallowed_methods, reason = "a load generator waits for the intended time of a request")]
        std::thread::sleep(left);
    }
}

fn summarise(parts: Vec<Part>, started: Instant, prepared: usize) -> Answers {
    let mut answers = Answers::default();
    let mut micros = Vec::new();
    let mut ended = started;
    for part in parts {
        micros.extend(part.micros);
        ended = ended.max(part.ended.unwrap_or(started));
        answers.used = answers.used.max(part.used);
        for (status, count) in part.statuses {
            *answers.statuses.entry(status).or_default() += count;
        }
        for (reason, count) in part.failures {
            *answers.failures.entry(reason).or_default() += count;
        }
    }
    micros.sort_unstable();
    answers.count = answers.statuses.values().sum();
    answers.seconds = ended.saturating_duration_since(started).as_secs_f64();
    answers.latency_ms = percentiles(&micros);
    answers.is_short = answers.used == prepared;
    answers
}

fn percentiles(sorted_micros: &[u64]) -> Percentiles {
    let below = |per_mille: usize| {
        let rank = (sorted_micros.len() * per_mille).div_ceil(1_000).saturating_sub(1);
        #[expect(clippy::cast_precision_loss, reason = "microseconds of a measurement are far below 2^53")]
        sorted_micros.get(rank).map_or(0.0, |micros| *micros as f64 / 1_000.0)
    };
    Percentiles { p50: below(500), p90: below(900), p99: below(990), p999: below(999), max: below(1_000) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    /// A server that answers each request after a pause, one thread per connection.
    fn server(pause: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let mut request = [0; 64];
                    while stream.read(&mut request).is_ok_and(|count| count > 0) {
                        wait_until(Instant::now() + pause);
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
                    }
                });
            }
        });
        address
    }

    fn requests(count: usize) -> Vec<Vec<u8>> {
        vec![b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(); count]
    }

    #[test]
    fn a_server_that_falls_behind_is_charged_for_those_who_wait() {
        let address = server(Duration::from_millis(10));
        // One connection does at most 100 per second; 400 are asked for: the last of 100 waits for nearly 750 ms.
        let load = Load { address, connections: 1, pace: Loop::Open(400.0), seconds: 0.25 };
        let answers = offer(&load, &requests(1_000));
        assert_eq!((answers.count, answers.errors(), answers.is_short), (100, 0, false));
        assert!(answers.latency_ms.p50 > 300.0 && answers.latency_ms.max > 700.0, "{answers:?}");
    }

    #[test]
    fn a_closed_loop_is_as_fast_as_the_answers() {
        let address = server(Duration::from_millis(10));
        let load = Load { address, connections: 4, pace: Loop::Closed, seconds: 0.3 };
        let answers = offer(&load, &requests(1_000));
        assert!((20..=120).contains(&answers.count), "{answers:?}");
        assert!(answers.latency_ms.p50 >= 10.0, "{answers:?}");
        let all = offer(&load, &requests(5));
        assert_eq!((all.count, all.is_short), (5, true));
    }

    #[test]
    fn nobody_there_is_an_error_and_no_latency_of_an_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let load = Load { address, connections: 2, pace: Loop::Closed, seconds: 1.0 };
        let answers = offer(&load, &requests(4));
        assert_eq!((answers.count, answers.errors()), (0, 4));
    }

    #[test]
    fn shares_of_latencies() {
        let found = percentiles(&(1..=1_000).map(|micros| micros * 1_000).collect::<Vec<_>>());
        assert_eq!(found, Percentiles { p50: 500.0, p90: 900.0, p99: 990.0, p999: 999.0, max: 1_000.0 });
        assert_eq!(percentiles(&[]), Percentiles::default());
        assert!((percentiles(&[7_000]).p999 - 7.0).abs() < 1e-9);
    }
}
