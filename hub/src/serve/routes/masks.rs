//! Masks: one question about a whole chart of a custodian.

use axum::extract::State;
use consent::Outcome;

use crate::audit::{Answer as Kept, Subject};
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::permission::{Facts, MaskQuestion, Masked};
use crate::serve::problem::Problem;
use crate::serve::views::mask::{MaskView, NewMask};
use crate::serve::{ids, random};

/// Which of many records of a custodian may be seen: equal to a decision about each.
#[utoipa::path(post, path = "/v1/decisions/mask", operation_id = "decide_mask", tag = "decisions",
    request_body = NewMask, responses((status = 200, body = MaskView)))]
pub(in crate::serve) async fn mask(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewMask>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let (here, asking) = (app.clone(), caller.clone());
    let id = ids::decision(random::bytes())?;
    let (answer, user, subjects) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let now = here.now();
            let mut question = new.question((&asking, &operating.prefix), now)?;
            let facts = Facts::read((&**here.kv(), operating), &question.patient, now)?;
            question.asked.with_session(draft, &facts, now)?;
            let user = question.asked.practitioner.as_ref().map(|user| user.as_str().into());
            here.permission().with((operating, draft), now, |in_force, _| {
                let Some(in_force) = in_force else {
                    let view = MaskView::without_policy(id, question.data.len());
                    return Ok((Answer::ok(&view)?, user, Vec::new()));
                };
                let person = facts.person(operating, in_force)?;
                let masked = question.ask((operating, in_force), &person, now);
                let versions = (in_force.image.version(), in_force.image.cache_for_seconds());
                let known = person.id.map(|id| id.enterprise_id(&operating.prefix));
                let kept = kept((&question, &masked), (&id, versions.0, operating.model.version()));
                let subjects = known.map(|person| Subject { person: person.into(), answers: vec![kept] });
                let view = MaskView::new(id, &masked, versions);
                Ok((Answer::ok(&view)?, user, subjects.into_iter().collect()))
            })
        })
        .await?;
    app.audit(&caller, ("decide_mask", user), subjects).await?;
    Ok(answer)
}

/// A mask as the trail keeps it: what was opened, and how many records of those asked about.
fn kept((question, masked): (&MaskQuestion, &Masked), (id, policy, rules): (&str, u32, &str)) -> Kept {
    let permitted = masked.decisions.iter().filter(|decision| decision.outcome == Outcome::Permit).count();
    let open: Vec<&str> = masked.open.iter().map(consent::Category::word).collect();
    Kept {
        action: "view".into(),
        category: open.join(",").into(),
        purpose: question.asked.purpose.code().into(),
        outcome: if open.is_empty() { "deny".into() } else { "permit".into() },
        basis: format!("mask: {permitted} of {} records", masked.decisions.len()).into(),
        reasons: masked.stops.iter().map(|stop| stop.word().into()).collect(),
        decision: Some(id.into()),
        policy: Some(policy.to_string().into()),
        rules: Some(rules.into()),
        question: None,
    }
}
