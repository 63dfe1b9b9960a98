//! Writes the RTP we send: the packet's own extension elements, and the two that are stamped at the last moment.

use runde_rtp::{Packet, SeqNo, Ssrc, View};

/// The fixed part of a header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) seq: SeqNo,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: Ssrc,
}

impl From<&Packet> for Head {
    fn from(packet: &Packet) -> Self {
        Self {
            payload_type: packet.payload_type,
            marker: packet.marker,
            seq: packet.seq,
            timestamp: packet.timestamp,
            ssrc: packet.ssrc,
        }
    }
}

impl From<&View<'_>> for Head {
    fn from(view: &View<'_>) -> Self {
        Self {
            payload_type: view.payload_type(),
            marker: view.marker(),
            seq: view.seq(),
            timestamp: view.timestamp(),
            ssrc: view.ssrc(),
        }
    }
}

/// Elements written per packet; a session negotiates about five.
const MAX_ELEMENTS: usize = 16;
/// Room for the tag that sealing appends.
const TAG: usize = 16;

/// The packet, and how many bytes of it are header. An id given twice keeps its last value, so `stamps` win over the
/// `elements` the packet brought along.
pub(crate) fn write<'a>(
    head: Head,
    elements: impl Iterator<Item = (u8, &'a [u8])>,
    stamps: &[Option<(u8, &[u8])>],
    payload: &[u8],
) -> (Vec<u8>, usize) {
    let stamps = stamps.iter().copied().flatten();
    #[allow(clippy::map_identity)] // it shortens the lifetime to the stamps'
    let elements = elements.map(|(id, value)| (id, value));
    let mut kept: [(u8, &[u8]); MAX_ELEMENTS] = [(0, &[]); MAX_ELEMENTS];
    let mut count = 0;
    for (id, value) in elements.chain(stamps) {
        if id == 0 || value.len() > 255 {
            continue;
        }
        match kept[..count].iter_mut().find(|(known, _)| *known == id) {
            Some(slot) => slot.1 = value,
            None if count < MAX_ELEMENTS => {
                kept[count] = (id, value);
                count += 1;
            }
            None => {}
        }
    }
    let kept = &kept[..count];
    let mut out = Vec::with_capacity(12 + 4 + 20 * count + payload.len() + TAG);
    out.push(if kept.is_empty() { 0x80 } else { 0x90 });
    out.push(head.payload_type & 0x7f | u8::from(head.marker) << 7);
    out.extend_from_slice(&head.seq.0.to_be_bytes());
    out.extend_from_slice(&head.timestamp.to_be_bytes());
    out.extend_from_slice(&head.ssrc.0.to_be_bytes());
    if !kept.is_empty() {
        write_elements(kept, &mut out);
    }
    let header = out.len();
    out.extend_from_slice(payload);
    (out, header)
}

/// RFC 8285: the one-byte form where every element fits it. The block is built anew each time: padding left over from an
/// earlier one would be read as elements.
#[allow(clippy::cast_possible_truncation)] // checked: values at most 255 bytes, the block at most 16 * 257
fn write_elements(kept: &[(u8, &[u8])], out: &mut Vec<u8>) {
    let short = kept.iter().all(|(id, value)| *id <= 14 && (1..=16).contains(&value.len()));
    out.extend_from_slice(if short { &[0xbe, 0xde, 0, 0] } else { &[0x10, 0x00, 0, 0] });
    let start = out.len();
    for (id, value) in kept {
        if short {
            out.push(id << 4 | (value.len() - 1) as u8);
        } else {
            out.extend_from_slice(&[*id, value.len() as u8]);
        }
        out.extend_from_slice(value);
    }
    let words = (out.len() - start).div_ceil(4);
    out.resize(start + 4 * words, 0);
    out[start - 2..start].copy_from_slice(&(words as u16).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { payload_type: 100, marker: true, seq: SeqNo(7), timestamp: 9, ssrc: Ssrc(5) };

    #[test]
    fn trap_9_a_stamp_replaces_what_the_packet_brought_and_leaves_no_padding_inside() {
        let elements: [(u8, &[u8]); 3] = [(1, &[0x85]), (5, &[1, 1]), (3, &[9, 9, 9])];
        let (bytes, header) = write(HEAD, elements.into_iter(), &[Some((5, &[2, 2])), None], b"payload");
        let view = View::parse(&bytes).unwrap();
        let found: Vec<_> = view.extensions().collect();
        assert_eq!(found, [(1, &[0x85][..]), (5, &[2, 2]), (3, &[9, 9, 9])]);
        assert_eq!((view.payload(), view.payload_range().start, view.marker()), (&b"payload"[..], header, true));
    }

    #[test]
    fn large_numbers_take_the_two_byte_form() {
        let (bytes, _) = write(HEAD, [(20, &[1, 2][..]), (3, &[])].into_iter(), &[], b"x");
        let found: Vec<_> = View::parse(&bytes).unwrap().extensions().collect();
        assert_eq!(found, [(20, &[1, 2][..]), (3, &[])]);
    }

    #[test]
    fn without_elements_there_is_no_extension() {
        let (bytes, header) = write(HEAD, std::iter::empty(), &[], b"x");
        assert_eq!((bytes.len(), header), (13, 12));
    }
}
