//! The optical signal at both ends of a subscriber's path.

/// The optical signal of a leaf on its path to an OLT.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// Received by the leaf.
    pub rx_down_dbm: f64,
    /// Received by the OLT.
    pub rx_up_dbm: f64,
    /// Of the weaker direction: received power minus sensitivity.
    pub margin_db: f64,
    pub class: SignalClass,
    /// The direction whose limit binds.
    pub limiting: Direction,
}

/// How good a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalClass {
    Ok,
    Warning,
    Critical,
    NoSignal,
    Overload,
}

/// A direction of transmission in a PON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the OLT to the leaf.
    Down,
    /// From the leaf to the OLT.
    Up,
}

impl SignalClass {
    pub const ALL: [Self; 5] =
        [Self::Ok, Self::Warning, Self::Critical, Self::NoSignal, Self::Overload];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::NoSignal => "NO_SIGNAL",
            Self::Overload => "OVERLOAD",
        }
    }
}

impl Direction {
    pub const ALL: [Self; 2] = [Self::Down, Self::Up];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
        }
    }
}
