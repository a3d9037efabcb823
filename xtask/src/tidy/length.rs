//! How long files and functions may be.
//!
//! Lines that hold code are counted in functions, as the linter does; all lines are counted in files, because a reader
//! scrolls past all of them.

use super::source::{Source, find_block, find_word};
use super::{Problem, Report};

/// A file longer than this gets a warning.
pub const FILE_LINES_WARN: usize = 450;
/// A file longer than this is refused, tests included.
pub const FILE_LINES_MAX: usize = 800;
/// A function with more lines of code in its body is refused.
pub const FUNCTION_LINES_MAX: usize = 70;
/// Tests beyond this many lines live in a file beside the code, `foo/tests.rs`.
pub const INLINE_TEST_LINES_MAX: usize = 300;

/// Files that may be longer than [`FILE_LINES_WARN`] without a warning, each with its reason.
pub const LONG_FILES: &[(&str, &str)] = &[];

/// Measures every file. `long_files` are the paths that may pass the warning, with their reasons.
#[must_use]
pub fn check(sources: &[Source], long_files: &[(&str, &str)]) -> Report {
    let mut report = Report::default();
    for source in sources {
        let lines = source.lines.len();
        let excused = long_files.iter().find(|(path, _)| *path == source.path);
        if lines > FILE_LINES_MAX {
            let reason = format!("{lines} lines, at most {FILE_LINES_MAX}: split the file");
            report.problems.push(Problem::new(&source.path, 0, "file-length", reason));
        } else if lines > FILE_LINES_WARN && !source.is_test_file && excused.is_none() {
            let reason = format!("{lines} lines, {FILE_LINES_WARN} is the aim");
            report.warnings.push(Problem::new(&source.path, 0, "file-length", reason));
        }
        report.problems.extend(check_functions(source));
        report.problems.extend(check_inline_tests(source));
    }
    report.problems.extend(stale_excuses(sources, long_files));
    report
}

/// An excuse that is no longer needed would hide the next long file.
fn stale_excuses(sources: &[Source], long_files: &[(&str, &str)]) -> Vec<Problem> {
    let is_needed = |path: &str| sources.iter().any(|s| s.path == path && s.lines.len() > FILE_LINES_WARN);
    let stale = long_files.iter().filter(|(path, _)| !is_needed(path));
    let reason = "is excused as long in xtask/src/tidy/length.rs and is not: remove the line";
    stale.map(|(path, _)| Problem::new(path, 0, "file-length", reason)).collect()
}

fn check_functions(source: &Source) -> Vec<Problem> {
    let code = source.code.join("\n");
    let characters: Vec<char> = code.chars().collect();
    let mut problems = Vec::new();
    for byte in find_word(&code, "fn") {
        let start = code.get(..byte).unwrap_or_default().chars().count();
        let name: String =
            code.get(byte + 2..).unwrap_or_default().trim_start().chars().take_while(|c| is_name(*c)).collect();
        if name.is_empty() {
            continue; // A function pointer, not a function.
        }
        let Some((open, close)) = find_block(&characters, start) else { continue };
        let body: String = characters.iter().skip(open + 1).take(close - open - 1).collect();
        let lines = body.lines().filter(|line| !line.trim().is_empty()).count();
        if lines > FUNCTION_LINES_MAX {
            let line = characters.iter().take(start).filter(|c| **c == '\n').count() + 1;
            let reason =
                format!("`{name}` has {lines} lines of code, at most {FUNCTION_LINES_MAX}: give its parts names");
            problems.push(Problem::new(&source.path, line, "function-length", reason));
        }
    }
    problems
}

fn is_name(character: char) -> bool {
    super::source::is_word(character) || character == '#'
}

fn check_inline_tests(source: &Source) -> Option<Problem> {
    if source.is_test_file {
        return None;
    }
    let lines = source.is_test.iter().filter(|is_test| **is_test).count();
    let first = source.is_test.iter().position(|is_test| *is_test)?;
    (lines > INLINE_TEST_LINES_MAX).then(|| {
        let reason =
            format!("{lines} lines of tests, at most {INLINE_TEST_LINES_MAX} here: move them to a `tests.rs` beside");
        Problem::new(&source.path, first + 1, "inline-tests", reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::parse(path, text, super::super::source::is_test_path(path))
    }

    fn body(lines: usize) -> String {
        "    call();\n".repeat(lines)
    }

    #[track_caller]
    fn check_text(path: &str, text: &str, expected: &[&str]) {
        let report = check(&[source(path, text)], &[]);
        let found: Vec<String> = report.problems.iter().chain(&report.warnings).map(ToString::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found} does not start with {expected}");
        }
    }

    #[test]
    fn long_functions_fail() {
        check_text("a/src/lib.rs", &format!("fn a() {{\n{}}}\n", body(70)), &[]);
        let long = format!("//! A.\n\nfn a(b: [u8; 2]) -> [u8; 2] {{\n{}}}\n", body(71));
        check_text("a/src/lib.rs", &long, &["a/src/lib.rs:3: function-length: `a` has 71 lines"]);
        check_text("a/tests/b.rs", &long, &["a/tests/b.rs:3: function-length"]);
    }

    #[test]
    fn comments_blank_lines_and_braces_in_texts_do_not_count() {
        let text = format!("fn a() {{\n{}    // }}\n\n    let b = \"{{\";\n}}\n", body(69));
        check_text("a/src/lib.rs", &text, &[]);
        let two = format!("fn a() {{\n    let b = '{{';\n{}}}\nfn c() {{\n{}}}\n", body(40), body(40));
        check_text("a/src/lib.rs", &two, &[]);
        check_text("a/src/lib.rs", &format!("type A = fn(u8);\nstruct B {{\n{}}}\n", body(90)), &[]);
        check_text("a/src/lib.rs", &format!("trait A {{\n    fn b();\n    fn c();\n{}}}\n", body(90)), &[]);
    }

    #[test]
    fn long_files_warn_and_then_fail() {
        let lines = |count: usize| "// A.\n".repeat(count);
        check_text("a/src/lib.rs", &lines(450), &[]);
        check_text("a/src/lib.rs", &lines(451), &["a/src/lib.rs: file-length: 451 lines, 450 is the aim"]);
        check_text("a/src/tests.rs", &lines(800), &[]);
        check_text("a/src/tests.rs", &lines(801), &["a/src/tests.rs: file-length: 801 lines"]);
        let excused = [("a/src/lib.rs", "a table")];
        assert_eq!(check(&[source("a/src/lib.rs", &lines(451))], &excused), Report::default());
        assert_eq!(check(&[source("a/src/lib.rs", &lines(801))], &excused).problems.len(), 1);
        assert_eq!(check(&[source("a/src/lib.rs", &lines(450))], &excused).problems.len(), 1);
    }

    #[test]
    fn long_inline_tests_fail() {
        let text = |count: usize| format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "// A.\n".repeat(count));
        check_text("a/src/lib.rs", &text(297), &[]);
        check_text("a/src/lib.rs", &text(298), &["a/src/lib.rs:2: inline-tests: 301 lines"]);
    }
}
