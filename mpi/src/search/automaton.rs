//! Walks the term dictionary for one look-up: terms at one typing error, terms with unknown characters.
//!
//! A term ends with a zero byte and its part (see [`super::terms`]); the automata accept the text before it and let
//! the ending pass.

use levenshtein_automata::{DFA, Distance, SINK_STATE};
use linkage::normalize::WILDCARD;
use tantivy_fst::Automaton;

use super::terms::END;

/// Where an automaton stands in a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State<S> {
    /// In the text.
    Text(S),
    /// After the zero byte of an accepted text.
    Ended,
    /// After the part.
    Accepted,
    /// Nothing can follow.
    Dead,
}

/// Texts at one typing error at most.
pub(super) struct OneTypo(pub(super) DFA);

impl Automaton for OneTypo {
    type State = State<u32>;

    fn start(&self) -> Self::State {
        State::Text(self.0.initial_state())
    }

    fn is_match(&self, state: &Self::State) -> bool {
        *state == State::Accepted
    }

    fn can_match(&self, state: &Self::State) -> bool {
        *state != State::Dead
    }

    fn accept(&self, state: &Self::State, byte: u8) -> Self::State {
        match *state {
            State::Text(at) if byte == END => match self.0.distance(at) {
                Distance::Exact(_) => State::Ended,
                Distance::AtLeast(_) => State::Dead,
            },
            State::Text(at) => match self.0.transition(at, byte) {
                SINK_STATE => State::Dead,
                next => State::Text(next),
            },
            State::Ended => State::Accepted,
            State::Accepted | State::Dead => State::Dead,
        }
    }
}

/// Texts of one shape, in which [`WILDCARD`] is any one character.
pub(super) struct Shape {
    chars: Vec<Vec<u8>>,
}

/// How much of a shape has been read: whole characters, bytes of the next, bytes of it that are still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    chars: usize,
    bytes: usize,
    left: usize,
}

impl Shape {
    pub(super) fn new(shape: &str) -> Self {
        let bytes = |c: char| if c == WILDCARD { Vec::new() } else { c.to_string().into_bytes() };
        Self { chars: shape.chars().map(bytes).collect() }
    }
}

impl Automaton for Shape {
    type State = State<Read>;

    fn start(&self) -> Self::State {
        State::Text(Read { chars: 0, bytes: 0, left: 0 })
    }

    fn is_match(&self, state: &Self::State) -> bool {
        *state == State::Accepted
    }

    fn can_match(&self, state: &Self::State) -> bool {
        *state != State::Dead
    }

    fn accept(&self, state: &Self::State, byte: u8) -> Self::State {
        let read = match *state {
            State::Text(read) => read,
            State::Ended => return State::Accepted,
            State::Accepted | State::Dead => return State::Dead,
        };
        if byte == END {
            let is_whole = read.left == 0 && read.chars == self.chars.len();
            return if is_whole { State::Ended } else { State::Dead };
        }
        let Some(expected) = self.chars.get(read.chars) else { return State::Dead };
        let left = if read.left == 0 { length(byte) } else { read.left };
        let fits = expected.is_empty() || expected.get(read.bytes) == Some(&byte);
        match (fits, left) {
            (false, _) => State::Dead,
            (true, 1) => State::Text(Read { chars: read.chars + 1, bytes: 0, left: 0 }),
            (true, _) => State::Text(Read { chars: read.chars, bytes: read.bytes + 1, left: left - 1 }),
        }
    }
}

/// Bytes of the character that begins with this byte.
fn length(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use levenshtein_automata::LevenshteinAutomatonBuilder;

    use super::*;

    fn accepts(automaton: &impl Automaton, text: &str) -> bool {
        let bytes = text.bytes().chain([END, 7]);
        let end = bytes.fold(automaton.start(), |state, byte| automaton.accept(&state, byte));
        automaton.is_match(&end)
    }

    #[test]
    fn one_typing_error() {
        let automaton = OneTypo(LevenshteinAutomatonBuilder::new(1, true).build_dfa("タナカ"));
        for text in ["タナカ", "タナガ", "タカ", "タナカシ", "タカナ", "ワタナカ"] {
            assert!(accepts(&automaton, text), "{text}");
        }
        for text in ["タ", "ナカ二", "カナタ", "タナベシ", ""] {
            assert!(!accepts(&automaton, text), "{text}");
        }
    }

    #[test]
    fn unknown_characters() {
        let automaton = Shape::new("〓橋");
        for text in ["高橋", "〓橋", "A橋", "𠮷橋"] {
            assert!(accepts(&automaton, text), "{text}");
        }
        for text in ["橋", "高", "高橋一", "高山", "高〓"] {
            assert!(!accepts(&automaton, text), "{text}");
        }
        assert!(accepts(&Shape::new("渡〓部〓"), "渡土部一"));
    }
}
