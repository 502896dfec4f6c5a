//! Parsing JSON values into domain values.
//!
//! As in v2, numbers may come as numeric strings (queries always do), and words must match
//! exactly.

use serde_json::{Value, json};
use tracing::Level;

use crate::domain::{
    DetailError, DetailText, DeviceDetails, DeviceType, InterfaceType, Lifecycle, Medium, Name,
    NameError, OverrideReason, PON_CLASSES, PonClass, SplitRatio, Status, Timestamp,
};
use crate::jobs::Schedule;
use crate::logs::is_own_target;
use crate::wire::{LOG_LEVELS, Time};

/// Why a value is invalid.
pub(crate) struct ParseError {
    pub(super) kind: &'static str,
    pub(super) msg: String,
    pub(super) ctx: Option<Value>,
}

fn parse_error(kind: &'static str, msg: impl Into<String>) -> ParseError {
    ParseError { kind, msg: msg.into(), ctx: None }
}

fn with_ctx(kind: &'static str, msg: impl Into<String>, ctx: Value) -> ParseError {
    ParseError { kind, msg: msg.into(), ctx: Some(ctx) }
}

/// The error of a value that another field rules out.
pub(crate) fn contradiction(msg: &'static str) -> ParseError {
    parse_error("value_error", format!("Value error, {msg}"))
}

pub(crate) fn text(value: &Value) -> Result<String, ParseError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        _ => Err(parse_error("string_type", "Input should be a valid string")),
    }
}

/// A text of at most `max` characters.
pub(crate) fn text_up_to(max: usize) -> impl Fn(&Value) -> Result<String, ParseError> {
    move |value| {
        let text = text(value)?;
        if text.chars().count() > max { Err(too_long(max)) } else { Ok(text) }
    }
}

/// The id of a request, as `X-Request-Id` has it.
pub(crate) fn request_id(value: &Value) -> Result<String, ParseError> {
    match text(value)? {
        id if id.is_empty() => {
            let msg = "String should have at least 1 character";
            Err(with_ctx("string_too_short", msg, json!({"min_length": 1})))
        }
        id => Ok(id),
    }
}

/// A text of at most `chars_max` characters that is not empty, without space around it.
pub(crate) fn line(chars_max: usize) -> impl Fn(&Value) -> Result<String, ParseError> {
    move |value| {
        optional_line(chars_max)(value)?.ok_or_else(|| {
            let msg = "String should have at least 1 character";
            with_ctx("string_too_short", msg, json!({"min_length": 1}))
        })
    }
}

/// A text as [`line()`]; `None` if it is empty.
pub(crate) fn optional_line(
    chars_max: usize,
) -> impl Fn(&Value) -> Result<Option<String>, ParseError> {
    move |value| {
        let text = text(value)?.trim().to_owned();
        if text.chars().count() > chars_max {
            return Err(too_long(chars_max));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

/// A text that `read` understands.
pub(crate) fn read<T>(
    read: impl Fn(&str) -> Option<T>,
    msg: &'static str,
) -> impl Fn(&Value) -> Result<T, ParseError> {
    move |value| read(&text(value)?).ok_or_else(|| parse_error("value_error", msg))
}

pub(crate) fn boolean(value: &Value) -> Result<bool, ParseError> {
    const MSG: &str = "Input should be a valid boolean, unable to interpret input";
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Number(number) if number.as_f64() == Some(1.0) => Ok(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Ok(false),
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
            "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
            _ => Err(parse_error("bool_parsing", MSG)),
        },
        Value::Number(_) => Err(parse_error("bool_parsing", MSG)),
        _ => Err(parse_error("bool_type", "Input should be a valid boolean")),
    }
}

/// A finite number.
pub(crate) fn number(value: &Value) -> Result<f64, ParseError> {
    let parsed = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => Some(text.trim().parse().map_err(|_| {
            parse_error(
                "float_parsing",
                "Input should be a valid number, unable to parse string as a number",
            )
        })?),
        _ => return Err(parse_error("float_type", "Input should be a valid number")),
    };
    parsed
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| parse_error("finite_number", "Input should be a finite number"))
}

/// A finite number that is not negative, such as a length or a loss.
pub(crate) fn not_negative(value: &Value) -> Result<f64, ParseError> {
    let number = number(value)?;
    if number < 0.0 {
        let msg = "Input should be greater than or equal to 0";
        return Err(with_ctx("greater_than_equal", msg, json!({"ge": 0.0})));
    }
    Ok(number)
}

/// An integer of any size. Ids are at least 1; any other number is not found.
pub(crate) fn integer(value: &Value) -> Result<i128, ParseError> {
    match value {
        Value::Number(number) => {
            if let Some(whole) = number.as_i128() {
                return Ok(whole);
            }
            let Some(float) = number.as_f64().filter(|float| float.is_finite()) else {
                return Err(parse_error("finite_number", "Input should be a finite number"));
            };
            #[expect(clippy::float_cmp, reason = "exactly whole numbers are accepted")]
            if float != float.trunc() {
                let msg = "Input should be a valid integer, got a number with a fractional part";
                return Err(parse_error("int_from_float", msg));
            }
            #[expect(clippy::cast_possible_truncation, reason = "saturates; no id is that large")]
            Ok(float as i128)
        }
        Value::String(text) => text.trim().parse().map_err(|_| {
            parse_error(
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            )
        }),
        _ => Err(parse_error("int_type", "Input should be a valid integer")),
    }
}

/// An id; a number that cannot be an id (0, negative, too large) becomes 0, which no entity has.
pub(crate) fn id(value: &Value) -> Result<u64, ParseError> {
    integer(value).map(|whole| u64::try_from(whole).unwrap_or(0))
}

/// A list of ids, each as [`id`] reads it.
pub(crate) fn ids(value: &Value) -> Result<Vec<u64>, ParseError> {
    let Value::Array(values) = value else {
        return Err(parse_error("list_type", "Input should be a valid list"));
    };
    values.iter().map(id).collect()
}

/// A list of at most `max` ids, each as [`id`] reads it.
pub(crate) fn ids_at_most(max: usize) -> impl Fn(&Value) -> Result<Vec<u64>, ParseError> {
    move |value| match value {
        Value::Array(values) if values.len() > max => {
            let msg = format!("List should have at most {max} items");
            Err(with_ctx("too_long", msg, json!({"max_length": max})))
        }
        value => ids(value),
    }
}

/// A list of at least one id and at most `max`, each once, ascending.
pub(crate) fn some_ids(max: usize) -> impl Fn(&Value) -> Result<Vec<u64>, ParseError> {
    move |value| {
        let mut ids = ids_at_most(max)(value)?;
        if ids.is_empty() {
            let msg = "List should have at least 1 item";
            return Err(with_ctx("too_short", msg, json!({"min_length": 1})));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}

/// A time with its offset from UTC (RFC 3339).
pub(crate) fn time(value: &Value) -> Result<Timestamp, ParseError> {
    let invalid = || {
        let msg = "Input should be a time in RFC 3339, such as 2026-11-24T04:00:00Z";
        parse_error("datetime_parsing", msg)
    };
    Time::parse(text(value)?.trim()).ok_or_else(invalid)
}

/// An integer between `min` and `max`.
pub(crate) fn integer_in(min: u64, max: u64) -> impl Fn(&Value) -> Result<u64, ParseError> {
    move |value| {
        let whole = integer(value)?;
        if whole < i128::from(min) {
            let msg = format!("Input should be greater than or equal to {min}");
            return Err(with_ctx("greater_than_equal", msg, json!({"ge": min})));
        }
        match u64::try_from(whole) {
            Ok(whole) if whole <= max => Ok(whole),
            _ => {
                let msg = format!("Input should be less than or equal to {max}");
                Err(with_ctx("less_than_equal", msg, json!({"le": max})))
            }
        }
    }
}

pub(crate) fn name(value: &Value) -> Result<Name, ParseError> {
    let text = text(value)?;
    Name::new(&text).map_err(|error| match error {
        NameError::Blank => too_short(),
        NameError::TooLong => too_long(Name::CHARS_MAX),
        NameError::ControlCharacter => {
            parse_error("string_pattern_mismatch", "String should not contain control characters")
        }
    })
}

/// A schedule of five cron fields.
pub(crate) fn schedule(value: &Value) -> Result<Schedule, ParseError> {
    let text = text(value)?;
    Schedule::parse(&text)
        .map_err(|error| parse_error("value_error", format!("Value error, {error}")))
}

pub(crate) fn reason(value: &Value) -> Result<OverrideReason, ParseError> {
    let text = text(value)?;
    OverrideReason::new(&text).map_err(|_| too_long(OverrideReason::CHARS_MAX))
}

pub(crate) fn device_type(value: &Value) -> Result<DeviceType, ParseError> {
    word(value, DeviceType::parse, DeviceType::all().map(DeviceType::as_str))
}

pub(crate) fn status(value: &Value) -> Result<Status, ParseError> {
    word(value, Status::parse, Status::ALL.into_iter().map(Status::as_str))
}

pub(crate) fn interface_type(value: &Value) -> Result<InterfaceType, ParseError> {
    let all = InterfaceType::ALL.into_iter().map(InterfaceType::as_str);
    word(value, InterfaceType::parse, all)
}

pub(crate) fn medium(value: &Value) -> Result<Medium, ParseError> {
    word(value, Medium::parse, Medium::ALL.into_iter().map(Medium::as_str))
}

pub(crate) fn pon_class(value: &Value) -> Result<PonClass, ParseError> {
    word(value, PonClass::parse, PON_CLASSES.iter().map(|row| row.word))
}

pub(crate) fn lifecycle(value: &Value) -> Result<Lifecycle, ParseError> {
    word(value, Lifecycle::parse, Lifecycle::ALL.into_iter().map(Lifecycle::as_str))
}

/// A level of the log, in upper or lower case.
pub(crate) fn log_level(value: &Value) -> Result<Level, ParseError> {
    level_of(value, &LOG_LEVELS)
}

/// A level that a module can be logged at: warnings and errors are always logged.
pub(crate) fn new_log_level(value: &Value) -> Result<Level, ParseError> {
    level_of(value, &LOG_LEVELS[..4])
}

fn level_of(value: &Value, levels: &[Level]) -> Result<Level, ParseError> {
    let find =
        |text: &str| levels.iter().copied().find(|level| level.as_str().eq_ignore_ascii_case(text));
    word(value, find, levels.iter().map(Level::as_str))
}

/// A module whose level can be changed.
pub(crate) fn log_target(value: &Value) -> Result<String, ParseError> {
    let target = text(value)?;
    match is_own_target(&target) {
        true => Ok(target),
        false => {
            let msg = "Input should be unoc or a module in it, such as unoc::sync";
            Err(parse_error("string_pattern_mismatch", msg))
        }
    }
}

/// A split ratio by its number of outputs.
pub(crate) fn split_ratio(value: &Value) -> Result<SplitRatio, ParseError> {
    let outputs = u64::try_from(integer(value)?).ok();
    outputs.and_then(SplitRatio::new).ok_or_else(|| {
        let all = SplitRatio::ALL.map(|ratio| ratio.outputs().to_string());
        not_among(all.into_iter())
    })
}

/// A detail of a device; `None` for a blank text.
pub(crate) fn detail(field: DetailText) -> impl Fn(&Value) -> Result<Option<Box<str>>, ParseError> {
    move |value| field.read(&text(value)?).map_err(detail_error)
}

/// A detail of a device that is not blank.
pub(crate) fn present_detail(field: DetailText) -> impl Fn(&Value) -> Result<Box<str>, ParseError> {
    move |value| detail(field)(value)?.ok_or_else(too_short)
}

/// Tags in order, each once.
pub(crate) fn tags(value: &Value) -> Result<Vec<Box<str>>, ParseError> {
    let Value::Array(values) = value else {
        return Err(parse_error("list_type", "Input should be a valid list"));
    };
    let texts = values.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    DetailText::read_tags(texts.iter().map(String::as_str)).map_err(detail_error)
}

fn detail_error(error: DetailError) -> ParseError {
    match error {
        DetailError::TooLong(max) => too_long(max),
        DetailError::ControlCharacter => {
            parse_error("string_pattern_mismatch", "String should not contain control characters")
        }
        DetailError::Separator => {
            let msg = "Tags should not contain commas or semicolons";
            parse_error("string_pattern_mismatch", msg)
        }
        DetailError::TooManyTags => {
            let max = DeviceDetails::TAGS_MAX;
            with_ctx(
                "too_long",
                format!("List should have at most {max} items"),
                json!({"max_length": max}),
            )
        }
    }
}

/// A number whose magnitude is at most `max`, such as a latitude.
pub(crate) fn within(max: f64) -> impl Fn(&Value) -> Result<f64, ParseError> {
    move |value| {
        let number = number(value)?;
        if number < -max {
            let msg = format!("Input should be greater than or equal to -{max}");
            return Err(with_ctx("greater_than_equal", msg, json!({"ge": -max})));
        }
        if number > max {
            let msg = format!("Input should be less than or equal to {max}");
            return Err(with_ctx("less_than_equal", msg, json!({"le": max})));
        }
        Ok(number)
    }
}

/// One of these words.
pub(crate) fn one_of(
    words: &'static [&'static str],
) -> impl Fn(&Value) -> Result<&'static str, ParseError> {
    move |value| {
        let find = |text: &str| words.iter().copied().find(|word| *word == text);
        word(value, find, words.iter().copied())
    }
}

fn too_short() -> ParseError {
    let msg = "String should have at least 1 character";
    with_ctx("string_too_short", msg, json!({"min_length": 1}))
}

fn too_long(max: usize) -> ParseError {
    let msg = format!("String should have at most {max} characters");
    with_ctx("string_too_long", msg, json!({"max_length": max}))
}

fn word<T>(
    value: &Value,
    parse: impl Fn(&str) -> Option<T>,
    all: impl Iterator<Item = &'static str>,
) -> Result<T, ParseError> {
    let found = value.as_str().and_then(parse);
    found.ok_or_else(|| not_among(all.map(|word| format!("'{word}'"))))
}

/// The error of a value that is none of these.
fn not_among(all: impl Iterator<Item = String>) -> ParseError {
    let all: Vec<String> = all.collect();
    let expected = match all.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => all.join(", "),
    };
    with_ctx("enum", format!("Input should be {expected}"), json!({"expected": expected}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_lenient_as_in_v2() {
        let kind = |result: Result<f64, ParseError>| result.map_err(|error| error.kind);
        assert_eq!(kind(number(&json!("1.5"))), Ok(1.5));
        assert_eq!(kind(number(&json!(2))), Ok(2.0));
        assert_eq!(kind(number(&json!("x"))), Err("float_parsing"));
        assert_eq!(kind(number(&json!("inf"))), Err("finite_number"));
        assert_eq!(kind(number(&json!([]))), Err("float_type"));
        assert_eq!(kind(not_negative(&json!(-0.1))), Err("greater_than_equal"));
    }

    #[test]
    fn integers_refuse_fractions_and_words() {
        let kind = |value: Value| id(&value).map_err(|error| error.kind);
        assert_eq!(kind(json!(7)), Ok(7));
        assert_eq!(kind(json!("7")), Ok(7));
        assert_eq!(kind(json!(7.0)), Ok(7));
        assert_eq!(kind(json!(-7)), Ok(0));
        assert_eq!(kind(json!(1e300)), Ok(0));
        assert_eq!(kind(json!(7.5)), Err("int_from_float"));
        assert_eq!(kind(json!("abc")), Err("int_parsing"));
        assert_eq!(kind(json!(null)), Err("int_type"));
    }

    #[test]
    fn words_list_what_is_allowed() {
        let error = status(&json!("up")).unwrap_err();
        assert_eq!(error.kind, "enum");
        assert_eq!(error.msg, "Input should be 'UP', 'DOWN' or 'DEGRADED'");
        assert_eq!(error.ctx, Some(json!({"expected": "'UP', 'DOWN' or 'DEGRADED'"})));
    }
}
