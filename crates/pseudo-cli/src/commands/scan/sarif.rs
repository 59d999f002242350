//! A scan as SARIF, which code hosts and editors show.
//!
//! Standard: OASIS SARIF 2.1.0 (sections 3.13 `sarifLog`, 3.14 `run`, 3.27 `result`).

use pseudo_engine::scan::{KINDS, ScanFinding, ScanReport, ScannedFile};
use pseudo_pii::{Certainty, Kind};
use serde_json::{Value, json};

/// The log of one scan.
pub(super) fn log(report: &ScanReport) -> Value {
    let results = report
        .findings()
        .map(|(file, finding)| result(file, finding));
    let notices = report.unread().map(|(file, why)| {
        json!({
            "level": "error",
            "message": { "text": format!("not looked into: {}", why.text) },
            "locations": [{ "physicalLocation": place(file) }],
        })
    });
    let notices: Vec<_> = notices.collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pseudo scan",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": KINDS.map(rule),
            } },
            "invocations": [{
                "executionSuccessful": notices.is_empty(),
                "toolExecutionNotifications": notices,
            }],
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn rule(kind: Kind) -> Value {
    let name = kind.name();
    json!({
        "id": name,
        "shortDescription": { "text": format!("Identifiers of kind `{name}` in clear") },
        "defaultConfiguration": { "level": "error" },
    })
}

fn result(file: &ScannedFile, finding: &ScanFinding) -> Value {
    let level = match finding.certainty {
        Certainty::Suspect => "warning",
        Certainty::Certain => "error",
    };
    let place_name = finding.place.name();
    let column = finding.column.as_deref();
    let of_column = column.map_or(String::new(), |name| format!(" of column `{name}`"));
    let text = format!(
        "{place_name}{of_column}: {} distinct values in {} rows are of kind `{}` ({})",
        finding.values,
        finding.rows,
        finding.kind.name(),
        finding.certainty.name(),
    );
    let mut location = json!({ "physicalLocation": place(file) });
    if let (Some(column), Some(location)) = (column, location.as_object_mut()) {
        let column = json!([{ "name": column, "kind": "member" }]);
        location.insert("logicalLocations".to_owned(), column);
    }
    json!({
        "ruleId": finding.kind.name(),
        "ruleIndex": KINDS.iter().position(|kind| *kind == finding.kind),
        "level": level,
        "message": { "text": text },
        "locations": [location],
        "properties": {
            "place": place_name,
            "certainty": finding.certainty.name(),
            "values": finding.values,
            "rows": finding.rows,
            "of": finding.of,
        },
    })
}

fn place(file: &ScannedFile) -> Value {
    json!({ "artifactLocation": { "uri": uri(&file.path) } })
}

/// A path as a relative reference (RFC 3986), or as one that begins at the root.
fn uri(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_reference() {
        assert_eq!(uri("raw data/客.csv"), "raw%20data/%E5%AE%A2.csv");
        assert_eq!(uri("/srv/a~1:b"), "/srv/a~1%3Ab");
    }
}
