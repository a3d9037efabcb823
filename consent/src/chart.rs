//! The chart of consent of one person: the rules that hold for the identities linked now.
//!
//! A consent names the identity that was presented when it was signed, and a merge or unmerge writes nothing here. So the
//! chart is put together from the consents of all identities that are linked at the moment: denies and withdrawals of any
//! of them hold for the whole person, and a permit opens only the records of identities in its *reach*, those that were
//! linked when it was signed and those that an officer's review has added. It is derived and may be thrown away.

use crate::compile::CompiledConsent;
use crate::rule::{Effect, Flags, Rule};
use directory::Instant;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// An identity: the keyed digest of the identifier that one institution gave to the person, as the index names records.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IdentityId(pub [u8; 16]);

/// A consent, over all its versions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConsentId(pub [u8; 16]);

/// How a person stands with the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectState {
    /// Never joined.
    #[default]
    NotEnrolled,
    /// Takes part.
    Enrolled,
    /// Has withdrawn, and this is as good as a deny of everything.
    Withdrawn,
}

/// What is known of an identity besides its consents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityStanding {
    /// How it stands with the network.
    pub state: SubjectState,
    /// Whether the person is dead.
    pub is_deceased: bool,
    /// Whether the person is protected (DV支援措置): addresses are hidden from other institutions.
    pub is_restricted: bool,
    /// Whether a consent was ever signed under it. From then on the network's implicit baseline is out, for good.
    pub has_signed: bool,
}

/// How the whole person stands, from all identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Withdrawn if any identity is; enrolled if any is and none has withdrawn.
    pub state: SubjectState,
    /// If any identity says so.
    pub is_deceased: bool,
    /// If any identity says so.
    pub is_restricted: bool,
    /// If any identity has.
    pub has_signed: bool,
    /// When any of this may change by itself at the earliest.
    pub facts_until: Instant,
}

/// Some linked identities of one chart, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    words: Vec<u64>,
}

/// Which consent, version and provision a rule of the chart came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The consent.
    pub consent: ConsentId,
    /// Its version.
    pub version: u32,
    /// The provision: 0 is the root, its exceptions follow.
    pub provision: u16,
}

/// A consent of one linked identity that contributes rules: active, or active until its own window ends.
#[derive(Clone, Debug)]
pub struct ChartConsent<'a> {
    /// Its rules.
    pub compiled: &'a CompiledConsent,
    /// The identities that its permits open.
    pub reach: &'a BTreeSet<IdentityId>,
}

/// The rules of a person, ready to decide with.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The rules, those of one consent together.
    pub rules: Vec<Rule>,
    /// Where each rule came from, in the same order.
    pub origins: Vec<Origin>,
    /// The reach of each consent, by the source of its rules minus one.
    pub reaches: Vec<Reach>,
    /// The identities, ascending; a record names its own by the place.
    pub identities: Vec<IdentityId>,
    /// How the person stands.
    pub subject: Subject,
}

/// A chart as a decision reads it: borrowed, so that it may lie in an arena with a million others.
#[derive(Clone, Copy, Debug)]
pub struct ChartView<'a> {
    /// The rules.
    pub rules: &'a [Rule],
    /// The reach of each consent.
    pub reaches: &'a [Reach],
    /// How many identities are linked.
    pub identities: u16,
    /// How the person stands.
    pub subject: Subject,
}

/// Why a chart cannot be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// More identities than a chart takes.
    #[error("a person with {count} linked identities is over the limit of {limit}")]
    TooManyIdentities {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// More consents than a chart takes.
    #[error("a person with {count} consents in force is over the limit of {limit}")]
    TooManyConsents {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
}

/// The most identities of one person: far more than institutions a person can be registered at.
pub const IDENTITIES_MAX: usize = 4_096;
/// The most consents in force of one person: one for every institution of a large network.
pub const CONSENTS_MAX: usize = 4_096;

impl Chart {
    /// Puts the chart of a person together: the identities linked now with their standing, and their consents in force,
    /// in any order. The result does not depend on the order.
    ///
    /// # Errors
    /// [`ChartError`] over [`IDENTITIES_MAX`] or [`CONSENTS_MAX`]; the caller denies then.
    pub fn assemble(
        linked: &BTreeMap<IdentityId, IdentityStanding>,
        consents: &[ChartConsent<'_>],
        facts_until: Instant,
    ) -> Result<Self, ChartError> {
        let identities: Vec<IdentityId> = linked.keys().copied().collect();
        if identities.len() > IDENTITIES_MAX {
            return Err(ChartError::TooManyIdentities { count: identities.len(), limit: IDENTITIES_MAX });
        }
        if consents.len() > CONSENTS_MAX {
            return Err(ChartError::TooManyConsents { count: consents.len(), limit: CONSENTS_MAX });
        }
        let subject = Subject { facts_until, ..Subject::of(linked.values()) };
        let mut chart = Self { rules: Vec::new(), origins: Vec::new(), reaches: Vec::new(), identities, subject };
        let mut ordered: Vec<&ChartConsent<'_>> = consents.iter().collect();
        ordered.sort_by_key(|consent| (consent.compiled.consent, consent.compiled.version));
        for (source, consent) in (1_u16..).zip(ordered) {
            chart.add(source, consent);
        }
        Ok(chart)
    }

    fn add(&mut self, source: u16, ChartConsent { compiled, reach }: &ChartConsent<'_>) {
        let is_whole = self.identities.iter().all(|identity| reach.contains(identity));
        for (rule, provision) in &compiled.rules {
            let is_narrow = rule.flags.effect() == Effect::Permit && !is_whole;
            let flags = if is_narrow { rule.flags.with(Flags::NARROW_REACH) } else { rule.flags };
            self.rules.push(Rule { source, flags, ..*rule });
            let (consent, version) = (compiled.consent, compiled.version);
            self.origins.push(Origin { consent, version, provision: *provision });
        }
        let places = (0_u16..).zip(&self.identities).filter(|(_, identity)| reach.contains(identity));
        self.reaches.push(places.map(|(place, _)| place).collect());
    }

    /// The place of an identity; none when it is not one of the person's.
    #[must_use]
    pub fn identity(&self, id: IdentityId) -> Option<u16> {
        u16::try_from(self.identities.binary_search(&id).ok()?).ok()
    }

    /// The identities whose records a consent's permits do not open: where there are any, an officer's review is due.
    pub fn beyond_reach(&self, source: u16) -> impl Iterator<Item = IdentityId> {
        let reach = usize::from(source).checked_sub(1).and_then(|place| self.reaches.get(place));
        let places = reach.map(|reach| (reach, (0_u16..).zip(&self.identities)));
        let places = places.into_iter().flat_map(|(reach, all)| all.map(move |(place, id)| (reach, place, id)));
        places.filter(|(reach, place, _)| !reach.contains(*place)).map(|(_, _, id)| *id)
    }

    /// As a decision reads it.
    #[must_use]
    pub fn view(&self) -> ChartView<'_> {
        ChartView {
            rules: &self.rules,
            reaches: &self.reaches,
            identities: u16::try_from(self.identities.len()).unwrap_or(u16::MAX),
            subject: self.subject,
        }
    }
}

impl Subject {
    fn of<'s>(standings: impl Iterator<Item = &'s IdentityStanding>) -> Self {
        let none = Self {
            state: SubjectState::NotEnrolled,
            is_deceased: false,
            is_restricted: false,
            has_signed: false,
            facts_until: Instant::FOREVER,
        };
        standings.fold(none, |subject, identity| Self {
            // Withdrawn is the greatest state, so that a withdrawal of any identity wins.
            state: subject.state.max(identity.state),
            is_deceased: subject.is_deceased || identity.is_deceased,
            is_restricted: subject.is_restricted || identity.is_restricted,
            has_signed: subject.has_signed || identity.has_signed,
            facts_until: subject.facts_until,
        })
    }
}

impl Reach {
    /// Whether an identity, by its place, is in it.
    #[must_use]
    pub fn contains(&self, place: u16) -> bool {
        self.words.get(usize::from(place / 64)).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}

impl FromIterator<u16> for Reach {
    fn from_iter<I: IntoIterator<Item = u16>>(places: I) -> Self {
        let mut words = Vec::new();
        for place in places {
            let word = usize::from(place / 64);
            if words.len() <= word {
                words.resize(word + 1, 0_u64);
            }
            words.iter_mut().skip(word).take(1).for_each(|bits| *bits |= 1 << (place % 64));
        }
        Self { words }
    }
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for IdentityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for IdentityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for ConsentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Debug for ConsentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}
