//! Retransmission packets (RFC 4588 4): a packet inside another stream, behind its original sequence number.

use crate::{Packet, SeqNo, Ssrc, view::be16};
use bytes::{BufMut, Bytes, BytesMut};

/// Wraps `original` for the retransmission stream, with its header extensions (RFC 4588 4).
#[must_use]
pub fn encapsulate(original: &Packet, ssrc: Ssrc, payload_type: u8, seq: SeqNo) -> Packet {
    let mut payload = BytesMut::with_capacity(2 + original.payload.len());
    payload.put_u16(original.seq.0);
    payload.extend_from_slice(&original.payload);
    Packet {
        payload_type,
        marker: original.marker,
        seq,
        timestamp: original.timestamp,
        ssrc,
        extensions: original.extensions.clone(),
        payload: payload.freeze(),
    }
}

/// The packet inside, under the media stream's `ssrc` and `payload_type`. Its extensions are the wrapping's: those that
/// belong to the picture came with it, those that belong to one sending say when this one left. `None` for an empty one: bandwidth probes
/// are sent as retransmissions of nothing.
#[must_use]
pub fn decapsulate(wrapped: &Packet, ssrc: Ssrc, payload_type: u8) -> Option<Packet> {
    if wrapped.payload.len() <= 2 {
        return None;
    }
    Some(Packet {
        payload_type,
        marker: wrapped.marker,
        seq: SeqNo(be16(&wrapped.payload)),
        timestamp: wrapped.timestamp,
        ssrc,
        extensions: wrapped.extensions.clone(),
        payload: inner(&wrapped.payload),
    })
}

fn inner(payload: &Bytes) -> Bytes {
    payload.slice(2..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_comes_out_of_its_wrapping_as_it_went_in() {
        let original = Packet {
            payload_type: 100,
            marker: true,
            seq: SeqNo(65535),
            timestamp: 77,
            ssrc: Ssrc(1),
            extensions: vec![(11, Bytes::from_static(b"layer"))],
            payload: Bytes::from_static(b"picture"),
        };
        let wrapped = encapsulate(&original, Ssrc(2), 96, SeqNo(5));
        assert_eq!((wrapped.ssrc, wrapped.seq, wrapped.payload_type), (Ssrc(2), SeqNo(5), 96));
        assert_eq!(decapsulate(&wrapped, Ssrc(1), 100), Some(original));
    }

    #[test]
    fn a_probe_without_content_is_nothing() {
        for payload in [&b""[..], b"\x01", b"\x01\x02"] {
            let probe = Packet { payload: Bytes::copy_from_slice(payload), ..Packet::default() };
            assert_eq!(decapsulate(&probe, Ssrc(1), 100), None);
        }
    }
}
