//! The figures that a network publishes: counts that show no person.

use std::collections::BTreeMap;

use axum::extract::State;
use directory::{AsOf, InstitutionId};
use mpi::read::Census;
use serde::Serialize;
use utoipa::ToSchema;

use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::problem::Problem;

/// What the network holds.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Statistics {
    /// When it was counted: at most a minute before the last question, or when that was asked.
    as_of: String,
    /// Enrolled persons.
    persons: u64,
    /// Records.
    records: u64,
    /// Institutions by kind.
    institutions: Vec<InstitutionCount>,
    /// Records and duplicates by institution; an institution gets its own.
    holdings: Vec<HoldingView>,
    /// Tasks that are not closed, by kind; for callers of the whole network.
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<BTreeMap<&'static str, u64>>,
}

/// Institutions of one kind.
#[derive(Debug, Serialize, ToSchema)]
struct InstitutionCount {
    #[schema(example = "hospital")]
    kind: &'static str,
    /// Those that disclose records.
    disclosing: u64,
    /// Those that only read.
    not_disclosing: u64,
}

/// What one institution holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Holding)]
struct HoldingView {
    institution: String,
    records: u64,
    persons: u64,
    /// Records beyond the first of each person.
    duplicates: u64,
}

/// Enrolled persons, institutions, duplicates and open tasks.
#[utoipa::path(get, path = "/v1/statistics", operation_id = "get_statistics", tag = "statistics",
    responses((status = 200, body = Statistics)))]
pub(in crate::serve) async fn get(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::ReadStatistics)?;
    let (at, census) = app.census().await?;
    let operating = app.operating()?;
    let own = caller.institution();
    Answer::ok(&Statistics {
        as_of: at.to_string(),
        persons: census.persons,
        records: census.records,
        institutions: institutions(&operating, AsOf::now(app.now())),
        holdings: holdings(&census, own),
        tasks: own.is_none().then(|| census.tasks.iter().map(|(kind, count)| (kind.name(), *count)).collect()),
    })
}

fn institutions(operating: &Operating, now: AsOf) -> Vec<InstitutionCount> {
    let mut counts: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
    for (_, institution) in operating.directory.institutions(now) {
        let (disclosing, silent) = counts.entry(institution.kind.word()).or_default();
        *(if institution.is_disclosing { disclosing } else { silent }) += 1;
    }
    let count = |(kind, (disclosing, not_disclosing))| InstitutionCount { kind, disclosing, not_disclosing };
    counts.into_iter().map(count).collect()
}

fn holdings(census: &Census, own: Option<&InstitutionId>) -> Vec<HoldingView> {
    let shown = census.institutions.iter().filter(|(id, _)| own.is_none_or(|own| own == *id));
    let view = |(id, holding): (&InstitutionId, &mpi::read::Holding)| HoldingView {
        institution: id.to_string(),
        records: holding.records,
        persons: holding.persons,
        duplicates: holding.duplicates(),
    };
    shown.map(view).collect()
}
