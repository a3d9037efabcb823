//! Replay: questions of the past put to another policy, and the answers that would differ.
//!
//! The caller brings each question as it was asked, the chart as it was then, and the answer that was given. What comes
//! back is what would have come out otherwise. Only so many differences are listed, and all of them are counted.

use crate::ahead::fetch_ahead;
use crate::chart::ChartView;
use crate::decide::Engine;
use crate::decision::{Decision, Outcome, Reasons};
use crate::obligation::Obligations;
use crate::request::Request;

/// The most differences that are listed: what an officer reads at most before changing the draft.
pub const DIFFERENCES_MAX: usize = 1_000;

/// A question of the past and the answer that it was given.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a, K> {
    /// As the log names it.
    pub key: K,
    /// The chart of then, compiled with the codebook of the policy that is tried.
    pub chart: ChartView<'a>,
    /// The question.
    pub request: Request<'a>,
    /// The answer.
    pub outcome: Outcome,
    /// What had to be done beside.
    pub obligations: Obligations,
}

/// An answer that would have been another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<K> {
    /// The question.
    pub key: K,
    /// What was answered.
    pub before: (Outcome, Obligations),
    /// What would be answered.
    pub after: Decision,
    /// The rules behind it.
    pub reasons: Reasons,
}

/// What became of the questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay<K> {
    /// How many were asked.
    pub asked: u64,
    /// How many would be permitted that were denied.
    pub gained: u64,
    /// How many would be denied that were permitted.
    pub lost: u64,
    /// How many stay permitted with other obligations.
    pub obliged_otherwise: u64,
    /// The first [`DIFFERENCES_MAX`] of all these.
    pub differences: Vec<Difference<K>>,
}

impl<K> Default for Replay<K> {
    fn default() -> Self {
        Self { asked: 0, gained: 0, lost: 0, obliged_otherwise: 0, differences: Vec::new() }
    }
}

impl<K> Replay<K> {
    /// Adds a question with the answer that it was given and the one that it would be given; `reasons` are those of the
    /// second. Whether the two differ.
    pub fn add(
        &mut self,
        key: K,
        before: (Outcome, Obligations),
        (after, reasons): (Decision, impl FnOnce() -> Reasons),
    ) -> bool {
        self.asked += 1;
        let count = match (before.0, after.outcome) {
            (Outcome::Deny, Outcome::Permit) => &mut self.gained,
            (Outcome::Permit, Outcome::Deny) => &mut self.lost,
            (Outcome::Permit, Outcome::Permit) if before.1 != after.obligations => &mut self.obliged_otherwise,
            _ => return false,
        };
        *count += 1;
        if self.differences.len() < DIFFERENCES_MAX {
            self.differences.push(Difference { key, before, after, reasons: reasons() });
        }
        true
    }
}

/// Puts questions of the past to a policy.
#[must_use]
pub fn replay<'a, K>(engine: &Engine<'a>, past: impl IntoIterator<Item = Past<'a, K>>) -> Replay<K> {
    let mut all = Replay::default();
    let mut reasons = Reasons::new();
    for Past { key, chart, request, outcome, obligations } in fetch_ahead(past, |past| past.chart) {
        let after = engine.decide(chart, &request, &mut reasons);
        all.add(key, (outcome, obligations), (after, || reasons.clone()));
    }
    all
}
