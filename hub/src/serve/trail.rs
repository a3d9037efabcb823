//! The audit of requests: what was answered to whom about whom, durable before the answer leaves.
//!
//! A request that gives a person's data, or a decision about a person, leaves one event that lists every person and
//! decision in the answer. When it cannot be written the answer is withheld. A server without the section `[audit]` keeps
//! no trail; that is for trials, and it says so at the start.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audit::{self, Answer, Event, SealKeys, Subject, Trail};
use crate::config::{AuditConfig, Keyring};
use crate::serve::app::{App, AppError};
use crate::serve::caller::Caller;
use crate::serve::permission::{Finding, Question};
use crate::serve::problem::{ErrorCode, Problem};
use crate::serve::random;
use crate::serve::views::decision::{all_reasons, basis_word, outcome_word};

/// Time between two looks at whether a seal is due.
const TICK: Duration = Duration::from_secs(1);
/// Stands for a person whom the index does not know.
const NOBODY: &str = "unknown";

/// Opens the trail of a configuration; none without the section.
pub(super) fn open(config: Option<&AuditConfig>, keyring: Option<&Keyring>) -> Result<Option<Trail>, AppError> {
    let Some(config) = config else { return Ok(None) };
    let keys = match keyring {
        Some(keyring) => SealKeys::of(keyring).ok_or_else(|| {
            AppError::Configuration(
                "the section `[audit]` needs a key of the purpose `audit` in the keyring".to_owned(),
            )
        })?,
        // As with page tokens: without a keyring what is signed is good for this process.
        None => SealKeys::from_roots([(1, random::bytes()?)]),
    };
    let trail = Trail::open(config.options(), keys);
    trail.map(Some).map_err(|error| AppError::Configuration(format!("the audit trail cannot be opened: {error}")))
}

impl App {
    /// Keeps what an answer holds. Call it before the answer leaves.
    ///
    /// # Errors
    /// [`ErrorCode::StoreUnavailable`] when it cannot be kept: nothing may be answered then.
    pub(super) async fn audit(
        &self,
        caller: &Caller,
        (route, user): (&'static str, Option<Box<str>>),
        persons: Vec<Subject>,
    ) -> Result<(), Problem> {
        let Some(trail) = self.trail() else { return Ok(()) };
        let institution = caller.institution().map(|id| id.as_str().into());
        let caller = audit::Caller { client: caller.id().into(), institution, user };
        let event = Event { at: self.now(), route: route.into(), caller, persons };
        trail.append(&event).await.map(drop).map_err(|error| {
            let detail = "the audit trail cannot be written, so nothing is answered";
            Problem::new(ErrorCode::StoreUnavailable, detail).because(error)
        })
    }
}

/// A person who was read without a decision.
pub(super) fn read(person: String) -> Vec<Subject> {
    vec![Subject { person: person.into(), answers: Vec::new() }]
}

/// Decisions as the trail keeps them, by person.
#[derive(Debug, Default)]
pub(super) struct Decided(BTreeMap<Box<str>, Vec<Answer>>);

impl Decided {
    /// Adds a decision under its id; `rules` is the version of the matching rules that found the person.
    pub(super) fn add(
        &mut self,
        person: Option<String>,
        (question, finding): (&Question, &Finding),
        (decision, rules): (&str, &str),
    ) {
        let words = all_reasons(finding).into_iter().map(Into::into);
        let answer = Answer {
            action: "view".into(),
            category: question.category.word().into(),
            purpose: question.asked.purpose.code().into(),
            outcome: outcome_word(finding.decision.outcome).into(),
            basis: basis_word(finding.decision.basis).into(),
            reasons: words.chain(finding.rules.iter().map(|(rule, _)| rule.as_str().into())).collect(),
            decision: Some(decision.into()),
            policy: Some(finding.basis.policy.to_string().into()),
            rules: Some(rules.into()),
        };
        self.0.entry(person.map_or_else(|| NOBODY.into(), Into::into)).or_default().push(answer);
    }

    /// The persons of the event.
    pub(super) fn subjects(self) -> Vec<Subject> {
        self.0.into_iter().map(|(person, answers)| Subject { person, answers }).collect()
    }
}

/// Seals what is due until the server stops.
pub(super) async fn follow(app: App) {
    loop {
        tokio::time::sleep(TICK).await;
        if let Some(trail) = app.trail()
            && let Err(error) = trail.tick(app.now()).await
        {
            tracing::error!(cause = %error, "the audit trail is not sealed");
        }
    }
}
