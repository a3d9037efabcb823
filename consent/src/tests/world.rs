//! A small network for tests: its directory, its policy, and questions in one line.

use crate::document::{Choice, ConsentDocument, Grantor, GrantorKind, Provision, Signature};
use crate::*;
use directory::{AsOf, Instant, InstitutionId, Offset, PractitionerId, Role, Snapshot, description};
use kv::{BatchId, Draft, Kv, MemoryKv};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

pub(crate) const DEFAULT_POLICY: &str = include_str!("../../policies/default.toml");

/// 2026-04-01T00:00:00+09:00
pub(crate) const NOW: Instant = Instant::from_micros(1_774_969_200 * 1_000_000);
pub(crate) const HOUR: i64 = 3_600 * 1_000_000;

const DIRECTORY: &str = r#"
institutions = [
    { id = "h1", name = "第一病院", kind = "hospital", region = "izumo", groups = ["stroke"], disclosing = true },
    { id = "h2", name = "第二病院", kind = "hospital", region = "matsue", disclosing = true },
    { id = "c1", name = "診療所", kind = "clinic", region = "izumo", groups = ["stroke"], disclosing = true },
    { id = "p1", name = "薬局", kind = "pharmacy", region = "izumo", disclosing = true },
    { id = "f1", name = "消防本部", kind = "government", region = "izumo" },
    { id = "w1", name = "隣県網", kind = "network", region = "tottori" },
    { id = "x1", name = "不参加", kind = "clinic", region = "oki", participant = false },
]
practitioners = [
    { id = "d1", name = "a", posts = [{ institution = "h1", roles = ["physician"] }] },
    { id = "d2", name = "b", posts = [{ institution = "h2", roles = ["physician", "nurse"] }] },
    { id = "d3", name = "c", posts = [{ institution = "c1", roles = ["physician"] }] },
]
[[clients]]
id = "hub"
name = "hub"
institution = "h1"
purposes = ["TREAT", "ETREAT", "ERTREAT", "BTG", "DISASTER", "HRESCH", "HPAYMT", "HOPERAT", "PATADMIN", "PATRQT", "OWN0"]
roles = ["physician", "dentist", "nurse", "pharmacist", "visiting_nurse", "technician", "care_manager", "care_worker", "clerk", "ambulance"]
"#;

pub(crate) fn snapshot() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Snapshot> = OnceLock::new();
    SNAPSHOT.get_or_init(|| snapshot_of(DIRECTORY))
}

/// A directory that is in force since 1970.
pub(crate) fn snapshot_of(described: &str) -> Snapshot {
    let described: description::Directory = toml::from_str(described).unwrap();
    let kv = MemoryKv::new();
    let mut draft = Draft::new(&kv);
    let begin = Instant::from_micros(0);
    directory::apply(&mut draft, &described.check(Offset::TOKYO).unwrap(), begin, begin).unwrap();
    kv.commit(&draft.finish().into_batch(BatchId([0; 16]))).unwrap();
    Snapshot::load(&mut Draft::new(&kv)).unwrap()
}

pub(crate) fn known() -> Known<'static> {
    Known { directory: snapshot(), as_of: AsOf::known(NOW) }
}

/// A policy by its text; the few texts of these tests are read once each.
pub(crate) fn parsed(text: &str) -> NetworkPolicy {
    static READ: Mutex<BTreeMap<String, NetworkPolicy>> = Mutex::new(BTreeMap::new());
    let mut read = READ.lock().unwrap();
    if !read.contains_key(text) {
        read.insert(text.to_owned(), NetworkPolicy::parse("test.toml", text).unwrap());
    }
    read[text].clone()
}

pub(crate) struct World {
    pub(crate) book: Codebook,
    pub(crate) policy: PolicyImage,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(DEFAULT_POLICY, &[])
    }

    pub(crate) fn with(policy: &str, vetoes: &[Veto]) -> Self {
        let mut book = Codebook::new();
        book.enter_directory(snapshot(), known().as_of).unwrap();
        let policy = parsed(policy);
        let policy = PolicyImage::compile(&policy, 1, (Some(known()), vetoes), &mut book).unwrap();
        Self { book, policy }
    }

    pub(crate) fn engine(&self) -> Engine<'_> {
        Engine { policy: &self.policy, book: &self.book }
    }

    pub(crate) fn compile(&mut self, document: &ConsentDocument) -> Result<CompiledConsent, Rejection> {
        compile(document, (known(), SignerFacts::default()), &self.policy, &mut self.book)
    }

    /// The chart of a person with one identity and one consent in force for each root provision.
    pub(crate) fn chart(&mut self, roots: &[Provision]) -> Chart {
        let compiled: Vec<CompiledConsent> =
            (1..).zip(roots).map(|(number, root)| self.compile(&document(number, root.clone())).unwrap()).collect();
        chart_of(&compiled.iter().collect::<Vec<_>>(), !roots.is_empty())
    }

    pub(crate) fn requester(&self, institution: &str, role: ActingAs) -> Requester {
        let practitioner = match (institution, role) {
            ("h1", ActingAs::Profession(Role::Physician)) => Some("d1"),
            ("h2", ActingAs::Profession(Role::Physician | Role::Nurse)) => Some("d2"),
            ("c1", ActingAs::Profession(Role::Physician)) => Some("d3"),
            _ => None,
        };
        let claimed = Claimed {
            institution: InstitutionId::new(institution).unwrap(),
            department: None,
            practitioner: practitioner.map(|id| PractitionerId::new(id).unwrap()),
            role,
            client: directory::ClientId::new("hub").unwrap(),
        };
        Requester::look_up(&claimed, (snapshot(), known().as_of), &self.book)
    }

    pub(crate) fn institution(&self, id: &str) -> Number {
        self.book.number(&Name::Institution(InstitutionId::new(id).unwrap()))
    }

    pub(crate) fn decide(&self, chart: &Chart, request: &Request<'_>) -> Decision {
        self.decide_with(chart, request, &mut Reasons::new())
    }

    pub(crate) fn decide_with(&self, chart: &Chart, request: &Request<'_>, reasons: &mut Reasons) -> Decision {
        // The lifetimes of chart and request meet in the engine, so the request is shortened to the shorter of them.
        let request = Request { ..*request };
        self.engine().decide(chart.view(), &request, reasons)
    }
}

pub(crate) fn chart_of(compiled: &[&CompiledConsent], has_signed: bool) -> Chart {
    let reach = BTreeSet::from([identity(1)]);
    let consents: Vec<ChartConsent<'_>> =
        compiled.iter().map(|compiled| ChartConsent { compiled, reach: &reach }).collect();
    let standing = IdentityStanding { state: SubjectState::Enrolled, has_signed, ..IdentityStanding::default() };
    Chart::assemble(&BTreeMap::from([(identity(1), standing)]), &consents, Instant::FOREVER).unwrap()
}

pub(crate) fn identity(number: u8) -> IdentityId {
    IdentityId([number; 16])
}

pub(crate) fn document(number: u8, root: Provision) -> ConsentDocument {
    ConsentDocument {
        consent: ConsentId([number; 16]),
        version: 1,
        identity: identity(1),
        grantor: Grantor { kind: GrantorKind::Subject, evidence: None, valid: None },
        signature: Signature::Own,
        signed: NOW,
        policy: 1,
        replaces: None,
        scan: None,
        root,
    }
}

pub(crate) fn request<'a>(requester: &'a Requester, record: RecordFacts<'a>, purpose: Purpose) -> Request<'a> {
    Request { requester, record, purpose, now: NOW, emergency: None, has_legal_basis: false, is_stale: false }
}

pub(crate) fn of<T: Clone>(values: &[T]) -> Choice<T> {
    Choice::Of(values.to_vec())
}

pub(crate) fn physician() -> ActingAs {
    ActingAs::Profession(Role::Physician)
}
