//! What clerks decide about tasks.

use super::world::{World, arrival, person};
use crate::review::{self, Decided, Filter};
use crate::{Actor, Error, Stamp, Task, TaskDecision, TaskId, TaskKind, TaskOutcome, TaskState, Visible};
use directory::{Instant, InstitutionId};

const HANAKO: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222";
const TARO: &str = "糸賀 太郎 イトガ タロウ M 1981-12-24 島根県出雲市今市町5-6 0853-55-6666";

impl World {
    fn clerk(&mut self, name: &str) -> Stamp {
        Stamp { actor: Actor { id: name.into(), institution: None }, ..self.stamp() }
    }

    fn decide(&mut self, task: TaskId, decision: TaskDecision, clerk: &str) -> Result<Task, Error> {
        let (fresh, stamp) = (self.fresh(), self.clerk(clerk));
        let decided = Decided { task, decision, reason: "looked at both charts", fresh };
        self.write(|index, draft| review::decide(index, draft, &decided, &stamp))
    }

    fn queue(&self, visible: &Visible) -> Vec<Task> {
        let filter = Filter { limit: 10, ..Filter::default() };
        self.write(|_, draft| review::list(draft, &filter, visible, Instant::from_micros(self.now))).unwrap().tasks
    }
}

/// A world with one task about two records at one institution.
fn duplicate() -> (World, TaskId) {
    let mut world = World::new();
    world.arrive(&arrival("3210000011", "1", person(HANAKO)));
    let tasks = world.arrive(&arrival("3210000011", "2", person(HANAKO))).tasks;
    (world, tasks[0])
}

#[test]
fn a_task_is_listed_claimed_decided_and_undone() {
    let (mut world, task) = duplicate();
    let listed = world.queue(&Visible::All);
    assert_eq!((listed.len(), listed[0].id, listed[0].kind), (1, task, TaskKind::InHospitalDuplicate));
    let (ann, ben) = (world.clerk("ann"), world.clerk("ben"));
    let until = Instant::from_micros(world.now + 1_000);
    world.write(|_, draft| review::claim(draft, task, until, &ann)).unwrap();
    assert!(world.write(|_, draft| review::claim(draft, task, until, &ben)).is_err());
    let closed = world.decide(task, TaskDecision::Split, "ann").unwrap();
    assert!(matches!(closed.state, TaskState::Closed { outcome: TaskOutcome::Split(_), .. }));
    assert_eq!(world.queue(&Visible::All), []);
    let stamp = world.stamp();
    let open = world.write(|index, draft| review::undo(index, draft, (task, Instant::from_micros(0)), "slip", &stamp));
    assert_eq!(open.unwrap().state, TaskState::Open);
    assert_eq!(world.queue(&Visible::All).len(), 1);
}

#[test]
fn a_task_is_seen_by_those_who_see_all_of_it() {
    let (world, _) = duplicate();
    let seen = |id: &str| Visible::custodian(InstitutionId::new(id).unwrap());
    assert_eq!(world.queue(&seen("3210000011")).len(), 1);
    assert_eq!(world.queue(&seen("3210000022")), []);
}

#[test]
fn a_risky_decision_needs_two() {
    let mut world = World::new();
    world.arrive(&arrival("3210000011", "1", person(HANAKO)));
    let quarantined = world.arrive(&arrival("3210000011", "1", person(TARO)));
    let task = quarantined.tasks[0];
    let proposed = world.decide(task, TaskDecision::Split, "ann").unwrap();
    assert!(matches!(proposed.state, TaskState::Proposed { .. }));
    assert!(world.decide(task, TaskDecision::Split, "ann").is_err());
    let closed = world.decide(task, TaskDecision::Split, "ben").unwrap();
    assert!(matches!(closed.state, TaskState::Closed { outcome: TaskOutcome::Split(_), .. }));
    let joined = world.arrive(&arrival("3210000022", "9", person(TARO)));
    assert_eq!(
        Some(joined.person),
        world
            .write(|index, draft| {
                let seen = crate::read::record(draft, quarantined.record, &Visible::All)?;
                assert_eq!(seen.map(|record| record.version), Some(2));
                let identifier = arrival("3210000011", "1", person(TARO)).identifier;
                Ok(crate::read::resolve(index, draft, &identifier, &Visible::All)?.map(|view| view.person))
            })
            .unwrap()
    );
}
