//! The life of a consent: what may become of it, and what never comes back.
//!
//! Superseded, withdrawn and entered in error are ends. Nothing leads from an end to an active consent, so an older consent
//! never revives because a newer one was withdrawn or ran out. Running out is no state: the window of the rules ends, the
//! consent stays the one that is in force, and says nothing any more.

use serde::{Deserialize, Serialize};

/// Where a version of a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentState {
    /// Being written; contributes nothing.
    Draft,
    /// In force.
    Active,
    /// Replaced by a newer version, or by another consent.
    Superseded,
    /// Taken back by the person.
    Withdrawn,
    /// Never should have been; as if it had not been signed.
    EnteredInError,
}

impl ConsentState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Draft, Self::Active, Self::Superseded, Self::Withdrawn, Self::EnteredInError];

    /// Whether one step leads there.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Draft, Self::Active | Self::EnteredInError)
                | (Self::Active, Self::Superseded | Self::Withdrawn | Self::EnteredInError)
                | (Self::Superseded | Self::Withdrawn, Self::EnteredInError)
        )
    }

    /// Whether its rules belong into the chart of the person.
    #[must_use]
    pub const fn is_in_force(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether the person has said something with it: then the network's implicit permits are out, for good.
    #[must_use]
    pub const fn counts_as_signed(self) -> bool {
        !matches!(self, Self::Draft | Self::EnteredInError)
    }

    /// The word in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
            Self::EnteredInError => "entered_in_error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConsentState;

    #[test]
    fn nothing_comes_back_into_force() {
        for from in ConsentState::ALL {
            let may_activate = from.may_become(ConsentState::Active);
            assert_eq!(may_activate, from == ConsentState::Draft, "{from:?}");
            assert!(!ConsentState::EnteredInError.may_become(from));
        }
    }
}
