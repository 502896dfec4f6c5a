//! Parsing cells into domain values.

use crate::domain::{
    DetailText, DeviceId, DeviceType, InterfaceType, Lifecycle, Medium, Name, PON_CLASSES,
    PonClass, SplitRatio,
};

use super::error::quoted;

/// Parses a decimal number such as `-27.5`, without exponents, other bases or thousands separators.
/// The decimal sign is a point, because `1,234` is ambiguous.
pub(super) fn number(text: &str) -> Result<f64, String> {
    // Word processors write this minus sign.
    let plain = text.replace('\u{2212}', "-");
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let is_decimal = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1;
    let number = plain.parse().ok().filter(|number: &f64| is_decimal && number.is_finite());
    number.ok_or_else(|| {
        let text = quoted(text);
        if text.contains(',') {
            format!("'{text}' is not a number: use a decimal point, as in 1234.5")
        } else {
            format!("'{text}' is not a number such as 1234.5")
        }
    })
}

/// Parses a length or a loss.
pub(super) fn not_negative(text: &str) -> Result<f64, String> {
    let number = number(text)?;
    if number < 0.0 { Err(format!("{number} is less than 0")) } else { Ok(number) }
}

pub(super) fn name(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(|error| format!("'{}' is not a name: {error}", quoted(text)))
}

pub(super) fn id(text: &str) -> Result<DeviceId, String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let id = digits.parse().ok().filter(|id| is_whole && *id > 0);
    id.map(DeviceId).ok_or_else(|| format!("'{}' is not an id", quoted(text)))
}

/// Parses `OLT`, and also `Core router` as the page shows it.
pub(super) fn device_type(text: &str) -> Result<DeviceType, String> {
    word(text, DeviceType::parse, DeviceType::all().map(DeviceType::as_str), "a device type")
}

pub(super) fn interface_type(text: &str) -> Result<InterfaceType, String> {
    let all = InterfaceType::ALL.into_iter().map(InterfaceType::as_str);
    word(text, InterfaceType::parse, all, "an interface type")
}

pub(super) fn pon_class(text: &str) -> Result<PonClass, String> {
    word(text, PonClass::parse, PON_CLASSES.iter().map(|row| row.word), "a PON class")
}

pub(super) fn medium(text: &str) -> Result<Medium, String> {
    word(text, Medium::parse, Medium::ALL.into_iter().map(Medium::as_str), "a medium")
}

/// Parses a detail of a device; `None` for a blank text.
pub(super) fn detail(field: DetailText) -> impl Fn(&str) -> Result<Option<Box<str>>, String> {
    move |text| field.read(text).map_err(|error| format!("'{}': {error}", quoted(text)))
}

/// Parses tags separated by commas or semicolons.
pub(super) fn tags(text: &str) -> Result<Vec<Box<str>>, String> {
    let tags = DetailText::read_tags(text.split([',', ';']));
    tags.map_err(|error| format!("'{}': {error}", quoted(text)))
}

/// Parses a number whose magnitude is at most `max`.
pub(super) fn within(max: f64) -> impl Fn(&str) -> Result<f64, String> {
    move |text| {
        let number = number(text)?;
        if number.abs() <= max { Ok(number) } else { Err(format!("{number} is not within {max}")) }
    }
}

pub(super) fn lifecycle(text: &str) -> Result<Lifecycle, String> {
    let parse = |word: &str| Lifecycle::parse(&word.to_lowercase());
    word(text, parse, Lifecycle::ALL.into_iter().map(Lifecycle::as_str), "a lifecycle")
}

/// Parses `32`, and also `1:32` or `2:32` as splitters are labelled.
pub(super) fn split_ratio(text: &str) -> Result<SplitRatio, String> {
    let outputs = text.strip_prefix("1:").or_else(|| text.strip_prefix("2:")).unwrap_or(text);
    outputs.trim().parse().ok().and_then(SplitRatio::new).ok_or_else(|| {
        let all = SplitRatio::ALL.map(|ratio| ratio.outputs().to_string()).join(", ");
        format!("'{}' is not a split ratio: {all}", quoted(text))
    })
}

/// Parses `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(format!("'{}' is neither true nor false", quoted(text))),
    }
}

fn word<T>(
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    all: impl Iterator<Item = &'static str>,
    what: &str,
) -> Result<T, String> {
    let words: Vec<&str> = text.split([' ', '-', '_']).filter(|it| !it.is_empty()).collect();
    parse(&words.join("_").to_uppercase()).ok_or_else(|| {
        let all: Vec<&str> = all.collect();
        format!("'{}' is not {what}: {}", quoted(text), all.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_decimal_numbers_are_numbers() {
        for (text, expected) in [
            ("0", 0.0),
            ("-27.5", -27.5),
            ("+4", 4.0),
            ("\u{2212}1", -1.0),
            (".5", 0.5),
            ("5.", 5.0),
        ] {
            assert_eq!(number(text), Ok(expected), "{text}");
        }
        let huge = "9".repeat(400);
        for text in [
            "0x10", "1e0", "1E5", "1,234", "1,5", "1.234,5", "1 000", "inf", "NaN", "", "-", ".",
            "1.2.3", "--1", "½", "١", &huge,
        ] {
            assert!(number(text).is_err(), "{text}");
        }
        assert!(not_negative("-0.1").is_err() && not_negative("0").is_ok());
    }

    #[test]
    fn words_may_be_written_as_the_page_shows_them() {
        for text in ["CORE_ROUTER", "core router", "Core-Router"] {
            assert_eq!(device_type(text), Ok(DeviceType::CoreRouter), "{text}");
        }
        assert!(device_type("TOASTER").is_err());
        for text in ["in_service", "In service", "IN-SERVICE"] {
            assert_eq!(lifecycle(text), Ok(Lifecycle::InService), "{text}");
        }
        for text in ["64", "1:64", "2: 64"] {
            assert_eq!(split_ratio(text), SplitRatio::new(64).ok_or_else(String::new), "{text}");
        }
        for text in ["3", "1:", "64:1", "-2", "1.5"] {
            assert!(split_ratio(text).is_err(), "{text}");
        }
        assert_eq!([boolean("TRUE"), boolean("no")], [Ok(true), Ok(false)]);
        assert!(boolean("perhaps").is_err());
        assert_eq!(id("#12"), Ok(DeviceId(12)));
        for text in ["0", "-1", "1.5", "+3", "x", "99999999999999999999"] {
            assert!(id(text).is_err(), "{text}");
        }
    }
}
