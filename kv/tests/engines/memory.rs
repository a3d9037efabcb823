//! The engine in memory keeps the contract: what the model says is what the trait says.

use crate::contract::{Engine, every_promise};
use crate::model;
use kv::MemoryKv;

fn engine() -> Engine {
    // Nothing is on disk: to reopen is to go on.
    Engine::new(Box::new(MemoryKv::new()), Box::new(|kv| kv))
}

every_promise!(engine);

#[test]
fn agrees_with_itself() {
    // A sanity check of the model test: it must pass on two engines that are equal by construction.
    model::check(&engine, 256);
}
