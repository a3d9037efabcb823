//! The 23 example Consents of IHE PCF, decided as their published tokens say.
//!
//! The files are data of `../shared` beside the repository and are not copied; without them the test says that it skips.
//! Each example is read, compiled and asked everything: users, purposes, break-glass, custodians, records with and
//! without labels, authors, days and encounters. What is expected is worked out from `token-expectations.json` by the
//! reading of tokens in this file, which knows nothing of rules.

use super::register::Tables;
use crate::document::Signature;
use crate::fhir::{FhirConsent, FhirStatus, Given, from_fhir, to_fhir};
use crate::tests::world::{chart_of, known, snapshot_of};
use crate::*;
use directory::{ClientId, Date, Instant, InstitutionId, PractitionerId, Role, Snapshot};
use serde_json::Value;

const FOLDER: &str = "../../shared/data/ihe/pcf";

/// The group of the examples holds persons; a directory's holds institutions, so its member is where that person works.
const DIRECTORY: &str = r#"
institutions = [
    { id = "ex-organization", name = "somewhere org", kind = "hospital", region = "here", disclosing = true },
    { id = "ex-elsewhere", name = "another custodian", kind = "hospital", region = "here", disclosing = true },
    { id = "ex-hospital", name = "of the practitioner", kind = "hospital", region = "here", groups = ["ex-privilegedUsers"] },
    { id = "ex-clinic", name = "of the clerk", kind = "clinic", region = "here" },
    { id = "ex-org-researcher", name = "research house org", kind = "other", region = "here" },
]
practitioners = [
    { id = "ex-author", name = "a", posts = [{ institution = "ex-organization", roles = ["physician"] }] },
    { id = "ex-practitioner", name = "b", posts = [{ institution = "ex-hospital", roles = ["physician"] }] },
    { id = "ex-clerk", name = "c", posts = [{ institution = "ex-clinic", roles = ["clerk"] }] },
    { id = "ex-researcher", name = "d", posts = [{ institution = "ex-org-researcher", roles = ["physician"] }] },
]
[[clients]]
id = "hub"
name = "hub"
institution = "ex-hospital"
purposes = ["TREAT", "HPAYMT", "HOPERAT", "HRESCH", "PATRQT", "BTG", "OWN0"]
roles = ["physician", "clerk"]
"#;

/// A policy that permits nothing and forbids nothing of its own, so that the consent alone decides. Everybody may break
/// the glass, so that the group of the consent alone decides who does.
const POLICY: &str = r#"
name = "PCF"
minimum_age = 15
sealed = []
sensitive = []
[[ceiling]]
name = "everybody"
roles = ["physician", "dentist", "nurse", "pharmacist", "visiting_nurse", "technician", "care_manager", "care_worker", "clerk", "ambulance", "patient", "family", "officer", "service"]
allowed = ["identity", "demographics", "diagnoses", "prescriptions", "injections", "tests", "images", "documents", "allergies", "infections", "checkups", "vaccinations", "dental", "nursing", "care", "rehabilitation", "home_visits", "claims", "emergency_summary"]
sensitive = "allowed"
[[emergency]]
kind = "break_glass"
roles = ["physician", "clerk"]
institutions = ["hospital", "clinic", "other"]
reasons = ["unconscious"]
hours = 24
"#;

/// Who asks, where he or she works, and as what.
const USERS: [(&str, &str, Role); 3] = [
    ("ex-practitioner", "ex-hospital", Role::Physician),
    ("ex-clerk", "ex-clinic", Role::Clerk),
    ("ex-researcher", "ex-org-researcher", Role::Physician),
];
const PURPOSES: [&str; 7] = ["TREAT", "HPAYMT", "HOPERAT", "HRESCH", "PATRQT", "BTG", "OWN0"];
/// Levels of confidentiality, low to high.
const LEVELS: &str = "ULMNRV";

/// A record and what its custodian knows of it.
struct Datum {
    name: String,
    codes: Vec<String>,
    date: Date,
    author: String,
    encounters: Vec<String>,
}

struct Question<'q> {
    user: &'static str,
    purpose: &'static str,
    now: Instant,
    datum: &'q Datum,
}

/// A file of the examples; none when the folder is not there.
pub(super) fn file(path: &str) -> Option<Value> {
    let text = std::fs::read_to_string(format!("{FOLDER}/{path}")).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// The records of the examples, and others at the edges of what the examples tell apart.
fn data() -> Vec<Datum> {
    let encounter = "Encounter/ex-encounter";
    let datum = |name: &str, codes: &[&str], date: &str, author: &str, encounters: &[&str]| Datum {
        name: name.to_owned(),
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        date: date.parse().unwrap(),
        author: author.to_owned(),
        encounters: encounters.iter().map(|encounter| (*encounter).to_owned()).collect(),
    };
    let mut data = vec![
        datum(encounter, &["N"], "2022-06-13", "ex-author", &[encounter]),
        datum("Observation/by-practitioner", &["N"], "2022-06-13", "ex-practitioner", &[]),
        datum("Observation/before", &["N"], "2021-12-31", "ex-author", &[]),
        datum("Observation/first", &["N"], "2022-01-01", "ex-author", &["Encounter/other"]),
        datum("Observation/last", &["N"], "2022-12-31", "ex-author", &[]),
        datum("Observation/after", &["N"], "2023-01-01", "ex-author", &[]),
    ];
    for (place, codes) in
        ["L", "M", "R", "V", "N PSY", "R PSY", "R SDV", "R HIV", "R ETH", "V PSY", "V SDV"].iter().enumerate()
    {
        let codes: Vec<&str> = codes.split(' ').collect();
        data.push(datum(&format!("Observation/label-{place}"), &codes, "2022-06-13", "ex-author", &[]));
    }
    for id in ["ex-weight", "ex-weight-2", "ex-bloodPressure", "ex-bloodSugar", "ex-alcoholUse"] {
        let json = file(&format!("support/Observation-{id}.json")).unwrap();
        let codes = json["meta"]["security"].as_array().unwrap().iter().map(|coding| coding["code"].as_str().unwrap());
        // The tag of test data says nothing about how sensitive it is.
        let codes: Vec<&str> = codes.filter(|code| *code != "HTEST").collect();
        let author = json["performer"][0]["reference"].as_str().unwrap().strip_prefix("Practitioner/").unwrap();
        let day = json["effectiveDateTime"].as_str().unwrap().get(..10).unwrap();
        let encounter = json["encounter"]["reference"].as_str().unwrap();
        data.push(datum(&format!("Observation/{id}"), &codes, day, author, &[encounter]));
    }
    data
}

/// Whether a case of the expectations is about a question. The first that is decides, so "anyone else" is everybody.
fn is_about(when: &str, question: &Question<'_>) -> bool {
    let ends: Instant = "2023-01-01T00:00:00+09:00".parse().unwrap();
    match when {
        "any authorised user, purpose among the permitted ones"
        | "purpose outside the permitted ones"
        | "any request"
        | "any other purpose"
        | "anyone else, or any other purpose"
        | "anyone else, or BTG not declared"
        | "any other authorised user" => true,
        "request time up to 2022-12-31" => question.now < ends,
        "request time after 2022-12-31" => question.now >= ends,
        "purpose HRESCH" => question.purpose == "HRESCH",
        "user is Practitioner/ex-practitioner" => question.user == "ex-practitioner",
        "user of Organization/ex-org-researcher, purpose FooBar" => {
            question.user == "ex-researcher" && question.purpose == "OWN0"
        }
        "member of Group/ex-privilegedUsers who declared purpose BTG" => {
            question.user == "ex-practitioner" && question.purpose == "BTG"
        }
        other => panic!("`{other}` is a case that nobody has read yet"),
    }
}

/// What a published expectation says about a question.
fn expected(expectation: &Value, question: &Question<'_>) -> Outcome {
    let cases = expectation["cases"].as_array().unwrap();
    let Some(case) = cases.iter().find(|case| is_about(case["when"].as_str().unwrap(), question)) else {
        return Outcome::Deny;
    };
    if case["outcome"] != "token" {
        return Outcome::Deny;
    }
    let code = if question.purpose == "OWN0" { "FooBar" } else { question.purpose };
    let has_purpose = case["purpose_of_use"].as_array().unwrap().iter().any(|purpose| purpose == code);
    // The token of break-glass is for the purpose that was declared, whether its list repeats it or not.
    let is_declared = case["when"].as_str().unwrap().contains("declared purpose BTG");
    let flows = flows(case["residual"].as_array().unwrap(), question.datum);
    if (has_purpose || is_declared) && flows { Outcome::Permit } else { Outcome::Deny }
}

/// Whether residual rules let a record through: a forbid without conditions sets the default, one with conditions wins.
fn flows(residual: &[Value], datum: &Datum) -> bool {
    let of_type = |kind: &'static str| residual.iter().filter(move |rule| rule["type"] == kind);
    let (all, some): (Vec<&Value>, Vec<&Value>) =
        of_type("forbid").partition(|rule| rule.as_object().unwrap().len() == 1);
    let is_permitted = of_type("permit").any(|rule| is_matched(rule, datum));
    !some.iter().any(|rule| is_matched(rule, datum)) && (all.is_empty() || is_permitted)
}

fn is_matched(rule: &Value, datum: &Datum) -> bool {
    let is_permit = rule["type"] == "permit";
    let level = |code: &str| LEVELS.find(code).filter(|_| code.len() == 1);
    let is_labelled = |wanted: &Value| {
        let wanted = wanted["code"].as_str().unwrap();
        datum.codes.iter().any(|code| match (level(wanted), level(code)) {
            (Some(wanted), Some(found)) => {
                if is_permit {
                    found <= wanted
                } else {
                    found >= wanted
                }
            }
            _ => code == wanted,
        })
    };
    let is_referred = |data: &Value| {
        let address = data["reference"]["reference"].as_str().unwrap();
        let name = address.strip_prefix("http://example.org/fhir/").unwrap();
        match data["meaning"].as_str().unwrap() {
            "instance" => datum.name == name,
            "related" => datum.encounters.iter().any(|encounter| encounter == name),
            "authoredby" => name == format!("Practitioner/{}", datum.author),
            other => panic!("`{other}` is a meaning that nobody has read yet"),
        }
    };
    let any = |name: &str, test: &dyn Fn(&Value) -> bool| rule[name].as_array().is_none_or(|all| all.iter().any(test));
    let day = datum.date.to_string();
    let period = &rule["dataPeriod"];
    let is_in_period = period.is_null()
        || (period["start"].as_str().unwrap() <= day.as_str() && day.as_str() <= period["end"].as_str().unwrap());
    any("securityLabel", &is_labelled) && any("data", &is_referred) && is_in_period
}

/// The engine with one example in force.
struct Example {
    directory: Snapshot,
    book: Codebook,
    policy: PolicyImage,
    chart: Chart,
}

impl Example {
    fn new(document: &ConsentDocument) -> Self {
        let directory = snapshot_of(DIRECTORY);
        let mut book = Codebook::new();
        let known = Known { directory: &directory, ..known() };
        book.enter_directory(&directory, known.as_of).unwrap();
        let policy = NetworkPolicy::parse("pcf.toml", POLICY).unwrap();
        let policy = PolicyImage::compile(&policy, 4, (Some(known), &[]), &mut book).unwrap();
        let compiled = compile(document, (known, SignerFacts::default()), &policy, &mut book).unwrap();
        Self { chart: chart_of(&[&compiled], true), directory, book, policy }
    }

    fn decide(&self, question: &Question<'_>, custodian: &str) -> Outcome {
        let (user, institution, role) = USERS.into_iter().find(|(user, ..)| *user == question.user).unwrap();
        let claimed = Claimed {
            institution: InstitutionId::new(institution).unwrap(),
            department: None,
            practitioner: Some(PractitionerId::new(user).unwrap()),
            role: ActingAs::Profession(role),
            client: ClientId::new("hub").unwrap(),
        };
        let requester = Requester::look_up(&claimed, (&self.directory, known().as_of), &self.book);
        let datum = question.datum;
        let data = |name: &String| self.book.number(&Name::Data(name.as_str().into()));
        let related: Vec<Number> = datum.encounters.iter().map(data).collect();
        let custodian = self.book.number(&Name::Institution(InstitutionId::new(custodian).unwrap()));
        let record = RecordFacts {
            labels: Labels::of_record(datum.codes.iter().map(String::as_str)),
            date: Some(datum.date),
            author: self.book.number(&Name::Practitioner(PractitionerId::new(&datum.author).unwrap())),
            record: data(&datum.name),
            related: Some(&related),
            ..RecordFacts::of(custodian, Category::TESTS)
        };
        let declared = Emergency {
            kind: EmergencyKind::BreakGlass,
            reason: Some(EmergencyReason::Unconscious),
            opened: question.now,
            is_reauthenticated: true,
        };
        let request = Request {
            requester: &requester,
            record,
            purpose: question.purpose.parse().unwrap(),
            now: question.now,
            emergency: (question.purpose == "BTG").then_some(declared),
            has_legal_basis: false,
            is_stale: false,
        };
        let engine = Engine { policy: &self.policy, book: &self.book };
        engine.decide(self.chart.view(), &request, &mut Reasons::new()).outcome
    }
}

/// Reads an example, and sees that it comes back as it was.
fn read(name: &str, json: &Value) -> ConsentDocument {
    let tables = Tables::new();
    let given = Given { consent: ConsentId([7; 16]), version: 1, replaces: None, signature: Signature::Own };
    let FhirConsent { document, status } =
        from_fhir(json, given, &tables.terms()).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
    assert_eq!(status, FhirStatus::Active, "{name}");
    let written = to_fhir(&document, status, &tables.terms()).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    // A bare date is written as the second that it ends with; research is a purpose that the basic option does not list.
    if name != "ex-consent-expired-treat" {
        assert_eq!(written["provision"], json["provision"], "{name}");
    }
    if name != "ex-consent-basic-research" {
        assert_eq!(written["meta"]["profile"], json["meta"]["profile"], "{name}");
    }
    for member in ["scope", "patient", "performer", "organization", "sourceReference", "policy"] {
        assert_eq!(written[member], json[member], "{name}: {member}");
    }
    assert_eq!(from_fhir(&written, given, &tables.terms()).unwrap().document, document, "{name}");
    document
}

/// Asks everything of one example; gives the number of questions and of permits.
fn ask(expectation: &Value, document: &ConsentDocument, data: &[Datum]) -> (usize, usize) {
    let name = expectation["consent"].as_str().unwrap();
    let times: &[&str] = match name {
        "ex-consent-expired-treat" => &["2022-12-31T23:59:59+09:00", "2023-01-01T00:00:00+09:00"],
        _ => &["2023-07-01T00:00:00+09:00"],
    };
    let example = Example::new(document);
    let (mut asked, mut permitted) = (0, 0);
    for now in times.iter().map(|time| time.parse::<Instant>().unwrap()) {
        for (user, ..) in USERS {
            for (purpose, datum) in PURPOSES.into_iter().flat_map(|purpose| data.iter().map(move |it| (purpose, it))) {
                let question = Question { user, purpose, now, datum };
                let about = || format!("{name}: {user} for {purpose} at {now}: {} {:?}", datum.name, datum.codes);
                let found = example.decide(&question, "ex-organization");
                assert_eq!(found, expected(expectation, &question), "{}", about());
                // The consent is managed by one organisation, and says nothing about the data of another.
                assert_eq!(example.decide(&question, "ex-elsewhere"), Outcome::Deny, "{}", about());
                asked += 1;
                permitted += usize::from(found == Outcome::Permit);
            }
        }
    }
    (asked, permitted)
}

#[test]
fn published_examples_are_decided_as_their_tokens_say() {
    let Some(expectations) = file("token-expectations.json") else {
        eprintln!("SKIPPED: the examples of IHE PCF are not in {FOLDER}");
        return;
    };
    let data = data();
    let expectations = expectations["expectations"].as_array().unwrap();
    assert_eq!((expectations.len(), std::fs::read_dir(format!("{FOLDER}/consents")).unwrap().count()), (23, 23));
    let mut total = 0;
    for expectation in expectations {
        let name = expectation["consent"].as_str().unwrap();
        let document = read(name, &file(&format!("consents/Consent-{name}.json")).unwrap());
        let (asked, permitted) = ask(expectation, &document, &data);
        assert_eq!(permitted == 0, name == "ex-consent-basic-reject", "{name}: {permitted} of {asked}");
        assert!(permitted < asked, "{name}");
        total += asked;
    }
    assert!(total > 10_000, "{total}");
}
