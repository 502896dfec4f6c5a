//! Cross-connects: splices and patches inside ODF, NVT and HOP.

use crate::domain::InterfaceId;

/// A splice or patch between two ports of an ODF, NVT or HOP, as one of them has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CrossConnect {
    /// The other port, of the same device.
    pub to: InterfaceId,
    /// Finite and not negative; `None` counts as no loss beside that of the part.
    pub loss_db: Option<f64>,
    /// Recorded by the rule for links that name no cross-connect, not by an operator.
    pub is_assumed: bool,
}
