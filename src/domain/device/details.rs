//! What identifies a device in the field, and the customer behind it.

/// Serial number, customer and place of a device. What is absent was never entered, or was erased.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceDetails {
    /// Normalised; unique among all devices of the site.
    pub serial: Option<Box<str>>,
    pub customer_reference: Option<Box<str>>,
    pub customer_name: Option<Box<str>>,
    pub phone: Option<Box<str>>,
    pub address: Option<Box<str>>,
    pub coordinates: Option<Coordinates>,
    /// Ascending, each once.
    pub tags: Vec<Box<str>>,
    pub note: Option<Box<str>>,
}

/// A place on Earth (WGS 84), in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coordinates {
    pub latitude: f64,
    pub longitude: f64,
}
