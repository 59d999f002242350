//! Placeholders in sources, and the values that fill them.

use pseudo_policy::{Fault, Format, Pipeline, Refusal, Settings};

use crate::text;

fn with(source: &str, root: &str, settings: &[(&str, &str)]) -> Result<Pipeline, Refusal> {
    let text = text("id = \"keep\"")
        .replace("users/*.parquet", source)
        .replace("root = \"raw\"", &format!("root = \"{root}\""));
    Pipeline::parse_with("p.toml", &text, &of(settings))
}

fn of(settings: &[(&str, &str)]) -> Settings {
    let settings = settings.iter();
    settings
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn faults(found: Result<Pipeline, Refusal>) -> Vec<(Fault, usize)> {
    let violations = found.unwrap_err().violations;
    violations.iter().map(|v| (v.fault, v.line)).collect()
}

#[test]
fn values_fill_source_and_root() {
    let settings = [("day", "2026-11-22"), ("store_1", "东/区"), ("_a-b", "...")];
    let source = "{store_1}/{day}/u-{day}{_a-b}*.parquet";
    let pipeline = with(source, "raw/{store_1}", &settings).unwrap();
    let table = pipeline.table("users").unwrap();
    assert_eq!(table.source, "东/区/2026-11-22/u-2026-11-22...*.parquet");
    assert_eq!(
        (table.template.as_str(), table.format),
        (source, Some(Format::Parquet))
    );
    assert_eq!(pipeline.source.root, "raw/东/区");
    assert_eq!(pipeline.source.template, "raw/{store_1}");
    assert!(pipeline.table("owners").is_none());
}

#[test]
fn the_format_is_that_of_the_filled_source() {
    let pipeline = with("users/{file}", "raw", &[("file", "a.parquet")]).unwrap();
    assert_eq!(
        pipeline.tables.first().unwrap().format,
        Some(Format::Parquet)
    );
    let sample = with("users", "{where}", &[("where", "sample:incident")]).unwrap();
    assert_eq!(sample.tables.first().unwrap().format, None);
    let refused = with("users/{file}", "raw", &[("file", "a.txt")]);
    assert_eq!(faults(refused), [(Fault::MissingKey, 21)]);
}

#[test]
fn a_placeholder_without_a_value_is_told_once() {
    let unset = |source: &str, root: &str| faults(with(source, root, &[]));
    let set = Fault::UnsetPlaceholder;
    assert_eq!(unset("{day}/*.parquet", "raw"), [(set, 21)]);
    assert_eq!(unset("{day}/*.parquet", "raw/{day}"), [(set, 7)]);
    assert_eq!(
        unset("{day}/{hour}", "{root}"),
        [(set, 7), (set, 21), (set, 21)]
    );
}

#[test]
fn a_brace_of_no_placeholder_is_refused() {
    for source in [
        "{", "}", "{}", "{day", "day}", "}{", "{{day}}", "{day}}", "{a b}", "{1}", "{-a}", "{日}",
        "{a,b}",
    ] {
        let source = format!("{source}/*.parquet");
        let violations = faults(with(&source, "raw", &[]));
        assert_eq!(violations, [(Fault::BadValue, 21)], "{source}");
    }
    let text = text("id = \"keep\"").replace("root = \"safe\"", "root = \"safe/{day}\"");
    let refusal = Pipeline::parse_with("p.toml", &text, &of(&[("day", "1")]));
    let expected = [(Fault::NoSuchPlaceholder, 1), (Fault::BadValue, 9)];
    assert_eq!(faults(refusal), expected);
}

#[test]
fn a_value_stays_below_its_place() {
    for value in [
        "",
        "/",
        "/etc",
        "..",
        "../up",
        "a/../b",
        "a/..",
        "*",
        "a?",
        "[a]",
        "{day}",
        "a\\b",
        "a\0b",
        "a\nb",
        "\u{1b}[2J",
    ] {
        for source in ["a/{day}/*.parquet", "{day}/{day}.parquet"] {
            let found = with(source, "raw", &[("day", value)]).unwrap_err();
            assert_eq!(faults(Err(found)), [(Fault::BadValue, 21)], "{value:?}");
        }
    }
    for value in [
        "..a", "a..", "a..b", "...", ".", "a/b", "a/", "x=1", "12:00", "日",
    ] {
        assert!(
            with("{day}/*.parquet", "raw", &[("day", value)]).is_ok(),
            "{value}"
        );
    }
}

/// What no value is, two of them may make.
#[test]
fn values_make_no_parent_together() {
    let dots = [("a", "."), ("b", "./etc")];
    for source in [
        "{a}{a}/*.parquet",
        "x/.{a}/*.parquet",
        "{a}{b}/*.parquet",
        "{a}.{b}.parquet",
    ] {
        let used = dots
            .iter()
            .filter(|(name, _)| source.contains(&format!("{{{name}}}")));
        let used: Vec<(&str, &str)> = used.copied().collect();
        let found = with(source, "raw", &used);
        match source {
            "{a}.{b}.parquet" => assert!(found.is_ok()),
            _ => assert_eq!(faults(found), [(Fault::BadValue, 21)], "{source}"),
        }
    }
    // What the file itself says is its author's word.
    let pipeline = with("../{a}/*.parquet", "../raw", &[("a", "x")]).unwrap();
    assert_eq!(pipeline.tables.first().unwrap().source, "../x/*.parquet");
}

#[test]
fn a_value_that_nothing_asks_for_is_refused() {
    let day = ("day", "1");
    let found = with("{day}/*.parquet", "raw", &[day, ("days", "2")]);
    assert_eq!(faults(found), [(Fault::NoSuchPlaceholder, 1)]);
    assert_eq!(
        faults(with("a.parquet", "raw", &[day])),
        [(Fault::NoSuchPlaceholder, 1)]
    );
    // A line that could not be read may hold the placeholder.
    let broken = text("id = \"keep\"").replace("source = \"users", "source = users");
    let refusal = Pipeline::parse_with("p.toml", &broken, &of(&[day])).unwrap_err();
    assert!(refusal.violations.iter().all(|v| v.fault == Fault::Syntax));
}

#[test]
fn refusals_of_placeholders_read_well() {
    let settings = [("day", "../22"), ("hours", "7"), ("a b", "1")];
    let refusal = with("{day}/{hour}-{minute}.parquet", "raw/{day", &settings).unwrap_err();
    let nothing = with("users.parquet", "raw", &[("day", "7")]).unwrap_err();
    let dots = with("{a}{a}/*.parquet", "raw", &[("a", ".")]).unwrap_err();
    insta::assert_snapshot!("placeholders", format!("{refusal}\n{nothing}\n{dots}"));
}

/// What a draft cannot fill is empty in it, and all else is there.
#[test]
fn a_draft_says_what_it_can() {
    let text = text("id = \"keep\"").replace("users/*", "{day}/*");
    let (draft, violations) = Pipeline::draft("p.toml", &text);
    let draft = draft.unwrap();
    let table = draft.tables.first().unwrap();
    assert_eq!((table.source.as_str(), table.columns.len()), ("", 1));
    assert_eq!(table.format, Some(Format::Parquet));
    assert_eq!((draft.sink.root.as_str(), violations.len()), ("safe", 1));
    let (draft, violations) = Pipeline::draft_with("p.toml", &text, &of(&[("day", "1")]));
    assert!(violations.is_empty());
    assert_eq!(
        draft.unwrap(),
        Pipeline::parse_with("p.toml", &text, &of(&[("day", "1")])).unwrap()
    );
}

#[test]
fn no_value_is_repeated() {
    let canary = "11010519491231002X";
    for settings in [
        [("day", "*"), (canary, "1")],
        [("day", "../"), ("other", canary)],
    ] {
        let settings = settings.map(|(name, value)| (name, format!("{value}{canary}")));
        let settings = settings
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let refusal = with("{day}/*.parquet", "raw", &settings).unwrap_err();
        assert_eq!(refusal.violations.len(), 2);
        assert!(!format!("{refusal}{refusal:?}").contains(canary));
    }
}
