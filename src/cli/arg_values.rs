//! The values of flags, as they are typed.

use std::time::Duration;

use super::time_span::parse_span;
use crate::auth::{Role, TokenScope};
use crate::store::ReportKind;
use crate::wire::{Encoding, LOG_LEVELS, Separator, TableKind};

/// Parses the value of --encoding.
pub(super) fn encoding(word: &str) -> Result<Encoding, String> {
    Encoding::parse(word)
        .ok_or_else(|| format!("use one of {}", Encoding::ALL.map(Encoding::as_str).join(", ")))
}

/// Parses a setting and its value.
pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("use NAME=VALUE, such as exports=off")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Parses the value of --for.
pub(super) fn time_span(text: &str) -> Result<Duration, String> {
    parse_span(text).ok_or_else(|| "use a span such as 15m, 1h or 2d".to_owned())
}

/// Parses the value of --level.
pub(super) fn log_level(word: &str) -> Result<String, String> {
    let is_level = |level: &tracing::Level| level.as_str().eq_ignore_ascii_case(word);
    match LOG_LEVELS.iter().any(is_level) {
        true => Ok(word.to_owned()),
        false => Err("use trace, debug, info, warn or error".to_owned()),
    }
}

/// Parses the value of --kind.
pub(super) fn report_kind(word: &str) -> Result<ReportKind, String> {
    ReportKind::parse(word)
        .ok_or_else(|| format!("use one of {}", ReportKind::ALL.map(ReportKind::as_str).join(", ")))
}

/// Parses the value of --csv.
pub(super) fn table_kind(word: &str) -> Result<TableKind, String> {
    TableKind::parse(word)
        .ok_or_else(|| format!("use one of {}", TableKind::ALL.map(TableKind::as_str).join(", ")))
}

/// Parses a role.
pub(super) fn role(word: &str) -> Result<Role, String> {
    Role::from_name(word)
        .ok_or_else(|| format!("use one of {}", Role::ALL.map(Role::as_str).join(", ")))
}

/// Parses the value of --scope.
pub(super) fn token_scope(word: &str) -> Result<TokenScope, String> {
    let words = TokenScope::ALL.map(TokenScope::as_str).join(", ");
    TokenScope::from_name(word).ok_or_else(|| format!("use one of {words}"))
}

/// Parses the value of --separator.
pub(super) fn separator(word: &str) -> Result<Separator, String> {
    Separator::parse(word)
        .ok_or_else(|| format!("use one of {}", Separator::ALL.map(Separator::as_str).join(", ")))
}
