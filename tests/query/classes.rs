//! Equivalence classes: tables worked out by hand, every type of column, and laws against a second
//! way to count.

mod laws;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array,
    DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray, NullArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray, UInt8Array,
};
use arrow::datatypes::{Field, Int8Type, Int32Type, i256};
use datafusion::parquet::arrow::ArrowWriter;
use pseudo_engine::risk::{ClassCounter, ClassQuestion, SetRisk, SizeBand, Unit};
use pseudo_query::{Classes, Error};
use tempfile::TempDir;

/// Files of a table.
pub(crate) struct Table {
    _dir: TempDir,
    files: Vec<PathBuf>,
}

/// Asks for the columns by their names.
pub(crate) struct Ask<'a> {
    pub(crate) sets: &'a [&'a str],
    pub(crate) subject: Option<&'a str>,
    pub(crate) sensitive: &'a [&'a str],
    pub(crate) k: u64,
    pub(crate) memory: usize,
}

impl Table {
    /// Writes each batch to a file of its own.
    pub(crate) fn of(batches: &[RecordBatch]) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("表 [a] %20 #")
            .tempdir()
            .unwrap();
        let mut files = Vec::new();
        for (part, batch) in batches.iter().enumerate() {
            files.push(dir.path().join(format!("part {part}'\".parquet")));
            let file = File::create(files.last().unwrap()).unwrap();
            let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
            writer.write(batch).unwrap();
            writer.close().unwrap();
        }
        Self { _dir: dir, files }
    }

    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Result<SetRisk, Error> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (quasi_identifiers, sensitive): (Vec<String>, Vec<String>) =
            (names(ask.sets), names(ask.sensitive));
        Classes.risk(&ClassQuestion {
            files: &self.files,
            quasi_identifiers: &quasi_identifiers,
            subject: ask.subject,
            sensitive: &sensitive,
            k: ask.k,
            memory_bytes_max: ask.memory,
        })
    }

    fn classes(&self, columns: &[&str]) -> (u64, u64) {
        let risk = self.ask(&rows_of(columns)).unwrap();
        (risk.classes, risk.members)
    }
}

pub(crate) fn rows_of<'a>(columns: &'a [&'a str]) -> Ask<'a> {
    Ask {
        sets: columns,
        subject: None,
        sensitive: &[],
        k: 3,
        memory: MEMORY,
    }
}

pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub(crate) fn text(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn all(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

pub(crate) fn near(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-9, "{got} is not {want}");
}

/// Two people of one city and age, three of another, and one alone; in two files.
fn people() -> Table {
    Table::of(&[
        batch(vec![
            ("City", all(&["x", "x", "y"])),
            ("age", Arc::new(Int64Array::from(vec![1, 1, 2]))),
            ("who", all(&["a", "b", "c"])),
            ("status", all(&["ill", "ill", "well"])),
        ]),
        batch(vec![
            ("City", all(&["y", "y", "z"])),
            ("age", Arc::new(Int64Array::from(vec![2, 2, 2]))),
            ("who", all(&["d", "d", "e"])),
            ("status", all(&["ill", "hurt", "ill"])),
        ]),
    ])
}

#[test]
fn rows_are_counted_where_nobody_is_named() {
    let risk = people().ask(&rows_of(&["City", "age"])).unwrap();
    assert_eq!(risk.unit, Unit::Rows);
    assert_eq!((risk.members, risk.classes, risk.k), (6, 3, 1));
    assert_eq!((risk.unique, risk.below, risk.k_wanted), (1, 3, 3));
    let bands = [(1, 1, 1, 1), (2, 2, 1, 2), (3, 4, 1, 3)];
    let bands = bands.map(|(from, to, classes, members)| SizeBand {
        from,
        to,
        classes,
        members,
    });
    assert_eq!(risk.sizes, bands);
    near(risk.risks.prosecutor.highest, 1.0);
    near(risk.risks.prosecutor.average, 0.5);
    near(risk.risks.prosecutor.at_risk, 0.5);
    near(risk.risks.marketer, 0.5);
    assert_eq!(risk.risks.journalist, risk.risks.prosecutor);
}

#[test]
fn a_subject_counts_once_in_each_class() {
    let ask = Ask {
        subject: Some("who"),
        sensitive: &["status"],
        ..rows_of(&["City"])
    };
    let risk = people().ask(&ask).unwrap();
    assert_eq!(risk.unit, Unit::Subjects);
    // x: a and b, y: c and d (in two rows), z: e
    assert_eq!((risk.members, risk.classes, risk.k), (5, 3, 1));
    assert_eq!((risk.unique, risk.below), (1, 5));
    let status = risk.sensitive.first().unwrap();
    // x and z are all ill; y is well, ill and hurt
    assert_eq!((status.l_distinct, status.disclosed), (1, 3));
    near(status.l_entropy, 1.0);
    // of six: ill 4, well 1, hurt 1; in y a third each: half of 1/3 + 1/6 + 1/6; in x ½ (1/3 + 1/3)
    near(status.t, 1.0 / 3.0);
}

#[test]
fn subjects_of_one_row_each_count_as_their_rows_do() {
    let ids: Vec<String> = (0..1000).map(|id| format!("{id:026}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let cities: Vec<&str> = (0..1000)
        .map(|id| if id < 400 { "x" } else { "y" })
        .collect();
    let table = Table::of(&[batch(vec![("id", all(&ids)), ("city", all(&cities))])]);
    let ask = Ask {
        subject: Some("id"),
        ..rows_of(&["city"])
    };
    let risk = table.ask(&ask).unwrap();
    assert_eq!(
        (risk.unit, risk.members, risk.k),
        (Unit::Subjects, 1000, 400)
    );
    // every token is a class of its own
    let risk = table.ask(&rows_of(&["id"])).unwrap();
    assert_eq!((risk.members, risk.unique, risk.k), (1000, 1000, 1));
}

/// The example of Li et al. 2007, 5.2: salaries of 3,000 to 11,000 in three classes.
#[test]
fn t_is_that_of_the_paper() {
    let classes = [(0, [3, 4, 5]), (1, [6, 8, 11]), (2, [7, 9, 10])];
    let class: Vec<i64> = classes.iter().flat_map(|(class, _)| [*class; 3]).collect();
    let salary: Vec<i64> = classes.iter().flat_map(|(_, salaries)| *salaries).collect();
    let decimals = salary.iter().map(|v| i128::from(*v) * 100_000);
    let words = salary.iter().map(|v| format!("{v},000"));
    let decimals = Decimal128Array::from_iter_values(decimals);
    let decimals = decimals.with_precision_and_scale(12, 2).unwrap();
    let table = Table::of(&[batch(vec![
        ("class", Arc::new(Int64Array::from(class))),
        ("salary", Arc::new(Int64Array::from(salary.clone()))),
        ("exact", Arc::new(decimals)),
        ("word", Arc::new(StringArray::from_iter_values(words))),
    ])]);
    let ask = Ask {
        sensitive: &["salary", "exact", "word"],
        ..rows_of(&["class"])
    };
    let risk = table.ask(&ask).unwrap();
    let [salary, exact, word] = risk.sensitive.as_slice() else {
        panic!("three columns");
    };
    assert_eq!(
        (salary.ordered, exact.ordered, word.ordered),
        (true, true, false)
    );
    near(salary.t, 0.375);
    near(exact.t, 0.375);
    // each class has three of nine values: ½ (3 · 2/9 + 6 · 1/9)
    near(word.t, 2.0 / 3.0);
    for column in &risk.sensitive {
        assert_eq!((column.l_distinct, column.disclosed), (3, 0));
        near(column.l_entropy, 3.0);
    }
}

/// The second class of the paper alone against all nine salaries: the others are one class.
#[test]
fn the_other_distance_of_the_paper_is_met_too() {
    let salary: Vec<i64> = vec![6, 3, 4, 8, 5, 11, 7, 9, 10];
    let class = salary
        .iter()
        .map(|salary| i64::from(![6, 8, 11].contains(salary)));
    let class: Vec<i64> = class.collect();
    let table = Table::of(&[batch(vec![
        ("class", Arc::new(Int64Array::from(class))),
        ("salary", Arc::new(Int64Array::from(salary))),
    ])]);
    let ask = Ask {
        sensitive: &["salary"],
        ..rows_of(&["class"])
    };
    // 1/6 = 0.167 for {6, 8, 11}; the other six are nearer to the whole
    near(
        table.ask(&ask).unwrap().sensitive.first().unwrap().t,
        1.0 / 6.0,
    );
}

#[test]
fn null_is_a_value_like_others() {
    let table = Table::of(&[batch(vec![
        ("a", text(&[None, None, Some("x"), Some("x"), Some("")])),
        ("b", text(&[Some("x"), None, None, None, None])),
        ("who", text(&[None, None, None, Some("p"), Some("q")])),
        (
            "n",
            Arc::new(Int64Array::from(vec![
                Some(1),
                Some(2),
                None,
                None,
                Some(3),
            ])),
        ),
        ("none", Arc::new(StringArray::new_null(5))),
    ])]);
    // (NULL, x), (NULL, NULL), (x, NULL) twice, ("", NULL)
    assert_eq!(table.classes(&["a", "b"]), (4, 5));
    assert_eq!(table.classes(&["b"]), (2, 5));
    assert_eq!(table.classes(&["none"]), (1, 5));
    let ask = Ask {
        subject: Some("who"),
        sensitive: &["n", "none"],
        ..rows_of(&["none"])
    };
    let risk = table.ask(&ask).unwrap();
    // nobody, p and q
    assert_eq!((risk.members, risk.k), (3, 3));
    let [number, none] = risk.sensitive.as_slice() else {
        panic!("two columns");
    };
    assert_eq!(
        (number.l_distinct, none.l_distinct, none.disclosed),
        (4, 1, 3)
    );
    near(number.t, 0.0);
    near(none.t, 0.0);
}

/// A column, and how many classes its four rows are.
type Column = (&'static str, ArrayRef, u64);

fn plain_columns() -> Vec<Column> {
    let truths = vec![Some(true), Some(false), None, None];
    let bytes = BinaryArray::from_vec(vec![b"", b"\0", b"\0\0", b""]);
    let floats = Float64Array::from(vec![1.5, -1.5, 1.5, f64::NAN]);
    let at = TimestampMicrosecondArray::from(vec![0, 1, 2, 2]).with_timezone("+08:00");
    let money = Decimal128Array::from(vec![0, 1, i128::from(i64::MAX) << 3, 1]);
    let (zero, one) = (i256::ZERO, i256::ONE);
    vec![
        ("Ünï \"q\" '车'", all(&["a", "a", "b", "c"]), 3),
        ("bool", Arc::new(BooleanArray::from(truths)), 3),
        ("binary", Arc::new(bytes), 3),
        ("u8", Arc::new(UInt8Array::from(vec![0, 255, 1, 0])), 3),
        ("float", Arc::new(floats), 3),
        ("date", Arc::new(Date32Array::from(vec![0, -1, 0, 7])), 3),
        ("at", Arc::new(at), 3),
        ("money", Arc::new(money), 3),
        (
            "large",
            Arc::new(Decimal256Array::from(vec![zero, one, one, zero])),
            2,
        ),
        ("null", Arc::new(NullArray::new(4)), 1),
    ]
}

fn nested_columns() -> Vec<Column> {
    let keyed = [Some("a"), None, Some("a"), Some("b")].into_iter();
    let keyed: DictionaryArray<Int8Type> = keyed.collect();
    let lists = [
        Some(vec![Some(1), None]),
        Some(vec![Some(1), None]),
        Some(vec![]),
        None,
    ];
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    let inner: ArrayRef = Arc::new(Int32Array::from(vec![1, 1, 2, 3]));
    let field = Arc::new(Field::new("i", inner.data_type().clone(), false));
    let nested = StructArray::from(vec![(field, inner)]);
    vec![
        ("SELECT", Arc::new(keyed), 3),
        ("list", Arc::new(list), 3),
        ("struct", Arc::new(nested), 3),
    ]
}

#[test]
fn every_type_of_column_is_told_apart() {
    let columns = [plain_columns(), nested_columns()].concat();
    let table = Table::of(&[batch(
        columns
            .iter()
            .map(|(name, array, _)| (*name, Arc::clone(array)))
            .collect(),
    )]);
    for (name, _, classes) in &columns {
        assert_eq!(table.classes(&[name]), (*classes, 4), "{name}");
    }
    let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
    let ask = Ask {
        sensitive: &names,
        ..rows_of(&names)
    };
    let risk = table.ask(&ask).unwrap();
    assert_eq!((risk.classes, risk.unique), (4, 4));
    let ordered = ["u8", "float", "date", "at", "money"];
    for column in &risk.sensitive {
        assert_eq!(
            column.ordered,
            ordered.contains(&column.column.as_str()),
            "{}",
            column.column
        );
        assert_eq!((column.l_distinct, column.disclosed), (1, 4));
    }
}

#[test]
fn what_is_empty_has_no_classes() {
    let none = batch(vec![("a", text(&[])), ("b", text(&[]))]);
    for table in [Table::of(&[]), Table::of(&[none])] {
        let ask = Ask {
            sensitive: &["b"],
            ..rows_of(&["a"])
        };
        let risk = table.ask(&ask).unwrap();
        assert_eq!(
            (risk.members, risk.classes, risk.k, risk.below),
            (0, 0, 0, 0)
        );
        assert!(risk.sizes.is_empty());
        near(risk.risks.prosecutor.highest, 0.0);
        let column = risk.sensitive.first().unwrap();
        assert_eq!(
            (column.l_distinct, column.l_entropy, column.t),
            (0, 0.0, 0.0)
        );
    }
}

#[test]
fn faults_are_named_without_values() {
    let table = people();
    let missing = table.ask(&rows_of(&["city"])).unwrap_err();
    assert_eq!(missing.to_string(), "there is no column `city`");
    let columns = ["City".to_owned()];
    let damaged = tempfile::NamedTempFile::new().unwrap();
    for (path, reason) in [
        (damaged.path(), "a file of the run is missing or damaged"),
        (Path::new("/nowhere"), "cannot read `/nowhere`"),
    ] {
        let files = [path.to_owned()];
        let question = ClassQuestion {
            files: &files,
            quasi_identifiers: &columns,
            subject: None,
            sensitive: &[],
            k: 2,
            memory_bytes_max: MEMORY,
        };
        assert_eq!(Classes.count(&question).unwrap_err(), reason);
    }
}

/// Subjects with two rows each, in more pairs than the memory holds at once.
#[test]
fn what_does_not_fit_is_counted_in_passes_or_refused() {
    let rows = 200_000_i64;
    let who: Vec<i64> = (0..rows).map(|row| row / 2).collect();
    let city: Vec<i64> = (0..rows).map(|row| row % 100 / 4).collect();
    let status: Vec<i64> = (0..rows).map(|row| row % 3).collect();
    let columns = [("who", who), ("city", city), ("status", status)];
    let columns = columns.into_iter().map(|(name, values)| {
        let array: ArrayRef = Arc::new(Int64Array::from(values));
        (name, array)
    });
    let table = Table::of(&[batch(columns.collect())]);
    let ask = |memory| Ask {
        subject: Some("who"),
        sensitive: &["status"],
        memory,
        ..rows_of(&["city"])
    };
    let whole = table.ask(&ask(MEMORY)).unwrap();
    assert_eq!(
        (whole.members, whole.classes, whole.k),
        (100_000, 25, 4_000)
    );
    assert_eq!(table.ask(&ask(6 << 20)).unwrap(), whole);
    assert!(matches!(table.ask(&ask(64 << 10)), Err(Error::Memory)));
}

pub(crate) const MEMORY: usize = 64 << 20;
