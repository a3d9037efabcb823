//! Columns as rows: what belongs to one record side by side, so that one access to memory brings it all.

/// The columns as rows, one behind another; what a column lacks is the default.
pub(crate) fn interleaved<T: Copy + Default>(columns: &[Vec<T>], records: usize) -> Vec<T> {
    let mut rows = Vec::with_capacity(columns.len() * records);
    for record in 0..records {
        rows.extend(columns.iter().map(|column| column.get(record).copied().unwrap_or_default()));
    }
    rows
}
