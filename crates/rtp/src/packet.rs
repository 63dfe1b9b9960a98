//! One RTP packet in its parts, to be changed and written again.

use crate::view::{FIXED, ONE_BYTE, TWO_BYTE};
use crate::{Malformed, SeqNo, Ssrc, View};
use bytes::Bytes;

/// A packet in its parts. Contributing sources and padding are not kept: nothing here mixes, and padding carries nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Packet {
    /// 7 bits; the eighth is ignored when written.
    pub payload_type: u8,
    pub marker: bool,
    pub seq: SeqNo,
    /// In units of the payload type's clock.
    pub timestamp: u32,
    pub ssrc: Ssrc,
    /// Header-extension elements (RFC 8285): id 1 to 255, value at most 255 bytes, at most [`Packet::MAX_EXTENSIONS`].
    pub extensions: Vec<(u8, Bytes)>,
    pub payload: Bytes,
}

impl Packet {
    /// Elements kept of one packet. Jitsi uses at most eight; a packet of nothing but empty elements shall not cost
    /// a thousand allocations.
    pub const MAX_EXTENSIONS: usize = 16;

    /// Takes the packet apart; payload and extension values share the memory of `bytes`.
    ///
    /// # Errors
    /// [`Malformed`] as for [`View::parse`].
    pub fn parse(bytes: Bytes) -> Result<Self, Malformed> {
        let view = View::parse(&bytes)?;
        let extensions =
            view.extensions().take(Self::MAX_EXTENSIONS).map(|(id, value)| (id, bytes.slice_ref(value))).collect();
        Ok(Self {
            payload_type: view.payload_type(),
            marker: view.marker(),
            seq: view.seq(),
            timestamp: view.timestamp(),
            ssrc: view.ssrc(),
            extensions,
            payload: bytes.slice(view.payload_range()),
        })
    }

    /// The value of the first header-extension element with this id.
    #[must_use]
    pub fn extension(&self, id: u8) -> Option<&[u8]> {
        self.extensions.iter().find(|(found, _)| *found == id).map(|(_, value)| &value[..])
    }

    /// Sets one header-extension element, replacing an older value.
    pub fn set_extension(&mut self, id: u8, value: Bytes) {
        match self.extensions.iter_mut().find(|(found, _)| *found == id) {
            Some(slot) => slot.1 = value,
            None => self.extensions.push((id, value)),
        }
    }

    /// Appends the packet to `out`: one-byte elements where they fit, two-byte elements otherwise (RFC 8285 4).
    /// Elements that no form can carry (id 0, more than 255 bytes, or beyond [`Packet::MAX_EXTENSIONS`]) are left out.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let elements = || {
            let fits = |e: &&(u8, Bytes)| e.0 != 0 && e.1.len() <= 255;
            self.extensions.iter().take(Self::MAX_EXTENSIONS).filter(fits)
        };
        let any = elements().next().is_some();
        out.reserve(FIXED + 4 + self.extensions.len() * 8 + self.payload.len());
        out.push(if any { 0x90 } else { 0x80 });
        out.push(self.payload_type & 0x7f | u8::from(self.marker) << 7);
        out.extend_from_slice(&self.seq.0.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.ssrc.0.to_be_bytes());
        if any {
            write_elements(elements(), out);
        }
        out.extend_from_slice(&self.payload);
    }
}

fn write_elements<'a>(elements: impl Iterator<Item = &'a (u8, Bytes)> + Clone, out: &mut Vec<u8>) {
    let short = elements.clone().all(|(id, value)| (1..=14).contains(id) && (1..=16).contains(&value.len()));
    out.extend_from_slice(&(if short { ONE_BYTE } else { TWO_BYTE }).to_be_bytes());
    let length_at = out.len();
    out.extend_from_slice(&[0, 0]);
    for (id, value) in elements {
        if short {
            out.push(id << 4 | (value.len() - 1) as u8);
        } else {
            out.extend_from_slice(&[*id, value.len() as u8]);
        }
        out.extend_from_slice(value);
    }
    let start = length_at + 2;
    let words = (out.len() - start).div_ceil(4);
    out.resize(start + 4 * words, 0);
    out[length_at..start].copy_from_slice(&(words as u16).to_be_bytes());
}
