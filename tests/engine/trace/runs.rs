//! Which runs can have held rows: what changed between them tells.

use super::office::Office;

#[test]
fn rows_from_before_a_change_are_not_from_after_it() {
    let office = Office::new();
    let first = office.publish("sales", 0);
    let leak = office.leak("sales", &["user_id", "phone", "city"], 150);
    // one moves, one leaves
    office.write_users(|n| match n {
        12 => "Xi'an",
        40 => "-",
        _ => "",
    });
    let second = office.publish("sales", 10);
    let after = office.leak("sales", &["user_id", "phone", "city"], 149);
    office.write_users(|_| "");
    let third = office.publish("sales", 20);
    let sinks = [office.path("safe-sales")];
    let trace = |leak: &str| {
        office
            .trace_as(leak, |request| request.sinks = &sinks)
            .unwrap()
    };

    let whole: Vec<String> = office
        .rows("sales")
        .num_rows()
        .checked_sub(0)
        .map(|rows| office.leak("sales", &["user_id", "phone", "city"], rows / 2))
        .into_iter()
        .collect();
    assert_eq!(whole.len(), 1);

    let report = trace(&leak);
    let found = report
        .runs
        .iter()
        .map(|run| (run.run_id.as_str(), run.can(), run.held));
    let found: Vec<_> = found.collect();
    let [a, b, c] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((a.0, a.1, a.2), (first.as_str(), true, 150));
    assert_eq!((c.0, c.1, c.2), (third.as_str(), true, 150));
    assert_eq!(b.0, second);
    let run = &report.runs[1];
    assert_eq!(run.held + run.changed + run.absent, 150);
    assert_eq!(run.can(), run.changed + run.absent == 0);
    assert!(report.runs[2].current && !report.runs[0].current);

    let report = trace(&after);
    assert!(report.runs[1].can());
    assert_eq!(report.runs[1].held, 149);
}

#[test]
fn a_row_that_changed_and_a_row_that_left_exclude_a_run() {
    let office = Office::new();
    office.publish("care", 0);
    let all = office.leak("care", &["user_id", "city"], 150);
    let rows = office.rows("care");
    let ids = crate::harness::texts(&rows, "user_id");
    let cities = crate::harness::texts(&rows, "city");
    office.write_users(|n| if n % 2 == 0 { "Xi'an" } else { "" });
    office.publish("care", 10);
    office.write_users(|n| if n < 150 { "-" } else { "" });
    office.publish("care", 20);
    let sinks = [office.path("safe-care")];
    let report = office
        .trace_as(&all, |request| request.sinks = &sinks)
        .unwrap();
    let can: Vec<_> = report.runs.iter().map(|run| run.can()).collect();
    assert_eq!(can, [true, false, false]);
    assert!(report.runs[1].changed > 50 && report.runs[1].absent == 0);
    assert!(report.runs[2].absent > 50 && report.runs[2].changed == 0);
    assert!(report.people.of.unwrap().contains(&report.runs[0].run_id));

    // tokens of two people in one row were never a row of any run
    let crossed = format!(
        "user_id,city\n{},{}\n",
        ids[0].clone().unwrap(),
        ["Beijing", "Shanghai", "Hefei"]
            .into_iter()
            .find(|city| Some(*city) != cities[0].as_deref())
            .unwrap()
    );
    let report = office
        .trace_as(&crossed, |request| request.sinks = &sinks)
        .unwrap();
    assert!(report.runs.iter().all(|run| !run.can()));
    assert_eq!(report.runs[0].changed, 1);
}

#[test]
fn a_run_that_cannot_be_read_is_said_and_the_others_are_told() {
    let office = Office::published();
    let leak = office.leak("sales", &["user_id"], 3);
    let table = office.path("safe-care/current/users");
    for file in std::fs::read_dir(table).unwrap() {
        std::fs::write(file.unwrap().path(), "PAR1 no longer PAR1").unwrap();
    }
    let report = office.trace(&leak);
    let unread: Vec<_> = report
        .runs
        .iter()
        .filter(|run| run.unread.is_some())
        .collect();
    let [run] = unread.as_slice() else {
        panic!("{unread:?}");
    };
    assert_eq!((run.domain.as_str(), run.can()), ("care", false));
    assert!(
        report
            .runs
            .iter()
            .any(|run| run.domain == "sales" && run.can())
    );
}
