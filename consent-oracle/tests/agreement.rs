//! Both engines give the same answer to 100,000 random questions, outside emergencies.

use consent::{Engine, Reasons};
use consent_oracle::cedar;
use consent_oracle::network::{Network, ask, chart, consent};
use consent_oracle::random::Random;

const PATIENTS: usize = 500;
const QUESTIONS: usize = 200;

#[test]
fn both_engines_agree() {
    let mut random = Random::new(20_261_128);
    let mut network = Network::make().unwrap();
    assert_eq!(network.image.rules().len(), 11);
    let (mut permits, mut reasons) = (0, Reasons::new());
    for _ in 0..PATIENTS {
        let root = consent(&mut random);
        let compiled = network.compile(&root).unwrap();
        assert_eq!(compiled.rules.len(), 10);
        let chart = chart(&compiled).unwrap();
        let policies = cedar::policy_set(&network, &root).unwrap();
        for _ in 0..QUESTIONS {
            let mut asked = ask(&mut random, 1, 0);
            // The own record is answered before any rule is asked, and is no question for a rule engine.
            if asked.custodian == asked.institution {
                asked.custodian = (asked.custodian + 1) % consent_oracle::network::INSTITUTIONS;
            }
            let requester = network.requester(&asked);
            let request = network.request(&asked, &requester);
            let engine = Engine { policy: &network.image, book: &network.book };
            let ours = engine.decide(chart.view(), &request, &mut reasons).is_permit();
            let theirs = cedar::decide(&policies, &cedar::question(&asked).unwrap()).unwrap();
            assert_eq!(ours, theirs, "{asked:?}\n{}", cedar::consent_text(&root));
            permits += usize::from(ours);
        }
    }
    let share = permits as f64 / (PATIENTS * QUESTIONS) as f64;
    // An agreement about nothing but denies would say little.
    assert!((0.1..0.9).contains(&share), "{share}");
}
