//! One keep-alive HTTP/1.1 connection that sends prepared bytes and reads one answer.
//!
//! Written for a measurement: requests are made ahead, an answer is read to its end and little of it is looked at, so that
//! the generator takes as little of the processor as possible. It knows answers with a `Content-Length` and answers
//! without a body, which is all that the server sends to these requests.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer that does not come within this time is an error.
const ANSWER_SECONDS_MAX: u64 = 60;
/// No answer of the requests measured here is longer.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// A connection, opened again when it breaks.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    body_start: usize,
}

impl Client {
    /// A connection to an address; it is opened by the first request.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::new(), body_start: 0 }
    }

    /// Sends a request and waits for the answer; gives its status.
    ///
    /// # Errors
    /// When the connection cannot be opened or breaks; the next request opens it again.
    pub(crate) fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        let answered = self.exchange(request);
        if answered.is_err() {
            self.stream = None;
        }
        answered
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        self.buffer.get(self.body_start..).unwrap_or_default()
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address)?,
        };
        stream.write_all(request)?;
        self.buffer.clear();
        let head = loop {
            receive(&mut stream, &mut self.buffer)?;
            if let Some(head) = Head::of(&self.buffer)? {
                break head;
            }
        };
        while self.buffer.len() < head.end + head.body_bytes {
            receive(&mut stream, &mut self.buffer)?;
        }
        self.body_start = head.end;
        self.stream = Some(stream);
        Ok(head.status)
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(ANSWER_SECONDS_MAX)))?;
    Ok(stream)
}

fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut part = [0; 8 << 10];
    let count = stream.read(&mut part)?;
    if count == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
    }
    buffer.extend_from_slice(part.get(..count).unwrap_or_default());
    Ok(())
}

/// What of the head of an answer matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    end: usize,
    body_bytes: usize,
}

impl Head {
    /// The head at the start of what has come; none when it is not there yet.
    fn of(bytes: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let bad = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let text = std::str::from_utf8(bytes.get(..end).unwrap_or_default()).map_err(|_| bad("a head is not text"))?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| bad("an answer has no status"))?;
        let length = lines.filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
        });
        let body_bytes = match length {
            Some(length) if length <= ANSWER_BYTES_MAX => length,
            None if matches!(status, 204 | 304) => 0,
            _ => return Err(bad("an answer does not say how long it is, or is too long")),
        };
        Ok(Some(Self { status, end: end + 4, body_bytes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &str, expected: Option<(u16, usize, usize)>) {
        let head = Head::of(bytes.as_bytes()).unwrap();
        assert_eq!(head.map(|head| (head.status, head.end, head.body_bytes)), expected);
    }

    #[test]
    fn heads() {
        check("HTTP/1.1 200 OK\r\ncontent-le", None);
        check("HTTP/1.1 200 OK\r\ncontent-length: 12\r\nx: y\r\n\r\nbody", Some((200, 45, 12)));
        check("HTTP/1.1 409 Conflict\r\nContent-Length:0\r\n\r\n", Some((409, 43, 0)));
        check("HTTP/1.1 204 No Content\r\n\r\n", Some((204, 27, 0)));
        assert!(Head::of(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(Head::of(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").is_err());
        assert!(Head::of(b"nonsense\r\n\r\n").is_err());
    }
}
