//! Every kind of bad file, as a real file, and the `csv` crate as the oracle for the good ones.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// What a sink saw, as one text: `line:field|field`.
#[derive(Default)]
struct Seen {
    names: Vec<String>,
    rows: Vec<String>,
    id_column: Option<PathBuf>,
}

impl RowSink for Seen {
    fn header(&mut self, names: &[String]) -> Result<(), InputError> {
        self.names = names.to_vec();
        if let Some(path) = &self.id_column {
            column_position(path, names, "record_id")?;
        }
        Ok(())
    }

    fn row(&mut self, line: u64, fields: &[&str]) -> Result<(), RejectReason> {
        if fields[0] == "refuse" {
            return Err(RejectReason::DuplicateId { column: self.names[0].clone() });
        }
        self.rows.push(format!("{line}:{}", fields.join("|")));
        Ok(())
    }
}

fn read_bytes(bytes: &[u8], id: bool) -> (Result<ReadReport, InputError>, Seen, RejectLog) {
    let folder = crate::testing::folder("input");
    let path = folder.join("data.csv");
    std::fs::write(&path, bytes).unwrap();
    let mut seen = Seen { id_column: id.then(|| PathBuf::from("data.csv")), ..Seen::default() };
    let mut rejects = RejectLog::new();
    let result = read(&path, &mut seen, &mut rejects, &mut |_| {});
    std::fs::remove_dir_all(folder).unwrap();
    (result, seen, rejects)
}

/// Rows that are taken and rows that are refused.
#[track_caller]
fn check(bytes: &[u8], rows: &[&str], refused: &[&str]) {
    let (result, seen, rejects) = read_bytes(bytes, false);
    let report = result.unwrap();
    assert_eq!(seen.rows, rows);
    let reasons: Vec<String> =
        rejects.kept().iter().map(|reject| format!("{}: {}", reject.line, reject.reason)).collect();
    assert_eq!(reasons, refused);
    assert_eq!(report.rejected, refused.len() as u64);
}

/// A file that is refused as a whole.
#[track_caller]
fn check_error(bytes: &[u8], expected: &str) {
    let (result, ..) = read_bytes(bytes, true);
    let message = result.unwrap_err().to_string();
    assert!(message.contains(expected), "{message}");
}

#[test]
fn plain_files() {
    check(b"id,a\n1,x\n2,y\n", &["2:1|x", "3:2|y"], &[]);
    check(b"id,a\n1,x\n2,y", &["2:1|x", "3:2|y"], &[]);
    check(b"id,a\r\n1,x\r\n2,y\r\n", &["2:1|x", "3:2|y"], &[]);
    check(b"id,a\r1,x\r2,y\r", &["2:1|x", "3:2|y"], &[]);
    check(b"\xef\xbb\xbfid,a\r\n1,x\r\n", &["2:1|x"], &[]);
    check(b"\nid,a\n\n1,x\n\n\n2,\n", &["4:1|x", "7:2|"], &[]);
    check(b"id,a\n", &[], &[]);
    check(b"id,a", &[], &[]);
    check(b"id\n1\n\n2\n", &["2:1", "4:2"], &[]);
    check("識別,氏名\n1,髙橋　花子\n".as_bytes(), &["2:1|髙橋　花子"], &[]);
}

#[test]
fn quotes() {
    check(b"id,a\n\"1\",\"x,y\"\n", &["2:1|x,y"], &[]);
    check(b"id,a\n1,\"x\"\"y\"\"\"\n2,z\n", &["2:1|x\"y\"", "3:2|z"], &[]);
    check(b"id,a\n1,\"x\ny\r\nz\"\n2,z\n", &["2:1|x\ny\r\nz", "5:2|z"], &[]);
    check(b"id,a\n1,\"\"\n2,\"\"", &["2:1|", "3:2|"], &[]);
    check(b"id,a\n1,x\"y\"\n", &["2:1|x\"y\""], &[]);
    check(b"id,a\n1,\"x\"y\"z\n", &["2:1|xy\"z"], &[]);
    check("id,a\n1,\"\"\"髙\"\" 橋\"\n".as_bytes(), &["2:1|\"髙\" 橋"], &[]);
    check(b"\"i\"\"d\",\"a\"\n1,x\n", &["2:1|x"], &[]);
}

#[test]
fn refused_rows() {
    let ragged = "3: has 1 fields where the header has 2";
    check(b"id,a\n1,x\n2\n3,y\n", &["2:1|x", "4:3|y"], &[ragged]);
    check(b"id,a\n1,x\n2,y,z\n3,y\n", &["2:1|x", "4:3|y"], &["3: has 3 fields where the header has 2"]);
    check(b"id,a\n1,x\n2,\xff\n3,y\n", &["2:1|x", "4:3|y"], &["3: column `a` is not valid UTF-8"]);
    check(
        "id,a\n1,山\n2,".as_bytes().iter().chain(b"\xe5\xb1").copied().collect::<Vec<u8>>().as_slice(),
        &["2:1|山"],
        &["3: column `a` is not valid UTF-8"],
    );
    check(b"id,a\n\"\"\"\xff\",x\n3,y\n", &["3:3|y"], &["2: column `id` is not valid UTF-8"]);
    check(b"id,a\n1,x\0y\n2,y\n", &["3:2|y"], &["2: column `a` holds a NUL byte"]);
    check(b"id,a\nrefuse,x\n2,y\n", &["3:2|y"], &["2: the record id in column `id` was used by an earlier row"]);
}

#[test]
fn long_fields_are_refused_and_the_rest_goes_on() {
    for bytes in [FIELD_BYTES_MAX, FIELD_BYTES_MAX + 1, 1_000_000, RECORD_BYTES_MAX + 3_000_000] {
        for quoted in [false, true] {
            let quote = if quoted { "\"" } else { "" };
            let file = format!("id,a\n1,x\n2,{quote}{}{quote}\r\n3,y\n", "z".repeat(bytes));
            let (result, seen, rejects) = read_bytes(file.as_bytes(), false);
            result.unwrap();
            assert_eq!(seen.rows.last().unwrap(), "4:3|y");
            if bytes == FIELD_BYTES_MAX {
                assert_eq!((seen.rows.len(), rejects.total()), (3, 0));
                continue;
            }
            let expected = if bytes > RECORD_BYTES_MAX {
                "the row is over 16777216 bytes".to_owned()
            } else {
                format!("column `a` has {bytes} bytes; the limit is 65536")
            };
            let reject = &rejects.kept()[0];
            assert_eq!((seen.rows.len(), reject.line, reject.reason.to_string()), (2, 3, expected));
            assert_eq!(reject.raw.len(), RAW_BYTES_MAX);
        }
    }
}

#[test]
fn files_that_are_refused() {
    check_error(b"", "`");
    check_error(b"", "is empty: the first line must name the columns");
    check_error(b"\xef\xbb\xbf", "is empty");
    check_error(b"\n\r\n\n", "is empty");
    check_error(b"id,name\n1,x\n", "`data.csv` has no column `record_id`; its columns are `id`, `name`");
    check_error(b"id;record_id\n1;x\n", "is the file separated by semicolons?");
    check_error(b"id\trecord_id\n1\tx\n", "is the file separated by tabs?");
    check_error(b"record_id,a,a\n1,x,y\n", "names the column `a` twice");
    check_error(b"record_id,a\0b\n", "header of");
    check_error(b"record_id,a\n1,x\n2,\"y\n3,z\n", "ends inside quotes that were opened on line 3");
    check_error(b"record_id,\"a\n1,x\n", "ends inside quotes that were opened on line 1");
    check_error(b"record_id,a\n1,x\n2,\"y\"\"", "opened on line 3");
    check_error(b"\xff\xfer\0e\0c\0", "it looks like UTF-16");
    check_error(b"record_id,\x8e\x96\x96\xbc\n1,\x8eR\x93c\n", "it looks like Shift_JIS");
    check_error(b"record_id,name\n1,\x8eR\x93c\n2,\x97\xe9\x96\xd8\n", "it looks like Shift_JIS");
    check_error(b"record_id,name\n1,\xbb\xb3\xc5\xc4\n", "it looks like EUC-JP");
    check_error(b"record_id,name\n1,\x1b$B;3ED\x1b(B\n", "it looks like ISO-2022-JP");
    check_error(b"PK\x03\x04abc", "zip or Excel");
    check_error(b"PAR1 but not really", "as Parquet");
}

#[test]
fn a_quote_that_never_closes_in_a_large_file_names_its_line() {
    let mut file = b"record_id,a\n1,\"never closed\n".to_vec();
    while file.len() < RECORD_BYTES_MAX + 2_000_000 {
        file.extend_from_slice(b"2,x\n");
    }
    check_error(&file, "opened on line 2");
}

#[test]
fn missing_files_and_folders() {
    let folder = crate::testing::folder("missing");
    for path in [folder.join("nothing.csv"), folder.clone()] {
        let mut seen = Seen::default();
        let error = read(&path, &mut seen, &mut RejectLog::new(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, InputError::Io { .. }), "{error}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn refused_rows_are_written_with_their_text() {
    let folder = crate::testing::folder("rejects");
    let (data, refused) = (folder.join("data.csv"), folder.join("rejects.csv"));
    std::fs::write(&data, b"id,a\n1\n2,\"x\"\"y\"\nrefuse,\"x\"\"y\"\n3,\xff\n").unwrap();
    let mut rejects = RejectLog::to_file(&refused).unwrap();
    read(&data, &mut Seen::default(), &mut rejects, &mut |_| {}).unwrap();
    rejects.finish().unwrap();
    let expected = "line,reason,raw\n\
        2,has 1 fields where the header has 2,1\n\
        5,column `a` is not valid UTF-8,\"3,\u{fffd}\"\n\
        4,the record id in column `id` was used by an earlier row,\"refuse,\"\"x\"\"\"\"y\"\"\"\n";
    assert_eq!(std::fs::read_to_string(&refused).unwrap(), expected);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn rows_across_many_blocks_keep_their_lines() {
    let mut file = String::from("id,a\r\n");
    for number in 0..300_000 {
        file.push_str(&match number % 7 {
            0 => format!("{number},\"two\r\nlines\"\r\n"),
            1 => format!("{number},\"say \"\"髙\"\"\"\r\n"),
            _ => format!("{number},山田 {number}\r\n"),
        });
    }
    let (result, seen, _) = read_bytes(file.as_bytes(), false);
    assert_eq!(result.unwrap().rows, 300_000);
    let mut line = 2;
    for (number, row) in seen.rows.iter().enumerate() {
        let value = match number % 7 {
            0 => "two\r\nlines".to_owned(),
            1 => "say \"髙\"".to_owned(),
            _ => format!("山田 {number}"),
        };
        assert_eq!(*row, format!("{line}:{number}|{value}"));
        line += if number % 7 == 0 { 2 } else { 1 };
    }
}

/// Rows as the `csv` crate reads them, for files whose rows all have as many fields as the header.
fn oracle(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    reader.byte_records().map(|row| row.unwrap().iter().map(<[u8]>::to_vec).collect()).collect()
}

proptest! {
    #[test]
    fn good_files_read_as_the_csv_crate_reads_them(
        rows in prop::collection::vec(prop::collection::vec("[a-c\"\\r\\n, 山]{0,6}", 3), 1..30),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        quoting in prop::collection::vec(0..3_u8, 90),
        last in any::<bool>(),
    ) {
        let mut file = String::from("x,y,z");
        file.push_str(end);
        let mut quoting = quoting.into_iter();
        for row in &rows {
            let fields: Vec<String> = row.iter().map(|field| match quoting.next().unwrap() {
                0 => field.replace(['\r', '\n', ',', '"'], ""),
                1 => format!("\"{}\"", field.replace('"', "\"\"")),
                _ => format!("\"{}\"{}", field.replace('"', "\"\""), field.replace(['\r', '\n', ',', '"'], "")),
            }).collect();
            file.push_str(&fields.join(","));
            file.push_str(end);
        }
        if last {
            file.truncate(file.trim_end_matches(['\r', '\n']).len());
        }
        let expected: Vec<String> = oracle(file.as_bytes()).iter().skip(1)
            .map(|row| row.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect::<Vec<_>>().join("|"))
            .collect();
        let (result, seen, rejects) = read_bytes(file.as_bytes(), false);
        prop_assert!(result.is_ok());
        prop_assert_eq!(rejects.total(), 0);
        let rows: Vec<String> = seen.rows.iter().map(|row| row.split_once(':').unwrap().1.to_owned()).collect();
        prop_assert_eq!(rows, expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(
        prop_oneof![4 => prop::sample::select(b"\",\r\n\0 a\xe5\xb1\xb1\xff\x1b$".to_vec()), 1 => any::<u8>()], 0..400))
    {
        let (result, seen, rejects) = read_bytes(&bytes, false);
        if let Ok(report) = result {
            // Nothing is lost: every record after the header is a row or a rejection.
            let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            prop_assert_eq!(report.rows, seen.rows.len() as u64);
            prop_assert_eq!(report.rows + rejects.total() + 1, oracle(body).len() as u64);
        }
    }
}
