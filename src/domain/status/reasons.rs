//! Why a device has the status that it has.

use std::fmt;

/// One reason, as a code that programs can match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// An operator has set the status by hand.
    Override,
    /// An operator has set the status to UP, but the computed status is DOWN.
    OverrideConflict,
    /// No chain of passable links through working routers reaches a backbone gateway.
    NoUpstream,
    /// No path of passable links through passive parts reaches a working OLT.
    NoOpticalPath,
    /// There is a path, but less light arrives than the receiver needs.
    NoSignal,
    /// Less than 3 dB remain.
    SignalCritical,
    /// Less than 6 dB remain.
    SignalWarning,
    /// More light arrives than the receiver tolerates.
    SignalOverload,
    /// No path of passable links reaches a working AON switch.
    NoSwitch,
    /// No working active device can be reached through this passive part.
    NoActiveDevice,
    /// No fibre is connected with this leaf or passive part yet, which is no outage.
    NotConnected,
    /// Fibres end at this passive part, and no cross-connect says how they go on.
    JoinsNotRecorded,
    /// Some of its cross-connects were recorded by the rule for links that name none.
    JoinsAssumed,
    /// It is planned or retired.
    NotInService,
}

impl Reason {
    /// In the order in which they are shown; the index of a reason is its bit on disk.
    pub const ALL: [Self; 14] = [
        Self::Override,
        Self::OverrideConflict,
        Self::NoUpstream,
        Self::NoOpticalPath,
        Self::NoSignal,
        Self::SignalCritical,
        Self::SignalWarning,
        Self::SignalOverload,
        Self::NoSwitch,
        Self::NoActiveDevice,
        Self::NotConnected,
        Self::JoinsNotRecorded,
        Self::JoinsAssumed,
        Self::NotInService,
    ];

    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Override => "override",
            Self::OverrideConflict => "override_conflict",
            Self::NoUpstream => "no_upstream",
            Self::NoOpticalPath => "no_optical_path",
            Self::NoSignal => "no_signal",
            Self::SignalCritical => "signal_critical",
            Self::SignalWarning => "signal_warning",
            Self::SignalOverload => "signal_overload",
            Self::NoSwitch => "no_switch",
            Self::NoActiveDevice => "no_active_device",
            Self::NotConnected => "not_connected",
            Self::JoinsNotRecorded => "joins_not_recorded",
            Self::JoinsAssumed => "joins_assumed",
            Self::NotInService => "not_in_service",
        }
    }
}

/// A set of reasons.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Reasons(u16);

impl Reasons {
    pub const NONE: Self = Self(0);

    /// The set with another reason.
    #[must_use]
    pub const fn with(self, reason: Reason) -> Self {
        Self(self.0 | 1 << reason as u16)
    }

    pub const fn contains(self, reason: Reason) -> bool {
        self.0 & (1 << reason as u16) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.into_iter().filter(move |reason| self.contains(*reason))
    }

    /// One bit per reason, by its index in [`Reason::ALL`].
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set with these bits; `None` when a bit has no reason.
    pub const fn from_bits(bits: u16) -> Option<Self> {
        if bits >> Reason::ALL.len() == 0 { Some(Self(bits)) } else { None }
    }
}

impl fmt::Debug for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
