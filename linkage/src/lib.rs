//! Probabilistic record linkage after Fellegi and Sunter (1969).
pub mod compare;
pub mod value;
