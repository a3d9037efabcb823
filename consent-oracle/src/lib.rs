//! Another engine for the same question, to compare with: consents translated into Cedar policies.
//!
//! Cedar (Apache-2.0) is a general policy language; the product does not use it. Here it decides the part that both can
//! say: permits and denies by requester, role, category, label, custodian, purpose, days and windows, outside emergencies.
//! Every disagreement is a defect of one of the two, or of this translation. The crate is a workspace of its own, so that
//! what Cedar brings is no part of the product.

pub mod cedar;
pub mod network;
pub mod random;
