//! A second telling of the registry, from the acts that were taken: no states that are passed on, only questions about
//! which act stands above which.

use super::*;
use crate::{ConsentState, IdentityStanding, SubjectState};
use directory::AsOf;

/// An act of a random history. Instants are minutes from the present of the tests.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Enrol { owner: u8, from: i64 },
    Withdraw { owner: u8, from: i64 },
    Died { owner: u8, is_deceased: bool, from: i64 },
    Save { owner: u8, consent: u8, version: u32, replaces: Option<u8>, root: Box<Provision> },
    Activate { consent: u8, version: u32, linked: Vec<u8>, from: i64 },
    WithdrawConsent { consent: u8, from: i64 },
    EnterInError { consent: u8, version: u32 },
    Reach { consent: u8, version: u32, identity: u8 },
}

/// The acts that were taken, each with when it was recorded.
#[derive(Default)]
pub(super) struct Model {
    pub(super) acts: Vec<(i64, Act)>,
}

/// What the model says of one version of a consent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) state: ConsentState,
    pub(super) reach: BTreeSet<IdentityId>,
}

impl Act {
    /// From when it holds; none for what has no time of its own.
    fn from(&self, recorded: i64) -> Option<i64> {
        match self {
            Self::Enrol { from, .. }
            | Self::Withdraw { from, .. }
            | Self::Died { from, .. }
            | Self::Activate { from, .. }
            | Self::WithdrawConsent { from, .. } => Some(*from),
            Self::Reach { .. } => Some(recorded),
            Self::Save { .. } | Self::EnterInError { .. } => None,
        }
    }
}

impl Model {
    /// The acts that count at a moment, with their places.
    fn counting(&self, (valid, recorded): (i64, i64)) -> impl Iterator<Item = (usize, &Act)> {
        let counts = move |(_, (at, act)): &(usize, &(i64, Act))| {
            *at <= recorded && act.from(*at).is_none_or(|from| from <= valid)
        };
        self.acts.iter().enumerate().filter(counts).map(|(place, (_, act))| (place, act))
    }

    fn saved(&self, of: (u8, u32)) -> Option<(u8, Option<u8>)> {
        self.acts.iter().find_map(|(_, act)| match act {
            Act::Save { owner, consent, version, replaces, .. } if (*consent, *version) == of => {
                Some((*owner, *replaces))
            }
            _ => None,
        })
    }

    /// What becomes of one version; none when it is not written yet.
    pub(super) fn version(&self, of: (u8, u32), moment: (i64, i64)) -> Option<Told> {
        let (owner, _) = self.saved(of)?;
        let acts: Vec<(usize, &Act)> = self.counting(moment).collect();
        let is_written = |act: &Act| matches!(act, Act::Save { consent, version, .. } if (*consent, *version) == of);
        acts.iter().find(|(_, act)| is_written(act))?;
        let is_activation =
            |act: &Act| matches!(act, Act::Activate { consent, version, .. } if (*consent, *version) == of);
        let activated = acts.iter().find(|(_, act)| is_activation(act)).map(|(place, _)| *place);
        let mut reach = BTreeSet::new();
        for (_, act) in &acts {
            match act {
                Act::Activate { linked: all, .. } if is_activation(act) => reach.extend(linked(all)),
                Act::Reach { consent, version, identity: more } if (*consent, *version) == of => {
                    reach.insert(identity(*more));
                }
                _ => {}
            }
        }
        let is_in_error =
            |act: &Act| matches!(act, Act::EnterInError { consent, version } if (*consent, *version) == of);
        let end = |(place, act): &(usize, &Act)| match act {
            _ if activated.is_none_or(|activated| *place <= activated) => None,
            Act::Withdraw { owner: who, .. } if *who == owner => Some(ConsentState::Withdrawn),
            Act::WithdrawConsent { consent, .. } if *consent == of.0 => Some(ConsentState::Withdrawn),
            Act::Activate { consent, version, .. } => {
                let replaces = self.saved((*consent, *version)).and_then(|(_, replaces)| replaces);
                (*consent == of.0 || replaces == Some(of.0)).then_some(ConsentState::Superseded)
            }
            _ => None,
        };
        let state = match (acts.iter().any(|(_, act)| is_in_error(act)), activated) {
            (true, _) => ConsentState::EnteredInError,
            (false, None) => ConsentState::Draft,
            // The first end is the end.
            (false, Some(_)) => acts.iter().find_map(end).unwrap_or(ConsentState::Active),
        };
        Some(Told { state, reach })
    }

    /// How an identity stands with the network.
    pub(super) fn standing(&self, owner: u8, moment: (i64, i64)) -> IdentityStanding {
        let mut standing = IdentityStanding::default();
        for (_, act) in self.counting(moment) {
            match act {
                Act::Enrol { owner: who, .. } if *who == owner => standing.state = SubjectState::Enrolled,
                Act::Withdraw { owner: who, .. } if *who == owner => standing.state = SubjectState::Withdrawn,
                Act::Died { owner: who, is_deceased, .. } if *who == owner => standing.is_deceased = *is_deceased,
                _ => {}
            }
        }
        let is_signed = |of| self.version(of, moment).is_some_and(|told| told.state.counts_as_signed());
        standing.has_signed = self.versions_of(owner).into_iter().any(is_signed);
        standing
    }

    pub(super) fn versions_of(&self, wanted: u8) -> BTreeSet<(u8, u32)> {
        let of = |(_, act): &(i64, Act)| match act {
            Act::Save { owner, consent, version, .. } if *owner == wanted => Some((*consent, *version)),
            _ => None,
        };
        self.acts.iter().filter_map(of).collect()
    }

    /// The registry says the same as the model, of one identity at one moment.
    pub(super) fn check(&self, history: &History, owner: u8, (valid, recorded): (i64, i64)) {
        let state = history.at(AsOf { valid: minutes(valid), recorded: minutes(recorded) });
        let moment = (valid, recorded);
        assert_eq!(state.standing, self.standing(owner, moment), "identity {owner} at {moment:?}");
        for of in self.versions_of(owner) {
            let kept = state.consents.get(&(consent(of.0), of.1));
            let found = kept.map(|kept| Told { state: kept.state, reach: kept.reach.clone() });
            assert_eq!(found, self.version(of, moment), "version {of:?} at {moment:?}");
        }
        // Nothing that is known already changes before the moment that the registry names.
        if state.until > minutes(valid + 1) {
            let next = history.at(AsOf { valid: minutes(valid + 1), recorded: minutes(recorded) });
            assert_eq!((next.standing, &next.consents), (state.standing, &state.consents));
        }
    }
}
