//! How many times as fast the product decides as Cedar does, on the same questions, in the same run, on one thread.
//!
//! Each patient has a policy set of his or her own, as one would use Cedar; policy sets, entities and requests are made
//! beforehand, and so are charts and requests of the product. Exit code 1 when the product is not a hundred times as fast.

use cedar_policy::Authorizer;
use consent::Reasons;
use consent_oracle::random::Random;
use consent_oracle::translate::{hierarchies, is_allowed, policies, question};
use consent_oracle::world::{POLICY, World, asked, patient};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

const PATIENTS: usize = 200;
const QUESTIONS: usize = 20;
const ROUNDS: usize = 5;
const BAR: f64 = 100.0;

fn main() -> anyhow::Result<ExitCode> {
    let mut random = Random::new(1);
    let mut world = World::new(POLICY);
    let mut patients = Vec::new();
    while patients.len() < PATIENTS {
        let patient = patient(&mut random);
        if let Some(chart) = world.chart(&patient) {
            patients.push((policies(&world.policy, &patient)?, chart));
        }
    }
    let hierarchies = hierarchies()?;
    let questions: Vec<_> = (0..PATIENTS * QUESTIONS).map(|_| asked(&mut random)).collect();
    let theirs = questions.iter().map(|asked| question(asked, &hierarchies)).collect::<anyhow::Result<Vec<_>>>()?;
    let requesters: Vec<_> = questions.iter().map(|asked| world.requester(asked)).collect();
    let ours: Vec<_> = questions.iter().zip(&requesters).map(|(asked, who)| world.request(asked, who)).collect();
    let (authorizer, mut reasons) = (Authorizer::new(), Reasons::new());
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let (mut of_ours, mut of_theirs) = (0, 0);
        let start = Instant::now();
        for (place, question) in theirs.iter().enumerate() {
            let (policies, _) = &patients[place % PATIENTS];
            of_theirs += usize::from(black_box(is_allowed(&authorizer, policies, question)?));
        }
        let cedar = start.elapsed().as_secs_f64() / theirs.len() as f64;
        // So many times the same questions that the clock can tell.
        let start = Instant::now();
        for _ in 0..50 {
            of_ours = 0;
            for (place, request) in ours.iter().enumerate() {
                let (_, chart) = &patients[place % PATIENTS];
                of_ours +=
                    usize::from(black_box(world.engine().decide(chart.view(), request, &mut reasons)).is_permit());
            }
        }
        let product = start.elapsed().as_secs_f64() / (ours.len() * 50) as f64;
        anyhow::ensure!(of_ours == of_theirs, "the answers differ: {of_ours} and {of_theirs} permits");
        println!(
            "round {round}: Cedar {:.1} µs, ours {:.3} µs, {:.0} times",
            cedar * 1e6,
            product * 1e6,
            cedar / product
        );
        ratios.push(cedar / product);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median {:.0} times as fast, asked {BAR:.0}", ratios[ROUNDS / 2]);
    Ok(if ratios[ROUNDS / 2] >= BAR { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
