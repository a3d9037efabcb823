//! The rules that decide, and what a candidate would change.

use std::collections::BTreeMap;

use linkage::rules::{Cap, Comparison, Level};
use mpi::rules::{Active, Diff, Preparation, PreparationState, Rebuild, RuleRun, RunState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::index::Operating;
use crate::serve::background::State;
use crate::serve::shadow::Shadow;

/// The rules that decide now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rules)]
pub(in crate::serve) struct RulesView {
    /// The version of rules, weights, frequencies and tables together.
    version: String,
    /// The name of the rule set.
    name: String,
    /// One sentence about it.
    title: String,
    /// Since when it decides; missing before the first record.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// From which weight a pair is a possible match, in bits.
    lower: f64,
    /// From which weight a pair is a match, in bits.
    upper: f64,
    /// How likely two random records are of one person.
    prior: Option<f64>,
    /// What is compared.
    comparisons: Vec<ComparisonRuleView>,
    /// Which pairs are compared at all.
    blocks: Vec<BlockView>,
    /// What caps a decision, whatever the weight.
    guards: Vec<GuardRuleView>,
}

/// One comparison.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparisonRule)]
struct ComparisonRuleView {
    name: String,
    /// Best first.
    levels: Vec<LevelView>,
}

/// One level of a comparison.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Level)]
struct LevelView {
    name: String,
    /// How often records of one person reach it.
    m: Option<f64>,
    /// How often records of strangers do.
    u: Option<f64>,
    /// What it adds, in bits.
    weight: Option<f64>,
}

/// One blocking rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Block)]
struct BlockView {
    name: String,
    /// Whether agreeing on it is nearly proof.
    is_strong: bool,
}

/// One guard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GuardRule)]
struct GuardRuleView {
    name: String,
    reason: String,
    /// What a pair is at most.
    at_most: &'static str,
}

impl RulesView {
    pub(in crate::serve) fn new(operating: &Operating, active: Option<&Active>) -> Self {
        let rules = operating.model.rules();
        let guards = rules.guards.iter().map(|guard| GuardRuleView {
            name: guard.name.clone(),
            reason: guard.reason.clone(),
            at_most: match guard.cap {
                Cap::PossibleMatch => "possible match",
                Cap::NonMatch => "non-match",
            },
        });
        let blocks = rules.blocks.iter();
        Self {
            version: operating.model.version().to_owned(),
            name: rules.name.clone(),
            title: rules.title.clone(),
            since: active.map(|active| active.since.to_string()),
            lower: rules.lower,
            upper: rules.upper,
            prior: rules.prior,
            comparisons: rules.comparisons.iter().map(comparison).collect(),
            blocks: blocks.map(|block| BlockView { name: block.name.clone(), is_strong: block.is_strong }).collect(),
            guards: guards.collect(),
        }
    }
}

fn comparison(comparison: &Comparison) -> ComparisonRuleView {
    let level = |level: &Level| LevelView {
        name: level.name.clone(),
        m: level.m,
        u: level.u,
        weight: level.m.zip(level.u).map(|(m, u)| (m / u).log2()),
    };
    ComparisonRuleView { name: comparison.name.clone(), levels: comparison.levels.iter().map(level).collect() }
}

/// A candidate to try. Frequencies are counted anew in every run.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Candidate {
    /// A rule set: the text of its TOML file. Missing: the rules that decide now, whose frequencies, and with `train`
    /// weights, are refreshed from the records.
    #[serde(default)]
    pub(in crate::serve) rules: Option<String>,
    /// Whether the weights are learned from the records first; without it the rule set has to be trained.
    #[serde(default)]
    pub(in crate::serve) train: bool,
}

/// A version to activate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Activation {
    /// The version that a shadow run has named.
    #[schema(example = "0123456789abcdef")]
    pub(in crate::serve) version: String,
    /// In words that name no person.
    pub(in crate::serve) reason: String,
}

/// A version to prepare.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Prepared {
    /// The version that a shadow run has named, or an earlier one.
    #[schema(example = "0123456789abcdef")]
    pub(in crate::serve) version: String,
}

/// What stands by.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standby)]
pub(in crate::serve) struct StandbyView {
    /// The version whose fields and blocking rules it follows.
    version: String,
    /// `writing`, `ready` or `releasing`.
    #[schema(example = "ready")]
    state: &'static str,
    /// Records that were written, or member rows that were deleted.
    done: u64,
    /// When this began.
    since: String,
    /// By whom.
    by: String,
}

impl StandbyView {
    pub(in crate::serve) fn new(preparation: &Preparation) -> Self {
        Self {
            version: preparation.standby.version.to_string(),
            state: match preparation.state {
                PreparationState::Writing => "writing",
                PreparationState::Ready => "ready",
                PreparationState::Releasing => "releasing",
            },
            done: preparation.done,
            since: preparation.began.to_string(),
            by: preparation.by.id.to_string(),
        }
    }
}

/// A version that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleVersion)]
pub(in crate::serve) struct VersionView {
    /// The version.
    pub(in crate::serve) version: String,
    /// The name of the rule set.
    pub(in crate::serve) name: String,
    /// One sentence about it.
    pub(in crate::serve) title: String,
    /// Whether it decides now.
    pub(in crate::serve) is_active: bool,
    /// The version that it was reviewed against in its last shadow run; missing when it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) reviewed_against: Option<String>,
    /// Changes that its activation would carry out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) changes: Option<u64>,
}

/// The versions that are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct RuleVersions {
    pub(in crate::serve) versions: Vec<VersionView>,
}

/// Runs that apply a change of rules or take it back.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct RuleRuns {
    /// The latest first.
    pub(in crate::serve) runs: Vec<RunView>,
}

/// A run that applies a change of rules, or takes it back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleRun)]
pub(in crate::serve) struct RunView {
    /// Its id: events and merges name it.
    id: String,
    /// The version that it brought.
    version: String,
    /// The version that decided before, and does again when the run is taken back.
    before: String,
    /// `applying`, `applied`, `rolling-back` or `rolled-back`.
    #[schema(example = "applied")]
    state: &'static str,
    /// When it was begun.
    began: String,
    /// By whom.
    by: String,
    /// Why.
    reason: String,
    /// Changes that were reviewed.
    total: u64,
    /// Changes that were carried out.
    done: u64,
    /// Persons that it joined and that stand joined.
    joined: u64,
    /// Tasks that it opened and that were not taken back.
    tasks: u64,
    /// When it came to its end; missing while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// How it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_back: Option<TakenBack>,
}

/// How a run was taken back.
#[derive(Debug, Serialize, ToSchema)]
struct TakenBack {
    at: String,
    by: String,
    reason: String,
}

impl RunView {
    pub(in crate::serve) fn new(run: &RuleRun) -> Self {
        Self {
            id: run.id.to_string(),
            version: run.version.to_string(),
            before: run.before.version.to_string(),
            state: match run.state {
                RunState::Applying => "applying",
                RunState::Applied => "applied",
                RunState::RollingBack => "rolling-back",
                RunState::RolledBack => "rolled-back",
            },
            began: run.began.to_string(),
            by: run.by.id.to_string(),
            reason: run.reason.to_string(),
            total: run.total,
            done: run.done,
            joined: run.joined,
            tasks: run.tasks,
            ended: run.ended.map(|at| at.to_string()),
            taken_back: run.taken_back.as_ref().map(|(by, reason, at)| TakenBack {
                at: at.to_string(),
                by: by.id.to_string(),
                reason: reason.to_string(),
            }),
        }
    }
}

/// A shadow run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShadowRun)]
pub(in crate::serve) struct ShadowView {
    /// Its id.
    id: String,
    /// The name of the candidate.
    name: String,
    /// Digest of the candidate.
    digest: String,
    /// `running`, `done` or `failed`.
    #[schema(example = "done")]
    state: &'static str,
    /// What it does now.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    /// How much of the comparing is done, in percent.
    percent: u32,
    /// Seconds of each stage.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    seconds: BTreeMap<&'static str, f64>,
    /// The version of the candidate with the frequencies, and perhaps weights, of the records: what can be activated.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Why it cannot take over by switching: `fields` or `blocks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    rebuild: Option<&'static str>,
    /// Changes that its activation would carry out.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<u64>,
    /// What would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<DiffView>,
}

/// What a candidate would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleDiff)]
struct DiffView {
    /// Records that were compared.
    records: u64,
    persons_now: u64,
    persons_then: u64,
    /// Pairs of records that would be of one person and are not today.
    links_gained: u64,
    /// Pairs of records that are of one person today and would not be.
    links_lost: u64,
    /// Persons with a doubtful pair: what the queue would hold.
    tasks: u64,
    /// Decisions of clerks that the candidate would contradict; they stand all the same.
    contradicted: u64,
    /// By custodian: pairs with a record of its own.
    institutions: Vec<InstitutionDiffView>,
    /// Some of the pairs.
    examples: Vec<ExampleView>,
}

/// What would change for one custodian.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstitutionDiff)]
struct InstitutionDiffView {
    institution: String,
    gained: u64,
    lost: u64,
}

/// A pair that would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DiffExample)]
struct ExampleView {
    record: String,
    other: String,
    /// `gained` or `lost`.
    change: &'static str,
}

impl ShadowView {
    pub(in crate::serve) fn new(run: &Shadow) -> Self {
        let (state, stage, outcome) = match run.state() {
            State::Running(stage) => ("running", Some(stage), None),
            State::Done(outcome) => ("done", None, Some(outcome)),
            State::Failed => ("failed", None, None),
        };
        let outcome = outcome.as_deref();
        Self {
            id: run.id.clone(),
            name: run.about.name.clone(),
            digest: run.about.digest.clone(),
            state,
            stage,
            percent: run.percent(),
            seconds: outcome.map(|outcome| outcome.seconds.iter().copied().collect()).unwrap_or_default(),
            version: outcome.map(|outcome| outcome.version.clone()),
            rebuild: outcome.and_then(|outcome| outcome.rebuild).map(|rebuild| match rebuild {
                Rebuild::Fields => "fields",
                Rebuild::Blocks => "blocks",
            }),
            changes: outcome.map(|outcome| outcome.changes),
            diff: outcome.map(|outcome| DiffView::new(&outcome.diff)),
        }
    }
}

impl DiffView {
    fn new(diff: &Diff) -> Self {
        let institutions = diff.institutions.iter().map(|(id, own)| InstitutionDiffView {
            institution: id.to_string(),
            gained: own.gained,
            lost: own.lost,
        });
        let examples = diff.examples.iter().map(|example| ExampleView {
            record: example.record.to_string(),
            other: example.other.to_string(),
            change: if example.is_gained { "gained" } else { "lost" },
        });
        Self {
            records: diff.records,
            persons_now: diff.persons_now,
            persons_then: diff.persons_then,
            links_gained: diff.links_gained,
            links_lost: diff.links_lost,
            tasks: diff.tasks,
            contradicted: diff.contradicted,
            institutions: institutions.collect(),
            examples: examples.collect(),
        }
    }
}
