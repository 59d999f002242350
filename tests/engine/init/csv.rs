//! CSV: other delimiters and encodings, files without header, dates as text, large files.

use std::fmt::Write;

use encoding_rs::GB18030;

use super::rules;
use crate::harness::{Sandbox, texts};

#[test]
fn chinese_columns_of_another_encoding_and_delimiter_are_read() {
    let sandbox = Sandbox::new();
    let mut text = String::from("客户编号;姓名;手机号码;车主电话;出生日期;城市;收货地址;备注\n");
    for row in 0..400_u64 {
        let phone = 15_400_000_000 + row * 7_919;
        let city = ["合肥", "上海", "北京"][usize::try_from(row % 3).unwrap()];
        let (month, day) = (row % 12 + 1, row % 28 + 1);
        writeln!(
            text,
            "{};赵{row};{phone};{};19{}-{month:02}-{day:02};{city};人民路{row}号;话{row} 说",
            1_000 + row,
            phone + 1,
            50 + row % 50,
        )
        .unwrap();
    }
    sandbox.text("客户.csv", GB18030.encode(&text).0);
    let draft = sandbox.draft(false).unwrap();
    assert_eq!(
        rules(&draft, "客户"),
        "客户编号 | integer | { token = \"客户编号\" }\n\
         姓名 | name | \"drop\"\n\
         手机号码 | cn-phone | { token = \"phone\" }\n\
         车主电话 | cn-phone | { token = \"phone\" }\n\
         出生日期 |  | { truncate = \"year\" }\n\
         城市 |  | \"keep\"\n\
         收货地址 | address | \"drop\"\n\
         备注 |  | \"drop\"\n"
    );
    assert!(
        draft
            .text
            .contains("delimiter = \";\"\nencoding = \"gb18030\"\n"),
        "{}",
        draft.text
    );
    sandbox.run_draft(&draft).unwrap();
    let years = texts(&sandbox.read("客户"), "出生日期");
    assert_eq!(years[0].as_ref().unwrap()[4..], *"-01-01");
}

#[test]
fn a_file_without_header_does_not_show_its_first_record() {
    let sandbox = Sandbox::new();
    let mut text = String::new();
    for row in 0..400_u64 {
        let segment = [154, 161][usize::try_from(row % 2).unwrap()];
        let phone = segment * 100_000_000 + row * row * 617_411_233 % 99_999_989;
        writeln!(text, "u{row}@example.com,{phone},{}", row % 3).unwrap();
    }
    sandbox.text("people.csv", &text);
    let draft = sandbox.draft(false).unwrap();
    assert!(draft.text.contains("header  = false"), "{}", draft.text);
    assert!(
        !draft.text.contains("15400000000") && !draft.text.contains('@'),
        "{}",
        draft.text
    );
    assert_eq!(
        rules(&draft, "people"),
        "column_1 | email | { token = \"email\" }\n\
         column_2 | cn-phone | { token = \"phone\" }\n\
         column_3 |  | \"keep\"\n"
    );
    sandbox.run_draft(&draft).unwrap();
}

#[test]
fn what_is_not_always_a_date_or_a_number_is_not_declared_as_one() {
    let sandbox = Sandbox::new();
    let mut text = String::from("id,day,ordered_at,price,odd_price,birthday,seen\n");
    for row in 0..200_u64 {
        let day = format!("2022-{:02}-{:02}", row % 12 + 1, row % 28 + 1);
        let odd = if row == 150 {
            "N/A".to_owned()
        } else {
            format!("{row}.25")
        };
        let born = if row == 7 {
            "unknown".to_owned()
        } else {
            day.clone()
        };
        let seen = if row == 9 {
            "N/A".to_owned()
        } else {
            day.clone()
        };
        writeln!(
            text,
            "{row},{day},{day} 08:00:00,{row}.5,{odd},{born},{seen}"
        )
        .unwrap();
    }
    sandbox.text("orders.csv", &text);
    let draft = sandbox.draft(false).unwrap();
    assert_eq!(
        rules(&draft, "orders"),
        "id | integer | { token = \"order\" }\n\
         day |  | \"keep\"\n\
         ordered_at |  | { truncate = \"day\" }\n\
         price |  | \"keep\"\n\
         odd_price |  | \"keep\"\n\
         birthday |  | \"drop\"\n\
         seen |  | { prefix = 10 }\n"
    );
    let types =
        "types   = { day = \"date\", ordered_at = \"timestamp\", price = \"decimal(38,1)\" }";
    assert!(draft.text.contains(types), "{}", draft.text);
    sandbox.run_draft(&draft).unwrap();
}

#[test]
fn of_a_large_file_some_ranges_are_read_whatever_stands_between_quotes() {
    let sandbox = Sandbox::new();
    let mut text = String::from("user_id,phone,note,city\n");
    let mut row = 0_u64;
    while text.len() < 40 << 20 {
        let phone = 15_400_000_000 + row * 7_919 % 99_999_999;
        let note = format!("a line, then\r\nanother, \"\"{row}\"\", {}", "x".repeat(90));
        writeln!(text, "{row},{phone},\"{note}\",c{}", row % 40).unwrap();
        row += 1;
    }
    sandbox.text("users.csv", &text);
    let (some, all) = (sandbox.draft(false).unwrap(), sandbox.draft(true).unwrap());
    assert_eq!(
        (all.tables[0].rows_read, all.tables[0].rows),
        (row, Some(row))
    );
    let read = some.tables[0].rows_read;
    assert!(read > row / 4 && read < row / 2, "{read} of {row}");
    assert_eq!(some.tables[0].rows, None);
    assert_eq!(rules(&some, "users"), rules(&all, "users"));
    assert_eq!(
        rules(&some, "users"),
        "user_id | integer | { token = \"user\" }\n\
         phone | cn-phone | { token = \"phone\" }\n\
         note |  | \"drop\"\n\
         city |  | \"keep\"\n"
    );
}
