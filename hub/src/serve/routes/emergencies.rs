//! Emergency sessions: opened by whoever must see what a patient cannot permit now, and looked at afterwards.
//!
//! A session opens nothing by itself: the network's policy says who may declare what, and is asked before a session is
//! opened and with every question that names it. Every session waits until an officer has looked at it.

use axum::extract::State;
use consent::registry::{self, Opening, Session, SessionId};
use consent::{Category, Emergency, Number, Obligation, Reasons, RecordFacts, Request, Stop};
use directory::Instant;
use mpi::kv::Draft;
use mpi::{RecordId, Visible};

use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path};
use crate::serve::permission::{Asked, Facts, InForce, Person};
use crate::serve::problem::{ErrorCode, Problem};
use crate::serve::trail::read;
use crate::serve::views::directive::consent_stamp;
use crate::serve::views::emergency::{Emergencies, EmergencyView, FindingView, NewEmergency};
use crate::serve::{ids, random};

/// Sessions that are listed at once.
const LISTED_MAX: u32 = 500;

/// Opens an emergency session. Questions that name it are decided as the policy states for emergencies.
#[utoipa::path(post, path = "/v1/emergencies", operation_id = "open_emergency", tag = "decisions",
    request_body = NewEmergency, responses((status = 201, body = EmergencyView)))]
pub(in crate::serve) async fn open(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewEmergency>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let id = SessionId(random::bytes().map_err(Problem::internal)?);
    let (here, asking) = (app.clone(), caller.clone());
    let answer = app
        .act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
            let new = &change.body;
            let (asked, emergency) = new.asked(&asking, stamp.now)?;
            let patient = new.patient.patient(&operating.prefix)?;
            let facts = Facts::read((&**here.kv(), operating), &patient, stamp.now)?;
            let (identities, now) = (facts.identities(), stamp.now);
            if identities.is_empty() {
                return Err(Problem::not_found("person"));
            }
            let (seconds, obligations, is_named) = here.permission().with((operating, draft), now, |in_force, _| {
                let in_force = in_force.ok_or_else(|| Problem::conflict("no policy of the network is in force"))?;
                let person = facts.person(operating, in_force)?;
                authorised((operating, in_force), &person, (&asked, emergency), now)
            })?;
            let practitioner = asked.practitioner.clone();
            let opening = Opening {
                identities,
                institution: asked.institution.clone(),
                practitioner: practitioner.ok_or_else(|| Problem::bad_field("requester.practitioner", "is missing"))?,
                role: asked.role,
                purpose: asked.purpose,
                kind: emergency.kind,
                reason: emergency.reason.ok_or_else(|| Problem::bad_field("reason", "is missing"))?,
                words: new.words.as_str().into(),
                is_reauthenticated: emergency.is_reauthenticated,
                may_break_glass: is_named,
                seconds,
            };
            registry::open_session(draft, id, &opening, &consent_stamp(stamp))?;
            let view = view((operating, draft), id, obligations)?;
            Answer::created(format!("/v1/emergencies/{id}"), &view)
        })
        .await?;
    let about = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let session = registry::session(draft, id)?;
            session.and_then(|session| person((operating, draft), &session).transpose()).transpose()
        })
        .await?;
    app.audit(&caller, ("open_emergency", None), about.map(read).unwrap_or_default()).await?;
    Ok(answer)
}

/// The sessions that no officer has looked at, the oldest first.
#[utoipa::path(get, path = "/v1/emergencies", operation_id = "list_emergencies", tag = "decisions",
    responses((status = 200, body = Emergencies)))]
pub(in crate::serve) async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewConsent)?;
    let own = caller.institution().cloned();
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let mut emergencies = Vec::new();
        for (id, session) in registry::sessions_waiting(draft, LISTED_MAX)? {
            if own.as_ref().is_none_or(|own| *own == session.opening.institution) {
                let person = person((operating, draft), &session)?;
                emergencies.push(EmergencyView::new((id, &session), person, Vec::new()));
            }
        }
        Answer::ok(&Emergencies { emergencies })
    })
    .await
}

/// One session.
#[utoipa::path(get, path = "/v1/emergencies/{session}", operation_id = "get_emergency", tag = "decisions",
    params(("session" = String, Path, description = "The id of a session: 32 hexadecimal digits")),
    responses((status = 200, body = EmergencyView)))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewConsent)?;
    let id = session_id(&id)?;
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        known(draft, id, &caller)?;
        Answer::ok(&view((operating, draft), id, Vec::new())?)
    })
    .await
}

/// Ends a session before its time.
#[utoipa::path(post, path = "/v1/emergencies/{session}/close", operation_id = "close_emergency", tag = "decisions",
    params(("session" = String, Path, description = "The id of a session: 32 hexadecimal digits")),
    responses((status = 200, body = EmergencyView)))]
pub(in crate::serve) async fn close(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<()>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let (id, closing) = (session_id(&id)?, caller.clone());
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let session = known(draft, id, &closing)?;
        if *session.by != *closing.id() && !closing.may(Scope::ReviewConsent) {
            return Err(Problem::new(ErrorCode::NotAllowed, "another client opened the session"));
        }
        registry::close_session(draft, id, &consent_stamp(stamp))?;
        Answer::ok(&view((operating, draft), id, Vec::new())?)
    })
    .await
}

/// States what an officer found of a session that has ended.
#[utoipa::path(post, path = "/v1/emergencies/{session}/review", operation_id = "review_emergency", tag = "decisions",
    params(("session" = String, Path, description = "The id of a session: 32 hexadecimal digits")),
    request_body = FindingView, responses((status = 200, body = EmergencyView)))]
pub(in crate::serve) async fn review(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<FindingView>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewConsent)?;
    let (id, reviewing) = (session_id(&id)?, caller.clone());
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        known(draft, id, &reviewing)?;
        registry::review_session(draft, id, &change.body.review(), &consent_stamp(stamp))?;
        Answer::ok(&view((operating, draft), id, Vec::new())?)
    })
    .await
}

/// For how many seconds the policy lets this requester declare this emergency, and what must be done beside.
fn authorised(
    (operating, in_force): (&Operating, &InForce),
    person: &Person,
    (asked, emergency): (&Asked, Emergency),
    now: Instant,
) -> Result<(u32, Vec<Obligation>, bool), Problem> {
    let requester = asked.requester((operating, in_force), person, now);
    let request = Request {
        requester: &requester,
        // A record of somebody else: whether the emergency stands does not depend on it.
        record: RecordFacts { identity: u16::MAX, ..RecordFacts::of(Number::OTHER, Category::IDENTITY) },
        purpose: asked.purpose,
        now,
        emergency: Some(emergency),
        has_legal_basis: false,
        is_stale: person.is_stale,
    };
    let engine = in_force.engine();
    let decision = engine.decide(person.chart.view(), &request, &mut Reasons::default());
    let terms = in_force.image.emergency().terms(emergency.kind);
    match terms {
        Some(terms) if !decision.stops.has(Stop::EmergencyRefused) => {
            Ok((terms.seconds, terms.obligations.iter().collect(), requester.may_break_glass))
        }
        _ => Err(Problem::refused("the policy does not let this requester declare this emergency")),
    }
}

/// A session that the caller may know of.
fn known(draft: &mut Draft<'_>, id: SessionId, caller: &Caller) -> Result<Session, Problem> {
    let found = registry::session(draft, id)?;
    let is_theirs = |session: &Session| caller.institution().is_none_or(|own| *own == session.opening.institution);
    found.filter(is_theirs).ok_or_else(|| Problem::not_found("session"))
}

fn view(
    (operating, draft): (&Operating, &mut Draft<'_>),
    id: SessionId,
    obligations: Vec<Obligation>,
) -> Result<EmergencyView, Problem> {
    let session = registry::session(draft, id)?.ok_or_else(|| Problem::not_found("session"))?;
    let person = person((operating, draft), &session)?;
    Ok(EmergencyView::new((id, &session), person, obligations))
}

/// The person that the session is about, as the index knows him or her now.
fn person((operating, draft): (&Operating, &mut Draft<'_>), session: &Session) -> Result<Option<String>, Problem> {
    let Some(first) = session.opening.identities.first() else { return Ok(None) };
    let Some(record) = mpi::read::record(draft, RecordId(first.0), &Visible::All)? else { return Ok(None) };
    let found = mpi::read::cross_reference(&operating.index(), draft, &record.identifier, &Visible::All)?;
    Ok(found.map(|found| found.person.enterprise_id(&operating.prefix)))
}

fn session_id(text: &str) -> Result<SessionId, Problem> {
    ids::record(text).map(|id| SessionId(id.0)).map_err(|_| Problem::not_found("session"))
}
