//! The change feed as it goes over the wire: what the index, the directory and consent announce, as far as a caller may know.
//!
//! Whoever keeps answers about a person throws them away when the person's consent has changed. An institution is told
//! that for its own patients, whichever of their records it was signed under, and of the records only its own are named.

use consent::registry;
use mpi::events::{Announced, Announcement, Page};
use mpi::kv::{Draft, Kv};
use mpi::{RecordId, Visible};

use super::problem::Problem;
use super::views::event::EventView;
use crate::index::Operating;

/// The events of a page, in order; positions are for callers of the whole network.
pub(super) fn events(
    (kv, operating): (&dyn Kv, &Operating),
    page: &Page,
    (visible, is_network): (&Visible, bool),
) -> Result<Vec<EventView>, Problem> {
    let mut draft = Draft::peeking(kv);
    let mut views = Vec::with_capacity(page.events.len());
    for event in &page.events {
        let seq = is_network.then_some(event.seq.0);
        views.extend(match &event.what {
            Announcement::Consent(entry) => {
                let found = registry::Event::decode(entry);
                let view = found.map(|found| of_consent((operating, &mut draft), &found, visible)).transpose()?;
                view.flatten().map(|view| view.at(seq))
            }
            Announcement::Index(_) | Announcement::Directory(_) => {
                Some(EventView::new(event as &Announced, seq, &operating.prefix))
            }
        });
    }
    Ok(views)
}

/// What consent announces; none when the caller may not know of it, or it changes no answer.
fn of_consent(
    (operating, draft): (&Operating, &mut Draft<'_>),
    event: &registry::Event,
    visible: &Visible,
) -> Result<Option<EventView>, Problem> {
    use registry::Event;
    let is_network = *visible == Visible::All;
    let (identity, view) = match event {
        Event::Identity { identity, version, from } => {
            (identity, EventView::about_person("consent-changed", *version, Some(*from)))
        }
        Event::Relation { identity, version, from } => {
            (identity, EventView::about_person("care-changed", *version, Some(*from)))
        }
        Event::Policy { version, state, from } => {
            return Ok(Some(EventView::of_policy(*version, *state, *from)));
        }
        Event::Veto { custodian, from, .. } => {
            let is_theirs = match visible {
                Visible::All => true,
                Visible::Some { custodians, .. } => custodians.contains(custodian),
            };
            return Ok(is_theirs.then(|| EventView::of_veto(custodian, *from)));
        }
        Event::Session { session, .. } => return Ok(is_network.then(|| EventView::of_session(*session))),
        Event::Card { .. } => return Ok(None),
    };
    let record = RecordId(identity.0);
    let Some(found) = mpi::read::record(draft, record, &Visible::All)? else { return Ok(None) };
    let person = mpi::read::cross_reference(&operating.index(), draft, &found.identifier, &Visible::All)?;
    let Some(person) = person else { return Ok(None) };
    // Of the whole person only what this caller may see is asked for again, so that nothing else is named.
    let Some(seen) = mpi::read::cross_reference_of(draft, person.person, visible)? else { return Ok(None) };
    let is_seen = is_network || seen.records.iter().any(|seen| seen.record == record);
    Ok(Some(view.naming(seen.person.enterprise_id(&operating.prefix), is_seen.then(|| record.to_string()))))
}
