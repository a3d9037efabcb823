//! An explanation of one pair as JSON and as text.
//!
//! The library explains; this module only says it. The JSON document is the model of the text, so the two never tell
//! different stories.

mod document;
mod text;

pub(crate) use document::Document;
pub(crate) use text::text;
