//! The log as consumers see it: an ordered feed from a position on, and the second look at new persons.

mod feed;
mod second;

pub use feed::{Announced, Announcement, Page, feed};
pub use second::{Position, look_second, second_look_at, second_looks, skip_second_looks};
