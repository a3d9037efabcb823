//! A Rust file with its code and its comments told apart, and with its test lines marked.
//!
//! This is a scanner and not a parser: it knows comments, texts, characters and brackets, which is all that the checks
//! need, and it never refuses a file. Code that the compiler refuses is the compiler's business.

use std::collections::BTreeSet;

use super::tree::Tree;

/// A Rust file in views of equal shape: one entry per line, columns kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path from the root of the repository.
    pub path: String,
    /// The lines as written.
    pub lines: Vec<String>,
    /// The lines with comments and the inside of texts blanked.
    pub code: Vec<String>,
    /// The lines with everything blanked but comments.
    pub comments: Vec<String>,
    /// Whether the whole file is test code.
    pub is_test_file: bool,
    /// Whether each line is test code.
    pub is_test: Vec<bool>,
}

impl Source {
    /// Splits one file. `is_test_file` says that the file is compiled for tests only.
    #[must_use]
    pub fn parse(path: &str, text: &str, is_test_file: bool) -> Self {
        let (code, comments) = Scanner::new(text).run();
        let split = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
        let is_test = mark_tests(&code, is_test_file);
        Self {
            path: path.to_owned(),
            lines: split(text),
            code: split(&code),
            comments: split(&comments),
            is_test_file,
            is_test,
        }
    }

    /// Code lines that are not test code, with their numbers from 1.
    pub fn production(&self) -> impl Iterator<Item = (usize, &str)> {
        let numbered = self.code.iter().zip(&self.is_test).enumerate();
        numbered.filter(|(_, (_, is_test))| !**is_test).map(|(index, (line, _))| (index + 1, line.as_str()))
    }

    /// The crate (top folder) that the file belongs to.
    #[must_use]
    pub fn crate_name(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }
}

/// Parses every `.rs` file of the tree.
#[must_use]
pub fn parse_all(tree: &Tree, test_files: &BTreeSet<String>) -> Vec<Source> {
    let is_test = |path: &str| is_test_path(path) || test_files.contains(path);
    tree.texts(".rs").map(|(path, text)| Source::parse(path, text, is_test(path))).collect()
}

/// Whether the place of a file says that it is test code: `tests/…`, `foo/tests.rs`, `benches` of a crate.
#[must_use]
pub fn is_test_path(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').skip(1).any(|part| part == "tests" || part == "benches")
}

/// Whether a character can be part of a Rust name.
#[must_use]
pub fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The byte positions at which `word` stands in `line` as a word of its own.
#[must_use]
pub fn find_word(line: &str, word: &str) -> Vec<usize> {
    let stands_alone = |at: usize| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    };
    line.match_indices(word).map(|(at, _)| at).filter(|at| stands_alone(*at)).collect()
}

/// Where the block that starts at or after character `from` ends: the index of its closing brace.
///
/// `None` when a semicolon comes first, or the end of the text. Round and square brackets are passed over, so that
/// the `;` of an array type is not taken for an end.
#[must_use]
pub fn find_block(code: &[char], from: usize) -> Option<(usize, usize)> {
    let (mut inside_brackets, mut braces, mut opened) = (0_usize, 0_usize, None);
    for (at, character) in code.iter().enumerate().skip(from) {
        match character {
            '(' | '[' => inside_brackets += 1,
            ')' | ']' => inside_brackets = inside_brackets.saturating_sub(1),
            ';' if inside_brackets == 0 && opened.is_none() => return None,
            '{' => {
                opened = opened.or(Some(at));
                braces += 1;
            }
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return opened.map(|start| (start, at));
                }
            }
            _ => {}
        }
    }
    None
}

fn mark_tests(code: &str, is_test_file: bool) -> Vec<bool> {
    let mut marks = vec![is_test_file; code.lines().count()];
    let characters: Vec<char> = code.chars().collect();
    for marker in ["#[cfg(test)]", "#[cfg(all(test", "#[cfg(any(test", "#[test]"] {
        for (byte, _) in code.match_indices(marker) {
            let start = code.get(..byte).unwrap_or_default().chars().count();
            let end = match find_block(&characters, start + marker.chars().count()) {
                Some((_, end)) => end,
                // `#[cfg(test)] mod tests;`: up to the semicolon.
                None => characters.iter().skip(start).position(|c| *c == ';').map_or(start, |at| start + at),
            };
            let line_of = |at: usize| characters.iter().take(at).filter(|c| **c == '\n').count();
            let (first, last) = (line_of(start), line_of(end));
            marks.iter_mut().skip(first).take(last - first + 1).for_each(|mark| *mark = true);
        }
    }
    marks
}

/// Copies a file character by character into a code view and a comment view.
struct Scanner {
    characters: Vec<char>,
    at: usize,
    code: String,
    comments: String,
}

impl Scanner {
    fn new(text: &str) -> Self {
        Self { characters: text.chars().collect(), at: 0, code: String::new(), comments: String::new() }
    }

    fn run(mut self) -> (String, String) {
        while let Some(character) = self.peek(0) {
            match (character, self.peek(1)) {
                ('/', Some('/')) => self.line_comment(),
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.text(),
                ('\'', _) => self.character_or_lifetime(),
                _ => self.keep_code(),
            }
        }
        (self.code, self.comments)
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn push(&mut self, inkeep_code: bool, inkeep_comment: bool) {
        let Some(character) = self.peek(0) else { return };
        let keep = |wanted: bool| if wanted || character == '\n' { character } else { ' ' };
        self.code.push(keep(inkeep_code));
        self.comments.push(keep(inkeep_comment));
        self.at += 1;
    }

    fn keep_code(&mut self) {
        self.push(true, false);
    }

    fn keep_comment(&mut self) {
        self.push(false, true);
    }

    fn blank(&mut self) {
        self.push(false, false);
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|character| character != '\n') {
            self.keep_comment();
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(character) = self.peek(0) {
            let change = match (character, self.peek(1)) {
                ('/', Some('*')) => 1,
                ('*', Some('/')) => -1,
                _ => 0,
            };
            depth = depth.saturating_add_signed(change);
            self.keep_comment();
            if change != 0 {
                self.keep_comment();
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// A text: the quotes stay in the code view, the inside does not.
    fn text(&mut self) {
        let hashes = self.hashes_of_raw_text();
        self.keep_code();
        while let Some(character) = self.peek(0) {
            match (character, hashes) {
                ('\\', None) => {
                    self.blank();
                    self.blank();
                }
                ('"', None) => return self.keep_code(),
                ('"', Some(count)) if (1..=count).all(|ahead| self.peek(ahead) == Some('#')) => {
                    return self.keep_code();
                }
                _ => self.blank(),
            }
        }
    }

    /// How many `#` the raw text that starts here has, `None` when the text is not raw.
    fn hashes_of_raw_text(&self) -> Option<usize> {
        let before = self.code.trim_end_matches('#');
        let hashes = self.code.len() - before.len();
        let prefix: String = before.chars().rev().take_while(|character| is_word(*character)).collect();
        matches!(prefix.as_str(), "r" | "rb" | "rc").then_some(hashes)
    }

    fn character_or_lifetime(&mut self) {
        match (self.peek(1), self.peek(2)) {
            (Some('\\'), _) => {
                // The quote, the backslash and the escaped character, which may itself be a quote.
                (0..3).for_each(|_| self.blank());
                while self.peek(0).is_some_and(|character| character != '\'' && character != '\n') {
                    self.blank();
                }
                self.blank();
            }
            (Some(_), Some('\'')) => (0..3).for_each(|_| self.blank()),
            _ => self.keep_code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, code: &str, comments: &str) {
        let source = Source::parse("linkage/src/lib.rs", text, false);
        assert_eq!(source.code.join("\n").trim_end(), code);
        assert_eq!(source.comments.join("\n").trim(), comments);
    }

    #[test]
    fn code_and_comments_are_told_apart() {
        check("let a = 1; // {", "let a = 1;", "// {");
        check("a /* { /* } */ */ b", "a                 b", "/* { /* } */ */");
        check("let a = \"// {\";", "let a = \"    \";", "");
        check("let a = \"\\\"{\"; b", "let a = \"   \"; b", "");
        check("let a = r#\"a\"{\"#; b", "let a = r#\"   \"#; b", "");
        check("let a = br\"\\\"; b", "let a = br\" \"; b", "");
        check("for\"{\"", "for\" \"", "");
        check("let a = '{'; b", "let a =    ; b", "");
        check("let a = '\\''; b", "let a =     ; b", "");
        check("let a = '\\u{7b}'; b", "let a =         ; b", "");
        check("fn a<'a>(b: &'a str) {", "fn a<'a>(b: &'a str) {", "");
    }

    #[test]
    fn test_lines_are_marked() {
        let text =
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}\n";
        let source = Source::parse("linkage/src/lib.rs", text, false);
        let kept: Vec<usize> = source.production().map(|(line, _)| line).collect();
        assert_eq!(kept, [1, 6, 9]);
        assert_eq!(Source::parse("linkage/tests/laws.rs", text, true).production().count(), 0);
    }

    #[test]
    fn words_stand_alone() {
        assert_eq!(find_word("fnord fn(a) fn b", "fn"), [6, 12]);
        assert_eq!(find_word("住fn", "fn"), Vec::<usize>::new());
    }
}
