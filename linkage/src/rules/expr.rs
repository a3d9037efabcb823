//! Level conditions: `exact(given_kanji) and jaro_winkler(given_kana) >= 0.92`.
//!
//! The grammar is small on purpose, so that a data steward can read a rule set aloud:
//! `or` of `and` of (`not`) atoms, with brackets. An atom is `null(field)` or a measure of one or two fields, with a
//! bound where the measure is graded. There are no variables and no arithmetic.

use super::FieldId;
use crate::compare::{Measure, Scale, Threshold};
use std::fmt;

/// A condition on a pair of records.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// Every part holds.
    And(Vec<Expr>),
    /// At least one part holds.
    Or(Vec<Expr>),
    /// The part does not hold.
    Not(Box<Expr>),
    /// The field is missing on at least one side.
    Null(FieldId),
    /// A measure, with its bound.
    Atom(Atom),
}

/// One measure of one or two fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Atom {
    /// What is measured.
    pub measure: Measure,
    /// The field, or the first of two.
    pub first: FieldId,
    /// The second field, for measures that need two.
    pub second: Option<FieldId>,
    /// When the measure counts as agreement.
    pub threshold: Threshold,
}

impl Expr {
    /// Calls `visit` for every field that the condition reads, in order of appearance.
    pub fn for_each_field(&self, visit: &mut dyn FnMut(FieldId)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.for_each_field(visit)),
            Self::Not(part) => part.for_each_field(visit),
            Self::Null(field) => visit(*field),
            Self::Atom(atom) => {
                visit(atom.first);
                if let Some(second) = atom.second {
                    visit(second);
                }
            }
        }
    }

    /// The condition as it is written in a rule file.
    #[must_use]
    pub fn display<'a>(&'a self, fields: &'a [super::Field]) -> impl fmt::Display + 'a {
        Shown { expr: self, fields }
    }
}

struct Shown<'a> {
    expr: &'a Expr,
    fields: &'a [super::Field],
}

impl Shown<'_> {
    fn name(&self, field: FieldId) -> &str {
        self.fields.get(usize::from(field.0)).map_or("?", |f| &f.name)
    }

    fn joined(&self, f: &mut fmt::Formatter<'_>, parts: &[Expr], word: &str) -> fmt::Result {
        for (position, part) in parts.iter().enumerate() {
            if position > 0 {
                write!(f, " {word} ")?;
            }
            let shown = Shown { expr: part, fields: self.fields };
            match part {
                Expr::Or(_) | Expr::And(_) => write!(f, "({shown})")?,
                _ => write!(f, "{shown}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expr {
            Expr::And(parts) => self.joined(f, parts, "and"),
            Expr::Or(parts) => self.joined(f, parts, "or"),
            Expr::Not(part) => match **part {
                Expr::And(_) | Expr::Or(_) => write!(f, "not ({})", Shown { expr: part, fields: self.fields }),
                _ => write!(f, "not {}", Shown { expr: part, fields: self.fields }),
            },
            Expr::Null(field) => write!(f, "null({})", self.name(*field)),
            Expr::Atom(atom) => {
                write!(f, "{}({}", atom.measure.name(), self.name(atom.first))?;
                if let Some(second) = atom.second {
                    write!(f, ", {}", self.name(second))?;
                }
                match atom.threshold {
                    Threshold::Flag => write!(f, ")"),
                    Threshold::AtLeast(bound) => write!(f, ") >= {bound}"),
                    Threshold::AtMost(bound) => write!(f, ") <= {bound}"),
                }
            }
        }
    }
}

/// Nesting that no readable condition needs; deeper input is refused before the stack can be exhausted.
const NESTING_MAX: usize = 32;

/// Parses a condition; `field` resolves a field's name.
///
/// # Errors
/// A sentence that names the offending word.
pub fn parse(text: &str, field: &dyn Fn(&str) -> Option<FieldId>) -> Result<Expr, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, field };
    let expr = parser.or(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some(token) => Err(format!("unexpected `{token}` after a complete condition")),
    }
}

/// Splits into words, numbers and punctuation.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_alphanumeric() || c == '_' || c == '.' || c == '-' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        match c {
            c if c.is_whitespace() => {}
            '(' | ')' | ',' => tokens.push(c.to_string()),
            '>' | '<' if characters.peek() == Some(&'=') => {
                characters.next();
                tokens.push(format!("{c}="));
            }
            _ => return Err(format!("unexpected character `{c}`")),
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: Vec<String>,
    at: usize,
    field: &'a dyn Fn(&str) -> Option<FieldId>,
}

impl Parser<'_> {
    fn peek(&self) -> &str {
        self.tokens.get(self.at).map_or("", String::as_str)
    }

    fn take(&mut self) -> String {
        let token = self.peek().to_owned();
        self.at += 1;
        token
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        let found = self.take();
        if found == wanted {
            return Ok(());
        }
        let found = if found.is_empty() { "the end" } else { &found };
        Err(format!("expected `{wanted}`, found `{found}`"))
    }

    fn or(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.and(depth)?];
        while self.peek() == "or" {
            self.at += 1;
            parts.push(self.and(depth)?);
        }
        Ok(single(parts, Expr::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.unary(depth)?];
        while self.peek() == "and" {
            self.at += 1;
            parts.push(self.unary(depth)?);
        }
        Ok(single(parts, Expr::And))
    }

    fn unary(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > NESTING_MAX {
            return Err(format!("nested more than {NESTING_MAX} deep"));
        }
        match self.peek() {
            "not" => {
                self.at += 1;
                Ok(Expr::Not(Box::new(self.unary(depth + 1)?)))
            }
            "(" => {
                self.at += 1;
                let inner = self.or(depth + 1)?;
                self.expect(")")?;
                Ok(inner)
            }
            _ => self.atom(),
        }
    }

    fn atom(&mut self) -> Result<Expr, String> {
        let name = self.take();
        if name.is_empty() {
            return Err("the condition ends where a measure was expected".to_owned());
        }
        self.expect("(")?;
        let first = self.field()?;
        let second = if self.peek() == "," {
            self.at += 1;
            Some(self.field()?)
        } else {
            None
        };
        self.expect(")")?;
        if name == "null" {
            return if second.is_none() { Ok(Expr::Null(first)) } else { Err("`null` takes one field".to_owned()) };
        }
        let measure = Measure::parse(&name).ok_or_else(|| format!("unknown measure `{name}`"))?;
        let wanted = measure.fields();
        if wanted != 1 + usize::from(second.is_some()) {
            return Err(format!("`{name}` takes {wanted} field(s)"));
        }
        let threshold = self.threshold(measure)?;
        Ok(Expr::Atom(Atom { measure, first, second, threshold }))
    }

    fn field(&mut self) -> Result<FieldId, String> {
        let name = self.take();
        (self.field)(&name).ok_or_else(|| format!("unknown field `{name}`"))
    }

    fn threshold(&mut self, measure: Measure) -> Result<Threshold, String> {
        let name = measure.name();
        match (measure.scale(), self.peek()) {
            (Scale::Flag, ">=" | "<=") => Err(format!("`{name}` is yes or no and takes no bound")),
            (Scale::Flag, _) => Ok(Threshold::Flag),
            (Scale::Similarity, ">=") => Ok(Threshold::AtLeast(self.bound()?)),
            (Scale::Distance, "<=") => Ok(Threshold::AtMost(self.bound()?)),
            (Scale::Similarity, _) => Err(format!("`{name}` is a similarity and needs `>= bound`")),
            (Scale::Distance, _) => Err(format!("`{name}` is a distance and needs `<= bound`")),
        }
    }

    fn bound(&mut self) -> Result<f64, String> {
        self.at += 1;
        let text = self.take();
        match text.parse::<f64>() {
            Ok(bound) if bound.is_finite() && bound >= 0.0 => Ok(bound),
            _ => Err(format!("`{text}` is not a bound")),
        }
    }
}

fn single(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => join(parts),
    }
}
