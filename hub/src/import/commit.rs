//! Plans become batches: a random id, one commit, and an answer also when the store does not know.

use mpi::kv::{BatchId, Commit, Kv, Plan, Seq, Settled};

use crate::failure::Failure;
use crate::serve::clock::Clock;
use crate::serve::{random, space};

/// Commits a plan beside the instant up to which recorded time has come; none when others were faster.
pub(crate) fn commit(kv: &dyn Kv, clock: &Clock, mut plan: Plan) -> Result<Option<Seq>, Failure> {
    if plan.is_empty() {
        return Ok(Some(kv.health().seq));
    }
    plan.rows.insert(space::clock_key(), Some(clock.now().micros().to_be_bytes().into()));
    let batch = plan.into_batch(BatchId(random::bytes().map_err(Failure::internal)?));
    match kv.commit(&batch).map_err(Failure::internal)? {
        Commit::Committed(seq) => Ok(Some(seq)),
        Commit::Conflict(_) => Ok(None),
        Commit::Unknown => match kv.settle(batch.id).map_err(Failure::internal)? {
            Settled::Committed(seq) => Ok(Some(seq)),
            Settled::Never => Ok(None),
        },
    }
}

/// Commits a plan that nobody can be in the way of.
pub(crate) fn commit_alone(kv: &dyn Kv, clock: &Clock, plan: Plan) -> Result<Seq, Failure> {
    commit(kv, clock, plan)?
        .ok_or_else(|| Failure::internal(anyhow::anyhow!("somebody else wrote to the store at the same time")))
}
