//! Files written by the same crate: text, numbers, dates, nulls, and what has no text.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::super::{BatchSink, read_batches};
use super::*;

#[derive(Default)]
struct Seen {
    names: Vec<String>,
    rows: Vec<String>,
    batches: usize,
}

impl BatchSink for Seen {
    fn header(&mut self, names: &[String]) -> Result<(), InputError> {
        names.clone_into(&mut self.names);
        Ok(())
    }

    fn batch(&mut self, batch: &Batch, _: &mut RejectLog) -> Result<(), InputError> {
        self.batches += 1;
        for row in 0..batch.len() {
            self.rows.push(format!("{}:{}", batch.line(row), batch.row(row).collect::<Vec<_>>().join("|")));
        }
        Ok(())
    }
}

fn properties() -> Arc<WriterProperties> {
    Arc::new(WriterProperties::builder().set_compression(Compression::SNAPPY).build())
}

fn texts(values: &[&str]) -> Vec<ByteArray> {
    values.iter().map(|value| ByteArray::from(*value)).collect()
}

/// Writes a file of one row group.
fn write(
    path: &Path,
    schema: &str,
    columns: &mut dyn FnMut(usize, &mut parquet::file::writer::SerializedColumnWriter<'_>),
) {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut number = 0;
    while let Some(mut column) = group.next_column().unwrap() {
        columns(number, &mut column);
        column.close().unwrap();
        number += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
}

#[test]
fn values_become_the_texts_of_a_csv_file() {
    let folder = crate::testing::folder("parquet");
    // The name says nothing: the content decides.
    let path = folder.join("data.csv");
    let schema = "message people {
        required binary record_id (UTF8);
        optional binary name (UTF8);
        optional int32 born (DATE);
        required int64 number;
        required double weight;
        optional int32 postcode;
    }";
    write(&path, schema, &mut |number, column| {
        match number {
            0 => column.typed::<ByteArrayType>().write_batch(&texts(&["r1", "r2", "r3"]), None, None),
            1 => column.typed::<ByteArrayType>().write_batch(&texts(&["髙橋, 花子", "a\0b"]), Some(&[1, 0, 1]), None),
            2 => column.typed::<Int32Type>().write_batch(&[-7304, 0], Some(&[1, 1, 0]), None),
            3 => column.typed::<Int64Type>().write_batch(&[7, -8, 9], None, None),
            4 => column.typed::<DoubleType>().write_batch(&[1.0, 2.5, 0.0], None, None),
            _ => column.typed::<Int32Type>().write_batch(&[6_900_001], Some(&[0, 1, 0]), None),
        }
        .unwrap();
    });
    let (mut seen, mut rejects) = (Seen::default(), RejectLog::new());
    let report = read_batches(&path, &mut seen, &mut rejects).unwrap();
    assert_eq!(seen.names, ["record_id", "name", "born", "number", "weight", "postcode"]);
    assert_eq!(seen.rows, ["1:r1|髙橋, 花子|1950-01-02|7|1|", "2:r2||1970-01-01|-8|2.5|6900001"]);
    assert_eq!((report.rows, report.rejected), (2, 1));
    let reject = rejects.kept().first().unwrap();
    assert_eq!((reject.line, reject.reason.to_string()), (3, "column `name` holds a NUL byte".to_owned()));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn many_rows_come_in_batches() {
    let folder = crate::testing::folder("parquet-rows");
    let path = folder.join("data.parquet");
    let ids: Vec<String> = (0..20_000).map(|number| format!("r{number}")).collect();
    write(&path, "message m { required binary id (UTF8); }", &mut |_, column| {
        let values: Vec<ByteArray> = ids.iter().map(|id| ByteArray::from(id.as_str())).collect();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
    });
    let mut seen = Seen::default();
    read_batches(&path, &mut seen, &mut RejectLog::new()).unwrap();
    assert_eq!((seen.rows.len(), seen.batches), (20_000, 3));
    assert_eq!(seen.rows.last().unwrap(), "20000:r19999");
    std::fs::remove_dir_all(folder).unwrap();
}

#[track_caller]
fn check_error(schema: &str, expected: &str) {
    let folder = crate::testing::folder("parquet-error");
    let path = folder.join("data.parquet");
    write(&path, schema, &mut |_, column| {
        column.typed::<ByteArrayType>().write_batch(&[ByteArray::from(vec![0xff])], None, None).unwrap();
    });
    let error = read_batches(&path, &mut Seen::default(), &mut RejectLog::new()).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_has_no_text_is_refused() {
    check_error("message m { required group name { required binary family (UTF8); } }", "column `name` is nested");
    check_error("message m { required binary photo; }", "column `photo` holds bytes that are no text");
}
