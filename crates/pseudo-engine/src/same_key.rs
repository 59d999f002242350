//! Whether keys are those of the current run of a sink, for verbs that prepare runs elsewhere.

use std::path::Path;

use pseudo_keyring::DomainKeys;

use crate::manifest::Manifest;
use crate::{Error, Result, publish};

/// Refuses keys that are not those of the current run of `sink`. A sink that is not there, that has
/// no run or a run that cannot be read, refuses none.
///
/// # Errors
/// [`Error::OtherKey`] with both check values.
pub fn same_key(sink: &Path, keys: &DomainKeys) -> Result<()> {
    let Ok(Some(current)) = publish::current(sink) else {
        return Ok(());
    };
    let Ok(Manifest { recipe, .. }) = Manifest::read(&current) else {
        return Ok(());
    };
    let current = (recipe.key_check_value, recipe.epoch);
    let keyring = (keys.check_value().to_string(), keys.epoch().0);
    if current == keyring {
        Ok(())
    } else {
        Err(Error::OtherKey { current, keyring })
    }
}
