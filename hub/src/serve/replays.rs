//! Replays: the real questions of the last days, put to a draft of the policy before it is published.
//!
//! The audit trail keeps every question. A replay asks each again as it was asked: by the links, consents, vetoes and
//! directory of its moment, first under the policy of then and afterwards under the draft. Where the first answer is not
//! the one in the trail, the past cannot be judged by what is stored; such questions are counted apart and not compared.
//! Nothing is written. Findings are kept in memory until the server stops.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use consent::registry::{self, PublishedPolicy, VetoesVersion};
use consent::simulate::Replay;
use consent::{Outcome, Reasons};
use directory::{AsOf, Instant};
use mpi::PersonId;
use mpi::kv::Draft;

use super::app::App;
use super::background::{Run, Runs};
use super::permission::{Facts, Finding, InForce, Question};
use super::problem::{ErrorCode, Problem};
use super::views::decision::outcome_word;
use super::views::replay::Replayed;
use crate::audit::{self, Answer, Event};
use crate::failure::Failure;
use crate::index::Operating;

/// The runs since the start.
pub(super) type ReplayRuns = Runs<Past, Replayed>;
/// One run.
pub(super) type ReplayRun = Run<Past, Replayed>;

/// The most questions that are asked again; the newest are.
const QUESTIONS_MAX: u64 = 1_000_000;
/// Policies of the past that are kept made into rules.
const POLICIES_MAX: usize = 64;
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// Which questions of the past are put to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Past {
    /// The version that is tried.
    pub(super) version: u32,
    /// How many days back.
    pub(super) days: u32,
}

/// A question of the past that would be answered otherwise.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The decision's id.
    pub(super) decision: Option<Box<str>>,
    /// When it was asked.
    pub(super) at: Instant,
    /// About whom.
    pub(super) person: Box<str>,
    /// What was asked.
    pub(super) question: Question,
    /// Why it would be answered so.
    pub(super) sentence: consent::Sentence,
}

/// Counts and differences.
#[derive(Default)]
pub(super) struct Tally {
    /// What was compared.
    pub(super) replay: Replay<Asked>,
    /// Answers that are not found again, with the ids of the first.
    pub(super) not_reproduced: u64,
    pub(super) not_reproduced_examples: Vec<Box<str>>,
    /// Answers of which the trail does not keep the question, or whose person or policy is gone.
    pub(super) not_replayable: u64,
}

/// Ids that are named of answers that are not found again.
const EXAMPLES_MAX: usize = 20;

impl App {
    /// Starts a replay of the last days against a version of the policy.
    ///
    /// # Errors
    /// Not found without such a version or without an audit trail; a conflict while another replay goes on.
    pub(super) async fn start_replay(&self, past: Past) -> Result<Arc<ReplayRun>, Problem> {
        let folder = self.audit_folder().map(Path::to_path_buf);
        let folder = folder.ok_or_else(|| Problem::new(ErrorCode::NotFound, "this server keeps no audit trail"))?;
        let published = self.read(move |draft| registry::policy(draft, past.version)).await?;
        let (operating, now) = (self.operating()?, self.now());
        let app = self.clone();
        self.replay_runs().start(("replay", past), move |run| {
            let work = Work { app: &app, operating: &operating, published: &published };
            work.run((folder, now), run)
        })
    }
}

/// What a replay needs.
struct Work<'a> {
    app: &'a App,
    operating: &'a Operating,
    /// The version that is tried.
    published: &'a PublishedPolicy,
}

/// A version of the policy with vetoes, on a day: the directory of the day gives its names.
type Rules = BTreeMap<(u32, VetoesVersion, i64), InForce>;

impl Work<'_> {
    fn run(&self, (folder, now): (PathBuf, Instant), run: &ReplayRun) -> Result<Replayed, Failure> {
        run.stage("asking again");
        let since = now.plus_micros(-i64::from(run.about.days).saturating_mul(DAY_MICROS));
        let (mut tally, mut rules, mut failed) = (Tally::default(), Rules::new(), None);
        let walk = audit::recent(&folder, since, |event, (done, all)| {
            run.progress(done, all);
            if let Err(problem) = self.event(&event, &mut rules, &mut tally) {
                failed = Some(problem);
                return ControlFlow::Break(());
            }
            if tally.replay.asked >= QUESTIONS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let walk = walk.map_err(Failure::internal)?;
        match failed {
            Some(problem) => Err(Failure::internal(problem)),
            None => Ok(Replayed::new((self.published.version, since, now), &tally, walk)),
        }
    }

    /// Asks everything in an event again.
    fn event(&self, event: &Event, rules: &mut Rules, tally: &mut Tally) -> Result<(), Problem> {
        for subject in event.persons.iter().filter(|subject| !subject.answers.is_empty()) {
            let Ok(person) = PersonId::parse(&subject.person, &self.operating.prefix) else {
                tally.not_replayable += u64::try_from(subject.answers.len()).unwrap_or(u64::MAX);
                continue;
            };
            let mut draft = Draft::peeking(&**self.app.kv());
            let facts = Facts::as_of((self.operating, &mut draft), person, event.at)?;
            let (version, vetoes) = registry::vetoes(&mut draft, AsOf::known(event.at))?;
            for answer in &subject.answers {
                let question = Question::of_past(person, event, answer);
                let policy = answer.policy.as_deref().and_then(|policy| policy.parse::<u32>().ok());
                let (Some(question), Some(policy)) = (question, policy) else {
                    tally.not_replayable += 1;
                    continue;
                };
                let day = event.at.micros().div_euclid(DAY_MICROS);
                let mut ask = |policy: u32| -> Result<Finding, Problem> {
                    let key = (policy, version, day);
                    if !rules.contains_key(&key) {
                        if rules.len() >= POLICIES_MAX {
                            rules.clear();
                        }
                        let published = registry::policy(&mut draft, policy)?;
                        rules.insert(key, InForce::of(self.operating, &published, (version, &vetoes), event.at)?);
                    }
                    let in_force = rules.get_mut(&key).ok_or_else(|| Problem::not_found("policy"))?;
                    self.ask((&question, &facts), in_force, event.at)
                };
                let (before, after) = (ask(policy)?, ask(self.published.version)?);
                note(tally, (event, &subject.person, answer), question, (&before, &after));
            }
        }
        Ok(())
    }

    fn ask(
        &self,
        (question, facts): (&Question, &Facts),
        in_force: &mut InForce,
        at: Instant,
    ) -> Result<Finding, Problem> {
        let person = facts.clone().person(self.operating, in_force)?;
        let requester = question.asked.requester((self.operating, in_force), &person, at);
        Ok(question.ask(in_force, (&person, &requester), (at, true)))
    }
}

/// Counts one question that was asked twice.
fn note(
    tally: &mut Tally,
    (event, person, answer): (&Event, &str, &Answer),
    question: Question,
    (before, after): (&Finding, &Finding),
) {
    if outcome_word(before.decision.outcome) != &*answer.outcome {
        tally.not_reproduced += 1;
        if tally.not_reproduced_examples.len() < EXAMPLES_MAX {
            tally.not_reproduced_examples.extend(answer.decision.clone());
        }
        return;
    }
    let asked = Asked {
        decision: answer.decision.clone(),
        at: event.at,
        person: person.into(),
        question,
        sentence: after.sentence.clone(),
    };
    let given: (Outcome, _) = (before.decision.outcome, before.decision.obligations);
    tally.replay.add(asked, given, (after.decision, Reasons::default));
}
