//! A seeded population with the truth beside it.
