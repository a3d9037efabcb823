//! The raw texts of the input, column by column, as they were read.
//!
//! They are what fields are normalised from, and what a waterfall shows when they are kept. What they mean is not known
//! here.

use super::gather;
use crate::rules::Field;
use crate::text::Interner;
use std::borrow::Cow;

/// The raw texts, kept when somebody wants to see them.
#[derive(Debug)]
pub(super) struct RawColumns {
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<RawColumn>,
}

#[derive(Clone, Debug)]
pub(super) struct RawColumn {
    pub(super) texts: Interner,
    pub(super) rows: Vec<u32>,
}

/// The raw texts that one field reads.
pub(super) struct Source<'r> {
    pub(super) texts: Cow<'r, Interner>,
    pub(super) rows: Vec<u32>,
}

impl RawColumns {
    /// What each field reads; the columns of a field of several are joined. Unless they are to be kept, rows are moved
    /// out where the last field reads them.
    pub(super) fn of_fields(&mut self, fields: &[Field], keep: bool) -> Vec<Source<'_>> {
        let position = |name: &String| self.names.iter().position(|known| known == name);
        let places: Vec<Vec<usize>> =
            fields.iter().map(|field| field.columns.iter().filter_map(position).collect()).collect();
        let columns = |own: &[usize]| own.iter().filter_map(|place| self.columns.get(*place)).collect::<Vec<_>>();
        let joined: Vec<Option<RawColumn>> =
            places.iter().map(|own| (own.len() != 1).then(|| join(&columns(own)))).collect();
        let mut rows: Vec<Vec<u32>> = Vec::with_capacity(places.len());
        for (field, own) in places.iter().enumerate() {
            let is_read_later = |place| places.iter().skip(field + 1).any(|later| later.as_slice() == [place]);
            rows.push(match own.as_slice() {
                [single] => match self.columns.get_mut(*single) {
                    Some(column) if keep || is_read_later(*single) => column.rows.clone(),
                    Some(column) => std::mem::take(&mut column.rows),
                    None => Vec::new(),
                },
                _ => Vec::new(),
            });
        }
        let source = |((own, rows), joined): ((&Vec<usize>, Vec<u32>), Option<RawColumn>)| match joined {
            Some(joined) => Source { texts: Cow::Owned(joined.texts), rows: joined.rows },
            None => {
                let column = own.first().and_then(|place| self.columns.get(*place));
                let texts =
                    column.map_or_else(|| Cow::Owned(Interner::default()), |column| Cow::Borrowed(&column.texts));
                Source { texts, rows }
            }
        };
        places.iter().zip(rows).zip(joined).map(source).collect()
    }

    pub(super) fn reordered(mut self, order: &[u32]) -> Self {
        for column in &mut self.columns {
            column.rows = gather(&column.rows, order);
        }
        self
    }
}

/// The columns of a field of several columns, joined with a space.
fn join(columns: &[&RawColumn]) -> RawColumn {
    let rows = columns.first().map_or(0, |column| column.rows.len());
    let mut joined = RawColumn { texts: Interner::default(), rows: Vec::with_capacity(rows) };
    let mut text = String::new();
    for row in 0..rows {
        text.clear();
        for column in columns {
            let part = column.rows.get(row).map_or("", |raw| column.texts.get(*raw as usize));
            if !text.is_empty() && !part.is_empty() {
                text.push(' ');
            }
            text.push_str(part);
        }
        let number = joined.texts.intern(&text);
        joined.rows.push(number);
    }
    joined
}
