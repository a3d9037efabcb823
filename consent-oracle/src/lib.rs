//! The oracle of consent: the same policies and consents in Cedar, a general policy engine that others wrote and proved.
//!
//! It is a workspace of its own and no part of the product. [`translate`] writes policies and documents, by their names, as
//! Cedar text; [`world`] draws random ones. A test compares the answers of both engines on what both can express: whoever
//! asks, in which role, which data, labels, custodians, purposes, windows, exceptions. Emergencies, obligations, days and
//! named records are not expressed in Cedar; a second evaluator of our own covers them.

pub mod random;
pub mod translate;
pub mod world;
