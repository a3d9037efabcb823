//! Recipients, custodians and targets of a provision as selectors, and whether what they name is there.
//!
//! Institutions of one list become one set, practitioners too; whatever else is named becomes a selector of its own, and
//! so a rule of its own. A name that the directory does not know is refused: it could be given to somebody else later.

use super::{Terms, checked_days, listed};
use crate::codebook::{Codebook, Name};
use crate::document::{Choice, Recipient, Target};
use crate::rejection::RejectionReason;
use crate::rule::{InstitutionKinds, Relations, Selected, Selector};
use directory::{InstitutionId, InstitutionKind, ListVersion, PractitionerId};

pub(super) fn custodians_of(
    choice: &Choice<InstitutionId>,
    terms: &Terms<'_>,
    book: &mut Codebook,
) -> Result<Selector, RejectionReason> {
    let custodians = listed(choice, "custodians")?;
    custodians.iter().try_for_each(|id| terms.check_institution(id))?;
    match custodians {
        [] => Ok(Selector::ANY),
        many => institutions(many, book),
    }
}

fn institutions(ids: &[InstitutionId], book: &mut Codebook) -> Result<Selector, RejectionReason> {
    let selected = match ids {
        [one] => Selected::Institution(book.enter(Name::Institution(one.clone()))?),
        many => Selected::Institutions(book.enter_set(many.iter().cloned().map(Name::Institution))?),
    };
    Ok(Selector::new(selected))
}

fn practitioners(ids: &[PractitionerId], book: &mut Codebook) -> Result<Selector, RejectionReason> {
    let selected = match ids {
        [one] => Selected::Practitioner(book.enter(Name::Practitioner(one.clone()))?),
        many => Selected::Practitioners(book.enter_set(many.iter().cloned().map(Name::Practitioner))?),
    };
    Ok(Selector::new(selected))
}

pub(super) fn recipients_of(
    choice: &Choice<Recipient>,
    terms: &Terms<'_>,
    book: &mut Codebook,
) -> Result<Vec<Selector>, RejectionReason> {
    let recipients = listed(choice, "recipients")?;
    let (mut selectors, mut ids, mut people, mut kinds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for recipient in recipients {
        terms.check_recipient(recipient)?;
        let selected = match recipient {
            Recipient::Institution(id) => {
                ids.push(id.clone());
                continue;
            }
            Recipient::Practitioner(id) => {
                people.push(id.clone());
                continue;
            }
            Recipient::Kind(kind) => {
                kinds.push(kind.0);
                continue;
            }
            Recipient::Participants { list, with_future, with_networks } => {
                terms.participants(*list, (*with_future, *with_networks), book)?
            }
            Recipient::Group(group) => Selected::Group(book.enter(Name::Group(group.clone()))?),
            Recipient::Region(region) => Selected::Region(book.enter(Name::Region(region.clone()))?),
            Recipient::Department(id, department) => {
                Selected::Department(book.enter(Name::Department(id.clone(), department.clone()))?)
            }
            Recipient::InRelation(relations) => Selected::Relations(relations.iter().copied().collect::<Relations>()),
            Recipient::SeenWithinDays(days) => Selected::SeenWithinDays(*days),
        };
        selectors.push(Selector::new(selected));
    }
    if !ids.is_empty() {
        selectors.push(institutions(&ids, book)?);
    }
    if !people.is_empty() {
        selectors.push(practitioners(&people, book)?);
    }
    if !kinds.is_empty() {
        selectors.push(Selector::new(Selected::Kinds(kinds.into_iter().collect())));
    }
    Ok(if recipients.is_empty() { vec![Selector::ANY] } else { selectors })
}

pub(super) fn targets_of(
    choice: &Choice<Target>,
    terms: &Terms<'_>,
    book: &mut Codebook,
) -> Result<Vec<Selector>, RejectionReason> {
    let targets = listed(choice, "targets")?;
    let (mut selectors, mut records, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for target in targets {
        terms.check_target(target)?;
        match target {
            Target::Record(record) => records.push(Name::Data(record.clone())),
            Target::AuthoredBy(id) => people.push(id.clone()),
            Target::Related(to) => {
                selectors.push(Selector::new(Selected::Related(book.enter(Name::Data(to.clone()))?)));
            }
            Target::Department(id, department) => {
                let name = Name::Department(id.clone(), department.clone());
                selectors.push(Selector::new(Selected::Department(book.enter(name)?)));
            }
        }
    }
    match records.as_slice() {
        [] => {}
        [one] => selectors.push(Selector::new(Selected::Record(book.enter(one.clone())?))),
        many => selectors.push(Selector::new(Selected::Records(book.enter_set(many.iter().cloned())?))),
    }
    if !people.is_empty() {
        selectors.push(practitioners(&people, book)?);
    }
    Ok(if targets.is_empty() { vec![Selector::ANY] } else { selectors })
}

impl Terms<'_> {
    fn check_institution(&self, id: &InstitutionId) -> Result<(), RejectionReason> {
        let is_known = self.known.is_none_or(|known| known.directory.institution(id, known.as_of).is_some());
        if is_known { Ok(()) } else { Err(RejectionReason::UnknownInstitution(id.clone())) }
    }

    fn check_practitioner(&self, id: &PractitionerId) -> Result<(), RejectionReason> {
        let is_known = self.known.is_none_or(|known| known.directory.practitioner(id, known.as_of).is_some());
        if is_known { Ok(()) } else { Err(RejectionReason::UnknownPractitioner(id.clone())) }
    }

    fn check_recipient(&self, recipient: &Recipient) -> Result<(), RejectionReason> {
        let of_some = |test: &dyn Fn(&directory::Institution) -> bool| {
            self.known.is_none_or(|known| known.directory.institutions(known.as_of).any(|(_, it)| test(it)))
        };
        match recipient {
            Recipient::Institution(id) => self.check_institution(id),
            Recipient::Department(id, department) => {
                check_name(department, "department").and_then(|()| self.check_institution(id))
            }
            Recipient::Practitioner(id) => self.check_practitioner(id),
            Recipient::Group(group) if !of_some(&|it| it.groups.contains(group)) => {
                Err(RejectionReason::UnknownGroup(group.clone()))
            }
            Recipient::Region(region) if !of_some(&|it| it.region == *region) => {
                Err(RejectionReason::UnknownRegion(region.clone()))
            }
            Recipient::InRelation(relations) if relations.is_empty() => Err(RejectionReason::EmptyList("relations")),
            Recipient::SeenWithinDays(days) => checked_days(*days).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn check_target(&self, target: &Target) -> Result<(), RejectionReason> {
        match target {
            Target::Record(name) | Target::Related(name) => check_name(name, "record"),
            Target::AuthoredBy(id) => self.check_practitioner(id),
            Target::Department(id, department) => {
                check_name(department, "department").and_then(|()| self.check_institution(id))
            }
        }
    }

    /// The participants of a version of the list, or everybody who takes part and is of a kind that is meant.
    fn participants(
        &self,
        list: u32,
        (with_future, with_networks): (bool, bool),
        book: &mut Codebook,
    ) -> Result<Selected, RejectionReason> {
        let unknown = RejectionReason::UnknownList(list);
        let Some(known) = self.known else { return Err(unknown) };
        let Some(view) = known.directory.list(ListVersion(list)) else { return Err(unknown) };
        let of_kind = |kind: InstitutionKind| with_networks || kind != InstitutionKind::Network;
        if with_future {
            // Whoever does not take part is stopped before any rule is asked, so only the kind is left to test.
            let kinds = InstitutionKind::ALL.into_iter().filter(|kind| of_kind(*kind)).collect::<InstitutionKinds>();
            return Ok(Selected::Kinds(kinds));
        }
        let ids = view.institutions.iter().filter_map(|place| known.directory.institution_at(place));
        let meant = ids.filter(|id| {
            let institution = known.directory.institution(id, known.as_of);
            institution.is_some_and(|institution| of_kind(institution.kind))
        });
        let names: Vec<Name> = meant.cloned().map(Name::Institution).collect();
        if names.is_empty() {
            return Err(RejectionReason::EmptyList("participants"));
        }
        Ok(Selected::Institutions(book.enter_set(names)?))
    }
}

fn check_name(name: &str, what: &'static str) -> Result<(), RejectionReason> {
    if name.trim().is_empty() { Err(RejectionReason::EmptyName(what)) } else { Ok(()) }
}
