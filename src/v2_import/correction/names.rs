//! Names that hold the invariants I1 and I3 and are close to those of v2.

use rustc_hash::{FxHashMap, FxHashSet};

use super::corrector::{Corrector, RowKey};
use crate::domain::{Name, NameError};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::CorrectionRuleId;

/// A row that needs a name.
pub(super) struct NameRequest<'a> {
    pub(super) key: RowKey,
    /// Where the name must be unique: 0 for the site, else the device's id.
    pub(super) scope: u64,
    pub(super) text: &'a str,
    /// With the row's id, the name of a row without a valid one.
    pub(super) type_word: &'static str,
}

/// The names that are taken, by scope.
#[derive(Default)]
pub(super) struct Names {
    taken: FxHashSet<(u64, Name)>,
    /// The next suffix to try for a name that several rows have.
    next_suffix: FxHashMap<(u64, String), u64>,
}

impl Names {
    /// Takes the name if it is free.
    pub(super) fn claim(&mut self, scope: u64, name: &Name) -> bool {
        self.taken.insert((scope, name.clone()))
    }

    /// Returns a name for each row, in the order of the rows. All valid names are assigned first,
    /// so that a generated one never takes the name of a later row.
    pub(super) fn assign(
        &mut self,
        corrector: &mut Corrector,
        rows: &[NameRequest<'_>],
    ) -> Vec<Name> {
        let firsts: Vec<Result<Name, CorrectionRuleId>> = rows
            .iter()
            .map(|row| match Name::new(row.text) {
                Ok(name) if self.claim(row.scope, &name) => Ok(name),
                Ok(_) => Err(CorrectionRuleId::NameTaken),
                Err(NameError::Blank | NameError::TooLong | NameError::ControlCharacter) => {
                    Err(CorrectionRuleId::BadName)
                }
            })
            .collect();
        let named = rows.iter().zip(firsts).map(|(row, first)| {
            first.unwrap_or_else(|rule| {
                let (name, found) = match rule {
                    CorrectionRuleId::NameTaken => {
                        (self.suffixed(row.scope, row.text), "the name occurs twice: ")
                    }
                    _ => (self.made_up(row), "name "),
                };
                let found = format!("{found}{}", quoted(row.text));
                corrector.report.note(rule, row.key, found, format!("renamed {name}"));
                name
            })
        });
        named.collect()
    }

    fn made_up(&mut self, row: &NameRequest<'_>) -> Name {
        let base = format!("{}-{}", row.type_word, row.key.1);
        match Name::new(&base) {
            Ok(name) if self.claim(row.scope, &name) => name,
            _ => self.suffixed(row.scope, &base),
        }
    }

    /// The name with the first free suffix from `-2` on, shortened where it has no room.
    fn suffixed(&mut self, scope: u64, base: &str) -> Name {
        let mut number = self.next_suffix.get(&(scope, base.to_owned())).copied().unwrap_or(2);
        loop {
            let suffix = format!("-{number}");
            number += 1;
            let room = Name::CHARS_MAX - suffix.len();
            let start: String = base.chars().take(room).collect();
            let name = Name::generated(format_args!("{start}{suffix}"));
            if self.claim(scope, &name) {
                self.next_suffix.insert((scope, base.to_owned()), number);
                return name;
            }
        }
    }
}
