//! Optical arithmetic: losses of parts, classes of transceivers, the verdict on a received power.

mod budget;
mod classes;
mod loss;
#[cfg(test)]
mod tests;

pub(super) use budget::{PathLoss, judge};
pub use classes::{PON_CLASSES, PonClass, PonClassRow};
pub(crate) use loss::{of_fibre, of_passive, to_db};
