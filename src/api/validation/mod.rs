//! Reading request bodies, queries and paths so that all errors of a request are told at once,
//! in the form and words of v2 (FastAPI with pydantic 2).

mod error;
mod fields;
pub(super) mod parse;

pub(super) use error::{FieldError, ValidationErrors};
pub(super) use fields::{Fields, FromFields};
