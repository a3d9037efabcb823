//! The `nayose` binary.
fn main() {}
