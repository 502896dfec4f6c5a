//! Channel binding: the login proves that both ends use the same TLS certificate.

use postgres::tls::ChannelBinding;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// DER tags (X.690 section 8).
const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// 1.2.840.113549.1.1, RSA's signatures (RFC 8017 appendix C), without the last number.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// 1.2.840.10045.4.3, ECDSA with SHA-2 (RFC 5758 section 3.2), without the last number.
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];

/// The binding `tls-server-end-point` (RFC 5929 section 4.1) of a server's certificate in DER: its
/// hash by the algorithm of its signature. None for signatures without such an algorithm: the login
/// then continues without channel binding, unless the address has `channel_binding=require`.
pub(super) fn to_certificate(der: &[u8]) -> ChannelBinding {
    let hash = match signature_algorithm(der).and_then(<[u8]>::split_last) {
        // The RFC replaces MD5 and SHA-1 by SHA-256.
        Some((4 | 5 | 11, RSA)) | Some((2, ECDSA)) => Sha256::digest(der).to_vec(),
        Some((12, RSA)) | Some((3, ECDSA)) => Sha384::digest(der).to_vec(),
        Some((13, RSA)) | Some((4, ECDSA)) => Sha512::digest(der).to_vec(),
        _ => return ChannelBinding::none(),
    };
    ChannelBinding::tls_server_end_point(hash)
}

/// The object identifier in `Certificate.signatureAlgorithm` (RFC 5280 section 4.1).
fn signature_algorithm(der: &[u8]) -> Option<&[u8]> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (_to_be_signed, rest) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    Some(element(algorithm, OBJECT_IDENTIFIER)?.0)
}

/// The content of the element that `der` begins with, and what follows it (X.690 section 8.1.3).
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    // From 128 on, the first byte holds the number of bytes of the length.
    let digits = usize::from(length.saturating_sub(0x80));
    let (long, rest) = rest.split_at_checked(digits)?;
    let length = match digits {
        0 => usize::from(length),
        1..=4 => long.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_elements_are_parsed_and_invalid_ones_refused() {
        assert_eq!(element(&[0x30, 2, 7, 8, 9], SEQUENCE), Some((&[7, 8][..], &[9][..])));
        assert_eq!(element(&[0x30, 0x81, 1, 7], SEQUENCE), Some((&[7][..], &[][..])));
        assert_eq!(element(&[0x30, 0x82, 0, 1, 7], SEQUENCE), Some((&[7][..], &[][..])));
        for broken in [
            &[][..],
            &[0x30],
            &[0x06, 1, 7],
            &[0x30, 2, 7],
            &[0x30, 0x82, 1],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0xff],
        ] {
            assert_eq!(element(broken, SEQUENCE), None, "{broken:?}");
        }
    }
}
