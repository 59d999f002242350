//! Which names pipelines and published runs know: of keys that may have made a pseudonym, and of
//! columns, which alone may be shown.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use pseudo_pii::{Blanks, Kind};
use pseudo_policy::{Action, Pipeline};

use crate::manifest::Manifest;

/// A space of values in a domain, and which pseudonyms are made of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Space {
    pub(super) domain: String,
    pub(super) identity: String,
    pub(super) kind: Kind,
}

/// What is known.
#[derive(Default)]
pub(super) struct Names {
    /// Each with whether it is tokenised, and sealed.
    pub(super) spaces: BTreeMap<Space, (bool, bool)>,
    /// Names of identities, by domain, that a table has as its subject.
    pub(super) subjects: BTreeSet<(String, String)>,
    columns: HashSet<String>,
    /// What columns of a source hold, by their names.
    of_columns: HashMap<String, Vec<(String, Kind, Blanks)>>,
}

impl Names {
    /// Adds what a pipeline says.
    pub(super) fn add_pipeline(&mut self, pipeline: &Pipeline) {
        for table in &pipeline.tables {
            for identity in table.subject_identities() {
                let subject = (pipeline.domain.clone(), identity.to_owned());
                self.subjects.insert(subject);
            }
            for column in table.columns.iter().filter(|c| c.prefix().is_none()) {
                self.columns.insert(column.column.clone());
                for rule in &column.rules {
                    self.columns.insert(rule.output(&column.column).to_owned());
                    self.add_rule(pipeline, &column.column, &rule.action);
                }
            }
        }
    }

    fn add_rule(&mut self, pipeline: &Pipeline, column: &str, action: &Action) {
        let identity = action
            .identity()
            .and_then(|name| pipeline.identities.get(name));
        let Some(identity) = identity else {
            return;
        };
        let space = Space {
            domain: pipeline.domain.clone(),
            identity: identity.name.clone(),
            kind: identity.kind,
        };
        let (token, seal) = self.spaces.entry(space).or_default();
        *token |= matches!(action, Action::Token { .. });
        *seal |= matches!(action, Action::Seal { .. });
        let known = self.of_columns.entry(column.to_owned()).or_default();
        if known
            .iter()
            .all(|(name, kind, _)| (name, kind) != (&identity.name, &identity.kind))
        {
            let blanks = identity.blank.as_deref();
            let blanks = blanks.map_or_else(Blanks::default, Blanks::new);
            known.push((identity.name.clone(), identity.kind, blanks));
        }
    }

    /// Adds what a run says.
    pub(super) fn add_run(&mut self, run: &Manifest) {
        for column in run.tables.iter().flat_map(|table| &table.columns) {
            self.columns.insert(column.column.clone());
            self.columns.insert(column.source.clone());
            let kind = column.kind.as_deref().and_then(Kind::parse);
            if let (Some(identity), Some(kind)) = (&column.identity, kind) {
                let space = Space {
                    domain: run.recipe.domain.clone(),
                    identity: identity.clone(),
                    kind,
                };
                let (token, seal) = self.spaces.entry(space).or_default();
                *token |= column.action.starts_with("token ");
                *seal |= column.action.starts_with("seal ");
            }
        }
    }

    /// Whether pipelines or runs have a column of that name.
    pub(super) fn is_column(&self, name: &str) -> bool {
        self.columns.contains(name)
    }

    /// What columns of that name hold in a source.
    pub(super) fn of_column(&self, name: Option<&str>) -> &[(String, Kind, Blanks)] {
        let known = name.and_then(|name| self.of_columns.get(name));
        known.map_or(&[], Vec::as_slice)
    }
}
