//! Tests of the whole index over a store in memory.
