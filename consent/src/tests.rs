//! The laws of the model, the cases from other engines' defects, and random worlds.

mod cases;
mod world;
