//! The details of a device in requests: serial, customer, place, tags and note.

use utoipa::ToSchema;

use crate::api::validation::{Fields, parse};
use crate::domain::{Coordinates, DetailText, DetailsPatch};

/// What identifies a device, and the customer behind it. An empty text counts as null.
#[derive(Default, ToSchema)]
#[schema(as = DeviceDetails)]
pub(super) struct DetailsBody {
    /// Unique. The two forms of a GPON serial, of 12 and of 16 characters, are the same; letters are
    /// stored in upper case.
    #[schema(value_type = Option<String>, max_length = 64)]
    serial: Option<Option<Box<str>>>,
    /// The customer in your own system.
    #[schema(value_type = Option<String>, max_length = 64)]
    customer_reference: Option<Option<Box<str>>>,
    #[schema(value_type = Option<String>, max_length = 128)]
    customer_name: Option<Option<Box<str>>>,
    #[schema(value_type = Option<String>, max_length = 40)]
    phone: Option<Option<Box<str>>>,
    #[schema(value_type = Option<String>, max_length = 255)]
    address: Option<Option<Box<str>>>,
    /// In degrees (WGS 84), only together with `longitude`.
    #[schema(value_type = Option<f64>, minimum = -90.0, maximum = 90.0)]
    latitude: Option<Option<f64>>,
    #[schema(value_type = Option<f64>, minimum = -180.0, maximum = 180.0)]
    longitude: Option<Option<f64>>,
    /// At most 16, of 40 characters each.
    #[schema(value_type = Option<Vec<String>>, max_items = 16)]
    tags: Option<Option<Vec<Box<str>>>>,
    #[schema(value_type = Option<String>, max_length = 2000)]
    note: Option<Option<Box<str>>>,
}

/// The keys of the details.
pub(super) const DETAIL_KEYS: [&str; 9] = [
    "serial",
    "customer_reference",
    "customer_name",
    "phone",
    "address",
    "latitude",
    "longitude",
    "tags",
    "note",
];

impl DetailsBody {
    pub(super) fn from_fields(fields: &mut Fields<'_>) -> Self {
        let mut text = |key, field| fields.nullable(key, parse::detail(field)).map(Option::flatten);
        let serial = text("serial", DetailText::Serial);
        let customer_reference = text("customer_reference", DetailText::CustomerReference);
        let customer_name = text("customer_name", DetailText::CustomerName);
        let phone = text("phone", DetailText::Phone);
        let address = text("address", DetailText::Address);
        let note = text("note", DetailText::Note);
        let is_place = fields.has_value("latitude") || fields.has_value("longitude");
        let (latitude, longitude) = if is_place {
            let latitude = fields.required("latitude", parse::within(90.0));
            (latitude.map(Some), fields.required("longitude", parse::within(180.0)).map(Some))
        } else if fields.has("latitude") || fields.has("longitude") {
            (Some(None), Some(None))
        } else {
            (None, None)
        };
        let tags = fields.nullable("tags", parse::tags);
        Self {
            serial,
            customer_reference,
            customer_name,
            phone,
            address,
            latitude,
            longitude,
            tags,
            note,
        }
    }
}

impl From<DetailsBody> for DetailsPatch {
    fn from(body: DetailsBody) -> Self {
        let place = body.latitude.zip(body.longitude);
        Self {
            serial: body.serial,
            customer_reference: body.customer_reference,
            customer_name: body.customer_name,
            phone: body.phone,
            address: body.address,
            coordinates: place.map(|(latitude, longitude)| {
                Some(Coordinates { latitude: latitude?, longitude: longitude? })
            }),
            tags: body.tags.map(Option::unwrap_or_default),
            note: body.note,
        }
    }
}
