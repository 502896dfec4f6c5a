//! What identifies a device in the field, and the customer behind it.

/// Serial number, customer and place of a device. What is absent was never entered, or was erased.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceDetails {
    /// Normalised; unique among all devices of the site.
    pub serial: Option<Box<str>>,
    pub customer_reference: Option<Box<str>>,
    pub customer_name: Option<Box<str>>,
    pub phone: Option<Box<str>>,
    pub address: Option<Box<str>>,
    pub coordinates: Option<Coordinates>,
    /// Ascending, each once.
    pub tags: Vec<Box<str>>,
    pub note: Option<Box<str>>,
}

/// A place on Earth (WGS 84), in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coordinates {
    pub latitude: f64,
    pub longitude: f64,
}

/// A detail that is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailText {
    Serial,
    CustomerReference,
    CustomerName,
    Phone,
    Address,
    Tag,
    Note,
}

/// Why a text cannot be a detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DetailError {
    #[error("it has more than {0} characters")]
    TooLong(usize),
    #[error("it contains control characters")]
    ControlCharacter,
    /// Tables separate tags by them.
    #[error("a tag has no comma or semicolon")]
    Separator,
    #[error("it has more than {} tags", DeviceDetails::TAGS_MAX)]
    TooManyTags,
}

/// New values of details; `None` keeps the old one, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DetailsPatch {
    pub serial: Option<Option<Box<str>>>,
    pub customer_reference: Option<Option<Box<str>>>,
    pub customer_name: Option<Option<Box<str>>>,
    pub phone: Option<Option<Box<str>>>,
    pub address: Option<Option<Box<str>>>,
    pub coordinates: Option<Option<Coordinates>>,
    pub tags: Option<Vec<Box<str>>>,
    pub note: Option<Option<Box<str>>>,
}

impl DeviceDetails {
    /// Tags are for grouping, not for storing records.
    pub const TAGS_MAX: usize = 16;
    /// Nothing was ever entered.
    pub const NONE: Self = Self {
        serial: None,
        customer_reference: None,
        customer_name: None,
        phone: None,
        address: None,
        coordinates: None,
        tags: Vec::new(),
        note: None,
    };

    /// The details as a device has them: `None` when nothing is entered.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::NONE).then(|| Box::new(self))
    }

    /// The same without personal data: only the serial and the tags stay.
    #[must_use]
    pub fn without_personal_data(&self) -> Self {
        Self { serial: self.serial.clone(), tags: self.tags.clone(), ..Self::NONE }
    }
}

impl Coordinates {
    /// Whether the latitude is within 90 degrees and the longitude within 180.
    pub fn are_on_earth(self) -> bool {
        self.latitude.abs() <= 90.0 && self.longitude.abs() <= 180.0
    }
}

impl DetailText {
    /// Longest accepted text, in characters: more than any label, customer record or address has.
    pub const fn chars_max(self) -> usize {
        match self {
            Self::Serial | Self::CustomerReference => 64,
            Self::CustomerName => 128,
            Self::Phone | Self::Tag => 40,
            Self::Address => 255,
            Self::Note => 2_000,
        }
    }

    /// Returns the text trimmed, a serial normalised; `None` for a blank one.
    ///
    /// # Errors
    /// [`DetailError`]. Only addresses and notes may have line breaks.
    pub fn read(self, text: &str) -> Result<Option<Box<str>>, DetailError> {
        let text = text.trim();
        if text.chars().count() > self.chars_max() {
            return Err(DetailError::TooLong(self.chars_max()));
        }
        let has_lines = matches!(self, Self::Address | Self::Note);
        let is_allowed = |it: char| !it.is_control() || (has_lines && matches!(it, '\n' | '\r'));
        if !text.chars().all(is_allowed) {
            return Err(DetailError::ControlCharacter);
        }
        if self == Self::Tag && text.contains([',', ';']) {
            return Err(DetailError::Separator);
        }
        Ok(match self {
            _ if text.is_empty() => None,
            Self::Serial => Some(normalized_serial(text)),
            _ => Some(text.into()),
        })
    }

    /// Returns a text that was exported as it is, but a serial normalised.
    ///
    /// # Errors
    /// [`DetailError::TooLong`].
    pub fn exported(self, text: &str) -> Result<Box<str>, DetailError> {
        if text.chars().count() > self.chars_max() {
            return Err(DetailError::TooLong(self.chars_max()));
        }
        Ok(if self == Self::Serial { normalized_serial(text.trim()) } else { text.into() })
    }

    /// Returns tags in order, each once, without blank ones.
    ///
    /// # Errors
    /// [`DetailError`] of the first tag, or [`DetailError::TooManyTags`].
    pub fn read_tags<'a>(
        tags: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Box<str>>, DetailError> {
        let mut read = Vec::new();
        for tag in tags {
            read.extend(Self::Tag.read(tag)?);
        }
        read.sort_unstable();
        read.dedup();
        if read.len() > DeviceDetails::TAGS_MAX { Err(DetailError::TooManyTags) } else { Ok(read) }
    }
}

/// Returns a serial in the form in which it is stored. A GPON serial (ITU-T G.984.3: a vendor id of
/// four letters and eight hexadecimal digits) is often written with the vendor id in hexadecimal
/// too, as 16 digits: both forms are the same serial, stored in 12 characters. Letters are in upper
/// case.
fn normalized_serial(text: &str) -> Box<str> {
    let upper = text.to_uppercase();
    let vendor = (upper.len() == 16 && upper.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| vendor_id(&upper[..8]))
        .flatten();
    match vendor {
        Some(vendor) => format!("{vendor}{}", &upper[8..]).into(),
        None => upper.into(),
    }
}

/// The vendor id of these eight digits, if they are four letters in ASCII.
fn vendor_id(digits: &str) -> Option<String> {
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let letters = [byte(0)?, byte(2)?, byte(4)?, byte(6)?];
    let is_word = letters.iter().all(u8::is_ascii_alphabetic);
    is_word.then(|| letters.map(|letter| char::from(letter.to_ascii_uppercase())).iter().collect())
}

impl DetailsPatch {
    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the details after the change.
    #[must_use]
    pub fn applied_to(self, details: Option<&DeviceDetails>) -> Option<Box<DeviceDetails>> {
        let old = details.cloned().unwrap_or_default();
        let new = DeviceDetails {
            serial: self.serial.unwrap_or(old.serial),
            customer_reference: self.customer_reference.unwrap_or(old.customer_reference),
            customer_name: self.customer_name.unwrap_or(old.customer_name),
            phone: self.phone.unwrap_or(old.phone),
            address: self.address.unwrap_or(old.address),
            coordinates: self.coordinates.unwrap_or(old.coordinates),
            tags: self.tags.unwrap_or(old.tags),
            note: self.note.unwrap_or(old.note),
        };
        new.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_gpon_serial_are_one() {
        let check = |text: &str, expected: &str| {
            let read = DetailText::Serial.read(text);
            assert_eq!(read.unwrap().as_deref(), Some(expected), "{text}");
        };
        check("HWTC12345678", "HWTC12345678");
        check(" hwtc1234abcd ", "HWTC1234ABCD");
        check("4857544312345678", "HWTC12345678");
        check("485754431234abCD", "HWTC1234ABCD");
        check("6877746312345678", "HWTC12345678");
        // Not letters in ASCII: some other device's number of 16 digits.
        check("0011223344556677", "0011223344556677");
        check("4857544312345678X", "4857544312345678X");
        check("sn-00/7 ü", "SN-00/7 Ü");
        assert_eq!(DetailText::Serial.read("  "), Ok(None));
    }

    #[test]
    fn texts_are_bounded_and_plain() {
        for field in [DetailText::Phone, DetailText::Note, DetailText::CustomerName] {
            let longest = "ü".repeat(field.chars_max());
            assert_eq!(field.read(&longest).unwrap().as_deref(), Some(longest.as_str()));
            assert_eq!(
                field.read(&format!("{longest}x")),
                Err(DetailError::TooLong(field.chars_max()))
            );
        }
        assert_eq!(DetailText::Phone.read("1\n2"), Err(DetailError::ControlCharacter));
        assert_eq!(DetailText::Address.read("a\nb"), Ok(Some("a\nb".into())));
        assert_eq!(DetailText::Note.read("a\0b"), Err(DetailError::ControlCharacter));
        assert_eq!(DetailText::Tag.read("a, b"), Err(DetailError::Separator));
        let tags = DetailText::read_tags(["b", " a ", "", "b"].into_iter());
        assert_eq!(tags, Ok(vec!["a".into(), "b".into()]));
        let many: Vec<String> = (0..=DeviceDetails::TAGS_MAX).map(|it| it.to_string()).collect();
        let many = DetailText::read_tags(many.iter().map(String::as_str));
        assert_eq!(many, Err(DetailError::TooManyTags));
    }
}
