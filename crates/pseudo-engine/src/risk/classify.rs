//! What the columns of a published table are to somebody who looks for people: by their rules, and
//! by their names in English and Chinese.

use super::ColumnClass;
use crate::init::name::{Hint, hint, words};
use crate::manifest::{ColumnManifest, TableManifest};

/// The class of each column, in the order of the manifest.
#[must_use]
pub fn classify(table: &TableManifest) -> Vec<ColumnClass> {
    let about = words(&table.table);
    table.columns.iter().map(|one| class(one, &about)).collect()
}

/// The first word of a column's rule, as `token`.
#[must_use]
pub fn rule(column: &ColumnManifest) -> &str {
    let end = |c: char| !c.is_ascii_alphanumeric();
    column.action.split(end).next().unwrap_or_default()
}

fn class(column: &ColumnManifest, about: &[String]) -> ColumnClass {
    let words = words(&column.column);
    let says = |english: &[&str], chinese: &[&str]| {
        let one = |word: &String| english.contains(&word.as_str());
        words.iter().any(one) || chinese.iter().any(|term| column.column.contains(term))
    };
    match rule(column) {
        "token" | "seal" | "fpe" => ColumnClass::Pseudonym,
        "constant" | "null" => ColumnClass::Other,
        _ if says(&SENSITIVE, &SENSITIVE_CHINESE) => ColumnClass::Sensitive,
        // What had to be made coarser can be known of somebody.
        "keep" | "map" => {
            let place = matches!(
                hint(&column.column, about),
                Some(Hint::Birth | Hint::Postcode | Hint::Coordinate | Hint::Kind(_))
            );
            let is_time =
                column.data_type.starts_with("Date") || column.data_type.starts_with("Timestamp");
            if place || is_time || says(&KNOWN, &KNOWN_CHINESE) {
                ColumnClass::QuasiIdentifier
            } else {
                ColumnClass::Other
            }
        }
        _ => ColumnClass::QuasiIdentifier,
    }
}

/// Words for what may be known of somebody.
const KNOWN: [&str; 33] = [
    "age",
    "sex",
    "gender",
    "born",
    "city",
    "town",
    "county",
    "district",
    "province",
    "state",
    "region",
    "country",
    "nation",
    "nationality",
    "race",
    "ethnicity",
    "religion",
    "zip",
    "postcode",
    "model",
    "maker",
    "brand",
    "plant",
    "colour",
    "color",
    "title",
    "department",
    "occupation",
    "job",
    "education",
    "marital",
    "school",
    "employer",
];

const KNOWN_CHINESE: [&str; 16] = [
    "性别", "年龄", "城市", "省", "区县", "籍贯", "民族", "国籍", "学历", "职业", "职务", "部门",
    "婚姻", "车型", "品牌", "日期",
];

/// Words for what nobody should learn of somebody.
const SENSITIVE: [&str; 34] = [
    "salary",
    "income",
    "wage",
    "wages",
    "pay",
    "bonus",
    "principal",
    "loan",
    "debt",
    "credit",
    "balance",
    "rate",
    "bank",
    "status",
    "overdue",
    "default",
    "score",
    "rating",
    "risk",
    "diagnosis",
    "disease",
    "health",
    "medical",
    "drug",
    "treatment",
    "condition",
    "crime",
    "conviction",
    "union",
    "party",
    "politics",
    "religious",
    "orientation",
    "biometric",
];

const SENSITIVE_CHINESE: [&str; 18] = [
    "工资", "薪", "收入", "奖金", "贷款", "本金", "债", "信用", "余额", "利率", "银行", "状态",
    "逾期", "评分", "疾病", "诊断", "健康", "病",
];
