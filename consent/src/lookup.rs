//! The facts about a requester that the directory knows, looked up in one place.
//!
//! Whatever cannot be shown counts against the requester: a client that is not registered is licensed for nothing, a
//! practitioner who does not hold the role that he or she claims counts as suspended, and who was not named for emergencies by
//! the head of the institution was not. Care relationships are not in the directory; the caller adds them.

use crate::codebook::{Codebook, Name, Number};
use crate::purpose::{Purpose, Purposes};
use crate::request::Requester;
use crate::role::ActingAs;
use crate::rule::Relations;
use directory::{AsOf, ClientId, Instant, InstitutionId, PractitionerId, Snapshot};

/// Who says that he or she asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The institution.
    pub institution: InstitutionId,
    /// The department, if said.
    pub department: Option<Box<str>>,
    /// The practitioner; a service has none.
    pub practitioner: Option<PractitionerId>,
    /// As what.
    pub role: ActingAs,
    /// Through which client.
    pub client: ClientId,
}

impl Requester {
    /// What the directory says of somebody at a moment.
    #[must_use]
    pub fn look_up(claimed: &Claimed, (directory, as_of): (&Snapshot, AsOf), book: &Codebook) -> Self {
        let id = &claimed.institution;
        let institution = directory.institution(id, as_of);
        let client = directory.client(&claimed.client, as_of);
        let number = |name: Name| book.number(&name);
        let of_institution = |name: &dyn Fn(&directory::Institution) -> Name| {
            institution.map_or(Number::default(), |institution| number(name(institution)))
        };
        let groups = institution.into_iter().flat_map(|institution| &institution.groups);
        // One that the directory does not know is not known, whatever the codebook says of its name.
        let known_number = institution.map_or(Number::default(), |_| number(Name::Institution(id.clone())));
        Self {
            institution: known_number,
            kind: institution.map(|institution| institution.kind),
            region: of_institution(&|institution| Name::Region(institution.region.clone())),
            groups: groups.map(|group| number(Name::Group(group.clone()))).filter(|number| number.is_named()).collect(),
            department: claimed
                .department
                .as_ref()
                .map_or(Number::default(), |department| number(Name::Department(id.clone(), department.clone()))),
            practitioner: claimed
                .practitioner
                .as_ref()
                .map_or(Number::default(), |practitioner| number(Name::Practitioner(practitioner.clone()))),
            role: claimed.role,
            licensed: licensed(claimed, client),
            is_participant: directory.is_participant(id, as_of),
            is_suspended: !holds_role(claimed, (directory, as_of)),
            may_break_glass: is_named(claimed, (directory, as_of)),
            relations: Relations::default(),
            last_encounter: None,
            facts_until: Instant::FOREVER,
        }
    }
}

fn licensed(claimed: &Claimed, client: Option<&directory::Client>) -> Purposes {
    let Some(client) = client else { return Purposes::NONE };
    let may_speak = match claimed.role {
        ActingAs::Profession(role) => client.roles.contains(&role),
        _ => true,
    };
    let purposes = client.purposes.iter().filter_map(|code| code.parse::<Purpose>().ok());
    if may_speak { purposes.collect() } else { Purposes::NONE }
}

/// Whether the head of the institution named the practitioner for emergencies; a person without a name was not.
fn is_named(claimed: &Claimed, (directory, as_of): (&Snapshot, AsOf)) -> bool {
    let post = |id: &PractitionerId| directory.post(id, &claimed.institution, as_of);
    claimed.practitioner.as_ref().and_then(post).is_some_and(|post| post.is_named)
}

/// A profession is shown by a post; the other parties have none.
fn holds_role(claimed: &Claimed, (directory, as_of): (&Snapshot, AsOf)) -> bool {
    match (claimed.role, &claimed.practitioner) {
        (ActingAs::Profession(role), Some(practitioner)) => {
            let post = directory.post(practitioner, &claimed.institution, as_of);
            post.is_some_and(|post| post.roles.contains(&role))
        }
        // Without a named person, the client vouches for the role.
        _ => true,
    }
}

impl Codebook {
    /// Gives every institution, region and group of a directory its number, so that each can be told apart even when no
    /// rule names it. Call it when the directory has changed.
    ///
    /// # Errors
    /// [`crate::CodebookFull`].
    pub fn enter_directory(&mut self, directory: &Snapshot, as_of: AsOf) -> Result<(), crate::CodebookFull> {
        for (id, institution) in directory.institutions(as_of) {
            self.enter(Name::Institution(id.clone()))?;
            self.enter(Name::Region(institution.region.clone()))?;
            for group in &institution.groups {
                self.enter(Name::Group(group.clone()))?;
            }
        }
        for (practitioner, ..) in directory.posts(as_of) {
            self.enter(Name::Practitioner(practitioner.clone()))?;
        }
        Ok(())
    }
}
