//! What decides for the whole network: the policy in force with the vetoes of custodians, as rules.

use std::sync::{Mutex, PoisonError};

use consent::registry::{self, Marks, PublishedPolicy, VetoesVersion};
use consent::{Codebook, Engine, PolicyImage, Veto};
use directory::{AsOf, DirectoryVersion, Instant};
use mpi::kv::{Draft, Mark};

use crate::index::Operating;
use crate::serve::problem::Problem;

/// The policy in force, made into rules.
#[derive(Debug)]
pub(in crate::serve) struct InForce {
    marks: Marks,
    /// The state of the store at which the marks were last looked at.
    looked: Option<Mark>,
    directory: DirectoryVersion,
    /// From which instant it was made, and until when it holds if nothing else happens.
    since: Instant,
    until: Instant,
    /// The vetoes that it holds.
    pub(in crate::serve) vetoes: VetoesVersion,
    /// The rules.
    pub(in crate::serve) image: PolicyImage,
    /// The numbers of names; documents add theirs.
    pub(in crate::serve) book: Codebook,
}

impl InForce {
    /// A version of the policy with some vetoes, by the directory of an instant: for questions that are asked again.
    pub(in crate::serve) fn of(
        operating: &Operating,
        published: &PublishedPolicy,
        (vetoes, stated): (VetoesVersion, &[Veto]),
        at: Instant,
    ) -> Result<Self, Problem> {
        let (image, book) = compile(operating, published, stated, at)?;
        let (marks, directory) = (Marks::default(), operating.directory.version());
        Ok(Self { marks, looked: None, directory, since: at, until: at, vetoes, image, book })
    }

    /// The engine that decides by it.
    pub(in crate::serve) fn engine(&self) -> Engine<'_> {
        Engine { policy: &self.image, book: &self.book }
    }

    fn holds(&self, (marks, directory): (Marks, DirectoryVersion), now: Instant) -> bool {
        (self.marks, self.directory) == (marks, directory) && self.since <= now && now < self.until
    }
}

/// The policy in force, kept between requests; none while there is none.
#[derive(Debug, Default)]
pub(in crate::serve) struct Permission(Mutex<Option<InForce>>);

impl Permission {
    /// Works with the policy in force now; `work` gets none when no policy is in force, and has to deny.
    ///
    /// Decisions take microseconds, so one after another is fast enough, and documents can add names to the codebook.
    pub(in crate::serve) fn with<T>(
        &self,
        (operating, draft): (&Operating, &mut Draft<'_>),
        now: Instant,
        work: impl FnOnce(Option<&mut InForce>, &mut Draft<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        // A poisoned lock comes from a panic elsewhere; what it guards is made anew when it is not right.
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = draft.mark();
        // While nothing was committed the marks are what they were.
        let known = held.as_ref().filter(|held| looked.is_some() && held.looked == looked).map(|held| held.marks);
        let marks = known.map_or_else(|| registry::marks(draft), Ok)?;
        let directory = operating.directory.version();
        if let Some(held) = held.as_mut().filter(|held| held.holds((marks, directory), now)) {
            held.looked = looked;
        } else {
            *held = None;
            *held = load(operating, draft, now)?.map(|(vetoes, image, book, until)| InForce {
                marks,
                looked,
                directory,
                since: now,
                until,
                vetoes,
                image,
                book,
            });
        }
        work(held.as_mut(), draft)
    }
}

type Loaded = (VetoesVersion, PolicyImage, Codebook, Instant);

fn load(operating: &Operating, draft: &mut Draft<'_>, now: Instant) -> Result<Option<Loaded>, Problem> {
    let standing = registry::standing(draft, now)?;
    let Some(published) = standing.policy else { return Ok(None) };
    let (version, vetoes) = standing.vetoes;
    let (image, book) = compile(operating, &published, &vetoes, now)?;
    Ok(Some((version, image, book, standing.until)))
}

fn compile(
    operating: &Operating,
    published: &PublishedPolicy,
    vetoes: &[Veto],
    at: Instant,
) -> Result<(PolicyImage, Codebook), Problem> {
    let as_of = AsOf::known(at);
    let mut book = Codebook::new();
    book.enter_directory(&operating.directory, as_of).map_err(registry::Error::from)?;
    let known = consent::Known { directory: &operating.directory, as_of };
    let image = PolicyImage::compile(&published.policy, published.version, (Some(known), vetoes), &mut book)
        .map_err(registry::Error::from)?;
    Ok((image, book))
}
