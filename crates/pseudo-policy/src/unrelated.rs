//! `unrelated` of an identity: columns that a run may show although their numbers are found in the
//! identity. Two counters that have nothing to do with each other cover the same numbers, and end
//! at the same one by chance; no proof can tell that from a copy, so that a person has to answer
//! for it, a column and an identity at a time. Nothing but whole numbers is excused by it, and
//! never a column that is made from what the identity protects.

use std::collections::BTreeMap;

use pseudo_pii::Kind;
use toml_edit::Item;

use crate::action::Action;
use crate::column::{ColumnRules, Rule};
use crate::near::nearest;
use crate::pipeline::Identity;
use crate::reader::{Reader, Section, repeatable, shown, toml_key};
use crate::refusal::{Fault, Spot};
use crate::table::Table;

/// Refuses what is no column of the output, says nothing, or would excuse a copy.
pub(crate) fn check(
    reader: &mut Reader<'_>,
    top: &Section<'_>,
    identities: &BTreeMap<String, Identity>,
    tables: &[Table],
) {
    // A rule that is refused would have said what it writes.
    let mut columns = tables.iter().flat_map(|table| &table.columns);
    if reader.partial || columns.any(|column| column.rules.is_empty()) {
        return;
    }
    let section = top.table.get("identities").and_then(Item::as_table_like);
    for identity in identities.values() {
        let own = section.and_then(|section| section.get(&identity.name));
        let own = own.and_then(Item::as_table_like);
        let names = own.and_then(|own| own.get("unrelated"));
        let names = names.and_then(Item::as_array);
        let spots = names.into_iter().flat_map(|names| names.iter());
        let spots: Vec<Spot> = spots.map(|name| reader.spot(name.span())).collect();
        let place = format!("table [identities.{}]", toml_key(&identity.name));
        for (name, spot) in identity.unrelated.iter().zip(spots) {
            if let Some((fault, message, hint)) = fault(identity, name, tables) {
                reader.refuse(fault, spot, &place, message, Some(hint));
            }
        }
    }
}

type Told = (Fault, String, String);

/// Why a name does not stand there rightly.
fn fault(identity: &Identity, name: &str, tables: &[Table]) -> Option<Told> {
    if identity.kind != Kind::Integer {
        let message = "`unrelated` belongs to kind `integer`: values of other kinds tell what \
                       they are";
        let hint = "leave `unrelated` out";
        return Some((Fault::BadValue, message.to_owned(), hint.to_owned()));
    }
    let (table, output) = name.split_once('.').unwrap_or_default();
    let table = tables.iter().find(|known| known.name == table);
    let rules = table.into_iter().flat_map(|table| &table.columns);
    let mut rules = rules.flat_map(|column| column.rules.iter().map(move |rule| (column, rule)));
    let writes = |(column, rule): &(&ColumnRules, &Rule)| {
        !matches!(rule.action, Action::Drop) && rule.output(&column.column) == output
    };
    let Some((column, rule)) = rules.find(writes) else {
        return Some(unknown(name, tables));
    };
    let name = shown(name);
    let (of, about) = (&identity.name, shown(&column.column));
    let mut rules = column.rules.iter();
    if rules.any(|rule| rule.action.identity() == Some(of.as_str())) {
        let message = format!("`{name}` is made from `{about}`, which `{of}` protects");
        let hint = "make the column coarser, or drop it".to_owned();
        return Some((Fault::BadValue, message, hint));
    }
    if rule.action.identity().is_some() {
        let message = format!("`{name}` is a column of pseudonyms, which show no numbers");
        return Some((Fault::BadValue, message, "leave it out".to_owned()));
    }
    None
}

fn unknown(name: &str, tables: &[Table]) -> Told {
    let message = match repeatable(name) {
        Some(name) => format!("`unrelated`: no table writes a column `{name}`"),
        None => "`unrelated` names a column that no table writes".to_owned(),
    };
    let written = tables.iter().flat_map(|table| {
        let written = table.written();
        written.map(move |column| format!("{}.{column}", table.name))
    });
    let written: Vec<String> = written.collect();
    let hint = match nearest(name, written.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{}`", shown(near)),
        None => "name table and column of the output, as `orders.price`".to_owned(),
    };
    (Fault::NoSuchColumn, message, hint)
}
