//! The register of cards: a patient joins with a form and gets a card, and institutions tie their own numbers to it.
//!
//! A card is named by the keyed digest of its number, an identity by that of an institution's number, as everywhere here.
//! An identity is tied to one card at a time, so that the card of a family member or a typing error shows at once; whether
//! the two are one person is the index's question, and the caller asks it before it ties. A tie shows nothing to anybody
//! by itself: permits reach what is linked.

use super::event::announce;
use super::journal::{ENTRIES_MAX, append, check_text, decode, encode, known_at, read_one};
use super::{CARD, CARD_OF, Change, Error, Event, Refusal, Stamp};
use crate::chart::IdentityId;
use directory::{Instant, InstitutionId};
use kv::{Draft, Partition};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A card: the keyed digest of its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CardId(pub [u8; 16]);

/// What happened to a card. Variants are added at the end: rows hold their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    Issued { form: Box<str>, institution: InstitutionId },
    Tied { identity: IdentityId, institution: InstitutionId },
    Untied { identity: IdentityId, reason: Box<str> },
    Cancelled { reason: Box<str> },
}

/// How a card stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Where the form lies with which the patient joined.
    pub form: Box<str>,
    /// The institution that issued the card.
    pub issuer: InstitutionId,
    /// When it was issued.
    pub issued: Instant,
    /// The identities that are tied to it, each with its institution.
    pub ties: BTreeMap<IdentityId, InstitutionId>,
    /// Whether it is lost, or was called off.
    pub is_cancelled: bool,
}

/// Issues a card to a patient who joins with a form.
///
/// # Errors
/// [`Refusal`] when the card was issued before, also to the same patient, or without a form; those of the store.
pub fn issue_card(
    draft: &mut Draft<'_>,
    card: CardId,
    (form, institution): (&str, &InstitutionId),
    stamp: &Stamp,
) -> Result<Change, Error> {
    check_text("form", form)?;
    if !steps(draft, card)?.is_empty() {
        return Err(Refusal::State("the card was issued before").into());
    }
    write(draft, card, Step::Issued { form: form.into(), institution: institution.clone() }, stamp)
}

/// Ties an institution's own number of a patient to the card that the patient shows.
///
/// # Errors
/// [`Refusal`] when there is no such card, it is cancelled, the number is tied to another card, or another number of the
/// institution is tied to this one; those of the store.
pub fn tie_card(
    draft: &mut Draft<'_>,
    (card, identity): (CardId, IdentityId),
    institution: &InstitutionId,
    stamp: &Stamp,
) -> Result<Change, Error> {
    let standing = usable(draft, card)?;
    if standing.ties.contains_key(&identity) {
        return Ok(Change::Unchanged);
    }
    if card_of(draft, identity)?.is_some() {
        return Err(Refusal::State("the number is tied to another card: a family member's, or a typing error").into());
    }
    if standing.ties.values().any(|tied| tied == institution) {
        return Err(Refusal::State("another number of the institution is tied to the card").into());
    }
    put_card_of(draft, identity, Some(card))?;
    write(draft, card, Step::Tied { identity, institution: institution.clone() }, stamp)
}

/// Takes a tie back.
///
/// # Errors
/// [`Refusal`] when the number is not tied to the card, or without a reason; those of the store.
pub fn untie_card(
    draft: &mut Draft<'_>,
    (card, identity): (CardId, IdentityId),
    reason: &str,
    stamp: &Stamp,
) -> Result<Change, Error> {
    check_text("reason", reason)?;
    let is_tied = self::card(draft, card, Instant::FOREVER)?.is_some_and(|card| card.ties.contains_key(&identity));
    if !is_tied {
        return Err(Refusal::State("the number is not tied to the card").into());
    }
    put_card_of(draft, identity, None)?;
    write(draft, card, Step::Untied { identity, reason: reason.into() }, stamp)
}

/// Calls a card off: nothing is tied to it any more. What was tied stays known.
///
/// # Errors
/// [`Refusal`] when there is no such card, or without a reason; those of the store.
pub fn cancel_card(draft: &mut Draft<'_>, card: CardId, reason: &str, stamp: &Stamp) -> Result<Change, Error> {
    check_text("reason", reason)?;
    let standing = self::card(draft, card, Instant::FOREVER)?.ok_or(NO_CARD)?;
    if standing.is_cancelled {
        return Ok(Change::Unchanged);
    }
    for identity in standing.ties.keys() {
        put_card_of(draft, *identity, None)?;
    }
    write(draft, card, Step::Cancelled { reason: reason.into() }, stamp)
}

/// How a card stood by what was known at an instant; none when it had not been issued.
///
/// # Errors
/// Those of the store.
pub fn card(draft: &mut Draft<'_>, card: CardId, recorded: Instant) -> Result<Option<Card>, Error> {
    let entries = steps(draft, card)?;
    let mut standing: Option<Card> = None;
    for entry in known_at(&entries, recorded) {
        match (&entry.deed, &mut standing) {
            (Step::Issued { form, institution }, standing) => {
                *standing = Some(Card {
                    form: form.clone(),
                    issuer: institution.clone(),
                    issued: entry.recorded,
                    ties: BTreeMap::new(),
                    is_cancelled: false,
                });
            }
            (Step::Tied { identity, institution }, Some(card)) => {
                card.ties.insert(*identity, institution.clone());
            }
            (Step::Untied { identity, .. }, Some(card)) => {
                card.ties.remove(identity);
            }
            (Step::Cancelled { .. }, Some(card)) => card.is_cancelled = true,
            (_, None) => return Err(Error::Corrupt { what: "the journal of a card" }),
        }
    }
    Ok(standing)
}

/// The card that an identity is tied to now; none when it is to none, or the card is cancelled.
///
/// # Errors
/// Those of the store.
pub fn card_of(draft: &mut Draft<'_>, identity: IdentityId) -> Result<Option<CardId>, Error> {
    let row = draft.get(&Partition::new(CARD_OF, identity.0).key([]))?;
    row.map_or(Ok(None), |row| decode("the card of an identity", &row))
}

const NO_CARD: Refusal = Refusal::State("there is no such card");

fn usable(draft: &mut Draft<'_>, card: CardId) -> Result<Card, Error> {
    let standing = self::card(draft, card, Instant::FOREVER)?.ok_or(NO_CARD)?;
    if standing.is_cancelled { Err(Refusal::State("the card is cancelled").into()) } else { Ok(standing) }
}

fn steps(draft: &mut Draft<'_>, card: CardId) -> Result<Vec<super::Entry<Step>>, Error> {
    read_one(draft, (&partition(card), ENTRIES_MAX))
}

fn put_card_of(draft: &mut Draft<'_>, identity: IdentityId, card: Option<CardId>) -> Result<(), Error> {
    let partition = Partition::new(CARD_OF, identity.0);
    // Two institutions that tie one number at once never both succeed.
    draft.rely(&partition)?;
    draft.put(partition.key([]), encode("the card of an identity", &card)?);
    Ok(())
}

fn write(draft: &mut Draft<'_>, card: CardId, step: Step, stamp: &Stamp) -> Result<Change, Error> {
    let version = append(draft, &partition(card), (step, ENTRIES_MAX), stamp)?;
    announce(draft, &Event::Card { card, version })?;
    Ok(Change::Changed)
}

fn partition(card: CardId) -> Partition {
    Partition::new(CARD, card.0)
}

impl fmt::Display for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
