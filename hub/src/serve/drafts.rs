//! Draft runs: what a draft of the policy would change for all patients, found out before it is published.
//!
//! A run reads the consents of everybody who is in the index, patient by patient, while requests go on; links and consents
//! that change meanwhile are read as they were or as they are. What is compared, and how, is decided in
//! [`consent::simulate`]. The findings are kept in memory until the server stops, under their digest: whoever reviews the
//! draft names it, so that nobody reviews what was not simulated.

use std::collections::BTreeSet;
use std::sync::Arc;

use consent::registry;
use consent::simulate::{Drafted, Relationship, every_label, every_relationship, what_would_change};
use consent::{
    ActingAs, Category, Chart, Claimed, Codebook, Known, Labels, Name, NetworkPolicy, Number, PolicyImage, Purposes,
    RecordFacts, Requester,
};
use directory::{AsOf, ClientId, Instant, InstitutionId, Offset, PractitionerId, Role};
use mpi::PersonId;
use mpi::kv::{Draft, Kv};

use super::app::App;
use super::background::{Run, Runs, State};
use super::permission::identity;
use super::problem::Problem;
use super::views::draft::FindingsView;
use crate::failure::Failure;
use crate::index::Operating;

/// The runs since the start.
pub(super) type DraftRuns = Runs<About, Findings>;
/// One run.
pub(super) type DraftRun = Run<About, Findings>;

/// What a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// The version that is tried.
    pub(super) version: u32,
    /// How many days ahead windows that begin or end are looked at.
    pub(super) horizon_days: u32,
}

/// What a run found.
#[derive(Debug)]
pub(super) struct Findings {
    /// The version in force that it was compared with; none when there was none.
    pub(super) against: Option<u32>,
    /// Whether somebody would see more than today, or that cannot be excluded.
    pub(super) widens: bool,
    /// Names the findings.
    pub(super) digest: blake3::Hash,
    /// The findings as they are shown.
    pub(super) view: FindingsView,
}

/// Who may ask, and whose records there are: what the places in a comparison mean.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Each seat: an institution, and the practitioner if one is meant.
    pub(super) seats: Vec<(InstitutionId, Option<PractitionerId>)>,
    /// The custodians.
    pub(super) custodians: Vec<InstitutionId>,
    /// The labels of records.
    pub(super) labels: Vec<Labels>,
    /// What a requester has to do with the patient.
    pub(super) relations: Vec<Relationship>,
}

/// The moment of a run and what it compares.
struct Work {
    app: App,
    operating: Arc<Operating>,
    about: About,
    now: Instant,
}

/// What the first policy of a network is compared with: nobody sees anything.
const NOTHING: &str = r#"
name = "nothing"
minimum_age = 0
sealed = []
sensitive = []
[[ceiling]]
name = "no policy is in force"
roles = ["physician", "dentist", "nurse", "pharmacist", "technician", "visiting_nurse", "care_manager", "care_worker", "clerk",
    "ambulance", "officer", "service", "patient", "family"]
allowed = []
sensitive = "allowed"
"#;

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

impl App {
    /// Starts a run for a version of the policy that is no longer changed.
    ///
    /// # Errors
    /// Not found without such a version; a conflict while another run goes on.
    pub(super) async fn start_draft_run(&self, about: About) -> Result<Arc<DraftRun>, Problem> {
        self.read(move |draft| registry::policy(draft, about.version)).await?;
        let work = Work { app: self.clone(), operating: self.operating()?, about, now: self.now() };
        self.draft_runs().start(("draft run", about), move |run| work.run(run))
    }

    /// The latest findings about a version under their digest, compared with what is in force.
    ///
    /// # Errors
    /// A conflict when there are none, or when another version has come into force since.
    pub(super) fn findings(
        &self,
        (version, digest): (u32, blake3::Hash),
        in_force: Option<u32>,
    ) -> Result<Arc<Findings>, Problem> {
        let found = |run: &DraftRun| match run.state() {
            State::Done(findings) if findings.digest == digest => Some(findings),
            _ => None,
        };
        let run = self.draft_runs().find(|run| run.about.version == version && found(run).is_some());
        let findings = run.and_then(|run| found(&run)).ok_or_else(|| {
            Problem::conflict("there is no simulation of this version under this digest: simulate it, and look at it")
        })?;
        if findings.against != in_force {
            return Err(Problem::conflict("another version is in force since the simulation: simulate again"));
        }
        Ok(findings)
    }
}

impl Work {
    fn run(&self, run: &DraftRun) -> Result<Findings, Failure> {
        let kv = &**self.app.kv();
        let mut draft = Draft::peeking(kv);
        let standing = registry::standing(&mut draft, self.now).map_err(Failure::internal)?;
        let new = registry::policy(&mut draft, self.about.version).map_err(Failure::internal)?;
        let against = standing.policy.as_ref().map(|old| old.version);
        let as_of = AsOf::known(self.now);
        let mut book = Codebook::new();
        book.enter_directory(&self.operating.directory, as_of).map_err(Failure::internal)?;
        let known = Known { directory: &self.operating.directory, as_of };
        let image = |(policy, version): (&NetworkPolicy, u32), book: &mut Codebook| {
            let vetoes = (Some(known), standing.vetoes.1.as_slice());
            PolicyImage::compile(policy, version, vetoes, book).map_err(Failure::internal)
        };
        let nothing = NetworkPolicy::parse("no policy", NOTHING).map_err(Failure::internal)?;
        let old = standing.policy.as_ref().map_or((&nothing, 1), |old| (&old.policy, old.version));
        let (old_image, new_image) = (image(old, &mut book)?, image((&new.policy, new.version), &mut book)?);
        let charts = self.charts(kv, &mut book, run)?;
        run.stage("comparing");
        let places = self.places();
        let (seats, records) = (self.seats(&places, &book), self.records(&places, &book));
        let horizon = self.now.plus_micros(i64::from(self.about.horizon_days).saturating_mul(DAY_MICROS));
        let drafted = Drafted {
            book: &book,
            old: &old_image,
            new: &new_image,
            seats: &seats,
            relations: &places.relations,
            records: &records,
            labels: &places.labels,
            now: self.now,
            horizon,
        };
        let patients = charts.iter().map(|(person, chart)| (*person, chart.view()));
        let diff = what_would_change(&drafted, patients).map_err(Failure::internal)?;
        // The first policy is confirmed as a widening, also where nobody is in the index yet.
        let widens = diff.widens || against.is_none();
        let versions = (self.about.version, against);
        let view = FindingsView::new((versions, widens), (self.now, horizon), (&diff, &places), |person| {
            person.enterprise_id(&self.operating.prefix)
        });
        findings((against, widens), view)
    }

    /// The charts of everybody in the index.
    fn charts(&self, kv: &dyn Kv, book: &mut Codebook, run: &DraftRun) -> Result<Vec<(PersonId, Chart)>, Failure> {
        let everybody = mpi::read::everybody(kv).map_err(Failure::internal)?;
        run.stage("reading consents");
        let (mut charts, mut done) = (Vec::new(), 0);
        for linked in everybody.chunk_by(|one, next| one.0 == next.0) {
            let identities: BTreeSet<_> = linked.iter().map(|(_, record)| identity(*record)).collect();
            let mut draft = Draft::peeking(kv);
            let effective =
                registry::effective(&mut draft, &identities, AsOf::known(self.now)).map_err(Failure::internal)?;
            let chart = effective.chart(&self.operating.directory, book).map_err(Failure::internal)?;
            charts.extend(linked.first().map(|(person, _)| (*person, chart)));
            done += linked.len();
            run.progress(done, everybody.len());
        }
        Ok(charts)
    }

    /// An ordinary person of each institution, then everybody who holds a post; every custodian that discloses.
    fn places(&self) -> Places {
        let (directory, as_of) = (&self.operating.directory, AsOf::known(self.now));
        let ordinary = directory.institutions(as_of).map(|(id, _)| (id.clone(), None));
        let named = directory.posts(as_of).map(|(person, id, _)| (id.clone(), Some(person.clone())));
        // Whether an institution discloses is told by the rules; here every one can have a record.
        let custodians = directory.institutions(as_of).map(|(id, _)| id.clone()).collect();
        Places {
            seats: ordinary.chain(named).collect(),
            custodians,
            labels: every_label(),
            relations: every_relationship(self.now),
        }
    }

    /// Everybody asks as through a client that is licensed for everything: what a licence stops is a matter of clients.
    fn seats(&self, places: &Places, book: &Codebook) -> Vec<Requester> {
        let Ok(client) = ClientId::new("simulation") else { return Vec::new() };
        let known = (&self.operating.directory, AsOf::known(self.now));
        let seat = |(institution, practitioner): &(InstitutionId, Option<PractitionerId>)| {
            let claimed = Claimed {
                institution: institution.clone(),
                department: None,
                practitioner: practitioner.clone(),
                role: ActingAs::Profession(Role::Physician),
                client: client.clone(),
            };
            let found = Requester::look_up(&claimed, known, book);
            let practitioner = if practitioner.is_some() { found.practitioner } else { Number::OTHER };
            // Roles are replaced by the comparison, so a post counts as held.
            Requester { licensed: Purposes::ALL, is_suspended: false, practitioner, department: Number::OTHER, ..found }
        };
        places.seats.iter().map(seat).collect()
    }

    fn records(&self, places: &Places, book: &Codebook) -> Vec<RecordFacts<'static>> {
        let record = |custodian: &InstitutionId| RecordFacts {
            department: Number::OTHER,
            author: Number::OTHER,
            record: Number::OTHER,
            related: Some(&[]),
            date: self.now.date(Offset::TOKYO),
            ..RecordFacts::of(book.number(&Name::Institution(custodian.clone())), Category::IDENTITY)
        };
        places.custodians.iter().map(record).collect()
    }
}

/// Findings under their digest, which is that of what is shown.
fn findings((against, widens): (Option<u32>, bool), view: FindingsView) -> Result<Findings, Failure> {
    let shown = serde_json::to_vec(&view).map_err(Failure::internal)?;
    Ok(Findings { against, widens, digest: blake3::hash(&shown), view })
}
