//! Columns as rows: what belongs to one record side by side, so that one access to memory brings it all.

use crate::exec::{self, Executor};

/// Rows that one task fills.
const TASK_ROWS: usize = 65_536;

/// Rows of `width` values, one behind another; `value` gives that of a column and a record.
pub(crate) fn rows<T: Copy + Default + Send>(
    records: usize,
    width: usize,
    executor: &dyn Executor,
    value: impl Fn(usize, usize) -> T + Sync,
) -> Vec<T> {
    let mut rows = vec![T::default(); records * width];
    let tasks = rows.chunks_mut(TASK_ROWS * width.max(1)).enumerate().collect();
    exec::map_owned(executor, tasks, |(task, rows): (usize, &mut [T])| {
        for (record, row) in (task * TASK_ROWS..).zip(rows.chunks_mut(width.max(1))) {
            row.iter_mut().enumerate().for_each(|(column, slot)| *slot = value(column, record));
        }
    });
    rows
}

/// Puts columns, each with its place in a row, into rows of `width` values.
pub(crate) fn put_columns<T: Copy + Send + Sync>(
    rows: &mut [T],
    width: usize,
    columns: &[(usize, Vec<T>)],
    executor: &dyn Executor,
) {
    let tasks = rows.chunks_mut(TASK_ROWS * width.max(1)).enumerate().collect();
    exec::map_owned(executor, tasks, |(task, rows): (usize, &mut [T])| {
        for (place, column) in columns {
            let values = column.iter().skip(task * TASK_ROWS);
            rows.iter_mut().skip(*place).step_by(width.max(1)).zip(values).for_each(|(slot, value)| *slot = *value);
        }
    });
}

/// The columns as rows; what a column lacks is the default.
pub(crate) fn interleaved<T: Copy + Default + Send + Sync>(
    columns: &[Vec<T>],
    records: usize,
    executor: &dyn Executor,
) -> Vec<T> {
    let value = |column: usize, record: usize| columns.get(column).and_then(|column| column.get(record));
    rows(records, columns.len(), executor, |column, record| value(column, record).copied().unwrap_or_default())
}

/// What numbers stand for, as rows: each column has one number per record and a value per number.
pub(crate) fn looked_up<T: Copy + Default + Send + Sync>(
    columns: &[(&[u32], Vec<T>)],
    records: usize,
    executor: &dyn Executor,
) -> Vec<T> {
    let value = |column: usize, record: usize| {
        let (numbers, values) = columns.get(column)?;
        values.get(*numbers.get(record)? as usize).copied()
    };
    rows(records, columns.len(), executor, |column, record| value(column, record).unwrap_or_default())
}
