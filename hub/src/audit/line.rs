//! The chain: how an event becomes a line that depends on every line before it.
//!
//! A line is `{"n":7,"chain":"…","event":{…}}`: the number of the event in its chain, the digest that binds it to
//! everything before, and the event. The digest is BLAKE3 over the digest before, the number, the length and the bytes
//! of the event. There is exactly one spelling of a line, and a reader compares bytes, so a change that means the same
//! JSON is found as well. The chain alone stops nobody who writes all of it anew: see the seals.

use serde::{Deserialize, Serialize};

use super::event::Event;

/// Bytes of one event. A larger answer is split by whoever asks for it.
pub const EVENT_BYTES_MAX: usize = 1 << 20;
/// Hexadecimal digits of a digest.
const HEX_DIGITS: usize = 64;

/// A place in a chain: how many events came before, and the digest over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Events up to here.
    pub events: u64,
    /// The digest over all of them.
    pub chain: blake3::Hash,
}

impl Head {
    /// Before the first event of a writer. Every writer begins elsewhere, so chains cannot change places.
    pub(super) fn start(writer: &str) -> Self {
        let chain = blake3::derive_key("nayose 2026-11 audit writer", writer.as_bytes());
        Self { events: 0, chain: chain.into() }
    }

    /// Behind one more event.
    pub(super) fn after(&self, payload: &[u8]) -> Self {
        let events = self.events.saturating_add(1);
        let mut hasher = blake3::Hasher::new_derive_key("nayose 2026-11 audit chain");
        hasher.update(self.chain.as_bytes());
        hasher.update(&events.to_le_bytes());
        hasher.update(&u64::try_from(payload.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(payload);
        Self { events, chain: hasher.finalize() }
    }
}

/// Writes the line of an event and moves the head behind it.
pub(super) fn write(line: &mut Vec<u8>, head: &mut Head, payload: &[u8]) {
    *head = head.after(payload);
    line.extend_from_slice(
        format!("{{\"n\":{},\"chain\":\"{}\",\"event\":", head.events, head.chain.to_hex()).as_bytes(),
    );
    line.extend_from_slice(payload);
    line.extend_from_slice(b"}\n");
}

/// What stands in a line, not yet compared with the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) head: Head,
    pub(super) payload: &'a [u8],
}

/// Takes a line apart; none when it is not spelt as [`write()`] does it.
pub(super) fn parse(line: &[u8]) -> Option<Entry<'_>> {
    let rest = line.strip_prefix(b"{\"n\":")?;
    let digits = rest.iter().position(|c| *c == b',')?;
    let (number, rest) = rest.split_at_checked(digits)?;
    let events: u64 = std::str::from_utf8(number).ok()?.parse().ok()?;
    let (hex, rest) = rest.strip_prefix(b",\"chain\":\"")?.split_at_checked(HEX_DIGITS)?;
    let chain = blake3::Hash::from_hex(hex).ok()?;
    let is_canonical = events.to_string().as_bytes() == number && chain.to_hex().as_bytes() == hex;
    let payload = rest.strip_prefix(b"\",\"event\":")?.strip_suffix(b"}\n")?;
    is_canonical.then_some(Entry { head: Head { events, chain }, payload })
}

impl Entry<'_> {
    /// The event, if these bytes are one.
    pub(super) fn event(&self) -> Option<Event> {
        serde_json::from_slice(self.payload).ok()
    }
}

/// A digest in hexadecimal digits.
pub(super) mod hex {
    use super::{Deserialize as _, Serialize as _};
    use serde::{Deserializer, Serializer, de};

    pub(in crate::audit) fn serialize<S: Serializer>(hash: &blake3::Hash, to: S) -> Result<S::Ok, S::Error> {
        hash.to_hex().as_str().serialize(to)
    }

    pub(in crate::audit) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<blake3::Hash, D::Error> {
        blake3::Hash::from_hex(String::deserialize(from)?).map_err(de::Error::custom)
    }
}
