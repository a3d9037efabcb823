//! Decides what becomes of a record that some persons claim: a pure function of how the claims stand.
//!
//! One strong claim wins. Two strong claims never merge their persons: the record goes to the better one and a clerk sees
//! the bridge. Where the two persons must stay apart and claim the record nearly alike, it goes to neither. What is
//! doubtful opens a task. A clerk's decision beats any weight.

use crate::TaskKind;
use linkage::model::Decision;

/// Bits by which a person has to claim a record more than another that must stay apart from it.
pub(crate) const NEAR_TIE: f64 = 3.0;

/// How one claim stands; claims are given the strongest first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    /// The best weight after guards, in bits.
    pub weight: f64,
    /// The decision on the best pair.
    pub decision: Decision,
    /// Whether a record of the person contradicts, or agrees too little on average.
    pub is_contradicted: bool,
    /// Whether the person has died and the record's has not, or the person is full.
    pub is_barred: bool,
    /// What a clerk has decided about the record and one of the person.
    pub clerk: Clerk,
    /// Whether the person must stay apart from the strongest one.
    pub is_apart_from_first: bool,
}

/// A clerk's decision about a record and a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clerk {
    /// None.
    Silent,
    /// They belong together.
    MustLink,
    /// They do not.
    DoNotLink,
}

/// What becomes of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// It is the first of a new person.
    New,
    /// It goes to this claim's person, by weight.
    Join(usize),
    /// It goes to this claim's person, as a clerk has decided.
    Obey(usize),
}

/// A doubt about a claim, for a clerk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Doubt {
    /// The claim.
    pub claim: usize,
    /// What kind.
    pub kind: TaskKind,
}

impl Standing {
    fn is_strong(&self) -> bool {
        self.decision == Decision::Match && !self.is_contradicted && !self.is_barred
    }

    fn is_doubtful(&self) -> bool {
        self.decision >= Decision::PossibleMatch
    }
}

/// What becomes of the record, and what a clerk has to look at.
pub(crate) fn choose(standings: &[Standing]) -> (Choice, Vec<Doubt>) {
    let open: Vec<(usize, &Standing)> =
        standings.iter().enumerate().filter(|(_, standing)| standing.clerk != Clerk::DoNotLink).collect();
    let obeyed = open.iter().find(|(_, standing)| standing.clerk == Clerk::MustLink).map(|(n, _)| *n);
    let mut strong = open.iter().filter(|(_, standing)| standing.is_strong()).map(|(n, standing)| (*n, *standing));
    let (choice, tied) = match (obeyed, strong.next(), strong.next()) {
        (Some(claim), ..) => (Choice::Obey(claim), None),
        (None, None, _) => (Choice::New, None),
        (None, Some((first, best)), Some((second, next)))
            if best.weight - next.weight < NEAR_TIE && next.is_apart_from_first =>
        {
            (Choice::New, Some([first, second]))
        }
        (None, Some((first, _)), _) => (Choice::Join(first), None),
    };
    let joined = match choice {
        Choice::New => None,
        Choice::Join(claim) | Choice::Obey(claim) => Some(claim),
    };
    let doubts = open.iter().filter(|(claim, standing)| Some(*claim) != joined && standing.is_doubtful());
    let doubts = doubts.map(|(claim, standing)| {
        let kind = if tied.is_some_and(|tied| tied.contains(claim)) {
            TaskKind::NearTie
        } else if standing.is_strong() && joined.is_some() {
            TaskKind::Bridge
        } else if standing.decision == Decision::Match {
            TaskKind::Conflict
        } else {
            TaskKind::PossibleMatch
        };
        Doubt { claim: *claim, kind }
    });
    (choice, doubts.collect())
}

#[cfg(test)]
mod tests {
    use super::{Choice, Clerk, Doubt, Standing, choose};
    use crate::TaskKind;
    use linkage::model::Decision;

    fn at(weight: f64) -> Standing {
        Standing {
            weight,
            decision: Decision::of(weight, 8.0, 9.0),
            is_contradicted: false,
            is_barred: false,
            clerk: Clerk::Silent,
            is_apart_from_first: false,
        }
    }

    #[track_caller]
    fn check(standings: &[Standing], choice: Choice, doubts: &[(usize, TaskKind)]) {
        let doubts: Vec<Doubt> = doubts.iter().map(|(claim, kind)| Doubt { claim: *claim, kind: *kind }).collect();
        assert_eq!(choose(standings), (choice, doubts));
    }

    #[test]
    fn nobody_or_only_weak_claims_make_a_new_person() {
        check(&[], Choice::New, &[]);
        check(&[at(3.0)], Choice::New, &[]);
        check(&[at(8.5), at(3.0)], Choice::New, &[(0, TaskKind::PossibleMatch)]);
    }

    #[test]
    fn one_strong_claim_wins() {
        check(&[at(20.0), at(3.0)], Choice::Join(0), &[]);
        check(&[at(20.0), at(8.5)], Choice::Join(0), &[(1, TaskKind::PossibleMatch)]);
    }

    #[test]
    fn two_strong_claims_are_a_bridge_or_a_tie() {
        check(&[at(20.0), at(12.0)], Choice::Join(0), &[(1, TaskKind::Bridge)]);
        check(&[at(20.0), at(19.0)], Choice::Join(0), &[(1, TaskKind::Bridge)]);
        let apart = Standing { is_apart_from_first: true, ..at(19.0) };
        check(&[at(20.0), apart], Choice::New, &[(0, TaskKind::NearTie), (1, TaskKind::NearTie)]);
        let apart = Standing { is_apart_from_first: true, ..at(12.0) };
        check(&[at(20.0), apart], Choice::Join(0), &[(1, TaskKind::Bridge)]);
    }

    #[test]
    fn contradictions_and_bars_are_for_a_clerk() {
        check(&[Standing { is_contradicted: true, ..at(20.0) }], Choice::New, &[(0, TaskKind::Conflict)]);
        check(&[Standing { is_barred: true, ..at(20.0) }], Choice::New, &[(0, TaskKind::Conflict)]);
    }

    #[test]
    fn a_clerk_beats_any_weight() {
        check(&[Standing { clerk: Clerk::DoNotLink, ..at(40.0) }], Choice::New, &[]);
        check(&[at(20.0), Standing { clerk: Clerk::MustLink, ..at(-9.0) }], Choice::Obey(1), &[(0, TaskKind::Bridge)]);
    }
}
