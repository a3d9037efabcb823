//! What the journal of one identity adds up to: how the person stands, and what has become of each consent.
//!
//! Entries count in the order in which they were recorded, each for the time from which it holds. A consent that has come
//! to an end (superseded, withdrawn, entered in error) is never in force again, whatever is added.

use super::Error;
use super::journal::{Entry, known_at, known_in};
use crate::chart::{ConsentId, IdentityId, IdentityStanding, SubjectState};
use crate::codebook::Codebook;
use crate::compile::{CompiledConsent, Known, recompile};
use crate::document::ConsentDocument;
use crate::lifecycle::ConsentState;
use directory::{AsOf, Instant, Snapshot};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What happened to an identity. Variants are added at the end: rows hold their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// The person joined under it, or joined again.
    Enrolled {
        /// From when.
        from: Instant,
    },
    /// The person withdrew; every consent in force under it is withdrawn for ever.
    Withdrew {
        /// From when.
        from: Instant,
    },
    /// Whether the person is dead.
    Died {
        /// Whether.
        is_deceased: bool,
        /// From when.
        from: Instant,
    },
    /// Whether the person is protected.
    Protected {
        /// Whether.
        is_restricted: bool,
        /// From when.
        from: Instant,
    },
    /// A version of a consent was written, and is a draft.
    Saved {
        /// The version.
        document: Box<ConsentDocument>,
        /// The moment of the directory at which its names were checked, and what was known of it then.
        checked: (Instant, Instant),
    },
    /// A version came into force, and its older versions and the consent that it replaces are superseded.
    Activated {
        /// Which.
        consent: ConsentId,
        /// Which version.
        version: u32,
        /// The identities that were linked when it was signed.
        reach: BTreeSet<IdentityId>,
        /// From when.
        from: Instant,
    },
    /// One consent was withdrawn.
    ConsentWithdrawn {
        /// Which.
        consent: ConsentId,
        /// From when.
        from: Instant,
    },
    /// A version never should have been.
    EnteredInError {
        /// Which.
        consent: ConsentId,
        /// Which version.
        version: u32,
        /// Why, in words that name no person.
        reason: Box<str>,
    },
    /// An officer's review lets the permits of a version open the records of one identity more.
    ReachAdded {
        /// Which.
        consent: ConsentId,
        /// Which version.
        version: u32,
        /// The identity.
        identity: IdentityId,
        /// Why, in words that name no person.
        reason: Box<str>,
        /// From when.
        from: Instant,
    },
}

/// The journal of one identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    entries: Vec<Entry<Deed>>,
}

/// A version of a consent, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptConsent {
    /// The document.
    pub document: Box<ConsentDocument>,
    /// The moment of the directory at which its names were checked.
    pub checked: AsOf,
    /// When it was written.
    pub saved: Instant,
    /// How it stands.
    pub state: ConsentState,
    /// The identities that its permits open; empty while it is a draft.
    pub reach: BTreeSet<IdentityId>,
}

/// How one identity stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityState {
    /// With the network.
    pub standing: IdentityStanding,
    /// Every version of every consent that was signed under it.
    pub consents: BTreeMap<(ConsentId, u32), KeptConsent>,
    /// When something that is known already will change this.
    pub until: Instant,
}

impl Deed {
    /// From when it holds.
    #[must_use]
    pub fn from(&self) -> Instant {
        match self {
            Self::Enrolled { from }
            | Self::Withdrew { from }
            | Self::Died { from, .. }
            | Self::Protected { from, .. }
            | Self::Activated { from, .. }
            | Self::ConsentWithdrawn { from, .. }
            | Self::ReachAdded { from, .. } => *from,
            Self::Saved { .. } | Self::EnteredInError { .. } => Instant::MIN,
        }
    }
}

impl History {
    pub(super) fn new(entries: Vec<Entry<Deed>>) -> Self {
        Self { entries }
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry<Deed>] {
        &self.entries
    }

    /// How many entries there are: the version of the identity's consent.
    #[must_use]
    pub fn version(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// How many entries were known at an instant.
    #[must_use]
    pub fn version_at(&self, recorded: Instant) -> u32 {
        u32::try_from(known_at(&self.entries, recorded).len()).unwrap_or(u32::MAX)
    }

    /// How the identity stood.
    #[must_use]
    pub fn at(&self, as_of: AsOf) -> IdentityState {
        IdentityState::of(known_at(&self.entries, as_of.recorded), as_of.valid)
    }

    /// How the identity stood by the first entries; none when there never were so many.
    #[must_use]
    pub fn in_version(&self, version: u32, valid: Instant) -> Option<IdentityState> {
        known_in(&self.entries, version).map(|entries| IdentityState::of(entries, valid))
    }

    /// From when the person was out, at the latest that was ever said.
    #[must_use]
    pub fn last_withdrawal(&self) -> Option<Instant> {
        let of = |entry: &Entry<Deed>| match entry.deed {
            Deed::Withdrew { from } => Some(from),
            _ => None,
        };
        self.entries.iter().filter_map(of).max()
    }

    /// Whether the person withdrew after a version was written.
    pub(super) fn has_withdrawn_since(&self, consent: ConsentId, version: u32) -> bool {
        let is_it = |deed: &Deed| matches!(deed, Deed::Saved { document, .. } if (document.consent, document.version) == (consent, version));
        let mut later = self.entries.iter().skip_while(|entry| !is_it(&entry.deed));
        later.any(|entry| matches!(entry.deed, Deed::Withdrew { .. }))
    }

    /// What will be in force of one consent at any moment from an instant on, as far as is known.
    pub(super) fn in_force_from(&self, consent: ConsentId, from: Instant) -> Vec<ConsentDocument> {
        let later = self.entries.iter().map(|entry| entry.deed.from()).filter(|instant| *instant > from);
        let instants: BTreeSet<Instant> = later.chain([from]).collect();
        let mut found: BTreeMap<u32, ConsentDocument> = BTreeMap::new();
        for instant in instants {
            for kept in self.at(AsOf::known(instant)).in_force().filter(|kept| kept.document.consent == consent) {
                found.insert(kept.document.version, (*kept.document).clone());
            }
        }
        found.into_values().collect()
    }
}

impl IdentityState {
    fn of(entries: &[Entry<Deed>], valid: Instant) -> Self {
        let standing = IdentityStanding::default();
        let mut state = Self { standing, consents: BTreeMap::new(), until: Instant::FOREVER };
        for entry in entries {
            let from = entry.deed.from();
            if from <= valid {
                state.apply(entry);
            } else {
                state.until = state.until.min(from);
            }
        }
        state.standing.has_signed = state.consents.values().any(|kept| kept.state.counts_as_signed());
        state
    }

    fn apply(&mut self, entry: &Entry<Deed>) {
        match &entry.deed {
            Deed::Enrolled { .. } => self.standing.state = SubjectState::Enrolled,
            Deed::Withdrew { .. } => {
                self.standing.state = SubjectState::Withdrawn;
                self.end(ConsentState::Withdrawn, |_| true);
            }
            Deed::Died { is_deceased, .. } => self.standing.is_deceased = *is_deceased,
            Deed::Protected { is_restricted, .. } => self.standing.is_restricted = *is_restricted,
            Deed::Saved { document, checked: (valid, recorded) } => {
                let checked = AsOf { valid: *valid, recorded: *recorded };
                let (saved, state) = (entry.recorded, ConsentState::Draft);
                let kept = KeptConsent { document: document.clone(), checked, saved, state, reach: BTreeSet::new() };
                self.consents.insert((document.consent, document.version), kept);
            }
            Deed::Activated { consent, version, reach, .. } => self.activate((*consent, *version), reach),
            Deed::ConsentWithdrawn { consent, .. } => self.end(ConsentState::Withdrawn, |other| other == *consent),
            Deed::EnteredInError { consent, version, .. } => {
                if let Some(kept) = self.consents.get_mut(&(*consent, *version)) {
                    kept.state = ConsentState::EnteredInError;
                }
            }
            Deed::ReachAdded { consent, version, identity, .. } => {
                if let Some(kept) = self.consents.get_mut(&(*consent, *version)) {
                    kept.reach.insert(*identity);
                }
            }
        }
    }

    fn activate(&mut self, place: (ConsentId, u32), reach: &BTreeSet<IdentityId>) {
        let replaced = self.consents.get(&place).and_then(|kept| kept.document.replaces);
        self.end(ConsentState::Superseded, |other| other == place.0 || Some(other) == replaced);
        if let Some(kept) = self.consents.get_mut(&place).filter(|kept| kept.state.may_become(ConsentState::Active)) {
            kept.state = ConsentState::Active;
            kept.reach.extend(reach);
        }
    }

    /// Ends what is in force of some consents.
    fn end(&mut self, end: ConsentState, is_meant: impl Fn(ConsentId) -> bool) {
        let all = self.consents.iter_mut().filter(|((consent, _), _)| is_meant(*consent));
        all.filter(|(_, kept)| kept.state.may_become(end)).for_each(|(_, kept)| kept.state = end);
    }

    /// What is in force.
    pub fn in_force(&self) -> impl Iterator<Item = &KeptConsent> {
        self.consents.values().filter(|kept| kept.state.is_in_force())
    }

    /// The next version of a consent.
    pub(super) fn next_version(&self, consent: ConsentId) -> u32 {
        let last = self.consents.range((consent, 0)..=(consent, u32::MAX)).next_back();
        last.map_or(1, |((_, version), _)| version.saturating_add(1))
    }
}

impl KeptConsent {
    /// Its rules. Names are read at the moment at which they were checked, so that a document never means something else
    /// because an institution has left.
    ///
    /// # Errors
    /// [`Error::Rejected`] when the directory is older than the document.
    pub fn compiled(&self, directory: &Snapshot, book: &mut Codebook) -> Result<CompiledConsent, Error> {
        Ok(recompile(&self.document, Known { directory, as_of: self.checked }, book)?)
    }

    /// Whether it is in force and its window has ended, so that it says nothing any more.
    #[must_use]
    pub fn is_expired(&self, valid: Instant) -> bool {
        self.state.is_in_force() && self.document.root.period.is_some_and(|period| period.until() <= valid)
    }
}
