//! The whole directory in memory, read once and never changed.
//!
//! The directory is small and asked at every request, so the service keeps one image of it and loads a new one when the
//! version has moved. Every answer is a function of the image and two instants. An image that is a moment old is a
//! decision of the service; a verb that must not be wrong reads the register itself and relies on its version.

use crate::participation::{Participation, in_force, list_changes};
use crate::register::{self, all_statements, at};
use crate::{
    Act, AsOf, AssigningAuthority, AuthorityId, Client, ClientId, Denial, DirectoryVersion, Error, Instant,
    Institution, InstitutionId, ListVersion, Post, Practitioner, PractitionerId, Statement,
};
use kv::Draft;
use std::collections::BTreeMap;

/// How often a load begins again because the directory moved under it: changes are rare, so twice is bad luck already.
const LOADS_MAX: u32 = 8;

type Histories<K, V> = BTreeMap<K, Vec<Statement<V>>>;

/// An image of the directory.
#[derive(Debug)]
pub struct Snapshot {
    version: DirectoryVersion,
    /// Everybody who was ever stated, ascending; the place is the index.
    institutions: Vec<InstitutionId>,
    institution_histories: Histories<InstitutionId, Institution>,
    authorities: Histories<AuthorityId, AssigningAuthority>,
    /// Which authorities ever had a namespace.
    namespaces: BTreeMap<Box<str>, Vec<AuthorityId>>,
    practitioners: Histories<PractitionerId, Practitioner>,
    posts: Histories<(PractitionerId, InstitutionId), Post>,
    clients: Histories<ClientId, Client>,
    participations: Histories<InstitutionId, Participation>,
    list_changes: Vec<crate::participation::ListChange>,
    lists: Vec<ListView>,
}

/// The place of an institution in one snapshot: small and dense, and without meaning in any other snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstitutionIndex(pub u32);

/// Some institutions of one snapshot, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstitutionSet {
    words: Vec<u64>,
}

/// A version of the list of participants in one snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListView {
    /// From when it is in force.
    pub effective: Instant,
    /// When the directory heard it.
    pub recorded: Instant,
    /// Who is on it.
    pub institutions: InstitutionSet,
}

impl Snapshot {
    /// Reads the whole directory, as one moment of it.
    ///
    /// # Errors
    /// Those of the store; it counts as unavailable when the directory changes faster than it can be read.
    pub fn load(draft: &mut Draft<'_>) -> Result<Self, Error> {
        for _ in 0..LOADS_MAX {
            let version = register::version(draft)?;
            let snapshot = Self::read(draft, version)?;
            if register::version(draft)? == version {
                return Ok(snapshot);
            }
        }
        let source = "it changed during every attempt".into();
        Err(Error::Store(kv::Error::Unavailable { operation: "read the whole directory", source }))
    }

    fn read(draft: &mut Draft<'_>, version: DirectoryVersion) -> Result<Self, Error> {
        let institution_histories = all_statements::<Institution>(draft)?;
        let authorities = all_statements::<AssigningAuthority>(draft)?;
        let mut namespaces: BTreeMap<Box<str>, Vec<AuthorityId>> = BTreeMap::new();
        for (id, history) in &authorities {
            for namespace in history.iter().filter_map(|it| it.value.as_ref()?.namespace.as_ref()) {
                let ids = namespaces.entry(namespace.clone()).or_default();
                if !ids.contains(id) {
                    ids.push(id.clone());
                }
            }
        }
        let mut snapshot = Self {
            version,
            institutions: institution_histories.keys().cloned().collect(),
            institution_histories,
            authorities,
            namespaces,
            practitioners: all_statements(draft)?,
            posts: all_statements(draft)?,
            clients: all_statements(draft)?,
            participations: all_statements(draft)?,
            list_changes: list_changes(draft)?,
            lists: Vec::new(),
        };
        let mut institutions = InstitutionSet::default();
        for change in &snapshot.list_changes {
            change.joined.iter().filter_map(|id| snapshot.index(id)).for_each(|index| institutions.insert(index));
            change.left.iter().filter_map(|id| snapshot.index(id)).for_each(|index| institutions.remove(index));
            let (effective, recorded) = (change.effective, change.recorded);
            snapshot.lists.push(ListView { effective, recorded, institutions: institutions.clone() });
        }
        Ok(snapshot)
    }

    /// The version that the image is of.
    #[must_use]
    pub fn version(&self) -> DirectoryVersion {
        self.version
    }

    /// How an institution is; none when it is not there.
    #[must_use]
    pub fn institution(&self, id: &InstitutionId, as_of: AsOf) -> Option<&Institution> {
        at(self.institution_histories.get(id)?, as_of)
    }

    /// All institutions that are there, ascending.
    pub fn institutions(&self, as_of: AsOf) -> impl Iterator<Item = (&InstitutionId, &Institution)> {
        present(&self.institution_histories, as_of)
    }

    /// The place of an institution, there now or not; none when it was never stated.
    #[must_use]
    pub fn index(&self, id: &InstitutionId) -> Option<InstitutionIndex> {
        let place = self.institutions.binary_search(id).ok()?;
        u32::try_from(place).ok().map(InstitutionIndex)
    }

    /// The institution at a place.
    #[must_use]
    pub fn institution_at(&self, index: InstitutionIndex) -> Option<&InstitutionId> {
        self.institutions.get(usize::try_from(index.0).ok()?)
    }

    /// How many places there are.
    #[must_use]
    pub fn institutions_len(&self) -> usize {
        self.institutions.len()
    }

    /// How an assigning authority is; none when it is not there.
    #[must_use]
    pub fn authority(&self, id: &AuthorityId, as_of: AsOf) -> Option<&AssigningAuthority> {
        at(self.authorities.get(id)?, as_of)
    }

    /// All assigning authorities that are there, ascending.
    pub fn authorities(&self, as_of: AsOf) -> impl Iterator<Item = (&AuthorityId, &AssigningAuthority)> {
        present(&self.authorities, as_of)
    }

    /// The assigning authority that a message calls by its short name; none when no authority or more than one does.
    #[must_use]
    pub fn authority_named(&self, namespace: &str, as_of: AsOf) -> Option<&AuthorityId> {
        let has_it = |id: &&AuthorityId| {
            self.authority(id, as_of).is_some_and(|authority| authority.namespace.as_deref() == Some(namespace))
        };
        let mut found = self.namespaces.get(namespace)?.iter().filter(has_it);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// How a practitioner is; none when not there.
    #[must_use]
    pub fn practitioner(&self, id: &PractitionerId, as_of: AsOf) -> Option<&Practitioner> {
        at(self.practitioners.get(id)?, as_of)
    }

    /// What a practitioner is at an institution; none when nothing.
    #[must_use]
    pub fn post(&self, id: &PractitionerId, institution: &InstitutionId, as_of: AsOf) -> Option<&Post> {
        at(self.posts.get(&(id.clone(), institution.clone()))?, as_of)
    }

    /// All posts that are held, by practitioner and institution.
    pub fn posts(&self, as_of: AsOf) -> impl Iterator<Item = (&PractitionerId, &InstitutionId, &Post)> {
        present(&self.posts, as_of).map(|((id, institution), post)| (id, institution, post))
    }

    /// How a client is; none when it is not there.
    #[must_use]
    pub fn client(&self, id: &ClientId, as_of: AsOf) -> Option<&Client> {
        at(self.clients.get(id)?, as_of)
    }

    /// Whether an institution takes part.
    #[must_use]
    pub fn is_participant(&self, id: &InstitutionId, as_of: AsOf) -> bool {
        self.participations.get(id).is_some_and(|history| at(history, as_of).is_some())
    }

    /// Who takes part.
    #[must_use]
    pub fn participants(&self, as_of: AsOf) -> InstitutionSet {
        let mut institutions = InstitutionSet::default();
        let present = present(&self.participations, as_of).filter_map(|(id, _)| self.index(id));
        present.for_each(|index| institutions.insert(index));
        institutions
    }

    /// The version of the list of participants that is in force.
    #[must_use]
    pub fn list_in_force(&self, as_of: AsOf) -> ListVersion {
        in_force(&self.list_changes, as_of)
    }

    /// A version of the list of participants; none when there is no such version.
    #[must_use]
    pub fn list(&self, version: ListVersion) -> Option<&ListView> {
        self.lists.get(usize::try_from(version.0.checked_sub(1)?).ok()?)
    }

    /// Whether an institution may do something in a domain. Whether it takes part in the network is another question.
    ///
    /// # Errors
    /// [`Denial`] says which of the two is unknown, or that the domain is another's.
    pub fn may(
        &self,
        act: Act,
        (institution, authority): (&InstitutionId, &AuthorityId),
        as_of: AsOf,
    ) -> Result<(), Denial> {
        let is_known = self.institution(institution, as_of).is_some();
        judge(act, (institution, is_known), (authority, self.authority(authority, as_of)))
    }

    /// Whether an institution may send the first record under an identifier of a domain.
    ///
    /// # Errors
    /// As [`Snapshot::may`].
    pub fn may_assign(&self, institution: &InstitutionId, authority: &AuthorityId, as_of: AsOf) -> Result<(), Denial> {
        self.may(Act::Assign, (institution, authority), as_of)
    }
}

/// The same question as [`Snapshot::may`], asked of the register itself.
///
/// # Errors
/// Those of the store; the answer is inside.
pub fn may(
    draft: &mut Draft<'_>,
    act: Act,
    (institution, authority): (&InstitutionId, &AuthorityId),
    as_of: AsOf,
) -> Result<Result<(), Denial>, Error> {
    let is_known = register::read::<Institution>(draft, institution, as_of)?.is_some();
    let found = register::read::<AssigningAuthority>(draft, authority, as_of)?;
    Ok(judge(act, (institution, is_known), (authority, found.as_ref())))
}

fn judge(
    act: Act,
    (institution, is_known): (&InstitutionId, bool),
    (id, authority): (&AuthorityId, Option<&AssigningAuthority>),
) -> Result<(), Denial> {
    let Some(authority) = authority else {
        return Err(Denial::UnknownAuthority { authority: id.clone() });
    };
    if !is_known {
        return Err(Denial::UnknownInstitution { institution: institution.clone() });
    }
    let is_owner = authority.owner == *institution;
    if is_owner || authority.grants.get(institution).copied().unwrap_or_default().has(act) {
        return Ok(());
    }
    Err(Denial::NotGranted { institution: institution.clone(), authority: id.clone(), act })
}

fn present<K: Ord, V>(histories: &Histories<K, V>, as_of: AsOf) -> impl Iterator<Item = (&K, &V)> {
    histories.iter().filter_map(move |(id, history)| Some((id, at(history, as_of)?)))
}

impl InstitutionSet {
    /// Whether an institution is in it.
    #[must_use]
    pub fn contains(&self, index: InstitutionIndex) -> bool {
        let (word, bit) = Self::place(index);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// How many institutions are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// The places, ascending.
    pub fn iter(&self) -> impl Iterator<Item = InstitutionIndex> {
        let of_word = |(base, word): (u32, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| InstitutionIndex(base * 64 + bit))
        };
        (0..).zip(&self.words).flat_map(of_word)
    }

    /// The bits, 64 institutions to a word, for whoever combines many sets.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    fn insert(&mut self, index: InstitutionIndex) {
        let (place, bit) = Self::place(index);
        if self.words.len() <= place {
            self.words.resize(place + 1, 0);
        }
        self.words.iter_mut().skip(place).take(1).for_each(|word| *word |= bit);
    }

    fn remove(&mut self, index: InstitutionIndex) {
        let (place, bit) = Self::place(index);
        self.words.iter_mut().skip(place).take(1).for_each(|word| *word &= !bit);
        // No empty word stays at the end, so that equal sets are equal.
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }

    fn place(InstitutionIndex(index): InstitutionIndex) -> (usize, u64) {
        (usize::try_from(index / 64).unwrap_or(usize::MAX), 1 << (index % 64))
    }
}
