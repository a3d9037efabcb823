//! Writes what the commands produce.
//!
//! A result file appears under its name only when it is complete ([`AtomicFile`]); until then it is a `.partial` file
//! beside it, which a later run overwrites. The writers format numbers themselves: millions of rows go through them.

mod atomic;
mod number;
mod tables;

pub use atomic::AtomicFile;
pub use number::{push_fixed4, push_significant6};
pub use tables::{ClusterWriter, PairWriter};

/// Appends one CSV field, quoted only when it must be.
pub fn push_csv_field(to: &mut Vec<u8>, field: &str) {
    let bytes = field.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        to.extend_from_slice(bytes);
        return;
    }
    to.push(b'"');
    for byte in bytes {
        if *byte == b'"' {
            to.push(b'"');
        }
        to.push(*byte);
    }
    to.push(b'"');
}
