//! Tests of the whole run: determinism, truth, labels, counts, shares.
