//! A leak in every format, whole and broken.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, FixedSizeBinaryArray, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow::datatypes::Int32Type;
use parquet::arrow::ArrowWriter;
use pseudo_engine::trace::{Class, TraceReport};
use pseudo_token::Encoding;

use super::office::Office;

fn proved(report: &TraceReport) -> Vec<(String, u64)> {
    let made = report.columns.iter().flat_map(|column| &column.made_by);
    made.map(|made| (made.maker.domain.clone(), made.proved))
        .collect()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn a_leak_may_be_json_text_or_packed() {
    let office = Office::published();
    let leak = office.leak("care", &["user_id", "city"], 8);
    let fields = leak
        .lines()
        .skip(1)
        .map(|line| line.split_once(',').unwrap());
    let fields: Vec<(&str, &str)> = fields.collect();
    let object = |(id, city): &(&str, &str)| {
        format!("{{\"who\":{{\"user_id\":\"{id}\"}},\"city\":\"{city}\",\"n\":[1,2]}}")
    };
    let objects: Vec<String> = fields.iter().map(object).collect();
    let said = fields
        .iter()
        .map(|(id, city)| format!("look: {id} lives in {city}!\n"));
    let said: String = said.collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(leak.as_bytes()).unwrap();
    let wide = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xFF, 0xFE].into_iter().chain(units).collect()
    };
    let leaks: [(&str, Vec<u8>); 6] = [
        ("lines of JSON", objects.join("\n").into_bytes()),
        (
            "a list of JSON",
            format!("[{}]", objects.join(",\n")).into_bytes(),
        ),
        ("text", said.into_bytes()),
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::encode_all(leak.as_bytes(), 1).unwrap()),
        ("UTF-16", wide(&leak)),
    ];
    for (what, leak) in leaks {
        let report = office.trace_as(&leak, |_| {}).unwrap();
        assert_eq!(report.rows, 8, "{what}");
        assert_eq!(proved(&report), [("care".to_owned(), 8)], "{what}");
        let can = report.runs.iter().filter(|run| run.can()).count();
        assert_eq!(can, 1, "{what}");
    }
}

#[test]
fn a_leak_may_be_parquet_with_bytes_and_nested_columns() {
    let office = Office::published();
    let leak = office.leak("care", &["user_id"], 8);
    let bytes = leak
        .lines()
        .skip(1)
        .map(|line| Encoding::Base32.decode(line).unwrap());
    let bytes = FixedSizeBinaryArray::try_from_iter(bytes).unwrap();
    let numbers = Int64Array::from_iter_values(0..8);
    let nested = ListArray::from_iter_primitive::<Int32Type, _, _>(
        (0..8).map(|n| Some(vec![Some(n), None])),
    );
    let columns: [(&str, ArrayRef); 3] = [
        ("user_id", Arc::new(bytes)),
        ("n", Arc::new(numbers)),
        ("nested", Arc::new(nested)),
    ];
    let file = parquet(&RecordBatch::try_from_iter(columns).unwrap());
    let report = office.trace_as(&file, |_| {}).unwrap();
    assert_eq!((report.rows, report.columns.len()), (8, 2));
    assert_eq!(proved(&report), [("care".to_owned(), 8)]);
    assert_eq!(report.notes, ["1 nested column were not looked at"]);
    let report = office
        .trace_as(&file, |request| request.rows_max = 3)
        .unwrap();
    assert_eq!(
        (report.rows, proved(&report)),
        (3, vec![("care".to_owned(), 3)])
    );
    assert_eq!(report.notes[0], "only the first 3 rows were looked at");
    for cut in [4, 100, file.len() - 1] {
        let error = office.trace_as(&file[..cut], |_| {}).unwrap_err();
        assert!(
            error.to_string().starts_with("`the sample`: is Parquet: "),
            "{error}"
        );
    }
}

#[test]
fn what_has_no_rows_is_said_and_what_is_no_text_is_passed_over() {
    let office = Office::published();
    for (leak, told) in [
        (&b""[..], "`the sample`: has no rows"),
        (b"\n \n\t\n", "`the sample`: has no rows"),
        (b"user_id,city\n", "`the sample`: has no rows"),
        (b"{}\0", "`the sample`: is neither a table nor a text"),
        (
            b"\x1f\x8b\x08\0",
            "`the sample`: cannot be read: unexpected end of file",
        ),
    ] {
        let error = office.trace_as(leak, |_| {}).unwrap_err();
        assert_eq!(error.to_string(), told);
    }
    let leak = office.leak("sales", &["user_id"], 2);
    let mut broken = b"\xff\xff\x80 \xfe\n".to_vec();
    broken.extend(
        leak.lines()
            .skip(1)
            .flat_map(|line| format!("{line} x\n").into_bytes()),
    );
    let report = office.trace_as(&broken, |_| {}).unwrap();
    assert_eq!(proved(&report), [("sales".to_owned(), 2)]);
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.starts_with("not a text in UTF-8"))
    );

    let chinese = encoding_rs::GB18030
        .encode("city,phone\n北京市,13800000036\n")
        .0
        .into_owned();
    let report = office.trace_as(&chinese, |_| {}).unwrap();
    assert_eq!((report.class, report.notes.len()), (Class::Raw, 0));
}

#[test]
fn a_long_leak_is_looked_at_as_far_as_was_asked() {
    let office = Office::published();
    let leak = office.leak("sales", &["user_id", "city"], 100);
    let report = office
        .trace_as(&leak, |request| request.rows_max = 30)
        .unwrap();
    assert_eq!(
        (report.rows, report.columns[0].made_by[0].matched),
        (30, 30)
    );
    assert_eq!(report.notes, ["only the first 30 rows were looked at"]);
    let exact = office
        .trace_as(&leak, |request| request.rows_max = 100)
        .unwrap();
    assert!(exact.notes.is_empty());
}

#[test]
fn names_that_nobody_knows_are_not_shown() {
    let office = Office::published();
    let batch = [("王小明", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)];
    let file = parquet(&RecordBatch::try_from_iter(batch).unwrap());
    let report = office.trace_as(&file, |_| {}).unwrap();
    assert_eq!(report.columns[0].name, "column 1");
}
