//! The invented network that is measured: 861 institutions as the model network has them, and two policies.

use anyhow::Context as _;
use consent::{
    ActingAs, Categories, Category, Claimed, Codebook, Known, Labels, Name, NetworkPolicy, Number, PolicyImage,
    RecordFacts, Requester, Veto,
};
use directory::{AsOf, ClientId, Instant, InstitutionId, Offset, PractitionerId, Role, Snapshot, description};
use kv::{BatchId, Draft, Kv as _, MemoryKv};

/// 2026-04-01T09:00:00+09:00
pub(crate) const NOW: Instant = Instant::from_micros(1_775_001_600 * 1_000_000);
pub(crate) const DAY: i64 = 86_400 * 1_000_000;

/// Kind, how many, and how many of them disclose.
const KINDS: [(&str, usize, usize); 7] = [
    ("hospital", 41, 34),
    ("clinic", 274, 107),
    ("pharmacy", 78, 77),
    ("dental_clinic", 10, 0),
    ("visiting_nurse", 41, 0),
    ("care_facility", 390, 0),
    ("laboratory", 27, 0),
];
const REGIONS: usize = 8;
const GROUPS: usize = 6;
/// Practitioners who are named on forms.
pub(crate) const PRACTITIONERS: usize = 200;

/// What is in force in a network as most are: the default policy of the project.
pub(crate) const DEFAULT_POLICY: &str = include_str!("../../../consent/policies/default.toml");

/// A policy of eleven rules: what the bar on decisions asks for.
pub(crate) const SMALL_POLICY: &str = r#"
name = "small"
minimum_age = 15
sealed = ["PSYTHPN"]
sensitive = ["PSY", "HIV", "STD", "SUD", "SDV"]

[[ceiling]]
name = "physicians, patients"
roles = ["physician", "dentist", "patient", "family"]
allowed = ["identity", "demographics", "diagnoses", "prescriptions", "injections", "tests", "images", "documents", "allergies", "infections", "checkups", "vaccinations", "dental", "nursing", "care", "rehabilitation", "home_visits", "claims", "emergency_summary"]
sensitive = "with_permit"
[[ceiling]]
name = "nurses"
roles = ["nurse"]
allowed = ["identity", "demographics", "diagnoses", "prescriptions", "injections", "tests", "images", "documents", "allergies", "infections", "checkups", "vaccinations", "dental", "nursing", "care", "rehabilitation", "home_visits", "claims", "emergency_summary"]
sensitive = "never"
[[ceiling]]
name = "pharmacists, technicians"
roles = ["pharmacist", "technician"]
allowed = ["identity", "demographics", "prescriptions", "injections", "tests", "allergies", "vaccinations"]
sensitive = "never"
[[ceiling]]
name = "care"
roles = ["visiting_nurse", "care_manager", "care_worker"]
allowed = ["identity", "demographics", "prescriptions", "documents", "nursing", "care", "allergies", "home_visits"]
summary = ["documents", "prescriptions"]
sensitive = "never"
[[ceiling]]
name = "others"
roles = ["clerk", "ambulance", "officer", "service"]
allowed = ["identity", "demographics", "diagnoses", "allergies"]
sensitive = "emergency"

[[emergency]]
kind = "break_glass"
roles = ["physician", "dentist", "nurse"]
institutions = ["hospital", "clinic"]
reasons = ["unconscious", "danger_to_life"]
hours = 24
opens = ["identity", "demographics", "diagnoses", "prescriptions", "tests", "allergies"]
obligations = ["reason_required", { review_days = 7 }]
[[emergency]]
kind = "consented"
roles = ["physician", "nurse"]
institutions = ["hospital", "clinic"]
reasons = ["unconscious", "danger_to_life"]
hours = 24
[[emergency]]
kind = "ambulance"
roles = ["ambulance"]
institutions = ["hospital", "government"]
reasons = ["unconscious"]
hours = 6
opens = ["identity", "demographics", "allergies"]
[[emergency]]
kind = "disaster"
roles = ["physician", "nurse", "pharmacist"]
institutions = ["hospital", "clinic", "pharmacy"]
reasons = ["disaster"]
hours = 24
opens = ["identity", "demographics", "prescriptions", "allergies"]
[[disaster]]
name = "flood"
regions = ["region-0", "region-1"]
from = "2026-03-30T00:00:00+09:00"
until = "2026-04-10T00:00:00+09:00"
by = "prefecture"
basis = "law"
"#;

/// The directory, and who is in it.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) directory: Snapshot,
    pub(crate) institutions: Vec<InstitutionId>,
    /// Places of those that disclose.
    pub(crate) disclosing: Vec<usize>,
}

impl Network {
    pub(crate) fn make() -> anyhow::Result<Self> {
        let mut described = description::Directory::default();
        let mut disclosing = Vec::new();
        for (kind, count, disclosing_count) in KINDS {
            for number in 0..count {
                let place = described.institutions.len();
                if number < disclosing_count {
                    disclosing.push(place);
                }
                described.institutions.push(description::Institution {
                    id: format!("i{place}"),
                    name: format!("institution {place}"),
                    kind: kind.to_owned(),
                    region: format!("region-{}", place % REGIONS),
                    groups: vec![format!("group-{}", place % GROUPS)],
                    disclosing: number < disclosing_count,
                    code: None,
                    participant: true,
                    joined: None,
                    left: None,
                });
            }
        }
        described.clients.push(description::ClientEntry {
            id: "hub".to_owned(),
            name: "hub".to_owned(),
            institution: "i0".to_owned(),
            purposes: consent::Purpose::all().map(|purpose| purpose.code().to_owned()).collect(),
            roles: Role::ALL.map(|role| role.word().to_owned()).into(),
        });
        let institutions = (0..described.institutions.len()).map(|place| InstitutionId::new(&format!("i{place}")));
        let institutions = institutions.collect::<Result<Vec<_>, _>>()?;
        for number in 0..PRACTITIONERS {
            described.practitioners.push(description::PractitionerEntry {
                id: format!("d{number}"),
                name: format!("practitioner {number}"),
                posts: vec![description::PostEntry {
                    institution: format!("i{number}"),
                    roles: vec!["physician".to_owned()],
                    from: None,
                    until: None,
                    emergencies: true,
                }],
            });
        }
        let desired = described.check(Offset::TOKYO).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let kv = MemoryKv::new();
        let mut draft = Draft::new(&kv);
        let begin = Instant::from_micros(0);
        directory::apply(&mut draft, &desired, begin, begin)?;
        kv.commit(&draft.finish().into_batch(BatchId([0; 16]))).context("cannot write the directory")?;
        let directory = Snapshot::load(&mut Draft::new(&kv))?;
        Ok(Self { directory, institutions, disclosing })
    }

    pub(crate) fn known(&self) -> Known<'_> {
        Known { directory: &self.directory, as_of: AsOf::known(NOW) }
    }

    pub(crate) fn book(&self) -> anyhow::Result<Codebook> {
        let mut book = Codebook::new();
        book.enter_directory(&self.directory, AsOf::known(NOW))?;
        Ok(book)
    }

    pub(crate) fn image(&self, text: &str, book: &mut Codebook, vetoes: &[Veto]) -> anyhow::Result<PolicyImage> {
        let policy = NetworkPolicy::parse("policy", text)?;
        Ok(PolicyImage::compile(&policy, 1, (Some(self.known()), vetoes), book)?)
    }

    /// A dozen vetoes of hospitals, as institutions state them.
    pub(crate) fn vetoes(&self) -> Vec<Veto> {
        let hidden = [Category::IMAGES, Category::DOCUMENTS, Category::TESTS];
        let custodians = self.institutions.iter().zip(hidden.iter().cycle()).take(12);
        let veto = |(custodian, category): (&InstitutionId, &Category)| Veto {
            custodian: custodian.clone(),
            name: "hidden".to_owned(),
            provision: consent::document::Provision {
                categories: consent::document::Choice::Of(vec![*category]),
                ..consent::document::Provision::deny()
            },
        };
        custodians.map(veto).collect()
    }

    pub(crate) fn number(&self, place: usize, book: &Codebook) -> Number {
        self.institutions.get(place).map_or(Number::UNKNOWN, |id| book.number(&Name::Institution(id.clone())))
    }

    /// An ordinary person at each institution, then the practitioners who have names.
    pub(crate) fn seats(&self, book: &Codebook) -> anyhow::Result<Vec<Requester>> {
        let client = ClientId::new("hub")?;
        let physician = ActingAs::Profession(Role::Physician);
        let claimed = |id: &InstitutionId, practitioner| Claimed {
            institution: id.clone(),
            department: None,
            practitioner,
            role: physician,
            client: client.clone(),
        };
        let look_up = |claimed: &Claimed| Requester::look_up(claimed, (&self.directory, AsOf::known(NOW)), book);
        let ordinary = self.institutions.iter().map(|id| Requester {
            practitioner: Number::OTHER,
            department: Number::OTHER,
            ..look_up(&claimed(id, None))
        });
        let mut seats: Vec<Requester> = ordinary.collect();
        for (number, id) in self.institutions.iter().enumerate().take(PRACTITIONERS) {
            let practitioner = PractitionerId::new(&format!("d{number}"))?;
            seats.push(Requester { department: Number::OTHER, ..look_up(&claimed(id, Some(practitioner))) });
        }
        Ok(seats)
    }

    /// An ordinary record of each disclosing institution, of today.
    pub(crate) fn records(&self, book: &Codebook) -> Vec<RecordFacts<'static>> {
        let record = |place: &usize| RecordFacts {
            department: Number::OTHER,
            author: Number::OTHER,
            record: Number::OTHER,
            related: Some(&[]),
            date: NOW.date(Offset::TOKYO),
            labels: Labels::PLAIN,
            ..RecordFacts::of(self.number(*place, book), Category::IDENTITY)
        };
        self.disclosing.iter().map(record).collect()
    }
}

/// All categories that are defined, ascending.
pub(crate) fn categories() -> Vec<Category> {
    Categories::ALL.iter().collect()
}
