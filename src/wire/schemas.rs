//! JSON schemas of the domain's closed vocabularies, generated from the domain's tables.

use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use crate::domain::{
    DeviceType, Direction, InterfaceType, Lifecycle, Medium, PON_CLASSES, SignalClass, SplitRatio,
    Status,
};

fn words(values: impl Iterator<Item = &'static str>) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values))
}

fn words_or_null(values: impl Iterator<Item = &'static str>) -> Schema {
    let values = values.map(Value::from).chain([Value::Null]);
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(values))
        .into()
}

/// Returns the schema of a string that is one of these words.
pub fn words_schema(values: impl IntoIterator<Item = &'static str>) -> Schema {
    words(values.into_iter()).into()
}

/// Returns the schema of a string that is one of these words, or null.
pub fn nullable_words_schema(values: impl IntoIterator<Item = &'static str>) -> Schema {
    words_or_null(values.into_iter())
}

pub fn device_type_schema() -> Schema {
    words(DeviceType::all().map(DeviceType::as_str)).into()
}

pub fn status_schema() -> Schema {
    words(Status::ALL.into_iter().map(Status::as_str)).into()
}

pub fn nullable_status_schema() -> Schema {
    words_or_null(Status::ALL.into_iter().map(Status::as_str))
}

pub(super) fn signal_class_schema() -> Schema {
    words(SignalClass::ALL.into_iter().map(SignalClass::as_str)).into()
}

pub fn nullable_pon_class_schema() -> Schema {
    words_or_null(PON_CLASSES.iter().map(|row| row.word))
}

pub fn pon_class_schema() -> Schema {
    words(PON_CLASSES.iter().map(|row| row.word)).into()
}

pub fn lifecycle_schema() -> Schema {
    words(Lifecycle::ALL.into_iter().map(Lifecycle::as_str)).into()
}

pub fn nullable_split_ratio_schema() -> Schema {
    let values = SplitRatio::ALL.map(|ratio| Value::from(ratio.outputs()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .enum_values(Some(values.into_iter().chain([Value::Null])))
        .into()
}

pub(super) fn direction_schema() -> Schema {
    words(Direction::ALL.into_iter().map(Direction::as_str)).into()
}

pub fn interface_type_schema() -> Schema {
    words(InterfaceType::ALL.into_iter().map(InterfaceType::as_str)).into()
}

pub fn medium_schema() -> Schema {
    words(Medium::ALL.into_iter().map(Medium::as_str)).into()
}

pub fn nullable_medium_schema() -> Schema {
    words_or_null(Medium::ALL.into_iter().map(Medium::as_str))
}
