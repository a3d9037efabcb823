//! Why or why not, and what would turn the answer: which deny to lift, which permit to add, which stop to clear.
//!
//! A deny stands as long as anything is left in its way, so all steps together turn it; when there is one step, it is the
//! one change that flips the answer. A permit falls with a single deny, or when every permit behind it is taken back. The
//! steps say what would have to be different, never that it should be.

use crate::chart::Chart;
use crate::decide::Engine;
use crate::decision::{Basis, Decision, Outcome, Reasons, RuleRef, Stop};
use crate::explain::{Sentence, stop_sentence};
use crate::request::Request;

/// One thing that would have to be different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlipStep {
    /// The cause of a hard stop is removed.
    ClearStop(Stop),
    /// A deny is taken out.
    LiftDeny(RuleRef),
    /// Somebody permits it: the patient, or the network.
    AddPermit,
    /// Somebody denies it.
    AddDeny,
}

/// What would turn an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// All of these together, and no fewer. Empty when nothing does: an institution's own record stays open.
    pub steps: Vec<FlipStep>,
    /// Taking back all of these does it as well: the permits of a permit.
    pub or_without: Vec<RuleRef>,
    /// Whether the steps are sure to turn it. Clearing a stop that lies in the question (an unknown code, an emergency that
    /// is refused) makes it another question, to which other rules may apply.
    pub is_certain: bool,
    /// The same in words.
    pub sentence: Sentence,
}

/// What would turn an answer; for the officer, as it names rules.
#[must_use]
pub fn what_would_flip(
    engine: &Engine<'_>,
    chart: &Chart,
    request: &Request<'_>,
    (decision, reasons): (&Decision, &Reasons),
) -> Flip {
    let (requester, custodian) = (request.requester.institution, request.record.custodian);
    let is_own = requester.is_named() && requester == custodian;
    let mut steps = Vec::new();
    let mut or_without = Vec::new();
    if decision.outcome == Outcome::Permit {
        if decision.basis != Basis::OwnRecord {
            steps.push(FlipStep::AddDeny);
            or_without.extend(reasons.deciding(Outcome::Permit));
        }
    } else {
        steps.extend(decision.stops.iter().map(FlipStep::ClearStop));
        // Whoever asks for the own record needs nobody's permit once nothing stops the request.
        if !is_own {
            steps.extend(reasons.deciding(Outcome::Deny).map(FlipStep::LiftDeny));
            let has_permit = reasons.deciding(Outcome::Permit).next().is_some();
            steps.extend((!has_permit).then_some(FlipStep::AddPermit));
        }
    }
    let is_certain = !decision.stops.iter().any(is_of_question);
    let sentence = said(engine, chart, &steps);
    Flip { steps, or_without, is_certain, sentence }
}

/// Whether the stop is cleared only by asking something else.
fn is_of_question(stop: Stop) -> bool {
    match stop {
        Stop::UnknownCategory
        | Stop::UnknownLabel
        | Stop::UnknownPurpose
        | Stop::UnknownInstitution
        | Stop::UnknownIdentity
        | Stop::EmergencyRefused => true,
        Stop::Stale
        | Stop::Suspended
        | Stop::PurposeNotLicensed
        | Stop::NotParticipating
        | Stop::NotEnrolled
        | Stop::Withdrawn
        | Stop::Deceased => false,
    }
}

impl Flip {
    /// The one change, if one is enough.
    #[must_use]
    pub fn single(&self) -> Option<FlipStep> {
        match self.steps.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

fn said(engine: &Engine<'_>, chart: &Chart, steps: &[FlipStep]) -> Sentence {
    let mut sentence = match steps.len() {
        0 => Sentence::of("判定は変わりません。", "Nothing would change the answer."),
        1 => Sentence::of("次の一つを変えると判定が変わります。", "One change would turn the answer:"),
        _ => Sentence::of("次のすべてを変えると判定が変わります。", "All of these together would turn the answer:"),
    };
    for step in steps {
        let step = match step {
            FlipStep::ClearStop(stop) => {
                let stop = stop_sentence(*stop);
                Sentence {
                    japanese: format!("次の理由の解消：{}", stop.japanese),
                    english: format!("clear the reason: {}", stop.english),
                }
            }
            FlipStep::LiftDeny(at) => {
                let name = engine.rule_name(chart, *at);
                Sentence {
                    japanese: format!("拒否〔{name}〕を外す。"), english: format!("lift the deny [{name}].")
                }
            }
            FlipStep::AddPermit => {
                Sentence::of("許可する同意または規則を加える。", "add a consent or a rule that permits it.")
            }
            FlipStep::AddDeny => Sentence::of("拒否を加える。", "add a deny."),
        };
        sentence.push(&step);
    }
    sentence
}
