//! Names come from files, and files from anywhere: whatever a name says, it is text.

use serde_json::{Value, json};

use crate::page::read;
use crate::sample::{column, manifest, report, run};

const NAMES: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'onmouseover='alert(1)",
    "]]></svg><script>alert(1)</script>",
    "&lt;b&gt;",
    "a`b``c|d",
    "](javascript:alert(1))",
    "姓名 <b>",
    "--></style><script>",
];

/// The run with `name` in every place that takes one.
fn named(name: &str) -> Value {
    let mut run = run();
    for pointer in [
        "/run_id",
        "/recipe/pipeline",
        "/recipe/domain",
        "/recipe/key_check_value",
        "/recipe/quarantine/recipient",
        "/tables/0/table",
        "/tables/0/dropped/0",
        "/tables/0/sources/0/path",
        "/tables/0/outputs/0/path",
        "/tables/0/gate/columns/0/column",
        "/tables/0/gate/columns/0/kinds/0/kind",
        "/tables/0/gate/columns/0/kinds/0/certainty",
        "/tables/0/gate/columns/0/shared/0/identity",
        "/finished",
    ] {
        *run.pointer_mut(pointer).unwrap() = json!(name);
    }
    let rule = format!("token {name}, base32, 128 bits");
    let hostile = column(
        name,
        name,
        &rule,
        Some(name),
        [1_234_000, 0, 0, 456, 300, 4],
    );
    run["tables"][0]["columns"][0] = hostile;
    run["origins"] = json!([{ "run_id": name, "verb": name, "at": name, "reason": name }]);
    run
}

#[test]
fn a_name_is_text_on_the_page() {
    let plain = read(&report(&manifest(run())).html().unwrap());
    let count = |page: &crate::page::Page, name: &str| page.all(name).count();
    for name in NAMES {
        let page = read(&report(&manifest(named(name))).html().unwrap());
        for (element, attributes) in &page.elements {
            assert!(
                !["script", "img", "b"].contains(&element.as_str()),
                "{name}"
            );
            assert!(
                !attributes.keys().any(|key| key.starts_with("on")),
                "{name}"
            );
        }
        assert_eq!(count(&page, "svg"), count(&plain, "svg"), "{name}");
        assert_eq!(page.style, plain.style);
        assert!(page.text.contains(name), "{name} is not told");
    }
}

#[test]
fn a_name_is_text_in_markdown() {
    for name in NAMES {
        let text = report(&manifest(named(name))).markdown().unwrap();
        let mut heads = 0;
        for line in text.lines() {
            if line.starts_with('|') {
                let (cells, _) = cells(line);
                heads = if line.starts_with("|---") {
                    cells
                } else {
                    heads
                };
            }
            // four blanks make a line code, as a whole
            let line = if line.starts_with("    ") { "" } else { line };
            for outside in outside_code(line) {
                let plain = unescaped(&outside);
                assert!(!plain.contains(['<', '[', '`']), "{name}: {line}");
            }
        }
        // all rows of a table have as many cells as its head
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        let mut width = 0;
        for (at, row) in rows.iter().enumerate() {
            let rule = rows
                .get(at + 1)
                .is_some_and(|next| next.starts_with("|---"));
            let (count, whole) = cells(row);
            assert!(whole, "{name}: {row}");
            if rule {
                width = count;
            }
            assert_eq!(count, width, "{name}: {row}");
        }
    }
}

/// The cells of a row of a table, and whether it ends as it should.
fn cells(row: &str) -> (usize, bool) {
    let bars = row.replace("\\|", "").matches('|').count();
    (bars - 1, row.ends_with('|'))
}

/// What of a text is not behind a backslash.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(one) = chars.next() {
        match one {
            '\\' => drop(chars.next()),
            one => plain.push(one),
        }
    }
    plain
}

/// What of a line is not in a code span (CommonMark 6.1), which ends at a run of as many
/// backticks.
fn outside_code(line: &str) -> Vec<String> {
    let mut outside = vec![String::new()];
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let (before, from) = rest.split_at(at);
        if before.ends_with('\\') {
            // a backtick behind a backslash begins nothing
            outside.last_mut().unwrap().push_str(before);
            outside.last_mut().unwrap().push('`');
            rest = from.split_at(1).1;
            continue;
        }
        outside.last_mut().unwrap().push_str(before);
        let fence = from.len() - from.trim_start_matches('`').len();
        let (fence, mut inside) = from.split_at(fence);
        loop {
            let at = inside.find('`').unwrap();
            let from = inside.split_at(at).1;
            let run = from.len() - from.trim_start_matches('`').len();
            inside = from.split_at(run).1;
            if run == fence.len() {
                break;
            }
        }
        outside.push(String::new());
        rest = inside;
    }
    outside.last_mut().unwrap().push_str(rest);
    outside
}

#[test]
fn a_name_is_text_in_json() {
    for name in NAMES {
        let text = report(&manifest(named(name))).json().unwrap();
        assert!(!text.contains(['<', '>', '&']), "{name}");
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["manifest"]["tables"][0]["table"], name);
    }
}

/// One name must not pass for another by what nobody sees.
#[test]
fn what_nobody_sees_is_shown() {
    let name = "a\u{202e}b\u{200b}c\u{7}d\ne";
    let now = manifest(named(name));
    for text in [
        report(&now).html().unwrap(),
        report(&now).markdown().unwrap(),
    ] {
        assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{7}']));
        assert!(text.contains("a\\u{202e}b\\u{200b}c\\u{7}d\\u{a}e"));
    }
}

#[test]
fn a_sink_with_a_blank_is_one_word_of_the_command() {
    let now = manifest(run());
    let mut report = report(&now);
    report.sink = std::path::Path::new("it's here; rm -rf x");
    let page = read(&report.html().unwrap());
    assert!(
        page.text
            .contains(r"pseudo verify 'it'\''s here; rm -rf x'")
    );
}
