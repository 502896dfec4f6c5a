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

impl DeviceDetails {
    /// Nothing was ever entered.
    pub const NONE: Self = Self {
        serial: None,
        customer_reference: None,
        customer_name: None,
        phone: None,
        address: None,
        coordinates: None,
        tags: Vec::new(),
        note: None,
    };

    /// The details as a device has them: `None` when nothing is entered.
    pub fn boxed(self) -> Option<Box<Self>> {
        (self != Self::NONE).then(|| Box::new(self))
    }
}

/// A place on Earth (WGS 84), in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coordinates {
    pub latitude: f64,
    pub longitude: f64,
}

impl Coordinates {
    /// Whether the latitude is within 90 degrees and the longitude within 180.
    pub fn are_on_earth(self) -> bool {
        self.latitude.abs() <= 90.0 && self.longitude.abs() <= 180.0
    }
}
