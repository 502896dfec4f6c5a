//! What a Socket.IO client sends: payloads of long polling, then packets of text and of bytes.

use bytes::Bytes;
use engineioxide_core::{Packet, ProtocolVersion, payload};
use futures_util::{FutureExt as _, StreamExt as _};
use http_body_util::Full;
use serde_json::Value;
use socketioxide_core::packet::PacketData;
use socketioxide_core::parser::{Parse as _, ParseConfig, ParserState};
use socketioxide_parser_common::CommonParser;

/// As the server's.
const PAYLOAD_BYTES_MAX: u64 = 100_000;

pub(crate) fn run(data: &[u8]) {
    let body = Full::new(Bytes::copy_from_slice(data));
    let packets = payload::decoder(body, None, ProtocolVersion::V4, PAYLOAD_BYTES_MAX);
    let (parser, config, state) = (CommonParser, ParseConfig::default(), ParserState::default());
    let packets = packets.collect::<Vec<_>>().now_or_never().expect("the whole body is there");
    for packet in packets.into_iter().flatten() {
        let read = match packet {
            Packet::Message(text) => parser.decode_str(&config, &state, text),
            Packet::Binary(bytes) => parser.decode_bin(&config, &state, bytes),
            _ => continue,
        };
        let Ok(packet) = read else { continue };
        match packet.inner {
            PacketData::Event(mut value, _) | PacketData::BinaryEvent(mut value, _) => {
                parser.read_event(&value).ok();
                parser.decode_value::<Value>(&mut value, true).ok();
            }
            PacketData::Connect(value) => {
                parser.decode_default::<Value>(value.as_ref()).ok();
            }
            _ => {}
        }
    }
}
