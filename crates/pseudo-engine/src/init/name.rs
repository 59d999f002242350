//! What the name of a column says of it, in English, in Chinese and in the usual abbreviations.
//! Names are compared word by word: `username` is a name, `filename` is none, and `hotel` holds no
//! `tel`. Chinese has no words to split at; there the longer term stands before the shorter.

use pseudo_pii::Kind;

/// What a name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    /// An identifier of a kind.
    Kind(Kind),
    /// The name of somebody, if the table is about people or the values look like it.
    MaybeName,
    /// The day somebody was born.
    Birth,
    /// Something to join or to count by.
    Key,
    /// A postal code.
    Postcode,
    /// A longitude or a latitude.
    Coordinate,
    /// An amount or a count.
    Measure,
}

/// The words of a name, in lower case: split where the letters, their case or their script change.
pub(crate) fn words(name: &str) -> Vec<String> {
    #[derive(Clone, Copy, PartialEq)]
    enum Class {
        Lower,
        Upper,
        Digit,
        Other,
        None,
    }
    let class = |c: char| match c {
        c if c.is_ascii_uppercase() => Class::Upper,
        c if c.is_ascii_lowercase() => Class::Lower,
        c if c.is_ascii_digit() => Class::Digit,
        c if c.is_alphanumeric() => Class::Other,
        _ => Class::None,
    };
    let mut words: Vec<String> = Vec::new();
    let mut before = Class::None;
    for c in name.chars() {
        let now = class(c);
        let begins = match (before, now) {
            (_, Class::None) => false,
            (Class::Upper, Class::Lower) => {
                // of `IDCard` the C begins a word
                let split = words.last_mut().filter(|word| word.len() > 1);
                let first = split.and_then(String::pop);
                words.extend(first.map(String::from));
                false
            }
            (before, now) => before != now,
        };
        if begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (now != Class::None, words.last_mut()) {
            word.extend(c.to_lowercase());
        }
        before = now;
    }
    words
}

/// What the name of a column says; `table` are the words of its table's name.
pub(crate) fn hint(column: &str, table: &[String]) -> Option<Hint> {
    let words = words(column);
    let list: Vec<&str> = words.iter().map(String::as_str).collect();
    if let Some((_, hint)) = CHINESE.iter().find(|(term, _)| column.contains(term)) {
        return Some(*hint);
    }
    let (first, last) = (*list.first()?, *list.last()?);
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| holds(&list, phrase));
    let is_about = ABOUT.contains(&last) || matches!(first, "is" | "has");
    let found = ENGLISH.iter().find(|(_, phrases)| says(phrases));
    if let Some((hint, _)) = found.filter(|_| !is_about) {
        let is_reference = last == "id" && !matches!(hint, Hint::Kind(Kind::CnResidentId));
        return Some(if is_reference { Hint::Key } else { *hint });
    }
    if is_key(&list) {
        return Some(Hint::Key);
    }
    if let Some(hint) = person(&list, table).filter(|_| !is_about) {
        return Some(hint);
    }
    let is_measure = MEASURES.contains(&last) || MEASURE_ENDS.iter().any(|end| last.ends_with(end));
    is_measure.then_some(Hint::Measure)
}

/// Whether the words hold those of a phrase, one behind the other.
fn holds(words: &[&str], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.windows(phrase.len()).any(|part| part == phrase)
}

/// Whether the words end in one for keys; `custkey` is a key, and `userid`.
fn is_key(words: &[&str]) -> bool {
    let Some(last) = words.last() else {
        return false;
    };
    let joined = |end: &str, most: fn(&str) -> bool| last.strip_suffix(end).is_some_and(most);
    KEYS.contains(last)
        || joined("key", |stem| stem.len() > 2)
        || joined("id", |stem| ENTITIES.contains(&stem))
}

/// Whether a word says by itself that something is a key.
pub(super) fn ends_key(word: &str) -> bool {
    KEYS.contains(&word)
}

/// Whether the words are those for the name of a person.
fn person(words: &[&str], table: &[String]) -> Option<Hint> {
    let name = Some(Hint::Kind(Kind::Name));
    let people = is_of_people(table);
    match words {
        [.., word] if NAMES.contains(word) => name,
        [.., qualifier, "name"] if PEOPLE.contains(qualifier) => name,
        ["name"] if people => name,
        ["name"] => Some(Hint::MaybeName),
        // the initial of the table, as in TPC-H
        [initial, "name"] if initial.len() <= 2 && people => name,
        [initial, "name"] if initial.len() <= 2 => Some(Hint::MaybeName),
        [.., word] if SOMEBODY.contains(word) => name,
        [word] if PEOPLE.contains(word) => Some(Hint::MaybeName),
        _ => None,
    }
}

/// Whether a table of that name is about people.
pub(super) fn is_of_people(table: &[String]) -> bool {
    let one = |word: &String| {
        PEOPLE.contains(&singular(word)) || CHINESE_PEOPLE.iter().any(|term| word.contains(term))
    };
    table.last().is_some_and(one)
}

/// The singular of an English plural.
pub(super) fn singular(word: &str) -> &str {
    match word {
        "people" | "persons" => "person",
        _ if word.ends_with("sses") => word.strip_suffix("es").unwrap_or(word),
        _ if word.ends_with("ss") => word,
        _ => word.strip_suffix('s').unwrap_or(word),
    }
}

/// The stem of the name of a key: its words, `custkey` being two, without the initial of the table,
/// and with the table where it is nothing but `id`.
pub(super) fn stem(column: &str, table: &[String]) -> Vec<String> {
    let mut words = words(column);
    if words.len() > 1
        && words
            .first()
            .is_some_and(|word| word.len() == 1 && word.is_ascii())
    {
        words.remove(0);
    }
    if let Some(last) = words.pop() {
        let split = ["key", "id"].into_iter().find_map(|end| {
            let rest = last.strip_suffix(end)?;
            (end == "key" && rest.len() > 2 || ENTITIES.contains(&rest)).then_some((rest, end))
        });
        match split {
            Some((rest, end)) => words.extend([rest.to_owned(), end.to_owned()]),
            None => words.push(last),
        }
    }
    if let ([word], Some(table)) = (words.as_slice(), table.last())
        && KEYS.contains(&word.as_str())
    {
        words.insert(0, singular(table).to_owned());
    }
    words
}

/// The stem without the word that says that it is a key.
pub(super) fn entity(stem: &[String]) -> &[String] {
    match stem.split_last() {
        Some((last, rest)) if !rest.is_empty() && KEYS.contains(&last.as_str()) => rest,
        _ => stem,
    }
}

/// Terms in Chinese column names, the first that is met decides.
const CHINESE: [(&str, Hint); 57] = [
    ("身份证", Hint::Kind(Kind::CnResidentId)),
    ("证件号", Hint::Kind(Kind::CnResidentId)),
    ("公民身份", Hint::Kind(Kind::CnResidentId)),
    ("电子邮件", Hint::Kind(Kind::Email)),
    ("邮箱", Hint::Kind(Kind::Email)),
    ("手机", Hint::Kind(Kind::CnPhone)),
    ("电话", Hint::Kind(Kind::CnPhone)),
    ("联系方式", Hint::Kind(Kind::CnPhone)),
    ("传真", Hint::Kind(Kind::CnPhone)),
    ("车架号", Hint::Kind(Kind::Vin)),
    ("车辆识别", Hint::Kind(Kind::Vin)),
    ("车牌", Hint::Kind(Kind::CnPlate)),
    ("号牌", Hint::Kind(Kind::CnPlate)),
    ("银行卡", Hint::Kind(Kind::BankCard)),
    ("银行账号", Hint::Kind(Kind::BankCard)),
    ("卡号", Hint::Kind(Kind::BankCard)),
    ("信用代码", Hint::Kind(Kind::CnUscc)),
    ("出生", Hint::Birth),
    ("生日", Hint::Birth),
    ("邮编", Hint::Postcode),
    ("邮政编码", Hint::Postcode),
    ("经度", Hint::Coordinate),
    ("纬度", Hint::Coordinate),
    ("编号", Hint::Key),
    ("单号", Hint::Key),
    ("序号", Hint::Key),
    ("用户号", Hint::Key),
    ("客户号", Hint::Key),
    ("工号", Hint::Key),
    ("账号", Hint::Key),
    ("标识", Hint::Key),
    ("数量", Hint::Measure),
    ("金额", Hint::Measure),
    ("价格", Hint::Measure),
    ("售价", Hint::Measure),
    ("工资", Hint::Measure),
    ("薪", Hint::Measure),
    ("收入", Hint::Measure),
    ("余额", Hint::Measure),
    ("里程", Hint::Measure),
    ("年龄", Hint::Measure),
    ("分数", Hint::Measure),
    ("地址", Hint::Kind(Kind::Address)),
    ("住址", Hint::Kind(Kind::Address)),
    ("住所", Hint::Kind(Kind::Address)),
    ("姓名", Hint::Kind(Kind::Name)),
    ("名字", Hint::Kind(Kind::Name)),
    ("昵称", Hint::Kind(Kind::Name)),
    ("车主", Hint::Kind(Kind::Name)),
    ("联系人", Hint::Kind(Kind::Name)),
    ("收货人", Hint::Kind(Kind::Name)),
    ("收件人", Hint::Kind(Kind::Name)),
    ("持卡人", Hint::Kind(Kind::Name)),
    ("借款人", Hint::Kind(Kind::Name)),
    ("担保人", Hint::Kind(Kind::Name)),
    ("法人", Hint::Kind(Kind::Name)),
    ("经办人", Hint::Kind(Kind::Name)),
];

/// Phrases in English and Pinyin column names, the first that is met decides.
const ENGLISH: [(Hint, &[&str]); 11] = [
    (
        Hint::Kind(Kind::Email),
        &["email", "e mail", "mail", "emailaddress"],
    ),
    (
        Hint::Kind(Kind::CnResidentId),
        &[
            "id card",
            "idcard",
            "id no",
            "id number",
            "id num",
            "idno",
            "idnumber",
            "identity no",
            "identity number",
            "identity card",
            "cert no",
            "cert number",
            "certno",
            "resident id",
            "national id",
            "citizen id",
            "sfz",
            "sfzh",
            "sfzhm",
            "zjhm",
        ],
    ),
    (
        Hint::Kind(Kind::CnPhone),
        &[
            "phone",
            "mobile",
            "tel",
            "telephone",
            "cellphone",
            "cell",
            "msisdn",
            "fax",
            "phoneno",
            "mobileno",
            "phonenumber",
            "sjh",
            "sjhm",
            "shouji",
            "dianhua",
            "lxdh",
        ],
    ),
    (
        Hint::Kind(Kind::Vin),
        &[
            "vin",
            "chassis",
            "frame no",
            "frame number",
            "cjh",
            "clsbdh",
        ],
    ),
    (
        Hint::Kind(Kind::CnPlate),
        &[
            "plate",
            "license plate",
            "licence plate",
            "plateno",
            "platenumber",
            "numberplate",
            "cph",
            "cphm",
            "hphm",
        ],
    ),
    (
        Hint::Kind(Kind::BankCard),
        &[
            "bank card",
            "bankcard",
            "card no",
            "card number",
            "card num",
            "cardno",
            "cardnumber",
            "credit card",
            "debit card",
            "bank account",
            "pan",
            "yhkh",
        ],
    ),
    (
        Hint::Kind(Kind::CnUscc),
        &["uscc", "credit code", "tyshxydm"],
    ),
    (
        Hint::Birth,
        &["birth", "birthday", "birthdate", "dob", "born", "csrq"],
    ),
    (
        Hint::Postcode,
        &["postcode", "postal", "zip", "zipcode", "post code"],
    ),
    (
        Hint::Coordinate,
        &["latitude", "longitude", "lat", "lng", "lon"],
    ),
    (
        Hint::Kind(Kind::Address),
        &["address", "addr", "street", "residence", "dizhi"],
    ),
];

/// Words behind an identifier's that make it something about the identifier.
const ABOUT: [&str; 18] = [
    "type", "kind", "status", "flag", "brand", "model", "os", "verified", "count", "level",
    "category", "country", "city", "province", "at", "time", "state", "source",
];

const KEYS: [&str; 16] = [
    "id", "ids", "key", "no", "nr", "num", "number", "code", "uid", "uuid", "guid", "sn", "serial",
    "ref", "openid", "unionid",
];

/// What stands before `id` without a space.
const ENTITIES: [&str; 24] = [
    "user", "cust", "customer", "member", "account", "acct", "client", "owner", "order", "product",
    "item", "device", "session", "employee", "emp", "person", "loan", "car", "vehicle", "dealer",
    "shop", "store", "contact", "party",
];

const NAMES: [&str; 14] = [
    "fullname",
    "realname",
    "surname",
    "firstname",
    "lastname",
    "username",
    "nickname",
    "nick",
    "truename",
    "custname",
    "xm",
    "xingming",
    "forename",
    "patronymic",
];

/// Who can have a name.
const PEOPLE: [&str; 45] = [
    "person",
    "user",
    "customer",
    "cust",
    "client",
    "owner",
    "member",
    "contact",
    "employee",
    "emp",
    "staff",
    "driver",
    "patient",
    "student",
    "teacher",
    "borrower",
    "guarantor",
    "applicant",
    "insured",
    "holder",
    "cardholder",
    "recipient",
    "receiver",
    "consignee",
    "sender",
    "agent",
    "buyer",
    "seller",
    "first",
    "last",
    "full",
    "real",
    "given",
    "family",
    "middle",
    "maiden",
    "nick",
    "legal",
    "representative",
    "spouse",
    "father",
    "mother",
    "subscriber",
    "guest",
    "passenger",
];

/// Who is nobody but a person.
const SOMEBODY: [&str; 12] = [
    "recipient",
    "consignee",
    "addressee",
    "clerk",
    "salesperson",
    "cardholder",
    "borrower",
    "guarantor",
    "beneficiary",
    "cashier",
    "payee",
    "operator",
];

const CHINESE_PEOPLE: [&str; 10] = [
    "用户",
    "客户",
    "车主",
    "员工",
    "会员",
    "联系人",
    "人员",
    "患者",
    "学生",
    "司机",
];

const MEASURES: [&str; 40] = [
    "amount",
    "amt",
    "price",
    "cost",
    "fee",
    "tax",
    "salary",
    "income",
    "wage",
    "balance",
    "bal",
    "qty",
    "quantity",
    "mileage",
    "odometer",
    "total",
    "sum",
    "discount",
    "rate",
    "count",
    "score",
    "age",
    "points",
    "days",
    "months",
    "years",
    "hours",
    "minutes",
    "seconds",
    "weight",
    "height",
    "size",
    "length",
    "width",
    "principal",
    "revenue",
    "profit",
    "value",
    "percent",
    "ratio",
];

const MEASURE_ENDS: [&str; 8] = [
    "price", "cost", "amount", "qty", "balance", "bal", "count", "mileage",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(column: &str, table: &str) -> Option<Hint> {
        hint(column, &words(table))
    }

    #[test]
    fn names_are_split_into_words() {
        let words = |name| words(name).join(" ");
        assert_eq!(words("userPhoneNo"), "user phone no");
        assert_eq!(words("IDCardNo"), "id card no");
        assert_eq!(words("c_name"), "c name");
        assert_eq!(words("PHONE_NUMBER2"), "phone number 2");
        assert_eq!(words("客户phone"), "客户 phone");
        assert_eq!(words("__"), "");
    }

    #[test]
    fn identifiers_are_told_by_their_names() {
        let kinds = [
            ("mobile", Kind::CnPhone),
            ("contactTel", Kind::CnPhone),
            ("车主电话", Kind::CnPhone),
            ("手机号码", Kind::CnPhone),
            ("id_card", Kind::CnResidentId),
            ("borrower_id_number", Kind::CnResidentId),
            ("身份证号", Kind::CnResidentId),
            ("VIN", Kind::Vin),
            ("车架号", Kind::Vin),
            ("licence_plate", Kind::CnPlate),
            ("车牌号", Kind::CnPlate),
            ("EmailAddress", Kind::Email),
            ("邮箱地址", Kind::Email),
            ("bank_card", Kind::BankCard),
            ("银行卡号", Kind::BankCard),
            ("uscc", Kind::CnUscc),
            ("统一社会信用代码", Kind::CnUscc),
            ("home_address", Kind::Address),
            ("收货地址", Kind::Address),
            ("姓名", Kind::Name),
            ("车主", Kind::Name),
            ("customer_name", Kind::Name),
            ("lastName", Kind::Name),
            ("o_clerk", Kind::Name),
        ];
        for (column, kind) in kinds {
            assert_eq!(of(column, "t"), Some(Hint::Kind(kind)), "{column}");
        }
        assert_eq!(of("birth_date", "t"), Some(Hint::Birth));
        assert_eq!(of("出生日期", "t"), Some(Hint::Birth));
    }

    #[test]
    fn a_word_within_another_is_none() {
        for column in [
            "hotel",
            "telemetry",
            "filename",
            "file_name",
            "product_name",
            "dealer_city",
            "driving",
            "phone_type",
            "is_mobile",
            "template",
            "plated",
            "company",
            "grid",
            "paid",
            "n_regions",
        ] {
            assert_eq!(of(column, "t"), None, "{column}");
        }
    }

    #[test]
    fn keys_are_told_and_identifiers_of_records_are_keys() {
        for column in [
            "id",
            "user_id",
            "c_custkey",
            "orderId",
            "userid",
            "address_id",
            "订单编号",
        ] {
            assert_eq!(of(column, "t"), Some(Hint::Key), "{column}");
        }
        assert_eq!(of("name", "users"), Some(Hint::Kind(Kind::Name)));
        assert_eq!(of("c_name", "customer"), Some(Hint::Kind(Kind::Name)));
        assert_eq!(of("name", "products"), Some(Hint::MaybeName));
        assert_eq!(stem("id", &words("users")).join("_"), "user_id");
        assert_eq!(stem("c_custkey", &words("customer")).join("_"), "cust_key");
        let entity = |column: &str| entity(&stem(column, &words("users"))).join("_");
        assert_eq!(entity("user_id"), "user");
        assert_eq!(entity("o_custkey"), "cust");
        assert_eq!(entity("id"), "user");
        assert_eq!(entity("order_no"), "order");
    }
}
