//! What officers ask of the rules: who can see this patient?

use std::collections::BTreeMap;

use consent::simulate::{Cell, CellReason, Extent, Matrix};
use consent::{ActingAs, Chart, Engine, Purpose};
use directory::{Instant, InstitutionId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::decision::PatientOf;
use crate::serve::ids;
use crate::serve::permission::{Viewpoint, categories};
use crate::serve::problem::Problem;

/// A question about everybody.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct SightQuestion {
    /// About whom.
    pub(in crate::serve) patient: PatientOf,
    /// Why: `TREAT`, `COC` …
    #[schema(example = "TREAT")]
    purpose: String,
    /// When; missing: now.
    at: Option<String>,
    /// Whether to ask as if an encounter were open everywhere: who could see if the patient came.
    #[serde(default)]
    in_care: bool,
}

impl SightQuestion {
    pub(in crate::serve) fn viewpoint(&self, now: Instant) -> Result<Viewpoint, Problem> {
        let purpose: Purpose =
            self.purpose.parse().map_err(|_| Problem::bad_field("purpose", "is no purpose of use"))?;
        let at = self.at.as_deref().map(|text| ids::instant("at", text)).transpose()?;
        Ok(Viewpoint { purpose, at: at.unwrap_or(now), in_care: self.in_care })
    }
}

/// Who can see a patient.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sight)]
pub(in crate::serve) struct SightView {
    /// The instant that was asked about.
    at: String,
    /// Institutions that the rules cannot tell apart stand together.
    groups: Vec<GroupView>,
}

/// Some institutions that see the same.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SightGroup)]
pub(in crate::serve) struct GroupView {
    /// Their ids.
    institutions: Vec<String>,
    /// What they see in each role, and why not.
    cells: Vec<CellView>,
}

/// What is seen in a role of a kind of data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[schema(as = SightCell)]
pub(in crate::serve) struct CellView {
    /// The role.
    #[schema(example = "physician")]
    role: &'static str,
    /// The kind of data.
    #[schema(example = "prescriptions")]
    category: &'static str,
    /// `none`, `some` or `all` of the records of other institutions.
    #[schema(example = "all")]
    extent: &'static str,
    /// Records of other institutions.
    records: u32,
    /// Of these, how many may be seen.
    plain: u32,
    /// How many also, or only, when they are sensitive.
    sensitive: u32,
    /// How many in an emergency that is declared as the policy asks.
    in_emergency: u32,
    /// What decides: the name of a rule, `no_permit`, or a hard stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl SightView {
    pub(in crate::serve) fn new(
        at: Instant,
        (matrix, institutions): (&Matrix<'_>, &[InstitutionId]),
        (engine, chart): (&Engine<'_>, &Chart),
    ) -> Self {
        let mut groups: BTreeMap<Vec<CellView>, Vec<String>> = BTreeMap::new();
        for (place, institution) in institutions.iter().enumerate() {
            let cells = ActingAs::ALL.iter().enumerate().flat_map(|(role, acting)| {
                categories().filter_map(move |category| {
                    let cell = matrix.cell(place, role, category)?;
                    Some(CellView::new((*acting, category.word()), cell, (engine, chart)))
                })
            });
            groups.entry(cells.collect()).or_default().push(institution.to_string());
        }
        let groups = groups.into_iter().map(|(cells, institutions)| GroupView { institutions, cells });
        Self { at: at.to_string(), groups: groups.collect() }
    }
}

impl CellView {
    fn new((role, category): (ActingAs, &'static str), cell: Cell, (engine, chart): (&Engine<'_>, &Chart)) -> Self {
        let extent = match cell.extent() {
            Extent::None => "none",
            Extent::Some => "some",
            Extent::All => "all",
        };
        let reason = cell.reason.map(|reason| match reason {
            CellReason::Own => "own_record".to_owned(),
            CellReason::Permit(rule) | CellReason::Deny(rule) => engine.rule_name(chart, rule).to_string(),
            CellReason::NoPermit => "no_permit".to_owned(),
            CellReason::Stop(stop) => stop.word().to_owned(),
        });
        let Cell { records, plain, sensitive, in_emergency, .. } = cell;
        Self { role: role.word(), category, extent, records, plain, sensitive, in_emergency, reason }
    }
}
