//! What `nayose evaluate` says: the document that machines read, and the text made of it.
//!
//! The counting is done by `linkage::evaluate`; this module reads the files, gives records and persons numbers, and
//! words the result. The document is part of the interface: fields are added, never renamed.

mod document;
pub(crate) mod load;
mod text;

pub(crate) use document::{Ignored, Measured, document};
pub(crate) use text::text;
