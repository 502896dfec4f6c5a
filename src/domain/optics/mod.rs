//! Optical arithmetic: losses of parts, classes of transceivers, received powers.

pub(super) mod budget;
pub(super) mod loss;
pub(super) mod pon_class;
pub(super) mod pon_limits;
pub(super) mod signal;
pub(super) mod split_ratio;
#[cfg(test)]
mod tests;
