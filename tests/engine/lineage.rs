//! Lineage of a run: golden events under a fixed clock, and every event against the shape that
//! OpenLineage 2-0-2 asks for.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use chrono::DateTime;
use pseudo_engine::filter::{FilterCompiler, NoFilters, RowFilter};
use pseudo_engine::lineage::{End, Lineage, Origin};
use pseudo_engine::{Choice, Job, RunOutcome, RunReport};
use serde_json::{Value, json};

use crate::harness::{Sandbox, at, keyring, options};

const TABLE: &str = r#"
[tables.t]
source = "*.csv"
subject = "id"
order = "source"
types = { day = "date" }
[tables.t.columns]
id = { token = "account" }
day = { shift = { days = 30 } }
note = "keep"
gone = "drop"
"#;

const SCHEMA_URL: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.text("a.csv", "id,day,note,gone\n17,2020-02-02,canary,canary\n");
    sandbox
}

fn lineage(sandbox: &Sandbox, second: u32) -> Lineage {
    let sink = sandbox.path("safe");
    let origin = Origin {
        pipeline: "test",
        sink: Some(&sink),
        started: at(second),
        at: DateTime::from_timestamp(1_700_000_000, 0),
    };
    Lineage::new(&sandbox.path("lineage.ndjson"), &origin)
}

fn events(sandbox: &Sandbox) -> Vec<Value> {
    let text = fs::read_to_string(sandbox.path("lineage.ndjson")).unwrap();
    assert!(text.ends_with('\n'));
    assert!(!text.contains("canary"), "a value");
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    events.iter().for_each(valid);
    events
}

/// Runs once, and tells of it.
fn told(sandbox: &Sandbox, second: u32) -> RunReport {
    let job = sandbox.job(TABLE).unwrap();
    let mut lineage = lineage(sandbox, second);
    lineage.start(Some(&job)).unwrap();
    let report = sandbox.run(TABLE, second).unwrap();
    lineage
        .end(at(second + 1), &End::Complete(&report))
        .unwrap();
    report
}

/// What OpenLineage 2-0-2 requires of a run event and of the facets in it.
fn valid(event: &Value) {
    let types = ["START", "COMPLETE", "FAIL", "ABORT"];
    assert!(types.contains(&text(&event["eventType"])));
    DateTime::parse_from_rfc3339(text(&event["eventTime"])).unwrap();
    assert_eq!(event["schemaURL"], SCHEMA_URL);
    uri(&event["producer"]);
    uuid(text(&event["run"]["runId"]));
    facets(
        &event["run"]["facets"],
        &["processing_engine", "nominalTime", "errorMessage"],
    );
    assert_eq!(event["job"]["namespace"], "pseudo");
    assert!(!text(&event["job"]["name"]).is_empty());
    for input in event["inputs"].as_array().unwrap() {
        dataset(input);
        facets(&input["facets"], &["schema", "dataSource"]);
        facets(&input["inputFacets"], &["inputStatistics"]);
    }
    for output in event["outputs"].as_array().unwrap() {
        dataset(output);
        let known = ["schema", "dataSource", "columnLineage", "version"];
        facets(&output["facets"], &known);
        facets(&output["outputFacets"], &["outputStatistics"]);
        let inputs = event["inputs"].as_array().unwrap();
        let lineage = &output["facets"]["columnLineage"];
        let columns = lineage["fields"].as_object().unwrap().values();
        let columns = columns.flat_map(|column| column["inputFields"].as_array().unwrap());
        for from in columns.chain(lineage["dataset"].as_array().into_iter().flatten()) {
            let of = |input: &&Value| {
                let fields = input["facets"]["schema"]["fields"].as_array().unwrap();
                ["namespace", "name"]
                    .iter()
                    .all(|key| from[*key] == input[*key])
                    && fields.iter().any(|field| field["name"] == from["field"])
            };
            assert!(
                inputs.iter().any(|input| of(&input)),
                "{from} is in no input"
            );
            for transformation in from["transformations"].as_array().unwrap() {
                let direct = text(&transformation["type"]) == "DIRECT";
                assert!(direct || transformation["type"] == "INDIRECT");
                let subtypes: &[&str] = if direct {
                    &["IDENTITY", "TRANSFORMATION", "AGGREGATION"]
                } else {
                    &[
                        "JOIN",
                        "GROUP_BY",
                        "FILTER",
                        "SORT",
                        "WINDOW",
                        "CONDITIONAL",
                    ]
                };
                assert!(subtypes.contains(&text(&transformation["subtype"])));
                assert!(transformation["masking"].is_boolean());
            }
        }
    }
}

fn dataset(dataset: &Value) {
    assert!(!text(&dataset["namespace"]).is_empty());
    assert!(!text(&dataset["name"]).is_empty());
    let columns = dataset["facets"]["schema"]["fields"].as_array().unwrap();
    assert!(columns.iter().all(|column| column["name"].is_string()));
    uri(&dataset["facets"]["dataSource"]["uri"]);
}

/// Facets of these names and no others, each with what every facet has.
fn facets(facets: &Value, known: &[&str]) {
    for (name, facet) in facets.as_object().into_iter().flatten() {
        assert!(known.contains(&name.as_str()), "{name}");
        uri(&facet["_producer"]);
        let url = text(&facet["_schemaURL"]);
        let rest = url
            .strip_prefix("https://openlineage.io/spec/facets/")
            .unwrap();
        let (version, rest) = rest.split_once('/').unwrap();
        assert!(
            version.split('-').all(|part| part.parse::<u8>().is_ok()),
            "{url}"
        );
        let (file, pointer) = rest.split_once(".json#/$defs/").unwrap();
        assert_eq!(file, pointer);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A scheme, and no character that a URI has only in percent form.
fn uri(value: &Value) {
    let uri = text(value);
    let (scheme, rest) = uri.split_once(':').unwrap();
    assert!(
        scheme.bytes().all(|byte| byte.is_ascii_lowercase()),
        "{uri}"
    );
    assert!(
        rest.bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte))
    );
}

fn uuid(text: &str) {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12], "{text}");
    let digits = text.replace('-', "");
    assert!(
        digits
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
    assert_eq!(digits.get(12..13), Some("7"), "the version");
    assert!("89ab".contains(digits.get(16..17).unwrap()), "the variant");
}

#[test]
fn a_run_is_told_at_its_start_and_at_its_end() {
    let sandbox = sandbox();
    let report = told(&sandbox, 5);
    let [start, complete] = events(&sandbox).try_into().unwrap();
    assert_eq!(start["eventType"], "START");
    assert_eq!(start["eventTime"], "2027-01-15T08:00:05.000Z");
    assert_eq!(start["run"], complete["run"]);
    assert!(
        text(&start["run"]["runId"]).starts_with("01a3185c-6388-7"),
        "of its moment"
    );
    assert_eq!(
        start["job"],
        json!({ "namespace": "pseudo", "name": "test" })
    );
    assert_eq!(complete["eventType"], "COMPLETE");
    assert_eq!(complete["eventTime"], "2027-01-15T08:00:06.000Z");
    let nominal = &start["run"]["facets"]["nominalTime"]["nominalStartTime"];
    assert_eq!(nominal, "2023-11-14T22:13:20.000Z");

    let input = &complete["inputs"][0];
    let source = sandbox.path("raw/*.csv");
    assert_eq!(input["namespace"], "file");
    assert_eq!(input["name"], source.to_str().unwrap());
    let columns = input["facets"]["schema"]["fields"].clone();
    let typed = |name: &str, data_type: &str| json!({ "name": name, "type": data_type });
    let expected = [
        typed("id", "Utf8"),
        typed("day", "Date32"),
        typed("note", "Utf8"),
        typed("gone", "Utf8"),
    ];
    assert_eq!(columns, json!(expected));
    let read = &input["inputFacets"]["inputStatistics"];
    assert_eq!(
        (&read["rowCount"], &read["fileCount"]),
        (&json!(1), &json!(1))
    );

    let output = &complete["outputs"][0];
    let table = sandbox.path("safe/current/t");
    assert_eq!(output["name"], table.to_str().unwrap());
    let version = &output["facets"]["version"]["datasetVersion"];
    assert_eq!(version, report.manifest.run_id.as_str());
    let written = &output["outputFacets"]["outputStatistics"];
    assert_eq!(written["rowCount"], 1);
    assert_eq!(written["size"], report.manifest.tables[0].outputs[0].bytes);
    assert!(start["outputs"][0].get("outputFacets").is_none());
    assert!(start["outputs"][0]["facets"].get("version").is_none());

    let mode = fs::metadata(sandbox.path("lineage.ndjson"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777 & !0o640, 0, "{mode:o}");
}

#[test]
fn column_lineage_says_what_is_masked() {
    let sandbox = sandbox();
    told(&sandbox, 5);
    let [start, complete] = events(&sandbox).try_into().unwrap();
    let facet = &complete["outputs"][0]["facets"]["columnLineage"];
    assert_eq!(*facet, start["outputs"][0]["facets"]["columnLineage"]);
    let source = sandbox.path("raw/*.csv");
    let from = |field: &str, subtype: &str, description: &str, masking: bool| {
        json!({
            "namespace": "file",
            "name": source.to_str().unwrap(),
            "field": field,
            "transformations": [{
                "type": "DIRECT",
                "subtype": subtype,
                "description": description,
                "masking": masking,
            }],
        })
    };
    let masked = |field: &str, rule: &str| from(field, "TRANSFORMATION", rule, true);
    let shift = "shift by up to 30 days per subject";
    let expected = json!({
        "_producer": concat!("pkg:generic/pseudo@", env!("CARGO_PKG_VERSION")),
        "_schemaURL": "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json\
                       #/$defs/ColumnLineageDatasetFacet",
        "fields": {
            "id": { "inputFields": [masked("id", "token account, base32, 128 bits")] },
            "day": { "inputFields": [masked("day", shift), masked("id", shift)] },
            "note": { "inputFields": [from("note", "IDENTITY", "keep", false)] },
        },
    });
    assert_eq!(*facet, expected);
}

#[test]
fn a_run_with_nothing_to_do_is_complete_and_has_no_statistics() {
    let sandbox = sandbox();
    let first = told(&sandbox, 5);
    assert_eq!(told(&sandbox, 9).outcome, RunOutcome::NothingToDo);
    let [_, _, start, complete] = events(&sandbox).try_into().unwrap();
    assert_eq!(start["run"]["runId"], complete["run"]["runId"]);
    let output = &complete["outputs"][0];
    assert_eq!(
        output["facets"]["version"]["datasetVersion"],
        first.manifest.run_id.as_str()
    );
    assert!(output.get("outputFacets").is_none());
}

#[test]
fn a_failure_is_told_and_so_is_an_abort() {
    let sandbox = sandbox();
    lineage(&sandbox, 1)
        .end(at(2), &End::Fail("a message\nof ours"))
        .unwrap();
    let job = sandbox.job(TABLE).unwrap();
    let mut aborted = lineage(&sandbox, 3);
    aborted.start(Some(&job)).unwrap();
    aborted.end(at(4), &End::Abort).unwrap();
    let [refused, fail, start, abort] = events(&sandbox).try_into().unwrap();
    assert_eq!(
        (&refused["eventType"], &fail["eventType"]),
        (&json!("START"), &json!("FAIL"))
    );
    assert_eq!(refused["run"]["runId"], fail["run"]["runId"]);
    assert_eq!(refused["inputs"], json!([]));
    assert!(refused["run"]["facets"].get("errorMessage").is_none());
    assert_eq!(
        fail["run"]["facets"]["errorMessage"]["message"],
        "a message\nof ours"
    );
    assert_eq!(
        (&start["eventType"], &abort["eventType"]),
        (&json!("START"), &json!("ABORT"))
    );
    assert_eq!(start["inputs"], abort["inputs"]);
    assert_ne!(fail["run"]["runId"], abort["run"]["runId"]);
}

#[test]
fn a_filter_and_a_pattern_with_a_name_are_told() {
    struct Any(Vec<String>);
    impl RowFilter for Any {
        fn columns(&self) -> &[String] {
            &self.0
        }
        fn select(
            &self,
            batch: &arrow::array::RecordBatch,
        ) -> Result<arrow::array::BooleanArray, String> {
            Ok(vec![true; batch.num_rows()].into())
        }
    }
    struct All;
    impl FilterCompiler for All {
        fn compile(
            &self,
            predicate: &str,
            _schema: &arrow::datatypes::Schema,
        ) -> Result<Box<dyn RowFilter>, String> {
            Ok(Box::new(Any(vec![predicate.to_owned()])))
        }
    }
    let sandbox = sandbox();
    let text = TABLE.replace("order =", "filter = \"gone\"\norder =");
    sandbox.job(&text).err().unwrap();
    let job: Job = pseudo_engine::open(&sandbox.path("pipeline.toml"), &All).unwrap();
    lineage(&sandbox, 1).start(Some(&job)).unwrap();
    let [start] = events(&sandbox).try_into().unwrap();
    let filters = &start["outputs"][0]["facets"]["columnLineage"]["dataset"];
    assert_eq!(filters[0]["field"], "gone");
    assert_eq!(filters[0]["transformations"][0]["subtype"], "FILTER");
}

#[test]
fn a_file_that_takes_no_event_is_an_error() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path("lineage.ndjson")).unwrap();
    let error = lineage(&sandbox, 1).start(None).unwrap_err();
    assert_eq!(error.exit_code(), 1);
}

#[test]
fn an_embedded_sample_is_a_dataset_too() {
    let sandbox = sandbox();
    let text = TABLE.replace("*.csv", "users/*.parquet");
    sandbox.job(&text).err().unwrap();
    let path = sandbox.path("pipeline.toml");
    let pipeline = fs::read_to_string(&path).unwrap();
    let (head, _) = pipeline.split_once("[tables.t]").unwrap();
    let table = "[tables.t]\nsource = \"users/*.parquet\"\nunlisted = \"drop\"\n\
                 [tables.t.columns]\nuser_id = { token = \"account\" }\n";
    let head = head.replace("\"raw\"", "\"sample:incident?scale=0.001&seed=1\"");
    fs::write(&path, format!("{head}{table}")).unwrap();
    let job = pseudo_engine::open(&path, &NoFilters).unwrap();
    lineage(&sandbox, 1).start(Some(&job)).unwrap();
    let [start] = events(&sandbox).try_into().unwrap();
    let input = &start["inputs"][0];
    assert_eq!(input["namespace"], "sample");
    assert_eq!(
        input["name"],
        "sample:incident?scale=0.001&seed=1/users/*.parquet"
    );
}

#[test]
fn a_root_with_a_placeholder_is_the_same_dataset_every_day() {
    let sandbox = sandbox();
    let row = "id,day,note,gone\n17,2020-02-02,canary,canary\n";
    let path = sandbox.path("pipeline.toml");
    let names = ["05-01", "05-02"].map(|day| {
        sandbox.text(&format!("{day}/a.csv"), row);
        sandbox.job(TABLE).unwrap();
        let pipeline = fs::read_to_string(&path).unwrap();
        fs::write(&path, pipeline.replace("\"raw\"", "\"raw/{day}\"")).unwrap();
        let choice = Choice {
            settings: [("day".to_owned(), day.to_owned())].into(),
            ..Choice::default()
        };
        let job = pseudo_engine::open_with(&path, &NoFilters, &choice).unwrap();
        lineage(&sandbox, 1).start(Some(&job)).unwrap();
        let input = events(&sandbox).pop().unwrap()["inputs"][0].clone();
        let uri = &input["facets"]["dataSource"]["uri"];
        assert!(text(uri).ends_with(&format!("/raw/{day}")), "{uri}");
        input["name"].clone()
    });
    assert!(text(&names[0]).ends_with("/raw/{day}/*.csv"), "{names:?}");
    assert_eq!(names[0], names[1]);
}

#[test]
fn of_some_tables_each_is_told_its_own_numbers() {
    let tables = format!("{TABLE}{}", TABLE.replace("[tables.t", "[tables.u"));
    let tables = tables
        .replacen("*.csv", "a.csv", 1)
        .replace("*.csv", "b.csv");
    let sandbox = sandbox();
    let rows = "17,2020-02-02,canary,canary\n".repeat(3);
    sandbox.text("b.csv", format!("id,day,note,gone\n{rows}"));
    sandbox.run(&tables, 0).unwrap();
    sandbox.text("b.csv", format!("id,day,note,gone\n{rows}{rows}"));
    let choice = Choice {
        tables: vec!["u".to_owned()],
        ..Choice::default()
    };
    let path = sandbox.path("pipeline.toml");
    let job = pseudo_engine::open_with(&path, &NoFilters, &choice).unwrap();
    let mut lineage = lineage(&sandbox, 2);
    lineage.start(Some(&job)).unwrap();
    let clock = || at(3);
    let options = options(2, &clock);
    let report = pseudo_engine::run(&job, keyring(), &options).unwrap();
    assert_eq!(report.manifest.tables.len(), 2);
    lineage.end(at(3), &End::Complete(&report)).unwrap();
    let events = events(&sandbox);
    let outputs = events[1]["outputs"].as_array().unwrap();
    assert_eq!(outputs.len(), 1);
    assert!(text(&outputs[0]["name"]).ends_with("/u"));
    assert_eq!(
        outputs[0]["outputFacets"]["outputStatistics"]["rowCount"],
        6
    );
    assert_eq!(
        events[1]["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"],
        6
    );
}
