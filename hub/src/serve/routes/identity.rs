//! What clerks do to persons and records: merge and undo, link, unlink, split, keep apart.
//!
//! A clerk of an institution does this to what it sees: an id that it may not see does not exist, and what it would leave
//! behind has to be visible as well.

use axum::extract::State;
use directory::Instant;
use mpi::kv::Draft;
use mpi::{PersonId, Visible};

use crate::index::Operating;
use crate::serve::answer::{Answer, IfMatch, Tag};
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path};
use crate::serve::problem::Problem;
use crate::serve::views::identity::{
    ApartView, MergeBody, MergedView, MovedView, OtherPerson, Reason, SomeRecords, SplitView, UnmergedView, reason,
    seen, seen_of,
};
use crate::serve::views::person::{Asked, PersonBody};
use crate::serve::{ids, random};

/// Merges two persons; the older enterprise id stands for both. `If-Match` holds the tag of the person in the path.
#[utoipa::path(post, path = "/v1/persons/{person}/merge", operation_id = "merge_persons", tag = "identity",
    params(("person" = String, Path, description = "An enterprise id")), request_body = OtherPerson,
    responses((status = 200, body = MergedView)))]
pub(in crate::serve) async fn merge(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<OtherPerson>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ChangeIdentity)?;
    let Change { body, once, if_match } = change;
    let (why, reader) = (reason(&body.reason)?, caller.clone());
    app.act((&caller, once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let visible = reader.visible();
        let one = ids::person(&id, &operating.prefix)?;
        let other = ids::person_field("person", &body.person, &operating.prefix)?;
        let before = [seen(operating, draft, one, &visible)?.person, seen(operating, draft, other, &visible)?.person];
        check(operating, draft, (one, &reader, stamp.now), &if_match)?;
        let joined = mpi::merge(&operating.index(), draft, (one, other), &why, stamp)?;
        let person = seen(operating, draft, one, &visible)?.person;
        let absorbed = before.into_iter().find(|id| *id != person).unwrap_or(joined.absorbed);
        let written = |id: PersonId| id.enterprise_id(&operating.prefix);
        let merge = joined.merge.to_string();
        Answer::ok(&MergedView { merge, person: written(person), absorbed: written(absorbed) })
    })
    .await
}

/// A merge: who did it, why, and whether it was undone.
#[utoipa::path(get, path = "/v1/merges/{merge}", operation_id = "get_merge", tag = "identity",
    params(("merge" = String, Path, description = "The id of a merge: 32 hexadecimal digits")),
    responses((status = 200, body = MergeBody)))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadPersons)?;
    let (id, visible) = (ids::merge(&id)?, caller.visible());
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let found = mpi::read::merge(draft, id, &visible)?.ok_or_else(|| Problem::not_found("merge"))?;
        Answer::ok(&MergeBody::new(&found, &operating.prefix, &visible))
    })
    .await
}

/// Undoes a merge, whatever came after it: each record is back with its person. Records that came since are decided again,
/// and a task is opened for each.
#[utoipa::path(post, path = "/v1/merges/{merge}/undo", operation_id = "undo_merge", tag = "identity",
    params(("merge" = String, Path, description = "The id of a merge: 32 hexadecimal digits")), request_body = Reason,
    responses((status = 200, body = UnmergedView)))]
pub(in crate::serve) async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Reason>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ChangeIdentity)?;
    let (id, why, visible) = (ids::merge(&id)?, reason(&change.body.reason)?, caller.visible());
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        mpi::read::merge(draft, id, &visible)?.ok_or_else(|| Problem::not_found("merge"))?;
        let undone = mpi::unmerge(&operating.index(), draft, id, &why, stamp)?;
        Answer::ok(&UnmergedView::of(operating, draft, &undone, &visible)?)
    })
    .await
}

/// Gives a record to a person, as a clerk has decided. It beats every score and every later change of rules.
#[utoipa::path(post, path = "/v1/records/{record}/link", operation_id = "link_record", tag = "identity",
    params(("record" = String, Path, description = "The record's id")), request_body = OtherPerson,
    responses((status = 200, body = MovedView)))]
pub(in crate::serve) async fn link(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<OtherPerson>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ChangeIdentity)?;
    let (id, why, visible) = (ids::record(&id)?, reason(&change.body.reason)?, caller.visible());
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let to = ids::person_field("person", &change.body.person, &operating.prefix)?;
        seen_of(operating, draft, id, &visible)?;
        seen(operating, draft, to, &visible)?;
        mpi::link(&operating.index(), draft, (id, to), &why, stamp)?;
        let person = seen_of(operating, draft, id, &visible)?.person.enterprise_id(&operating.prefix);
        Answer::ok(&MovedView { record: id.to_string(), person })
    })
    .await
}

/// Takes a record out of its person: it becomes the first record of a new one, and the two are kept apart.
#[utoipa::path(post, path = "/v1/records/{record}/unlink", operation_id = "unlink_record", tag = "identity",
    params(("record" = String, Path, description = "The record's id")), request_body = Reason,
    responses((status = 200, body = MovedView)))]
pub(in crate::serve) async fn unlink(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Reason>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ChangeIdentity)?;
    let (id, why, visible) = (ids::record(&id)?, reason(&change.body.reason)?, caller.visible());
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let from = seen_of(operating, draft, id, &visible)?;
        leaves_something(&visible, from.records.len(), 1)?;
        mpi::unlink(&operating.index(), draft, (id, random::person_id()?), &why, stamp)?;
        let person = seen_of(operating, draft, id, &visible)?.person.enterprise_id(&operating.prefix);
        Answer::ok(&MovedView { record: id.to_string(), person })
    })
    .await
}

/// Takes some records out of a person: they become a new person. The rest keeps the enterprise id, and the two are kept
/// apart. `If-Match` holds the tag of the person.
#[utoipa::path(post, path = "/v1/persons/{person}/split", operation_id = "split_person", tag = "identity",
    params(("person" = String, Path, description = "An enterprise id")), request_body = SomeRecords,
    responses((status = 200, body = SplitView)))]
pub(in crate::serve) async fn split(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<SomeRecords>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ChangeIdentity)?;
    let Change { body, once, if_match } = change;
    let (why, reader) = (reason(&body.reason)?, caller.clone());
    let records: Result<Vec<_>, Problem> = (0..)
        .zip(&body.records)
        .map(|(place, text): (u32, _)| ids::record_field(&format!("records.{place}"), text))
        .collect();
    let records = records?;
    app.act((&caller, once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let (visible, id) = (reader.visible(), ids::person(&id, &operating.prefix)?);
        let from = seen(operating, draft, id, &visible)?;
        if let Some(other) = records.iter().find(|id| !from.records.iter().any(|known| known.record == **id)) {
            return Err(Problem::bad_field("records", format!("{other} is no record of the person")));
        }
        leaves_something(&visible, from.records.len(), records.len())?;
        check(operating, draft, (id, &reader, stamp.now), &if_match)?;
        mpi::split(&operating.index(), draft, (id, &records), (random::person_id()?, &why), stamp)?;
        let first = records.first().copied().ok_or_else(|| Problem::bad_field("records", "is empty"))?;
        let written = |id: PersonId| id.enterprise_id(&operating.prefix);
        let person = written(seen_of(operating, draft, first, &visible)?.person);
        let rest = from.records.iter().find(|record| !records.contains(&record.record));
        let rest = rest.map(|record| seen_of(operating, draft, record.record, &visible)).transpose()?;
        let rest = written(rest.map_or(from.person, |rest| rest.person));
        Answer::ok(&SplitView { person, records: records.iter().map(ToString::to_string).collect(), rest })
    })
    .await
}

/// Keeps two persons apart, whatever their records say, until a clerk merges them.
#[utoipa::path(post, path = "/v1/persons/{person}/keep-apart", operation_id = "keep_persons_apart", tag = "identity",
    params(("person" = String, Path, description = "An enterprise id")), request_body = OtherPerson,
    responses((status = 200, body = ApartView)))]
pub(in crate::serve) async fn keep_apart(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<OtherPerson>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ChangeIdentity)?;
    let (why, visible) = (reason(&change.body.reason)?, caller.visible());
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let one = ids::person(&id, &operating.prefix)?;
        let other = ids::person_field("person", &change.body.person, &operating.prefix)?;
        let persons = [seen(operating, draft, one, &visible)?, seen(operating, draft, other, &visible)?];
        mpi::keep_apart(draft, (one, other), &why, stamp)?;
        Answer::ok(&ApartView { persons: persons.map(|person| person.person.enterprise_id(&operating.prefix)) })
    })
    .await
}

/// The person has to be as the caller has read it, if the caller says what that was.
fn check(
    operating: &Operating,
    draft: &mut Draft<'_>,
    (id, reader, now): (PersonId, &Caller, Instant),
    if_match: &IfMatch,
) -> Result<(), Problem> {
    if !if_match.is_given() {
        return Ok(());
    }
    let person = seen(operating, draft, id, &reader.visible())?;
    let asked = Asked { id, reader: reader.institution().cloned(), now };
    if_match.check(&Tag::of(&PersonBody::new(operating, &person, &asked))?)
}

/// Of a person whose other records are hidden nothing would be left, as far as the caller may know.
fn leaves_something(visible: &Visible, records: usize, taken: usize) -> Result<(), Problem> {
    match visible {
        Visible::Some { .. } if taken >= records => {
            Err(mpi::Refusal::State("at least one record has to stay with the person").into())
        }
        _ => Ok(()),
    }
}
