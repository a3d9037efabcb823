//! The audit of requests: what was answered to whom about whom, durable before the answer leaves.
//!
//! A request that gives a person's data, or a decision about a person, leaves one event that lists every person and
//! decision in the answer. When it cannot be written the answer is withheld. A server without the section `[audit]` keeps
//! no trail; that is for trials, and it says so at the start.

use std::collections::BTreeMap;
use std::time::Duration;

use directory::Instant;

use crate::audit::{self, Answer, Event, SealKeys, Subject, Trail};
use crate::config::{AuditConfig, Keyring};
use crate::serve::Statistic;
use crate::serve::app::{App, AppError};
use crate::serve::caller::Caller;
use crate::serve::permission::{Asked, Finding, Question};
use crate::serve::problem::{ErrorCode, Problem};
use crate::serve::random;
use crate::serve::viewer::Viewer;
use crate::serve::views::decision::{all_reasons, basis_word, outcome_word};

/// Time between two looks at whether a seal is due.
const TICK: Duration = Duration::from_secs(1);
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;
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
        told: impl Into<Told>,
    ) -> Result<(), Problem> {
        let institution = caller.institution().map(|id| id.as_str().into());
        self.keep(route, audit::Caller { client: caller.id().into(), institution, user }, told.into()).await
    }

    /// The same for whoever looked into the index: it lists the persons that were shown.
    ///
    /// # Errors
    /// As [`App::audit`].
    pub(super) async fn audit_view(
        &self,
        viewer: &Viewer,
        route: &'static str,
        persons: Vec<Subject>,
    ) -> Result<(), Problem> {
        let institution = viewer.institution().map(|id| id.as_str().into());
        let caller = audit::Caller { client: viewer.caller.id().into(), institution, user: viewer.user() };
        self.keep(route, caller, persons.into()).await
    }

    async fn keep(&self, route: &'static str, caller: audit::Caller, told: Told) -> Result<(), Problem> {
        let Some(trail) = self.trail() else { return Ok(()) };
        let Told { persons, requesters } = told;
        let event = Event { at: self.now(), route: route.into(), caller, persons, requesters };
        trail.append(&event).await.map(drop).map_err(|error| {
            let detail = "the audit trail cannot be written, so nothing is answered";
            Problem::new(ErrorCode::StoreUnavailable, detail).because(error)
        })
    }
}

/// What an answer told about whom, and who had asked.
#[derive(Debug, Default)]
pub(super) struct Told {
    persons: Vec<Subject>,
    requesters: Vec<audit::Requester>,
}

impl From<Vec<Subject>> for Told {
    fn from(persons: Vec<Subject>) -> Self {
        Self { persons, requesters: Vec::new() }
    }
}

/// A person who was read without a decision.
pub(super) fn read(person: String) -> Vec<Subject> {
    vec![Subject { person: person.into(), answers: Vec::new() }]
}

/// Decisions as the trail keeps them, by person.
#[derive(Debug, Default)]
pub(super) struct Decided {
    persons: BTreeMap<Box<str>, Vec<Answer>>,
    requesters: Vec<audit::Requester>,
    /// The last of them as it asked.
    last: Option<Asked>,
}

impl Decided {
    /// Adds a decision under its id; `rules` is the version of the matching rules that found the person.
    pub(super) fn add(
        &mut self,
        person: Option<String>,
        (question, finding): (&Question, &Finding),
        (decision, rules): (&str, &str),
    ) {
        if self.last.as_ref() != Some(&question.asked) {
            self.requesters.push(question.asked.kept());
            self.last = Some(question.asked.clone());
        }
        let by = self.requesters.len().saturating_sub(1);
        let words = all_reasons(finding).into_iter().map(Into::into);
        let answer = Answer {
            action: "view".into(),
            category: question.data.category.word().into(),
            purpose: question.asked.purpose.code().into(),
            outcome: outcome_word(finding.decision.outcome).into(),
            basis: basis_word(finding.decision.basis).into(),
            reasons: words.chain(finding.rules.iter().map(|(rule, _)| rule.as_str().into())).collect(),
            decision: Some(decision.into()),
            policy: Some(finding.basis.policy.to_string().into()),
            rules: Some(rules.into()),
            question: Some(Box::new(question.data.kept(by))),
        };
        self.persons.entry(person.map_or_else(|| NOBODY.into(), Into::into)).or_default().push(answer);
    }

    /// As the event has it.
    pub(super) fn told(self) -> Told {
        let persons = self.persons.into_iter().map(|(person, answers)| Subject { person, answers }).collect();
        Told { persons, requesters: self.requesters }
    }
}

/// Seals what is due, and once a day removes what is older than it has to be kept, until the server stops.
pub(super) async fn follow(app: App) {
    let Some(trail) = app.trail() else { return };
    let mut cleared = None;
    loop {
        tokio::time::sleep(TICK).await;
        let now = app.now();
        if let Err(error) = trail.tick(now).await {
            tracing::error!(cause = %error, "the audit trail is not sealed");
        }
        let today = now.micros().div_euclid(DAY_MICROS);
        if cleared != Some(today) {
            clear(trail, now.plus_micros(-app.audit_kept_micros())).await;
            cleared = Some(today);
        }
    }
}

async fn clear(trail: &Trail, before: Instant) {
    match trail.retain(before).await {
        Ok(0) => {}
        Ok(events) => tracing::info!(events, "audit events past their time are removed, their root stays"),
        Err(error) => tracing::error!(cause = %error, "audit events past their time are not removed"),
    }
}

/// What the trail did since the start, for the metrics.
pub(super) fn statistics(trail: &Trail) -> Vec<Statistic> {
    let counts = trail.counts();
    let of = |name, help, value| Statistic { name, help, value };
    #[expect(clippy::cast_precision_loss, reason = "a gauge may be off by one after 2^53 events")]
    let number = |count: u64| count as f64;
    vec![
        of("audit_events", "Audit events acknowledged since the start", number(counts.events)),
        of("audit_syncs", "Syncs of the audit trail, each shared by a group of events", number(counts.syncs)),
        of("audit_seals", "Seals written since the start", number(counts.seals)),
        of("audit_unsealed", "Audit events behind the last seal now", number(counts.unsealed)),
        of("audit_failures", "Groups and seals of the audit trail that failed", number(counts.failures)),
    ]
}
