//! A tree of 50 files with identifiers in places that are easily forgotten.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray, RecordBatch, StructArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use pseudo_engine::scan::Place;
use pseudo_pii::Kind;
use pseudo_pii::sample::{bank_card, phone, plate, resident_id, uscc, vin};

use crate::harness::{Sandbox, batch, text_column};

/// Files and directories without a finding.
pub(crate) const CLEAN: usize = 33;

type Planted = Vec<(&'static str, Vec<(Place, Option<&'static str>, Kind)>)>;

const MOBILE: &str = "15412345678";
const MAIL: &str = "wang.wei@example.com";

/// What stands in the tree alone, and must not stand in a report.
pub(crate) fn values() -> Vec<String> {
    let one = |text: &str| text.to_owned();
    let mut values = vec![one(MOBILE), one(MAIL), resident(3), one("15498760000")];
    values.extend((0..40).map(mobile));
    values.extend((0..40).map(resident));
    values
}

/// A mobile, of all segments that samples use.
pub(crate) fn mobile(n: u64) -> String {
    phone(n * 99_991_111).as_str().to_owned()
}

/// A resident number.
fn resident(n: u64) -> String {
    let day = i32::try_from(n * 311 % 15_000).unwrap();
    resident_id(day, n.is_multiple_of(2), 31, n)
        .as_str()
        .to_owned()
}

/// Writes the tree, and answers where something is to be found.
pub(crate) fn tree(sandbox: &Sandbox) -> Planted {
    let mut planted = texts(sandbox);
    planted.extend(parquets(sandbox));
    for n in 0..30 {
        let lines: String = (0..50)
            .map(|row| format!("{row},item {row},{}\n", row * n))
            .collect();
        sandbox.text(
            &format!("clean/{n}/part-{n:05}.csv"),
            format!("id,item,amount\n{lines}"),
        );
    }
    sandbox.text("clean/_SUCCESS", "");
    sandbox.text(
        "clean/.hidden/readme.md",
        "Nothing to see: call extension 1234.\n",
    );
    planted
}

fn texts(sandbox: &Sandbox) -> Planted {
    let people = |sign: &str| -> String {
        let row = |n: u64| format!("{n}{sign}{}{sign}x\n", mobile(n));
        let head = format!("id{sign}phone{sign}note\n");
        (0..40).map(row).fold(head, |text, row| text + &row)
    };
    let json = |n: u64| {
        format!(
            "{{\"id\":{n},\"contacts\":[{{\"card\":\"{}\"}}]}}\n",
            resident(n)
        )
    };
    let ndjson: String = (0..40).map(json).collect();
    let pretty = format!("[\n  {{\n \"owner\": {{ \"mail\": \"{MAIL}\" }}\n }},\n 3\n]\n");
    sandbox.text("nested/a/b/c/d/people.csv.gz", gzip(people(",").as_bytes()));
    sandbox.text("people.tsv", people("\t"));
    sandbox.text("without-extension", people(";"));
    let zstd = zstd::encode_all(ndjson.as_bytes(), 1).unwrap();
    sandbox.text("people.ndjson.zst", zstd);
    sandbox.text("owner.json", pretty);
    let keys: String = (0..3).map(|n| format!("\"{}\":{{}},", mobile(n))).collect();
    sandbox.text("keys.json", format!("{{{keys}\"{MOBILE}\":\"friend\"}}\n"));
    let log = |n: u64| {
        format!(
            "2026-11-22T01:{:02}:00Z INFO user={} ok\n",
            n % 60,
            mobile(n)
        )
    };
    let log: String = (0..60).map(log).collect();
    sandbox.text(".cache/app.log", log.clone());
    sandbox.text(
        "twice.txt.gz.zst",
        zstd::encode_all(&gzip(log.as_bytes())[..], 1).unwrap(),
    );
    sandbox.text(&format!("{MOBILE}.csv"), "id\n1\n");
    sandbox.text(&format!("客户_{}/a.csv", resident(3)), "id\n1\n");
    let mails = format!("id,{MAIL}\n1,x\n");
    sandbox.text("names.csv", mails);
    let column = |name| (Place::Column, Some(name), Kind::CnPhone);
    vec![
        ("people.csv.gz", vec![column("phone")]),
        ("people.tsv", vec![column("phone")]),
        ("without-extension", vec![column("phone")]),
        (
            "people.ndjson.zst",
            vec![(Place::Column, Some("contacts[].card"), Kind::CnResidentId)],
        ),
        (
            "owner.json",
            vec![(Place::Column, Some("[].owner.mail"), Kind::Email)],
        ),
        ("keys.json", vec![(Place::ColumnNames, None, Kind::CnPhone)]),
        (".cache/app.log", vec![(Place::Text, None, Kind::CnPhone)]),
        ("twice.txt.gz.zst", vec![(Place::Text, None, Kind::CnPhone)]),
        (
            "/***********~2.csv",
            vec![(Place::FileName, None, Kind::CnPhone)],
        ),
        ("names.csv", vec![(Place::Column, Some("2"), Kind::Email)]),
    ]
}

fn parquets(sandbox: &Sandbox) -> Planted {
    let plain = WriterProperties::builder;
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40));
    let ids = || batch([("id", Arc::clone(&numbers))]);
    let footer = plain().set_key_value_metadata(Some(vec![KeyValue::new(
        "pandas".to_owned(),
        format!("{{\"creator\": {{\"mobile\": \"{MOBILE}\"}}}}"),
    )]));
    write(sandbox, "footer.parquet", &ids(), footer);
    let field = Field::new("id", DataType::Int64, false);
    let field = field.with_metadata(HashMap::from([("example".to_owned(), resident(3))]));
    let noted = RecordBatch::try_new(
        Arc::new(Schema::new(vec![field])),
        vec![Arc::clone(&numbers)],
    );
    write(sandbox, "arrow-schema.parquet", &noted.unwrap(), plain());
    let named = batch([("15498760000", Arc::clone(&numbers))]);
    write(sandbox, "column-name.parquet", &named, plain());
    sandbox.text("dictionary.parquet", unused_entry());
    sandbox.text("statistics.parquet", stale_statistics());
    kinds(sandbox);
    nested(sandbox);
    let column = |name, kind| (Place::Column, Some(name), kind);
    vec![
        (
            "footer.parquet",
            vec![(Place::Metadata, None, Kind::CnPhone)],
        ),
        (
            "arrow-schema.parquet",
            vec![(Place::Metadata, None, Kind::CnResidentId)],
        ),
        (
            "column-name.parquet",
            vec![(Place::ColumnNames, None, Kind::CnPhone)],
        ),
        (
            "dictionary.parquet",
            vec![(Place::Dictionary, Some("mail"), Kind::Email)],
        ),
        (
            "statistics.parquet",
            vec![(Place::Statistics, Some("id"), Kind::CnResidentId)],
        ),
        (
            "kinds.parquet",
            vec![
                column("phone", Kind::CnPhone),
                column("number", Kind::CnPhone),
                column("float", Kind::CnPhone),
                column("card", Kind::BankCard),
                column("plate", Kind::CnPlate),
                column("uscc", Kind::CnUscc),
                column("vin", Kind::Vin),
                column("keyed", Kind::CnResidentId),
            ],
        ),
        (
            "nested.parquet",
            vec![
                column("person.phones.list.item", Kind::CnPhone),
                column("person.id_number", Kind::CnResidentId),
            ],
        ),
    ]
}

fn kinds(sandbox: &Sandbox) {
    let texts = |of: &dyn Fn(u64) -> String| -> ArrayRef {
        let texts: Vec<String> = (0..200).map(of).collect();
        text_column(texts.iter().map(|text| Some(text.as_str())))
    };
    let number = |n: u64| mobile(n).parse::<i64>().unwrap();
    let keyed: Vec<String> = (0..400).map(|n| resident(n % 7)).collect();
    let keyed: arrow::array::DictionaryArray<Int32Type> =
        keyed[..200].iter().map(String::as_str).collect();
    let floats = arrow::array::Float64Array::from_iter_values((0..200).map(|n| number(n) as f64));
    let columns = batch([
        ("phone", texts(&|n| mobile(n))),
        (
            "number",
            Arc::new(Int64Array::from_iter_values((0..200).map(number))),
        ),
        ("float", Arc::new(floats)),
        ("card", texts(&|n| bank_card(n).as_str().to_owned())),
        ("plate", texts(&|n| plate(n).as_str().to_owned())),
        ("uscc", texts(&|n| uscc(n).as_str().to_owned())),
        ("vin", texts(&|n| vin(n, 1, 2024).as_str().to_owned())),
        ("keyed", Arc::new(keyed)),
    ]);
    let builder = WriterProperties::builder().set_max_row_group_row_count(Some(64));
    write(sandbox, "kinds.parquet", &columns, builder);
}

fn nested(sandbox: &Sandbox) {
    let lists = (0..50_u64).map(|n| (0..n % 3).map(move |k| mobile(n * 3 + k)));
    let mut builder = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    for list in lists {
        for phone in list {
            builder.values().append_value(phone);
        }
        builder.append(true);
    }
    let lists: ListArray = builder.finish();
    let ids: Vec<String> = (0..50).map(resident).collect();
    let person = StructArray::from(vec![
        (
            Arc::new(Field::new(
                "phones",
                arrow::array::Array::data_type(&lists).clone(),
                true,
            )),
            Arc::new(lists) as ArrayRef,
        ),
        (
            Arc::new(Field::new("id_number", DataType::Utf8, true)),
            text_column(ids.iter().map(|id| Some(id.as_str()))),
        ),
    ]);
    let person = batch([("person", Arc::new(person) as ArrayRef)]);
    write(
        sandbox,
        "nested.parquet",
        &person,
        WriterProperties::builder(),
    );
}

/// A dictionary with an entry that no row refers to: the keys of a file are changed after it was
/// written.
fn unused_entry() -> Vec<u8> {
    let mails = ["nobody", MAIL].into_iter().cycle().take(8).map(Some);
    let builder = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None);
    let field = Field::new("mail", DataType::Utf8, false);
    let columns =
        RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![text_column(mails)]);
    let file = bytes(&columns.unwrap(), builder);
    // one bit a key, eight of them packed
    replaced(file, &[1, 3, 0b1010_1010], &[1, 3, 0])
}

/// Statistics with a bound that no row holds, as a writer leaves them that changes rows in place.
fn stale_statistics() -> Vec<u8> {
    let builder = WriterProperties::builder().set_dictionary_enabled(false);
    let old = resident(3);
    let ids = ["zz-1", &old, "zz-2"].into_iter().map(Some);
    let file = bytes(&batch([("id", text_column(ids))]), builder);
    let cell = [&[18, 0, 0, 0], old.as_bytes()].concat();
    let new = [&[18, 0, 0, 0], "zz-345678901234567".as_bytes()].concat();
    replaced(file, &cell, &new)
}

fn replaced(mut file: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = (0..file.len() - from.len())
        .filter(|at| file[*at..].starts_with(from))
        .collect();
    assert_eq!(places.len(), 1);
    file[places[0]..places[0] + to.len()].copy_from_slice(to);
    file
}

/// Parquet with a column of text, a line a row.
pub(crate) fn text_file(lines: &str) -> Vec<u8> {
    let column = text_column(lines.lines().map(Some));
    bytes(&batch([("text", column)]), WriterProperties::builder())
}

pub(crate) fn bytes(columns: &RecordBatch, builder: WriterPropertiesBuilder) -> Vec<u8> {
    let mut file = Vec::new();
    let properties = Some(builder.build());
    let mut writer = ArrowWriter::try_new(&mut file, columns.schema(), properties).unwrap();
    writer.write(columns).unwrap();
    writer.close().unwrap();
    file
}

fn write(sandbox: &Sandbox, name: &str, columns: &RecordBatch, builder: WriterPropertiesBuilder) {
    sandbox.text(name, bytes(columns, builder));
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
