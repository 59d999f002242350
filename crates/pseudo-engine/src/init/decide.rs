//! A rule for every column, with the reason for it: counts and kinds, never a value.

use std::collections::{BTreeMap, BTreeSet};

use arrow::datatypes::DataType;
use pseudo_pii::Kind;
use pseudo_policy::toml_text;

use super::find::plain;
use super::nature::{self, Form, Nature, Why};
use super::profile::{Column, Profile};
use super::relate::{self, Group, Place};
use super::spelling::Written;
use super::{DraftColumn, DraftTable, apart, name};
use crate::thousands;

/// What is proposed.
pub(super) struct Decided {
    pub(super) tables: Vec<DraftTable>,
    /// By name.
    pub(super) identities: BTreeMap<String, Shared>,
}

/// An identity that is proposed.
pub(super) struct Shared {
    pub(super) kind: Kind,
    /// Its columns, with their tables.
    pub(super) columns: Vec<String>,
    /// Columns of amounts and counts that end where it does.
    pub(super) unrelated: Vec<String>,
}

impl Shared {
    const fn new(kind: Kind, columns: Vec<String>) -> Self {
        Self {
            kind,
            columns,
            unrelated: Vec::new(),
        }
    }
}

/// Proposes rules for tables.
pub(super) fn decide(profiles: &[Profile]) -> Decided {
    let nature = |profile: &Profile| -> Vec<Nature> {
        let words = name::words(&profile.name);
        let columns = profile.columns.iter();
        columns
            .map(|column| nature::of(column, &words, profile.csv.is_some()))
            .collect()
    };
    let natures: Vec<Vec<Nature>> = profiles.iter().map(nature).collect();
    let at = |(table, index): Place| natures.get(table).and_then(|of| of.get(index)).copied();
    let groups = relate::groups(profiles, &|place| at(place) == Some(Nature::Key));
    let mut decider = Decider {
        profiles,
        natures: &natures,
        keys: BTreeMap::new(),
        identities: BTreeMap::new(),
        taken: BTreeSet::new(),
    };
    decider.name_kinds();
    decider.name_keys(&groups);
    let tables = (0..profiles.len())
        .filter_map(|table| decider.table(table, &groups))
        .collect();
    decider.set_apart();
    Decided {
        tables,
        identities: decider.identities,
    }
}

struct Decider<'a> {
    profiles: &'a [Profile],
    natures: &'a [Vec<Nature>],
    /// The identity of each key, and the columns that share it.
    keys: BTreeMap<Place, (String, Vec<Place>)>,
    identities: BTreeMap<String, Shared>,
    taken: BTreeSet<String>,
}

impl Decider<'_> {
    fn natures(&self) -> impl Iterator<Item = (Place, Nature)> {
        let tables = self.natures.iter().enumerate();
        tables.flat_map(|(table, natures)| {
            let columns = natures.iter().enumerate();
            columns.map(move |(index, nature)| ((table, index), *nature))
        })
    }

    /// The identities of kinds: one for all columns of a kind, so that they join.
    fn name_kinds(&mut self) {
        let mut found: Vec<(&str, Kind, String)> = Vec::new();
        for (place, nature) in self.natures() {
            if let Nature::Identifier(kind, _) = nature
                && let Some(name) = identity(kind)
            {
                found.push((name, kind, self.full(place)));
            }
        }
        for (name, kind, column) in found {
            self.taken.insert(name.to_owned());
            let identity = self.identities.entry(name.to_owned());
            let shared = identity.or_insert_with(|| Shared::new(kind, Vec::new()));
            shared.columns.push(column);
        }
    }

    /// The identities of keys: one for all columns that share values, one for each other column.
    fn name_keys(&mut self, groups: &[Group]) {
        for group in groups {
            let columns = group.places.iter().filter_map(|place| self.column(*place));
            // a key of few values that nothing joins with is a category
            if columns
                .into_iter()
                .all(|column| column.is_category(nature::KEYS_FEW))
            {
                continue;
            }
            let kind = match group.is_integer {
                true => Kind::Integer,
                false => self.key_kind(&group.places),
            };
            self.name_key(&group.name, kind, &group.places);
        }
        let codes: Vec<Place> = self
            .natures()
            .filter(|(_, nature)| *nature == Nature::Code)
            .map(|(place, _)| place)
            .collect();
        for place in codes {
            let Some(column) = self.column(place) else {
                continue;
            };
            let is_integer = relate::is_integer(column);
            let kind = if is_integer {
                Kind::Integer
            } else {
                Kind::Text
            };
            let name = plain(&column.name, "code");
            self.name_key(&name, kind, &[place]);
        }
    }

    fn key_kind(&self, places: &[Place]) -> Kind {
        let mut columns = places.iter().filter_map(|place| self.column(*place));
        let is_bytes = |column: &Column| matches!(column.data_type, DataType::FixedSizeBinary(_));
        if columns.any(is_bytes) {
            Kind::Exact
        } else {
            Kind::Text
        }
    }

    fn name_key(&mut self, name: &str, kind: Kind, places: &[Place]) {
        let numbered = (2_u32..).map(|number| format!("{name}_{number}"));
        let names = [name.to_owned(), format!("{name}_key")].into_iter();
        let Some(name) = names
            .chain(numbered)
            .find(|name| !self.taken.contains(name))
        else {
            return;
        };
        self.taken.insert(name.clone());
        let columns = places.iter().map(|place| self.full(*place)).collect();
        self.identities
            .insert(name.clone(), Shared::new(kind, columns));
        for place in places {
            self.keys.insert(*place, (name.clone(), places.to_vec()));
        }
    }

    /// Says of amounts and counts that end where keys do that they are no keys.
    fn set_apart(&mut self) {
        let keys = self.keys.iter();
        let bounds = apart::bounds(
            self.profiles,
            keys.map(|(place, (identity, _))| (place, identity.as_str())),
        );
        let numbers: Vec<Place> = self
            .natures()
            .filter(|(_, nature)| *nature == Nature::Number)
            .map(|(place, _)| place)
            .collect();
        for place in numbers {
            let (Some(column), name) = (self.column(place), self.full(place)) else {
                continue;
            };
            if is_unlisted(&column.name) || column.name.contains(char::is_control) {
                continue;
            }
            let near = bounds.iter();
            let near = near.filter(|(_, bounds)| apart::ends_with(column, **bounds));
            let near: Vec<&String> = near.map(|(identity, _)| identity).collect();
            for identity in near {
                let shared = self.identities.get_mut(identity);
                if let Some(shared) = shared.filter(|shared| shared.kind == Kind::Integer) {
                    shared.unrelated.push(name.clone());
                }
            }
        }
    }

    fn column(&self, (table, index): Place) -> Option<&Column> {
        self.profiles.get(table)?.columns.get(index)
    }

    /// Table and column.
    fn full(&self, place: Place) -> String {
        let table = self
            .profiles
            .get(place.0)
            .map_or("", |profile| profile.name.as_str());
        let column = self.column(place).map_or("", |column| column.name.as_str());
        let name = format!("{table}.{column}");
        // in a comment it must not end the line
        name.chars().filter(|c| !c.is_control()).collect()
    }

    fn table(&self, table: usize, groups: &[Group]) -> Option<DraftTable> {
        let profile = self.profiles.get(table)?;
        let mut draft = DraftTable {
            name: profile.name.clone(),
            source: profile.source.clone(),
            rows_read: profile.rows_read,
            rows: profile.rows,
            subject: self.subject(table, groups),
            types: BTreeMap::new(),
            csv: profile.csv.clone(),
            unlisted: false,
            columns: Vec::new(),
        };
        let mut written: BTreeSet<String> = profile
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        for (index, column) in profile.columns.iter().enumerate() {
            let nature = *self.natures.get(table)?.get(index)?;
            if is_unlisted(&column.name) {
                draft.unlisted = true;
                continue;
            }
            if let (Nature::Birth(Form::Typed(form)) | Nature::Moment(Form::Typed(form)), true) =
                (nature, profile.csv.is_some())
            {
                let word = if form == Written::Dates {
                    "date"
                } else {
                    "timestamp"
                };
                draft.types.insert(column.name.clone(), word.to_owned());
            }
            if let (Nature::Number, true) = (nature, profile.csv.is_some() && column.blanks == 0) {
                let word = match column.spelling.written() {
                    Some(Written::Integers) => Some("integer".to_owned()),
                    Some(Written::Decimals(scale)) => Some(format!("decimal(38,{scale})")),
                    _ => None,
                };
                draft
                    .types
                    .extend(word.map(|word| (column.name.clone(), word)));
            }
            let decided = self.column_rule((table, index), column, nature, &mut written);
            draft.columns.push(decided);
        }
        Some(draft)
    }

    fn column_rule(
        &self,
        place: Place,
        column: &Column,
        nature: Nature,
        written: &mut BTreeSet<String>,
    ) -> DraftColumn {
        let (mut kind, mut named) = (None, None);
        let (rule, reason) = match nature {
            Nature::Identifier(of, why) => {
                kind = Some(of);
                named = identity(of).map(str::to_owned);
                (identifier(column, of, written), because(column, of, why))
            }
            Nature::Key | Nature::Code => match self.keys.get(&place) {
                Some((identity, places)) => {
                    kind = self.identities.get(identity).map(|shared| shared.kind);
                    named = Some(identity.clone());
                    (
                        token(identity),
                        self.key_reason(place, column, nature, places),
                    )
                }
                None => category(column),
            },
            other => plain_rule(column, other),
        };
        DraftColumn {
            column: column.name.clone(),
            kind,
            identity: named,
            rule,
            reason,
        }
    }

    fn key_reason(
        &self,
        place: Place,
        column: &Column,
        nature: Nature,
        places: &[Place],
    ) -> String {
        let values = distinct(column);
        let others = places.iter().filter(|other| **other != place);
        let others: Vec<String> = others.map(|other| self.full(*other)).collect();
        match (others.as_slice(), nature) {
            ([], Nature::Code) => format!("unknown codes, {values}: a token counts them"),
            ([], _) => format!("a key by its name, {values}"),
            ([one], _) => format!("a key, {values}; shared with {one}"),
            ([one, rest @ ..], _) => {
                format!("a key, {values}; shared with {one} and {} more", rest.len())
            }
        }
    }

    /// The column that says whom a row is about: a key that leads to another table of people, else
    /// the table's own key where it is one of people.
    fn subject(&self, table: usize, groups: &[Group]) -> Option<String> {
        let leads = self.of_table(table, groups);
        let mut leads = leads.filter(|group| self.leads_to_people(table, group, groups));
        let is_home = |group: &&Group| group.home.0 == table && self.is_of_people(table);
        let own = || self.of_table(table, groups).find(is_home);
        let found = leads.next().or_else(own);
        let place = found.and_then(|group| group.places.iter().find(|place| place.0 == table));
        let place = place.copied().or_else(|| self.person_column(table));
        place
            .and_then(|place| self.column(place))
            .map(|column| column.name.clone())
    }

    /// The keys of a table.
    fn of_table<'g>(&self, table: usize, groups: &'g [Group]) -> impl Iterator<Item = &'g Group> {
        groups.iter().filter(move |group| {
            let is_key = group
                .places
                .first()
                .is_some_and(|place| self.keys.contains_key(place));
            is_key && group.places.iter().any(|place| place.0 == table)
        })
    }

    /// Whether a key of a table leads to another one of people: to one that is called so, or that
    /// holds what is theirs and leads to no other.
    fn leads_to_people(&self, table: usize, group: &Group, groups: &[Group]) -> bool {
        let home = group.home.0;
        if home == table || !self.is_of_people(home) {
            return false;
        }
        let mut onward = self
            .of_table(home, groups)
            .filter(|next| next.home.0 != home);
        self.is_called_people(home) || !onward.any(|next| self.is_called_people(next.home.0))
    }

    fn is_called_people(&self, table: usize) -> bool {
        let profile = self.profiles.get(table);
        profile.is_some_and(|profile| name::is_of_people(&name::words(&profile.name)))
    }

    /// The column that names people best, where no key does.
    fn person_column(&self, table: usize) -> Option<Place> {
        let natures = self.natures.get(table)?;
        let of = |kind: Kind| {
            let is = |nature: &Nature| matches!(nature, Nature::Identifier(of, _) if *of == kind);
            natures.iter().position(is).map(|index| (table, index))
        };
        of(Kind::CnResidentId)
            .or_else(|| of(Kind::CnPhone))
            .or_else(|| of(Kind::Email))
    }

    fn is_of_people(&self, table: usize) -> bool {
        let mut natures = self.natures.get(table).into_iter().flatten();
        let holds = natures.any(|nature| match nature {
            Nature::Identifier(kind, _) => {
                matches!(kind, Kind::CnResidentId | Kind::CnPhone | Kind::Email)
            }
            Nature::Birth(_) => true,
            _ => false,
        });
        holds || self.is_called_people(table)
    }
}

/// Whether no rule can name a column of that name.
fn is_unlisted(name: &str) -> bool {
    name.is_empty() || name.contains('*') || name.contains("[]")
}

/// What the identity of a kind is called; none of a kind that nothing joins by.
fn identity(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::CnResidentId => Some("person"),
        Kind::CnPhone => Some("phone"),
        Kind::Vin => Some("vehicle"),
        Kind::Email => Some("email"),
        Kind::CnPlate => Some("plate"),
        Kind::BankCard => Some("bank_card"),
        Kind::CnUscc => Some("organisation"),
        Kind::Exact | Kind::Text | Kind::Integer | Kind::Name | Kind::Address => None,
    }
}

fn token(identity: &str) -> String {
    format!("{{ token = {} }}", toml_text(identity))
}

/// The rule of a column of identifiers.
fn identifier(column: &Column, kind: Kind, written: &mut BTreeSet<String>) -> String {
    let Some(identity) = identity(kind) else {
        return DROP.to_owned();
    };
    let token = token(identity);
    let has_parts = nature::is_text(&column.data_type) || column.data_type.is_integer();
    if kind != Kind::CnResidentId || !has_parts {
        return token;
    }
    let mut free = |part: &str| {
        let own = format!("{}_{part}", column.name);
        let name = if written.contains(part) {
            own
        } else {
            part.to_owned()
        };
        written.insert(name.clone()).then_some(name)
    };
    let mut rules = vec![token];
    for (part, to) in [("birth-year", free("birth_year")), ("sex", free("sex"))] {
        let to = to.map(|to| toml_text(&to));
        rules.extend(to.map(|to| format!("{{ derive = \"{part}\", to = {to} }}")));
    }
    format!("[ {} ]", rules.join(",\n"))
}

fn because(column: &Column, kind: Kind, why: Why) -> String {
    let name = kind.name();
    match (why, kind) {
        (Why::Name, Kind::Name) => {
            "the name of somebody, by the column's: nothing joins by it".into()
        }
        (Why::Name, Kind::Address) => "an address, by its name: the tail finds a door".into(),
        (Why::Name, _) if column.values == 0 => format!("{name} by its name; no value was seen"),
        (Why::Name, Kind::CnPhone) => {
            format!(
                "phones by name and form; {}, few of them Chinese mobiles",
                distinct(column)
            )
        }
        (Why::Name, _) => format!(
            "{name} by its name, and by the form of {}",
            distinct(column)
        ),
        (Why::Values(found), _) => {
            let (values, of) = (thousands(found.values), thousands(found.of));
            format!("{name}: {values} of {of} values looked at")
        }
    }
}

/// The rule of a column that holds no identifiers and no keys.
fn plain_rule(column: &Column, nature: Nature) -> (String, String) {
    let of = |rule: &str, reason: String| (rule.to_owned(), reason);
    let seen = || distinct(column);
    match nature {
        Nature::Nested => of(DROP, "nested, and no rule looks inside".into()),
        Nature::Empty => of(DROP, "no value was seen".into()),
        Nature::Holds(found) => {
            let (values, of_all) = (thousands(found.values), thousands(found.of));
            let (kind, sure) = (found.kind.name(), found.certainty.name());
            of(
                DROP,
                format!("holds {kind} ({sure}): {values} of {of_all} values looked at"),
            )
        }
        Nature::Unlike(kind) => of(
            DROP,
            format!(
                "{} by its name, and {} of another form",
                kind.name(),
                seen()
            ),
        ),
        Nature::Birth(form) => birth(form),
        Nature::Moment(form) => moment(form),
        Nature::Boolean => of(KEEP, "yes or no".into()),
        Nature::Coordinate => coordinate(column),
        Nature::Postcode if nature::is_text(&column.data_type) => of(
            "{ prefix = 2 }",
            "a postal code, down to the province".into(),
        ),
        Nature::Postcode => of(
            DROP,
            "a postal code as a number: text can be cut short".into(),
        ),
        Nature::Category => category(column),
        Nature::Number => of(
            KEEP,
            format!("numbers, {}; `round` or `band` says less", values(column)),
        ),
        _ if column.data_type.is_numeric() => {
            of(DROP, format!("numbers of unknown meaning, {}", seen()))
        }
        _ => of(DROP, format!("unknown text, {}", seen())),
    }
}

fn category(column: &Column) -> (String, String) {
    let rarest = column.sketch.rarest();
    let few = match rarest < RARE && column.values >= 10 * RARE {
        true => format!("; the rarest in {}: `rare` hides it", rows(rarest)),
        false => String::new(),
    };
    (
        KEEP.to_owned(),
        format!("{} in {}{few}", distinct(column), rows(column.values)),
    )
}

fn birth(form: Form) -> (String, String) {
    let rule = match form {
        Form::Other => return (DROP.to_owned(), "a birth date in no known form".into()),
        Form::Text(_) => "{ prefix = 4 }",
        _ => "{ truncate = \"year\" }",
    };
    (
        rule.to_owned(),
        "a birth date: the day finds a person, the year does not".into(),
    )
}

fn moment(form: Form) -> (String, String) {
    let (date, time) = (
        "a date; `{ truncate = \"month\" }` says less",
        "a time: to the second it finds its row in the source",
    );
    let (rule, reason) = match form {
        Form::Date | Form::Typed(Written::Dates) => (KEEP, date),
        Form::Text(Written::Dates) => (
            "{ prefix = 10 }",
            "a date as text; `{ prefix = 7 }` says less",
        ),
        Form::Text(_) => ("{ prefix = 10 }", time),
        Form::Timestamp | Form::Typed(_) => ("{ truncate = \"day\" }", time),
        Form::Other => (DROP, "a time of the day"),
    };
    (rule.to_owned(), reason.to_owned())
}

fn coordinate(column: &Column) -> (String, String) {
    let cuts = match &column.data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale > 2,
        other => other.is_floating(),
    };
    match cuts {
        true => (
            "{ geo = { decimals = 2 } }".into(),
            "a coordinate, to a kilometre".into(),
        ),
        false => (
            DROP.into(),
            "a coordinate in a form that cannot be made coarser".into(),
        ),
    }
}

fn distinct(column: &Column) -> String {
    let (distinct, about) = (column.distinct(), !column.sketch.is_exact());
    let about = if about { "about " } else { "" };
    let all = distinct > 1 && distinct == column.values;
    match distinct {
        1 => "1 value".to_owned(),
        _ if all => format!("{} values, all distinct", thousands(distinct)),
        _ => format!("{about}{} distinct values", thousands(distinct)),
    }
}

fn values(column: &Column) -> String {
    format!("{} values", thousands(column.values))
}

fn rows(count: u64) -> String {
    format!(
        "{} row{}",
        thousands(count),
        if count == 1 { "" } else { "s" }
    )
}

const KEEP: &str = "\"keep\"";
const DROP: &str = "\"drop\"";
/// Rows of a value below which it is rare.
const RARE: u64 = 20;
