//! The look at permits after links have changed, behind the requests: what a permit does not reach waits for an officer.
//!
//! Links change in the index, permits stand in the register of consent, and neither knows the other; so the log is followed
//! here. Nothing is opened or closed by it: a permit never reaches more than it did, whether anybody looks or not.

use std::collections::BTreeSet;
use std::time::Duration;

use consent::registry;
use directory::AsOf;
use mpi::events::{Announcement, feed};
use mpi::kv::{Draft, Seq};
use mpi::{Event, PersonId, Visible};

use super::app::App;
use super::permission::{Patient, identities, linked};
use super::problem::Problem;
use super::space;

/// Log batches that are read at once.
const BATCHES: u32 = 256;
/// Batches without a change of links after which the position is written down all the same.
const BATCHES_UNWRITTEN_MAX: u64 = 10_000;
/// Time between two looks at a log that has not moved.
const IDLE: Duration = Duration::from_millis(500);
/// Time until another attempt after a failure.
const RETRY: Duration = Duration::from_secs(2);

/// Looks until the server stops.
pub(super) async fn follow(app: App) {
    let mut at = None;
    loop {
        if !app.readiness().obstacles().is_empty() {
            tokio::time::sleep(RETRY).await;
            continue;
        }
        let pause = match round(&app, at).await {
            Ok((end, has_more)) => {
                at = Some(end);
                if has_more { Duration::ZERO } else { IDLE }
            }
            Err(problem) => {
                tracing::warn!(code = problem.code().name(), cause = %problem, "permits are not looked at yet");
                at = None;
                RETRY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Looks at what came after a position, or after the one that was written down; how far that was, and whether there is more.
pub(super) async fn round(app: &App, at: Option<Seq>) -> Result<(Seq, bool), Problem> {
    let (written, persons, end, has_more) = app
        .ask_store(move |kv, _| -> Result<_, Problem> {
            let written = written(&mut Draft::peeking(kv))?;
            let page = feed(kv, at.map_or(written, |at| at.max(written)), BATCHES, &Visible::All)?;
            let persons: BTreeSet<PersonId> = page.events.iter().flat_map(|event| changed(&event.what)).collect();
            Ok((written, persons, page.next, page.has_more))
        })
        .await?;
    if !persons.is_empty() || end.0.saturating_sub(written.0) > BATCHES_UNWRITTEN_MAX {
        let inside = app.clone();
        app.write(move |draft, now| -> Result<(), Problem> {
            let operating = inside.operating()?;
            for person in &persons {
                let Some(cross) = linked(&operating, draft, &Patient::Person(*person))? else { continue };
                let effective = registry::effective(draft, &identities(&cross), AsOf::known(now))?;
                registry::note_gaps(draft, &effective, now)?;
            }
            draft.put(space::reach_key(), end.0.to_be_bytes());
            Ok(())
        })
        .await?;
    }
    Ok((end, has_more))
}

/// The persons whose links an event has changed. A record that arrives is no merge: its institution asks for consent.
fn changed(what: &Announcement) -> Vec<PersonId> {
    match what {
        Announcement::Index(Event::Merged { survivor, absorbed, .. } | Event::Unmerged { survivor, absorbed, .. }) => {
            vec![*survivor, *absorbed]
        }
        Announcement::Index(Event::RecordMoved { from: Some(from), to, .. }) => vec![*from, *to],
        _ => Vec::new(),
    }
}

fn written(draft: &mut Draft<'_>) -> Result<Seq, Problem> {
    let row = draft.get(&space::reach_key())?;
    let position = row.and_then(|row| <[u8; 8]>::try_from(&*row).ok());
    Ok(position.map_or(Seq(0), |bytes| Seq(u64::from_be_bytes(bytes))))
}
