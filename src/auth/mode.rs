//! Who has to be known.

/// Who has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// There are no users: those on this host may do everything, others nothing.
    Open,
    /// There are no users, and everybody may do everything.
    Insecure,
    /// There are users: nobody may do anything without being known.
    Login,
}

impl AuthMode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Insecure => "insecure",
            Self::Login => "login",
        }
    }
}
