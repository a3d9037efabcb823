//! Tests of the whole index over a store in memory.

mod arrival;
mod bulk;
mod order;
mod past;
mod race;
mod random;
mod read;
mod relate;
mod review;
mod rules;
mod standby;
mod world;
