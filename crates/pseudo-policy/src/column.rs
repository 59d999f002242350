//! Column rules: a column, or a pattern of columns, and what is done to it. An exact name beats a
//! pattern; patterns exist for `drop` alone.

use std::collections::BTreeMap;

use pseudo_pii::Kind;
use toml_edit::{Item, TableLike, Value};

use crate::absent::{self, NESTED, Where};
use crate::action::{self, Action};
use crate::near::nearest;
use crate::pipeline::{Identity, read_kind};
use crate::reader::{Reader, Section, repeatable, shown, toml_key, toml_text};
use crate::refusal::{Fault, Spot};

/// The rules of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRules {
    /// Column of the source, or a pattern that ends in `*`.
    pub column: String,
    /// What is done to it: at least one thing, but in a draft whose rule is refused.
    pub rules: Vec<Rule>,
    /// Line of the name.
    pub line: usize,
    /// Column of the name in its line.
    pub line_column: usize,
}

impl ColumnRules {
    /// The beginning that a pattern stands for; None when the column is named exactly.
    #[must_use]
    pub fn prefix(&self) -> Option<&str> {
        self.column.strip_suffix('*')
    }

    /// Reads `column = …`; without rules when nothing of it could be read.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        context: &Context<'_>,
        column: &str,
        item: &Item,
        spot: Spot,
    ) -> Self {
        let mut rules = Vec::new();
        if column.contains("[]") || is_nested(item) {
            reader.refuse(Fault::NotInThisBuild, spot, context.place, NESTED, None);
        } else if let Some(array) = item.as_array() {
            for value in array {
                rules.extend(value_rule(reader, context, column, value, spot));
            }
        } else if let Some(tables) = item.as_array_of_tables() {
            for table in tables {
                let spot = table.span().map_or(spot, |span| reader.spot(Some(span)));
                rules.extend(table_rule(reader, context, column, table, spot));
            }
        } else if let Some(value) = item.as_value() {
            rules.extend(value_rule(reader, context, column, value, spot));
        } else if let Some(table) = item.as_table_like() {
            rules.extend(table_rule(reader, context, column, table, spot));
        }
        if item.as_array().is_some_and(toml_edit::Array::is_empty) {
            let message = format!("column `{}` has an empty list of rules", shown(column));
            let hint = Some(drop_hint(column));
            reader.refuse(Fault::NoAction, spot, context.place, message, hint);
        }
        let found = Self {
            column: column.to_owned(),
            rules,
            line: spot.line,
            line_column: spot.column,
        };
        found.check_alone(reader, context.place, spot);
        // Of a list that could not be read whole, nobody can say what is beside what.
        let said = item.as_array().map_or(1, toml_edit::Array::len);
        if found.rules.len() >= said {
            found.check_escrow(reader, context.place);
        }
        found
    }

    /// Whom the originals of the column's tokens are sealed to.
    #[must_use]
    pub fn escrow(&self) -> Option<&str> {
        self.rules.iter().find_map(|rule| match &rule.action {
            Action::Escrow(recipient) => Some(recipient.as_str()),
            _ => None,
        })
    }

    /// `escrow` stands once, and beside a token.
    fn check_escrow(&self, reader: &mut Reader<'_>, place: &str) {
        let is_escrow = |rule: &&Rule| matches!(rule.action, Action::Escrow(_));
        let mut escrows = self.rules.iter().filter(is_escrow);
        let Some(first) = escrows.next() else {
            return;
        };
        let name = shown(&self.column);
        if let Some(second) = escrows.next() {
            let message = format!("column `{name}` has two `escrow` rules");
            let hint = "leave one of them out".to_owned();
            reader.refuse(Fault::BadValue, second.at(), place, message, Some(hint));
        }
        if !self.rules.iter().any(|rule| rule.action.takes_escrow()) {
            let message = format!("column `{name}` has `escrow` without a `token` or `fpe` beside");
            let name = toml_key(&self.column);
            let hint = format!(
                "give it one, for instance\n{name} = [ {{ token = \"person\" }}, {{ {} }} ]",
                first.action.toml()
            );
            reader.refuse(Fault::BadValue, first.at(), place, message, Some(hint));
        }
    }

    /// `drop` is the only rule of its column, and the only one of a pattern.
    fn check_alone(&self, reader: &mut Reader<'_>, place: &str, spot: Spot) {
        let drops = |rule: &Rule| matches!(rule.action, Action::Drop);
        let name = shown(&self.column);
        if self.rules.len() > 1 && self.rules.iter().any(drops) {
            let message = format!("column `{name}` has `drop` beside other rules");
            let hint = "leave `\"drop\"` out: only what a rule writes is kept".to_owned();
            reader.refuse(Fault::BadValue, spot, place, message, Some(hint));
        }
        if !self.column.contains('*') {
            return;
        }
        let ends = self.prefix().is_some_and(|prefix| !prefix.contains('*'));
        if self.prefix() == Some("") || !ends {
            let message = format!("pattern `{name}` is not a beginning followed by one `*`");
            let hint = "to drop every column without a rule, write below the table\n\
                        unlisted = \"drop\"";
            reader.refuse(Fault::BadValue, spot, place, message, Some(hint.to_owned()));
        } else if self.rules.iter().any(|rule| !drops(rule)) {
            let message = format!("pattern `{name}` has a rule other than `drop`");
            let hint = Some(drop_hint(&self.column));
            reader.refuse(Fault::BadValue, spot, place, message, hint);
        }
    }
}

/// One thing that is done to a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What is done.
    pub action: Action,
    /// Name of the output column, if not that of the source.
    pub to: Option<String>,
    /// What becomes of values that are not well made, if said.
    pub on_invalid: Option<OnInvalid>,
    /// Kind of the column, if the rule says it.
    pub kind: Option<Kind>,
    /// Line of the rule.
    pub line: usize,
    /// Column of the rule in its line.
    pub line_column: usize,
}

impl Rule {
    /// The output column that the rule writes.
    #[must_use]
    pub fn output<'a>(&'a self, column: &'a str) -> &'a str {
        self.to.as_deref().unwrap_or(column)
    }

    fn at(&self) -> Spot {
        Spot {
            line: self.line,
            column: self.line_column,
        }
    }

    /// The rule as a line of a pipeline file, the texts that it writes left out.
    pub(crate) fn line_with(&self, column: &str, to: Option<&str>) -> String {
        let mut fields = vec![self.action.toml()];
        if let Some(to) = to {
            fields.push(format!("to = {}", toml_text(to)));
        }
        if let Some(on_invalid) = self.on_invalid {
            fields.push(format!("on_invalid = \"{}\"", on_invalid.name()));
        }
        if let Some(kind) = self.kind {
            fields.push(format!("kind = \"{}\"", kind.name()));
        }
        match self.action.word() {
            Some(word) => format!("{} = \"{word}\"", toml_key(column)),
            None => format!("{} = {{ {} }}", toml_key(column), fields.join(", ")),
        }
    }
}

/// What becomes of a value that is not well made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnInvalid {
    /// It is transformed over its cleaned text, and counted.
    Token,
    /// It becomes NULL, and is counted.
    Null,
    /// Its row is left out of the output, and recorded.
    Quarantine,
    /// The run fails.
    Fail,
}

impl OnInvalid {
    const WORDS: [(&'static str, Self); 4] = [
        ("token", Self::Token),
        ("null", Self::Null),
        ("quarantine", Self::Quarantine),
        ("fail", Self::Fail),
    ];

    /// The word for it in a pipeline file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Null => "null",
            Self::Quarantine => "quarantine",
            Self::Fail => "fail",
        }
    }
}

/// What the rules of a table are read against.
pub(crate) struct Context<'a> {
    pub(crate) place: &'a str,
    pub(crate) identities: &'a BTreeMap<String, Identity>,
}

/// `column = "drop"`, ready to paste.
pub(crate) fn drop_hint(column: &str) -> String {
    format!("decide it, for instance\n{} = \"drop\"", toml_key(column))
}

/// `a.b = …` written bare: a dotted table in which nothing is a word of a rule.
fn is_nested(item: &Item) -> bool {
    let word = |key: &str| {
        action::KEYS.contains(&key)
            || action::SIDE_KEYS.contains(&key)
            || action::WORDS.iter().any(|(word, _)| *word == key)
            || absent::message(Where::Action, key).is_some()
    };
    let dotted = item.as_table_like().filter(|table| table.is_dotted());
    dotted.is_some_and(|table| !table.iter().any(|(key, _)| word(key)))
}

fn value_rule(
    reader: &mut Reader<'_>,
    context: &Context<'_>,
    column: &str,
    value: &Value,
    fallback: Spot,
) -> Option<Rule> {
    let spot = value
        .span()
        .map_or(fallback, |span| reader.spot(Some(span)));
    if let Some(table) = value.as_inline_table() {
        return table_rule(reader, context, column, table, spot);
    }
    let Some(word) = value.as_str() else {
        let message = format!(
            "the rule of column `{}` is neither text nor table",
            shown(column)
        );
        let hint = Some(drop_hint(column));
        reader.refuse(Fault::WrongType, spot, context.place, message, hint);
        return None;
    };
    let found = action::WORDS.iter().find(|(name, _)| *name == word);
    let Some((_, action)) = found else {
        unknown_word(reader, context, column, word, spot);
        return None;
    };
    Some(Rule {
        action: action.clone(),
        to: None,
        on_invalid: None,
        kind: None,
        line: spot.line,
        line_column: spot.column,
    })
}

/// Refuses a text that is none of `keep`, `drop`, `null`.
fn unknown_word(
    reader: &mut Reader<'_>,
    context: &Context<'_>,
    column: &str,
    word: &str,
    spot: Spot,
) {
    if let Some(message) = absent::message(Where::Action, word) {
        reader.refuse(Fault::NotInThisBuild, spot, context.place, message, None);
        return;
    }
    let name = toml_key(column);
    if let Some(example) = action::example(word) {
        let message = format!("`{word}` needs more than its name");
        let hint = Some(format!("say it, for instance\n{name} = {{ {example} }}"));
        reader.refuse(Fault::UnknownAction, spot, context.place, message, hint);
        return;
    }
    let message = match repeatable(word) {
        Some(word) => format!("unknown action `{word}`"),
        None => "unknown action".to_owned(),
    };
    let words = action::WORDS.iter().map(|(word, _)| *word);
    let hint = match nearest(word, words.chain(action::KEYS)) {
        Some(near) => match action::example(near) {
            Some(example) => format!("did you mean\n{name} = {{ {example} }}"),
            None => format!("did you mean\n{name} = \"{near}\""),
        },
        None => drop_hint(column),
    };
    reader.refuse(
        Fault::UnknownAction,
        spot,
        context.place,
        message,
        Some(hint),
    );
}

fn table_rule(
    reader: &mut Reader<'_>,
    context: &Context<'_>,
    column: &str,
    table: &dyn TableLike,
    spot: Spot,
) -> Option<Rule> {
    let mut section = Section::new(table, context.place, spot);
    for (key, _) in table.iter() {
        if let Some(message) = absent::message(Where::Action, key) {
            let spot = section.key_spot(reader, key);
            reader.refuse(Fault::NotInThisBuild, spot, context.place, message, None);
            return None;
        }
        if action::WORDS.iter().any(|(word, _)| *word == key) {
            let spot = section.key_spot(reader, key);
            let message = format!("`{key}` is written as text");
            let hint = Some(format!("write\n{} = \"{key}\"", toml_key(column)));
            reader.refuse(Fault::UnknownAction, spot, context.place, message, hint);
            return None;
        }
    }
    let action = Action::read(reader, &mut section, context, column);
    let kind = section.text(reader, "kind");
    let kind = kind.and_then(|kind| read_kind(reader, &section, kind));
    let rule = Rule {
        to: section.text(reader, "to").map(str::to_owned),
        on_invalid: section.choice(reader, "on_invalid", &OnInvalid::WORDS, Where::Nowhere),
        kind,
        line: spot.line,
        line_column: spot.column,
        action: action.clone().unwrap_or(Action::Drop),
    };
    if let Some(action) = &action {
        check_side_keys(reader, &section, action, &rule);
    }
    section.finish(reader, Where::Nowhere);
    action.map(|_| rule)
}

/// Refuses `to`, `kind` and `on_invalid` where they would say nothing.
fn check_side_keys(reader: &mut Reader<'_>, section: &Section<'_>, action: &Action, rule: &Rule) {
    if rule.to.is_some() && matches!(action, Action::Escrow(_)) {
        let message = "`to` says nothing here: `escrow` writes no column";
        section.bad(reader, "to", message, Some("leave `to` out".to_owned()));
    }
    let takes_kind = match action {
        Action::Derive(part) => part.kind().is_some(),
        Action::Age { .. } => true,
        _ => false,
    };
    if rule.kind.is_some() && !takes_kind {
        let message = match action.identity() {
            Some(_) => "`kind` is that of the identity",
            None => "`kind` belongs to `age` and to parts of identifiers",
        };
        section.bad(reader, "kind", message, Some("leave `kind` out".to_owned()));
    }
    let message = match rule.on_invalid {
        Some(_) if !action.judges() => {
            "`on_invalid` says nothing here: the action takes every value"
        }
        Some(OnInvalid::Token) if !action.takes_invalid() => {
            "`on_invalid = \"token\"` belongs to `token` and `seal`"
        }
        _ => return,
    };
    let hint = "leave `on_invalid` out".to_owned();
    section.bad(reader, "on_invalid", message, Some(hint));
}
