//! The character between two cells.

/// The character between two cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Separator {
    #[default]
    Comma,
    /// The separator of spreadsheets in countries where the comma is the decimal sign.
    Semicolon,
    Tab,
}

impl Separator {
    pub const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    pub const fn as_char(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
        }
    }

    /// Its name on the command line and in a query.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
        }
    }

    /// The separator that this character is.
    pub fn of(character: char) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_char() == character)
    }

    /// The separator of this name, or the character itself.
    pub fn parse(word: &str) -> Option<Self> {
        let mut characters = word.chars();
        let character = characters.next().filter(|_| characters.next().is_none());
        character
            .and_then(Self::of)
            .or_else(|| Self::ALL.into_iter().find(|it| it.as_str() == word))
    }
}
