//! Probabilistic record linkage after Fellegi and Sunter (1969).
//!
//! Two records and a rule set in, a scored and explained comparison out; and in bulk, columns of records in, clusters
//! out. The crate is pure: no clock, no store, no files, no randomness but a seed, no threads of its own.
//!
//! Read in this order: [`normalize`] and [`compare`] know what values are; [`rules`] is the model as data; [`block`],
//! [`model`] and [`score`] find and weigh pairs; [`train`] learns the weights; [`cluster`] joins the pairs;
//! [`run`] puts it all together, and [`arrival`] does the same for one record; [`explain`] and [`evaluate`] say why and
//! how well.

pub mod arrival;
pub mod block;
pub mod cluster;
pub mod compare;
pub mod evaluate;
pub mod exec;
pub mod explain;
pub mod model;
pub mod normalize;
mod rows;
pub mod rules;
pub mod run;
pub mod score;
mod spread;
pub mod table;
pub mod text;
pub mod train;
pub mod value;
