//! Validation of request bodies, queries and paths. All errors of a request are reported together,
//! in the format and the words of v2 (FastAPI with pydantic 2).

mod error;
mod fields;
pub(super) mod parse;

pub(super) use error::{FieldError, ValidationErrors};
pub(super) use fields::{Fields, FromFields};
