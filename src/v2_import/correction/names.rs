//! Names that hold I1 and I3, as near as can be to those of v2.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Mending, RowKey};
use crate::domain::{Name, NameError};
use crate::v2_import::report::quoted;
use crate::v2_import::rules::RuleId;

/// A row that wants a name.
pub(super) struct Wanted<'a> {
    pub(super) key: RowKey,
    /// Within what the name must be unique: 0 for the site, else the device's id.
    pub(super) scope: u64,
    pub(super) text: &'a str,
    /// What a row without a usable name is called after, together with its id.
    pub(super) type_word: &'static str,
}

/// The names that are taken, by scope.
#[derive(Default)]
pub(super) struct Names {
    taken: FxHashSet<(u64, Name)>,
    /// The suffix to try next for a name that many rows want.
    next_suffix: FxHashMap<(u64, String), u64>,
}

impl Names {
    /// Takes the name if it is free.
    pub(super) fn claim(&mut self, scope: u64, name: &Name) -> bool {
        self.taken.insert((scope, name.clone()))
    }

    /// Gives each row its name, in their order. A name that can be used is never given to another
    /// row, wherever its owner stands: first all of those are handed out, then the rest.
    pub(super) fn settle(&mut self, mending: &mut Mending, rows: &[Wanted<'_>]) -> Vec<Name> {
        let firsts: Vec<Result<Name, RuleId>> = rows
            .iter()
            .map(|row| match Name::new(row.text) {
                Ok(name) if self.claim(row.scope, &name) => Ok(name),
                Ok(_) => Err(RuleId::NameTaken),
                Err(NameError::Blank | NameError::TooLong | NameError::ControlCharacter) => {
                    Err(RuleId::BadName)
                }
            })
            .collect();
        let named = rows.iter().zip(firsts).map(|(row, first)| {
            first.unwrap_or_else(|rule| {
                let (name, found) = match rule {
                    RuleId::NameTaken => {
                        (self.suffixed(row.scope, row.text), "the name occurs twice: ")
                    }
                    _ => (self.made_up(row), "name "),
                };
                let found = format!("{found}{}", quoted(row.text));
                mending.report.note(rule, row.key, found, format!("renamed {name}"));
                name
            })
        });
        named.collect()
    }

    fn made_up(&mut self, row: &Wanted<'_>) -> Name {
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
