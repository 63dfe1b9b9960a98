//! What kind of datagram is this, by its first bytes (RFC 7983, RFC 5761)?

/// The four protocols that share one 5-tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
}

/// The protocol, or `None` for what belongs to nobody.
pub(crate) fn classify(bytes: &[u8]) -> Option<Protocol> {
    match (bytes.first()?, bytes.get(1)) {
        (0..=3, _) => Some(Protocol::Stun),
        (20..=63, _) => Some(Protocol::Dtls),
        (128..=191, Some(192..=223)) => Some(Protocol::Rtcp),
        (128..=191, Some(_)) => Some(Protocol::Rtp),
        _ => None,
    }
}

/// Bytes of an RTP header with its contributing sources and extension, if they all fit (RFC 3550 section 5.1).
///
/// Works on encrypted packets, where the padding cannot be looked at yet.
pub(crate) fn rtp_header_len(bytes: &[u8]) -> Option<usize> {
    let fixed = 12 + 4 * usize::from(bytes.first()? & 0x0f);
    let length = if bytes[0] & 0x10 == 0 {
        fixed
    } else {
        let words = bytes.get(fixed + 2..fixed + 4)?;
        fixed + 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]))
    };
    (length <= bytes.len()).then_some(length)
}

/// The SSRC of an RTP packet.
pub(crate) fn rtp_ssrc(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(8..12)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_range_of_first_bytes_has_its_protocol() {
        assert_eq!(classify(&[]), None);
        assert_eq!(classify(&[0]), Some(Protocol::Stun));
        assert_eq!(classify(&[22, 254]), Some(Protocol::Dtls));
        assert_eq!(classify(&[128]), None);
        assert_eq!(classify(&[128, 111]), Some(Protocol::Rtp));
        assert_eq!(classify(&[0x81, 206]), Some(Protocol::Rtcp));
        assert_eq!(classify(&[64, 0]), None);
        assert_eq!(classify(&[200, 0]), None);
    }

    #[test]
    fn a_header_longer_than_its_packet_has_no_length() {
        assert_eq!(rtp_header_len(&[0x80; 12]), Some(12));
        assert_eq!(rtp_header_len(&[0x8f; 12]), None);
        let mut extended = vec![0u8; 16];
        extended[0] = 0x90;
        assert_eq!(rtp_header_len(&extended), Some(16));
        extended[15] = 1;
        assert_eq!(rtp_header_len(&extended), None);
    }
}
