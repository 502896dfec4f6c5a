//! Optical arithmetic: losses of parts, classes of transceivers, the verdict on a received power.

mod budget;
mod loss;
pub(super) mod pon_class;
pub(super) mod signal;
#[cfg(test)]
mod tests;

pub(super) use budget::{PathLoss, judge};
pub(crate) use loss::{of_fibre, of_passive, to_db};
