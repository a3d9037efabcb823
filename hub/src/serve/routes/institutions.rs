//! Institutions: who takes part in the network, as the directory knows them now.
//!
//! They are public inside the network: every role may read them, so nothing is hidden here and nothing is confidential.

use axum::extract::State;
use axum::http::HeaderMap;
use directory::{AsOf, Institution, InstitutionId, InstitutionKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Path, Query};
use crate::serve::page::PageQuery;
use crate::serve::problem::Problem;

/// Which institutions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct InstitutionQuery {
    /// Only those of a kind: `hospital`, `clinic`, `dental_clinic`, `pharmacy`, `visiting_nurse`, `care_facility`,
    /// `laboratory`, `government`, `network`, `other`.
    kind: Option<String>,
    /// Only those that disclose records, or only those that do not.
    disclosing: Option<bool>,
    /// The most items to give. The server may give fewer.
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    page: Option<String>,
}

/// A page of institutions.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct InstitutionPage {
    /// The institutions, by their ids.
    institutions: Vec<InstitutionView>,
    /// The token of the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// An institution.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Institution)]
pub(in crate::serve) struct InstitutionView {
    /// Its name in the network.
    #[schema(example = "1310000001")]
    id: String,
    /// As people call it.
    name: String,
    /// What it is.
    #[schema(example = "hospital")]
    kind: &'static str,
    /// Where it is, in the network's own words.
    region: String,
    /// Care teams and other circles that it belongs to.
    groups: Vec<String>,
    /// Whether it discloses records to others.
    is_disclosing: bool,
    /// Its code as an insured medical institution.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

impl InstitutionView {
    fn new(id: &InstitutionId, institution: &Institution) -> Self {
        Self {
            id: id.to_string(),
            name: institution.name.to_string(),
            kind: institution.kind.word(),
            region: institution.region.to_string(),
            groups: institution.groups.iter().map(ToString::to_string).collect(),
            is_disclosing: institution.is_disclosing,
            code: institution.code.as_ref().map(ToString::to_string),
        }
    }
}

/// The institutions of the network.
#[utoipa::path(get, path = "/v1/institutions", operation_id = "list_institutions", tag = "directory",
    params(InstitutionQuery), responses((status = 200, body = InstitutionPage)))]
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<InstitutionQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadDirectory)?;
    let kind = query.kind.as_deref().map(kind_of).transpose()?;
    let paging = PageQuery { limit: query.limit, page: query.page };
    let pages = app.pages(&caller, &format!("institutions {kind:?} {:?}", query.disclosing), &paging);
    let (limit, after) = (pages.limit()?, pages.position()?);
    let now = AsOf::now(app.now());
    let all = app.read(move |draft| directory::list::<Institution>(draft, now)).await?;
    let is_wanted = |it: &Institution| {
        kind.is_none_or(|kind| it.kind == kind) && query.disclosing.is_none_or(|is| it.is_disclosing == is)
    };
    let is_later = |id: &InstitutionId| after.as_ref().is_none_or(|after| id.as_str().as_bytes() > after.as_slice());
    let mut wanted = all.iter().filter(|(id, it)| is_later(id) && is_wanted(it)).peekable();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let institutions: Vec<_> = wanted.by_ref().take(limit).map(|(id, it)| InstitutionView::new(id, it)).collect();
    let last = institutions.last().filter(|_| wanted.peek().is_some());
    let next = last.map(|last| pages.token(last.id.as_bytes()));
    Answer::ok(&InstitutionPage { institutions, next })
}

/// One institution.
#[utoipa::path(get, path = "/v1/institutions/{institution}", operation_id = "get_institution", tag = "directory",
    params(("institution" = String, Path, description = "The institution's name in the network")),
    responses((status = 200, body = InstitutionView), (status = 304, description = "Known: see `If-None-Match`")))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<InstitutionId>,
    headers: HeaderMap,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadDirectory)?;
    let now = AsOf::now(app.now());
    let wanted = id.clone();
    let found = app.read(move |draft| directory::read::<Institution>(draft, &wanted, now)).await?;
    let institution = found.ok_or_else(|| Problem::not_found("institution"))?;
    Ok(Answer::ok(&InstitutionView::new(&id, &institution))?.unless_known(&headers))
}

fn kind_of(word: &str) -> Result<InstitutionKind, Problem> {
    let kind = InstitutionKind::ALL.into_iter().find(|kind| kind.word() == word);
    kind.ok_or_else(|| {
        let words = InstitutionKind::ALL.map(InstitutionKind::word).join("`, `");
        Problem::bad_field("kind", format!("must be one of `{words}`"))
    })
}
