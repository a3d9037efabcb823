//! What is measured, and how: on one thread, by its processor time, with the wall time beside it.

use super::clock::Stopwatch;
use super::network::{DAY, DEFAULT_POLICY, NOW, Network, SMALL_POLICY};
use super::people::{Forms, Question, questions};
use super::random::{Random, number_of};
use super::report::{Bar, Figure};
use anyhow::Context as _;
use consent::simulate::{
    Direction, Drafted, Holding, Sight, Standpoint, every_label, every_relationship, what_can_see, what_would_change,
    who_can_see,
};
use consent::{
    ActingAs, Category, Chart, ChartView, Codebook, Engine, PolicyImage, Purpose, Reach, Reasons, Relation, Requester,
    Rule, Subject, fetch_ahead,
};
use directory::Role;
use std::hint::black_box;
use std::time::Instant;

/// Patients and questions of the bar on decisions.
const PATIENTS: usize = 10_000;
const QUESTIONS: usize = 20_000;
/// Rounds over all questions, the middle one of which counts.
const ROUNDS: usize = 101;
/// Decisions whose latency is taken.
const LATENCIES: usize = 2_000_000;
/// The roles of the matrix.
const ROLES: [Role; 10] = Role::ALL;

/// Charts one after the other, as a server keeps them; the reach of the consents of one identity is the same for all.
struct Arena {
    rules: Vec<Rule>,
    /// Where the rules of each patient begin and end.
    people: Vec<(u32, u32, Subject)>,
    reaches: Vec<Reach>,
}

impl Arena {
    fn of<'c>(charts: impl Iterator<Item = &'c Chart> + Clone) -> Self {
        let count = charts.clone().map(|chart| chart.rules.len()).sum();
        let (mut rules, mut people, mut reaches) = (Vec::with_capacity(count), Vec::new(), Vec::new());
        for chart in charts {
            let start = u32::try_from(rules.len()).unwrap_or(u32::MAX);
            rules.extend(&chart.rules);
            people.push((start, u32::try_from(rules.len()).unwrap_or(u32::MAX), chart.subject));
            if reaches.is_empty() {
                reaches.clone_from(&chart.reaches);
            }
        }
        people.shrink_to_fit();
        Self { rules, people, reaches }
    }

    fn view(&self, patient: usize) -> Option<ChartView<'_>> {
        let (start, end, subject) = *self.people.get(patient)?;
        let rules = self.rules.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
        Some(ChartView { rules, reaches: &self.reaches, identities: 1, subject })
    }
}

/// Decisions per second, no cache, reasons and obligations recorded; charts are fetched ahead, as a replay does.
pub(crate) fn decisions(network: &Network) -> anyhow::Result<Figure> {
    let mut book = network.book()?;
    let policy = network.image(SMALL_POLICY, &mut book, &[])?;
    let charts = ten_rules(network, (&policy, &mut book), PATIENTS)?;
    let arena = Arena::of(charts.iter());
    let questions = asked(network, &book, QUESTIONS, PATIENTS)?;
    let engine = Engine { policy: &policy, book: &book };
    let mut reasons = Reasons::new();
    let (mut rounds, mut matched, mut permits) = (Vec::new(), 0, 0);
    for _ in 0..ROUNDS {
        let stopwatch = Stopwatch::start();
        (matched, permits) = (0, 0);
        let asked = questions.iter().filter_map(|question| Some((question, arena.view(question.patient)?)));
        for (question, chart) in fetch_ahead(asked, |(_, chart)| *chart) {
            let decision = engine.decide(chart, &question.request(), &mut reasons);
            matched += reasons.matched().len();
            permits += usize::from(black_box(decision).is_permit());
        }
        rounds.push(stopwatch.cpu_seconds());
    }
    let rate = count(QUESTIONS) / median(&mut rounds);
    let rules = |charts: &[Chart]| charts.iter().map(|chart| chart.rules.len()).sum::<usize>() / charts.len().max(1);
    Ok(Figure {
        name: "decisions".to_owned(),
        conditions: format!(
            "{QUESTIONS} distinct random questions over {PATIENTS} patients, {} network and {} patient rules, {:.1} rules \
             noted and {:.0} % permitted; middle of {ROUNDS} rounds",
            policy.rules().len(),
            rules(&charts),
            count(matched) / count(QUESTIONS),
            100.0 * count(permits) / count(QUESTIONS),
        ),
        value: rate / 1e6,
        unit: "million/s of processor time".to_owned(),
        bar: Some(Bar::AtLeast(5.0)),
    })
}

/// How long one decision takes when the patients do not fit the caches, and what they take in memory.
pub(crate) fn latency(network: &Network, patients: usize) -> anyhow::Result<[Figure; 3]> {
    let mut book = network.book()?;
    let policy = network.image(SMALL_POLICY, &mut book, &[])?;
    let templates = ten_rules(network, (&policy, &mut book), PATIENTS)?;
    let questions = asked(network, &book, QUESTIONS, patients)?;
    let arena = Arena::of(templates.iter().cycle().take(patients));
    drop(templates);
    let resident = resident_mib()?;
    let engine = Engine { policy: &policy, book: &book };
    let (mut reasons, mut random) = (Reasons::new(), Random::new(number_of("latency")));
    let mut nanoseconds: Vec<u64> = Vec::with_capacity(LATENCIES);
    for question in questions.iter().cycle().take(LATENCIES) {
        let patient = random.below(patients);
        let start = Instant::now();
        let Some(chart) = arena.view(patient) else { continue };
        black_box(engine.decide(chart, &question.request(), &mut reasons));
        nanoseconds.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    nanoseconds.sort_unstable();
    let at = |permille: usize| nanoseconds.get(nanoseconds.len() * permille / 1_000).copied().unwrap_or(u64::MAX);
    let conditions =
        format!("{patients} patients with 10 rules each, read at random; {LATENCIES} decisions, wall time");
    let figure = |name: &str, value: f64, unit: &str, bar| Figure {
        name: name.to_owned(),
        conditions: conditions.clone(),
        value,
        unit: unit.to_owned(),
        bar,
    };
    Ok([
        figure("one decision, median", micros(at(500)), "µs", None),
        figure("one decision, 99 of 100 below", micros(at(990)), "µs", Some(Bar::Below(2.0))),
        figure("memory of the process", resident, "MiB", Some(Bar::Below(1_024.0))),
    ])
}

/// Who can see a patient: the slowest of many.
pub(crate) fn matrix(network: &Network) -> anyhow::Result<Figure> {
    let mut book = network.book()?;
    let policy = network.image(DEFAULT_POLICY, &mut book, &network.vetoes())?;
    let mut forms = Forms { network, policy: &policy, book: &mut book, random: Random::new(number_of("matrix")) };
    let mut charts = (0..50).map(|_| forms.any()).collect::<anyhow::Result<Vec<Chart>>>()?;
    charts.extend((0..50).map(|_| forms.ten_rules()).collect::<anyhow::Result<Vec<Chart>>>()?);
    let (seats, records) = (with_relations(network, &book)?, network.records(&book));
    let roles: Vec<ActingAs> = ROLES.into_iter().map(ActingAs::from).collect();
    let engine = Engine { policy: &policy, book: &book };
    let mut slowest: f64 = 0.0;
    let (mut open, mut groups) = (0_u64, 0);
    for chart in &charts {
        let stopwatch = Stopwatch::start();
        let sight = Sight {
            engine,
            chart: chart.view(),
            requesters: &seats,
            roles: &roles,
            records: &records,
            purpose: Purpose::TREAT,
            now: NOW,
        };
        let matrix = who_can_see(sight);
        for (requester, role) in (0..seats.len()).flat_map(|seat| (0..roles.len()).map(move |role| (seat, role))) {
            // Nineteen categories, and the cell of everything that is not defined.
            for category in Category::all().chain([Category::from_bit(u8::MAX)]) {
                open += u64::from(matrix.cell(requester, role, category).is_some_and(|cell| cell.plain > 0));
            }
        }
        slowest = slowest.max(stopwatch.cpu_seconds());
        groups = groups.max(matrix.groups());
    }
    Ok(Figure {
        name: "who can see a patient".to_owned(),
        conditions: format!(
            "{} institutions × {} roles × 20 categories over {} custodians, sensitive and emergencies beside; every cell read; \
             slowest of {} patients (at most {groups} groups; {open} open cells in all)",
            seats.len(),
            roles.len(),
            records.len(),
            charts.len(),
        ),
        value: slowest * 1e3,
        unit: "ms of processor time".to_owned(),
        bar: Some(Bar::Below(50.0)),
    })
}

/// What a user can see: all patients once.
pub(crate) fn user(network: &Network, patients: usize) -> anyhow::Result<Figure> {
    let (book, policy, charts) = population(network, patients)?;
    let records = network.records(&book);
    let mut seats = with_relations(network, &book)?;
    let requester = seats.pop().context("there is somebody")?;
    let engine = Engine { policy: &policy, book: &book };
    let standpoint = Standpoint { engine, requester: &requester, purpose: Purpose::TREAT, now: NOW, emergency: None };
    // Everybody has records at four custodians.
    let of = |patient: usize| records.get(patient % (records.len() - 4)..).and_then(|rest| rest.get(..4));
    let stopwatch = Stopwatch::start();
    let holdings = charts.iter().enumerate().map(|(patient, chart)| Holding {
        patient,
        chart: chart.view(),
        records: of(patient).unwrap_or_default(),
    });
    let seen = what_can_see(standpoint, holdings).count();
    let seconds = stopwatch.cpu_seconds();
    Ok(Figure {
        name: "what a user can see".to_owned(),
        conditions: format!("{patients} patients, 4 custodians each, all categories; {seen} patients found"),
        value: seconds * 1e3,
        unit: "ms of processor time".to_owned(),
        bar: None,
    })
}

/// How an officer changes the policy, from a narrow change to a broad one.
const DRAFTS: [(&str, &str, &str); 4] = [
    (
        "pharmacists need no permit for diagnoses",
        "allowed = [\"identity\", \"demographics\", \"prescriptions\", \"injections\", \"tests\", \"allergies\", \"vaccinations\"]\n\
         with_permit = [\"diagnoses\"]",
        "allowed = [\"identity\", \"demographics\", \"diagnoses\", \"prescriptions\", \"injections\", \"tests\", \"allergies\", \"vaccinations\"]",
    ),
    (
        "physicians see sensitive records in emergencies only",
        "sensitive = \"with_permit\"",
        "sensitive = \"emergency\"",
    ),
    ("implied consent needs no relationship", "needs_relation = true\n", ""),
    ("other labels are sealed", "sealed = [\"PSYTHPN\"]", "sealed = [\"HIV\", \"SDV\"]"),
];

/// What a draft would change, for each kind of draft and for all of them together.
pub(crate) fn drafts(network: &Network, patients: usize, seconds_max: f64) -> anyhow::Result<Vec<Figure>> {
    let (mut book, old, charts) = population(network, patients)?;
    let mut texts: Vec<(String, String)> =
        DRAFTS.iter().map(|(name, from, to)| ((*name).to_owned(), DEFAULT_POLICY.replace(from, to))).collect();
    let all = DRAFTS.iter().fold(DEFAULT_POLICY.to_owned(), |text, (_, from, to)| text.replace(from, to));
    texts.push(("all of these".to_owned(), all));
    let mut figures = Vec::new();
    for (name, text) in texts {
        anyhow::ensure!(text != DEFAULT_POLICY, "the draft `{name}` is no draft");
        let new = network.image(&text, &mut book, &network.vetoes())?;
        let (seats, records) = (network.seats(&book)?, network.records(&book));
        let (relations, labels) = (every_relationship(NOW), every_label());
        let drafted = Drafted {
            book: &book,
            old: &old,
            new: &new,
            seats: &seats,
            relations: &relations,
            records: &records,
            labels: &labels,
            now: NOW,
            horizon: NOW.plus_micros(90 * DAY),
        };
        let stopwatch = Stopwatch::start();
        let diff = what_would_change(&drafted, charts.iter().map(Chart::view).enumerate())?;
        let seconds = stopwatch.cpu_seconds();
        let wall = stopwatch.wall_seconds();
        let gained = diff.changes.keys().filter(|key| key.direction == Direction::Gained).count();
        figures.push(Figure {
            name: format!("what a draft changes: {name}"),
            conditions: format!(
                "{patients} patients, horizon 90 days; {} of them affected, {} kinds gained, {} lost, {} shapes, {} \
                 unresolved; {wall:.2} s wall",
                diff.affected,
                gained,
                diff.changes.len() - gained,
                diff.shapes,
                diff.unresolved,
            ),
            value: seconds,
            unit: "s of processor time".to_owned(),
            bar: Some(Bar::Below(seconds_max)),
        });
    }
    Ok(figures)
}

fn population(network: &Network, patients: usize) -> anyhow::Result<(Codebook, PolicyImage, Vec<Chart>)> {
    let mut book = network.book()?;
    let policy = network.image(DEFAULT_POLICY, &mut book, &network.vetoes())?;
    let mut forms = Forms { network, policy: &policy, book: &mut book, random: Random::new(number_of("population")) };
    let charts = (0..patients).map(|_| forms.any()).collect::<anyhow::Result<Vec<Chart>>>()?;
    Ok((book, policy, charts))
}

fn ten_rules(
    network: &Network,
    (policy, book): (&PolicyImage, &mut Codebook),
    patients: usize,
) -> anyhow::Result<Vec<Chart>> {
    let mut forms = Forms { network, policy, book, random: Random::new(number_of("ten rules")) };
    let mut charts = Vec::with_capacity(patients);
    while charts.len() < patients {
        // Forms differ a little; those of exactly ten rules are kept.
        charts.extend(Some(forms.ten_rules()?).filter(|chart| chart.rules.len() == 10));
    }
    Ok(charts)
}

fn asked(network: &Network, book: &Codebook, count: usize, patients: usize) -> anyhow::Result<Vec<Question>> {
    let (seats, records) = (with_relations(network, book)?, network.records(book));
    let mut random = Random::new(number_of("questions"));
    let mut questions = questions(count, patients, (&seats, &records), &mut random);
    random.shuffle(&mut questions);
    Ok(questions)
}

/// An ordinary person at each institution; every fourth has an encounter open.
fn with_relations(network: &Network, book: &Codebook) -> anyhow::Result<Vec<Requester>> {
    let seats = network.seats(book)?.into_iter().take(network.institutions.len()).enumerate();
    let with = |(place, seat): (usize, Requester)| {
        let relations = (place % 4 == 0).then_some(Relation::OpenEncounter).into_iter().collect();
        Requester { relations, ..seat }
    };
    Ok(seats.map(with).collect())
}

fn resident_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("cannot read the memory of the process")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    let kib: f64 = line.split_whitespace().nth(1).unwrap_or_default().parse().context("`VmRSS` is no number")?;
    Ok(kib / 1_024.0)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::INFINITY)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a measurement stay far below 2^53")]
fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "a decision takes far less than 2^53 nanoseconds")]
fn micros(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e3
}
