//! Arrival gives what a run over a table gives, for values, frequencies, keys, weights and guards.

use super::*;
use crate::block::BlockIndex;
use crate::block::key::mix;
use crate::compare::Readings;
use crate::exec::Serial;
use crate::model::{Frequencies, Profiles, Weights};
use crate::normalize::{TableSources, Tables};
use crate::rules::RuleSet;
use crate::run::{Request, Run};
use crate::score::{Comparer, LevelCache, Scorer};
use crate::table::{RecordIndex, Table, TableBuilder};
use proptest::prelude::*;
use std::collections::BTreeMap;

mod bulk;
mod population;
mod speed;
mod values;
