//! A whole directory as plain data: what an operator writes into a file to begin a network, or to change it.
//!
//! The reader of the file is elsewhere (TOML, CSV); here are its shapes, what can be wrong with them, and [`crate::apply()`],
//! which makes the register equal to the description from an instant on. What the description does not name is not
//! there from then on; what was before stays as it was. All that is wrong is reported at once, by entry.

use crate::apply::{Desired, DesiredPost};
use crate::entry::Fault;
use crate::{
    AssigningAuthority, AuthorityId, Client, ClientId, Date, InstitutionId, Offset, Period, Post, Practitioner,
    PractitionerId, Rights, Role,
};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// The most entries of a description: each may become a few rows and log entries, and all of them are one batch.
pub const ENTRIES_MAX: usize = 3_000;

/// Everything that a network registers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Directory {
    /// Institutions, and whether they take part.
    pub institutions: Vec<Institution>,
    /// Assigning authorities.
    pub authorities: Vec<Authority>,
    /// Practitioners and their posts.
    pub practitioners: Vec<PractitionerEntry>,
    /// Registered clients.
    pub clients: Vec<ClientEntry>,
}

/// An institution as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Institution {
    /// Its id in the network.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// A word of [`crate::InstitutionKind`].
    pub kind: String,
    /// Where it is.
    pub region: String,
    /// Circles that it belongs to.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether it discloses records.
    #[serde(default)]
    pub disclosing: bool,
    /// Its code of ten digits, if it has one.
    #[serde(default)]
    pub code: Option<String>,
    /// Whether it takes part; an owner of a domain need not. If not written, it does.
    #[serde(default = "yes")]
    pub participant: bool,
    /// The first day on which it takes part, `2026-04-01`; if not written, from when the description applies.
    #[serde(default)]
    pub joined: Option<String>,
    /// The last day on which it takes part, if there is one.
    #[serde(default)]
    pub left: Option<String>,
}

/// An assigning authority as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// An object identifier or an URI.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// A word of [`crate::AuthorityKind`].
    pub kind: String,
    /// The institution that it belongs to.
    pub owner: String,
    /// The short name in messages.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Who else may do what.
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// What an authority lets another institution do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Whom.
    pub institution: String,
    /// Of `assign`, `update` and `merge`.
    pub acts: Vec<String>,
}

/// A practitioner as an operator writes it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PractitionerEntry {
    /// The id that the network gave.
    pub id: String,
    /// As people call him or her.
    pub name: String,
    /// Where and as what he or she works.
    #[serde(default)]
    pub posts: Vec<PostEntry>,
}

impl std::fmt::Debug for PractitionerEntry {
    /// Hides the name: it is a person's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PractitionerEntry").field("id", &self.id).field("posts", &self.posts).finish_non_exhaustive()
    }
}

/// A post as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostEntry {
    /// Where.
    pub institution: String,
    /// Words of [`Role`].
    pub roles: Vec<String>,
    /// The first day; if not written, from when the description applies.
    #[serde(default)]
    pub from: Option<String>,
    /// The last day, if there is one.
    #[serde(default)]
    pub until: Option<String>,
    /// Whether the head of the institution named the practitioner for emergencies.
    #[serde(default)]
    pub emergencies: bool,
}

/// A client as an operator writes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientEntry {
    /// The id that the network gave.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Who runs it.
    pub institution: String,
    /// The purposes that it is licensed for.
    #[serde(default)]
    pub purposes: Vec<String>,
    /// Words of [`Role`].
    #[serde(default)]
    pub roles: Vec<String>,
}

/// Something wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{entry}: {reason}")]
pub struct Problem {
    /// Which entry: its kind, its place from 1 on, and its id.
    pub entry: String,
    /// What is wrong.
    pub reason: String,
}

impl Directory {
    /// Checks everything, each entry by itself and all of them against each other. Dates are days in `zone`.
    ///
    /// # Errors
    /// All that is wrong, in the order of the entries.
    pub fn check(&self, zone: Offset) -> Result<Desired, Vec<Problem>> {
        let mut check = Check { desired: Desired::default(), problems: Vec::new(), zone };
        let entries = self.institutions.len() + self.authorities.len() + self.practitioners.len() + self.clients.len();
        let posts: usize = self.practitioners.iter().map(|it| it.posts.len()).sum();
        if entries + posts > ENTRIES_MAX {
            let reason = format!("{} entries and posts, over the limit of {ENTRIES_MAX}", entries + posts);
            return Err(vec![Problem { entry: "the directory".into(), reason }]);
        }
        for (entry, place) in self.institutions.iter().zip(1..) {
            check.entry(("institution", place, &entry.id), |check| check.institution(entry));
        }
        for (entry, place) in self.authorities.iter().zip(1..) {
            check.entry(("authority", place, &entry.id), |check| check.authority(entry));
        }
        for (entry, place) in self.practitioners.iter().zip(1..) {
            check.entry(("practitioner", place, &entry.id), |check| check.practitioner(entry));
        }
        for (entry, place) in self.clients.iter().zip(1..) {
            check.entry(("client", place, &entry.id), |check| check.client(entry));
        }
        if check.problems.is_empty() { Ok(check.desired) } else { Err(check.problems) }
    }
}

/// A check under way.
struct Check {
    desired: Desired,
    problems: Vec<Problem>,
    zone: Offset,
}

impl Check {
    fn entry(&mut self, (kind, place, id): (&str, usize, &str), check: impl FnOnce(&mut Self) -> Result<(), String>) {
        if let Err(reason) = check(self) {
            self.problems.push(Problem { entry: format!("{kind} {place} (`{}`)", id.escape_debug()), reason });
        }
    }

    fn institution(&mut self, entry: &Institution) -> Result<(), String> {
        let id = InstitutionId::new(&entry.id).map_err(|error| error.to_string())?;
        let institution = crate::Institution {
            name: entry.name.as_str().into(),
            kind: field("kind", entry.kind.parse())?,
            region: entry.region.as_str().into(),
            groups: unique("groups", &entry.groups)?,
            is_disclosing: entry.disclosing,
            code: entry.code.as_ref().map(|code| field("code", code.parse())).transpose()?,
        };
        fit(institution.check())?;
        let participation = if entry.participant {
            Some(self.days(("joined", entry.joined.as_deref()), ("left", entry.left.as_deref()))?)
        } else if entry.joined.is_some() || entry.left.is_some() {
            return Err("has days of joining or leaving, and is no participant".into());
        } else {
            None
        };
        let desired = &mut self.desired;
        if let Some(days) = participation {
            desired.participations.insert(id.clone(), days);
        }
        let has_it = desired.institutions.insert(id, institution).is_some();
        once(has_it)
    }

    fn authority(&mut self, entry: &Authority) -> Result<(), String> {
        let id = AuthorityId::new(&entry.id).map_err(|error| error.to_string())?;
        let mut grants = BTreeMap::new();
        for grant in &entry.grants {
            let institution = self.known("grants", &grant.institution)?;
            if grants.insert(institution, rights(&grant.acts)?).is_some() {
                return Err(format!("grants: `{}` is named twice", grant.institution));
            }
        }
        let authority = AssigningAuthority {
            name: entry.name.as_str().into(),
            kind: field("kind", entry.kind.parse())?,
            owner: self.known("owner", &entry.owner)?,
            namespace: entry.namespace.as_deref().map(Into::into),
            grants,
        };
        fit(authority.check())?;
        let namespace = authority.namespace.clone();
        let is_taken = |other: &AssigningAuthority| namespace.is_some() && other.namespace == namespace;
        if let Some((other, _)) = self.desired.authorities.iter().find(|(_, other)| is_taken(other)) {
            return Err(format!("namespace: `{other}` has the same"));
        }
        once(self.desired.authorities.insert(id, authority).is_some())
    }

    fn practitioner(&mut self, entry: &PractitionerEntry) -> Result<(), String> {
        let id = PractitionerId::new(&entry.id).map_err(|error| error.to_string())?;
        let practitioner = Practitioner { name: entry.name.as_str().into() };
        fit(practitioner.check())?;
        for post in &entry.posts {
            let institution = self.known("posts", &post.institution)?;
            let days = self.days(("from", post.from.as_deref()), ("until", post.until.as_deref()))?;
            let value = Post { roles: roles(&post.roles)?, is_named: post.emergencies };
            fit(value.check())?;
            let post = DesiredPost { value, days };
            if self.desired.posts.insert((id.clone(), institution.clone()), post).is_some() {
                return Err(format!("posts: `{institution}` is named twice"));
            }
        }
        once(self.desired.practitioners.insert(id, practitioner).is_some())
    }

    fn client(&mut self, entry: &ClientEntry) -> Result<(), String> {
        let id = ClientId::new(&entry.id).map_err(|error| error.to_string())?;
        let client = Client {
            name: entry.name.as_str().into(),
            institution: self.known("institution", &entry.institution)?,
            purposes: unique("purposes", &entry.purposes)?,
            roles: roles(&entry.roles)?,
        };
        fit(client.check())?;
        once(self.desired.clients.insert(id, client).is_some())
    }

    /// An institution that the description has.
    fn known(&self, name: &str, text: &str) -> Result<InstitutionId, String> {
        let id = field(name, InstitutionId::new(text))?;
        let is_known = self.desired.institutions.contains_key(&id);
        if is_known { Ok(id) } else { Err(format!("{name}: there is no sound institution `{id}` in the directory")) }
    }

    /// From the first day to the last; without a first day, from ever.
    fn days(&self, first: (&str, Option<&str>), last: (&str, Option<&str>)) -> Result<Period, String> {
        let date = |(name, text): (&str, Option<&str>)| {
            text.map(|text| field(name, text.parse::<Date>()).map(|date| (name.to_owned(), date))).transpose()
        };
        let (first, last) = (date(first)?, date(last)?);
        let last_day = last.as_ref().map(|(_, date)| *date);
        match first {
            Some((name, first)) => field(&name, Period::of_days(first, last_day, self.zone)),
            None => match last_day.and_then(|last| Period::of_days(last, Some(last), self.zone).ok()) {
                Some(day) => field("days", Period::new(crate::Instant::MIN, day.until())),
                None => Ok(Period::ALWAYS),
            },
        }
    }
}

fn rights(acts: &[String]) -> Result<Rights, String> {
    let mut rights = Rights::default();
    for act in acts {
        match act.as_str() {
            "assign" => rights.may_assign = true,
            "update" => rights.may_update = true,
            "merge" => rights.may_merge = true,
            _ => return Err(format!("grants: `{act}` is none of `assign`, `update`, `merge`")),
        }
    }
    if rights == Rights::default() { Err("grants: no act is granted".into()) } else { Ok(rights) }
}

fn roles(words: &[String]) -> Result<BTreeSet<Role>, String> {
    words.iter().map(|word| field("roles", word.parse())).collect()
}

fn unique(name: &str, words: &[String]) -> Result<BTreeSet<Box<str>>, String> {
    let set: BTreeSet<Box<str>> = words.iter().map(|word| word.as_str().into()).collect();
    if set.len() == words.len() { Ok(set) } else { Err(format!("{name}: one is named twice")) }
}

fn field<T, E: Display>(name: &str, parsed: Result<T, E>) -> Result<T, String> {
    parsed.map_err(|error| format!("{name}: {error}"))
}

fn fit(checked: Result<(), Fault>) -> Result<(), String> {
    checked.map_err(|Fault { field, reason }| format!("{field}: {reason}"))
}

fn once(is_repeated: bool) -> Result<(), String> {
    if is_repeated { Err("another entry has the same id".into()) } else { Ok(()) }
}

fn yes() -> bool {
    true
}
