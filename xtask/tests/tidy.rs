//! The repository itself is tidy.
//!
//! The checks are tested on small invented trees beside their code; this runs all of them on the real one.

use std::path::Path;

use xtask::tidy;

#[test]
fn the_repository_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root of the repository");
    let report = tidy::run(root).expect("the repository can be read");
    assert!(report.files > 20, "only {} files below {}: wrong folder?", report.files, root.display());
    assert!(report.problems.is_empty(), "\n{report}");
}
