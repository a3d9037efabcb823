//! How the network stands: the policy in force and the vetoes of custodians, which every decision rests on.
//!
//! They change rarely and are long, so whoever decides keeps what was made of them, and looks at two short rows before each
//! decision to see whether they moved.

use super::{Error, PublishedPolicy, VetoesVersion, journal, policies, vetoes};
use crate::policy::Veto;
use directory::{AsOf, Instant};
use kv::Draft;

/// How many entries the journals of policy and vetoes have: what was made of them is right while these are the same, until
/// [`Standing::until`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    policy: u32,
    vetoes: u32,
}

/// How the network stands at an instant.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The policy in force; none when there is none, and then everything is denied.
    pub policy: Option<PublishedPolicy>,
    /// The vetoes that hold, and the version that they were read from.
    pub vetoes: (VetoesVersion, Vec<Veto>),
    /// When something that is known already will change this.
    pub until: Instant,
}

/// The marks of the present.
///
/// # Errors
/// Those of the store.
pub fn marks(draft: &mut Draft<'_>) -> Result<Marks, Error> {
    let [policy, vetoes] =
        [policies::partition(), vetoes::partition()].map(|journal| journal::entries(draft, &journal));
    Ok(Marks { policy: policy?, vetoes: vetoes? })
}

/// How the network stands at an instant, with everything that is known now.
///
/// # Errors
/// Those of the store.
pub fn standing(draft: &mut Draft<'_>, valid: Instant) -> Result<Standing, Error> {
    let policy = policies::in_force(draft, AsOf::known(valid))?;
    let vetoes = vetoes::vetoes(draft, AsOf::known(valid))?;
    let until = policies::next_change(draft, valid)?.min(vetoes::next_change(draft, valid)?);
    Ok(Standing { policy, vetoes, until })
}
