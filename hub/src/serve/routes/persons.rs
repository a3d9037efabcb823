//! Persons: by an identifier, and by an enterprise id, now and in the past.

use axum::extract::State;
use axum::http::HeaderMap;
use directory::Identifier;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::Scope;
use crate::serve::extract::{Path, Query};
use crate::serve::ids;
use crate::serve::permission::Patient;
use crate::serve::problem::Problem;
use crate::serve::viewer::{DEMOGRAPHICS, Viewer};
use crate::serve::views::person::{Asked, CrossReferenceView, PersonBody};

/// An identifier.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct IdentifierQuery {
    /// The assigning authority: an object identifier or an URI.
    authority: String,
    /// The local id in its domain.
    value: String,
}

impl IdentifierQuery {
    /// The identifier.
    pub(in crate::serve) fn identifier(&self) -> Result<Identifier, Problem> {
        ids::identifier(("authority", &self.authority), ("value", &self.value))
    }
}

/// Which person an identifier belongs to, and the person's other identifiers.
#[utoipa::path(get, path = "/v1/resolve", operation_id = "resolve", tag = "persons", params(IdentifierQuery),
    responses((status = 200, body = CrossReferenceView)))]
pub(in crate::serve) async fn resolve(
    State(app): State<App>,
    viewer: Viewer,
    Query(query): Query<IdentifierQuery>,
) -> Result<Answer, Problem> {
    viewer.caller.require(Scope::ResolveIdentifiers)?;
    let identifier = query.identifier()?;
    let (answer, subjects) = app.ask_here(|operating, draft| -> Result<_, Problem> {
        let found = viewer.resolve((&app, operating, draft), &identifier)?;
        let found = found.ok_or_else(|| Problem::not_found("identifier"))?;
        let answer = Answer::ok(&CrossReferenceView::new(&found, &operating.prefix))?;
        let person = found.person.enterprise_id(&operating.prefix);
        Ok((answer, viewer.subjects([person], operating.model.version())))
    })?;
    app.audit_view(&viewer, "resolve", subjects).await?;
    Ok(answer)
}

/// Which moment to ask about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct AsOfQuery {
    /// The person as it was known then; missing: now.
    as_of: Option<String>,
}

/// A person: the golden record with where each value comes from, and the records.
///
/// An id that was merged into another leads to the same person: `canonical` is the id that stands for it.
#[utoipa::path(get, path = "/v1/persons/{person}", operation_id = "get_person", tag = "persons",
    params(("person" = String, Path, description = "An enterprise id"), AsOfQuery),
    responses((status = 200, body = PersonBody), (status = 304, description = "Known: see `If-None-Match`")))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(query): Query<AsOfQuery>,
    headers: HeaderMap,
) -> Result<Answer, Problem> {
    viewer.caller.require(Scope::ReadPersons)?;
    let as_of = query.as_of.as_deref().map(|text| ids::instant("as_of", text)).transpose()?;
    let (here, looking) = (app.clone(), viewer.clone());
    let found = app.ask(move |operating, draft| -> Result<_, Problem> {
        let reader = looking.institution().cloned();
        let asked = Asked { id: ids::person(&id, &operating.prefix)?, reader, now: here.now() };
        let visible = looking.visible((&here, operating), (&[Patient::Person(asked.id)], &DEMOGRAPHICS))?;
        let index = operating.index();
        let body = match as_of {
            None => mpi::read::person(&index, draft, asked.id, &visible)?.map(|found| {
                let records = found.records.iter().map(|record| record.record).collect();
                (PersonBody::new(operating, &found, &asked), (found.person, records))
            }),
            Some(at) => mpi::history::person_as_of(&index, draft, asked.id, at, &visible)?.map(|found| {
                let records = found.records.iter().map(|record| record.record).collect();
                (PersonBody::as_of(operating, &found, &asked), (found.person, records))
            }),
        };
        let (body, given) = body.ok_or_else(|| Problem::not_found("person"))?;
        let person = given.0.enterprise_id(&operating.prefix);
        Ok((Answer::ok(&body)?, given, looking.subjects([person], operating.model.version())))
    });
    let (answer, given, subjects) = found.await?;
    app.audit_view(&viewer, "get_person", subjects).await?;
    app.note_read(&viewer.caller, given).await?;
    Ok(answer.unless_known(&headers))
}
