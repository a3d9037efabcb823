//! Replay: questions of the past put to another policy, and the answers that would differ.
//!
//! The caller brings each question as it was asked, the chart as it was then, and the answer that was given. What comes
//! back is what would have come out otherwise. Only so many differences are listed, and all of them are counted.

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

/// Puts questions of the past to a policy.
#[must_use]
pub fn replay<'a, K>(engine: &Engine<'a>, past: impl IntoIterator<Item = Past<'a, K>>) -> Replay<K> {
    let mut all = Replay { asked: 0, gained: 0, lost: 0, obliged_otherwise: 0, differences: Vec::new() };
    let mut reasons = Reasons::new();
    for Past { key, chart, request, outcome, obligations } in past {
        all.asked += 1;
        let after = engine.decide(chart, &request, &mut reasons);
        let count = match (outcome, after.outcome) {
            (Outcome::Deny, Outcome::Permit) => &mut all.gained,
            (Outcome::Permit, Outcome::Deny) => &mut all.lost,
            (Outcome::Permit, Outcome::Permit) if obligations != after.obligations => &mut all.obliged_otherwise,
            _ => continue,
        };
        *count += 1;
        if all.differences.len() < DIFFERENCES_MAX {
            let before = (outcome, obligations);
            all.differences.push(Difference { key, before, after, reasons: reasons.clone() });
        }
    }
    all
}
