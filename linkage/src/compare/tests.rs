//! Tests of the measures: laws for all values, tables of cases, and a stopwatch to run by hand.

mod laws;
mod speed;
mod tables;

use super::*;
use crate::normalize::{self, Kind, Tables};

/// The table that we ship.
fn shipped_readings() -> Readings {
    Readings::parse(include_str!("../../../matching-rules/normalize/readings.tsv")).unwrap()
}

/// A value as normalisation makes it, without tables; an empty text is null.
fn value(kind: Kind, raw: &str) -> Option<Value> {
    normalize::normalize(kind, raw, &Tables::empty())
}
