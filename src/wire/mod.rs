//! Entities and log lines as JSON, in HTTP answers, Socket.IO events and exports.
//!
//! Keys, their order and their types are the v2 contract; keys that UNOC adds come last.

mod csv;
mod device;
mod interface;
mod json_lines;
mod link;
mod log_line;
mod schemas;
mod signal;
mod subject;
mod time;

pub use csv::{
    Cell, DeviceRowNames, Encoding, ImportErrors, ImportReport, Reading, Separator,
    TABLE_BYTES_MAX, TABLE_ROWS_MAX, TableError, TableErrors, TableKind, TableOptions,
    looks_like_table, read_table, write_cross_connect_row, write_device_row, write_heading,
    write_link_row, write_row, write_table_heading,
};
pub use device::{DeviceView, ReasonCodes};
pub use interface::{CrossConnectView, InterfaceTimedView, InterfaceView};
pub use json_lines::{ExportLine, FORMAT_VERSION, LineError, SiteReader, write_header, write_line};
pub use link::{LinkTimedView, LinkView};
pub use log_line::{LOG_LEVELS, LogLineView, log_level_schema};
pub use schemas::{
    device_type_schema, interface_type_schema, lifecycle_schema, medium_schema,
    nullable_medium_schema, nullable_pon_class_schema, nullable_split_ratio_schema,
    nullable_status_schema, nullable_words_schema, pon_class_schema, status_schema, words_schema,
};
pub use signal::SignalView;
pub use subject::Subject;
pub use time::Time;
