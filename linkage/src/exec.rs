//! Where bulk work runs.
//!
//! This crate starts no threads: bulk functions cut their work into numbered tasks and hand them to an [`Executor`],
//! which the caller supplies (serial here, a bounded pool in the hub). Results come back in task order, so the number
//! of threads can never show in an answer.

use std::sync::Mutex;

/// Runs numbered tasks, in any order and on any number of threads.
pub trait Executor: Sync {
    /// Calls `task` once for every number below `tasks`, and returns when all calls have returned.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync));

    /// How many tasks may run at once; a hint for cutting work, never for results.
    fn parallelism(&self) -> usize {
        1
    }
}

/// Runs every task on the calling thread, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Serial;

impl Executor for Serial {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// Maps every number below `tasks` and returns the results in task order.
pub fn map<T: Send>(executor: &dyn Executor, tasks: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let slots: Vec<Mutex<Option<T>>> = (0..tasks).map(|_| Mutex::new(None)).collect();
    executor.run(tasks, &|task| {
        let result = work(task);
        if let Some(slot) = slots.get(task) {
            // A poisoned slot can only come from a panic that is already unwinding; its value is replaced whole.
            *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
        }
    });
    slots.into_iter().filter_map(|slot| slot.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)).collect()
}

/// Maps every element of a slice that has been taken apart into tasks; each task owns its element.
pub fn map_owned<I: Send, T: Send>(executor: &dyn Executor, items: Vec<I>, work: impl Fn(I) -> T + Sync) -> Vec<T> {
    let inputs: Vec<Mutex<Option<I>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    map(executor, inputs.len(), |task| {
        let item = inputs.get(task)?.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take()?;
        Some(work(item))
    })
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_back_in_task_order() {
        assert_eq!(map(&Serial, 5, |n| n * n), [0, 1, 4, 9, 16]);
        assert_eq!(map_owned(&Serial, vec!["a", "b"], str::len), [1, 1]);
    }
}
