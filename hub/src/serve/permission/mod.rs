//! Permission at the edge: where the index and the consent engine meet.
//!
//! The index says which identities are one person now, the registry says what was signed, withdrawn and published, the
//! directory says who asks; here the three become one question to the engine. What the network's policy was made into is
//! kept between requests and made anew as soon as policy, vetoes or directory have moved, so a withdrawal or a new policy
//! acts on the next request. A person's chart is read for every request. Whatever cannot be read denies.
//!
//! Not here: what a request and an answer look like on the wire (`views::decision`), and who may ask at all (the roles).

mod consult;
mod in_force;
mod mask;
mod past;
mod person;
mod question;
mod shown;
mod sight;

pub(super) use consult::{Opened, consult};
pub(super) use in_force::{InForce, Permission};
pub(super) use mask::{MaskQuestion, Masked};
pub(super) use person::{Facts, Patient, Person, identities, identity, linked};
pub(super) use question::{Asked, Finding, Question, Wanted};
pub(super) use shown::shown;
pub(super) use sight::{Viewpoint, categories, with_matrix};
