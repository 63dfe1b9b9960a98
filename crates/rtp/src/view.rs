//! Looking into the bytes of one RTP packet (RFC 3550 5.1, RFC 8285) without copying them.

use crate::{SeqNo, Ssrc};

/// Bytes of the fixed header.
pub(crate) const FIXED: usize = 12;
/// RFC 8285 4.2: marks one-byte header-extension elements.
pub(crate) const ONE_BYTE: u16 = 0xbede;
/// RFC 8285 4.3: the upper 12 bits that mark two-byte elements.
pub(crate) const TWO_BYTE: u16 = 0x1000;

/// Why bytes are not an RTP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Malformed {
    #[error("an RTP header has 12 bytes, these are {0}")]
    TooShort(usize),
    #[error("RTP version {0} instead of 2")]
    Version(u8),
    #[error("the contributing sources reach past the end")]
    Contributors,
    #[error("the header extension reaches past the end")]
    Extension,
    #[error("the padding is longer than the payload or zero")]
    Padding,
    #[error("the payload descriptor reaches past the end")]
    Descriptor,
}

/// One RTP packet, borrowed. Made only from bytes whose lengths add up.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    bytes: &'a [u8],
    profile: u16,
    extension: (usize, usize),
    payload: (usize, usize),
}

impl<'a> View<'a> {
    /// Checks all lengths once.
    ///
    /// # Errors
    /// [`Malformed`] names the part that does not fit.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() < FIXED {
            return Err(Malformed::TooShort(bytes.len()));
        }
        let version = bytes[0] >> 6;
        if version != 2 {
            return Err(Malformed::Version(version));
        }
        let mut at = FIXED + 4 * usize::from(bytes[0] & 0x0f);
        if at > bytes.len() {
            return Err(Malformed::Contributors);
        }
        let (mut profile, mut extension) = (0, (at, at));
        if bytes[0] & 0x10 != 0 {
            let head = bytes.get(at..at + 4).ok_or(Malformed::Extension)?;
            profile = be16(head);
            let start = at + 4;
            let end = start + 4 * usize::from(be16(&head[2..]));
            if end > bytes.len() {
                return Err(Malformed::Extension);
            }
            extension = (start, end);
            at = end;
        }
        let padding = if bytes[0] & 0x20 == 0 { 0 } else { trailing_padding(&bytes[at..])? };
        Ok(Self { bytes, profile, extension, payload: (at, bytes.len() - padding) })
    }

    #[must_use]
    pub fn payload_type(&self) -> u8 {
        self.bytes[1] & 0x7f
    }

    #[must_use]
    pub fn marker(&self) -> bool {
        self.bytes[1] & 0x80 != 0
    }

    #[must_use]
    pub fn seq(&self) -> SeqNo {
        SeqNo(be16(&self.bytes[2..]))
    }

    /// In units of the payload type's clock (48 kHz for Opus, 90 kHz for video).
    #[must_use]
    pub fn timestamp(&self) -> u32 {
        be32(&self.bytes[4..])
    }

    #[must_use]
    pub fn ssrc(&self) -> Ssrc {
        Ssrc(be32(&self.bytes[8..]))
    }

    /// The value of the first header-extension element with this id.
    #[must_use]
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        self.extensions().find(|(found, _)| *found == id).map(|(_, value)| value)
    }

    /// All header-extension elements in order. An element that reaches past the block ends the walk.
    #[must_use]
    pub fn extensions(&self) -> Extensions<'a> {
        let form = match self.profile {
            ONE_BYTE => Form::OneByte,
            p if p & 0xfff0 == TWO_BYTE => Form::TwoByte,
            _ => Form::Foreign,
        };
        Extensions { rest: &self.bytes[self.extension.0..self.extension.1], form }
    }

    /// The payload without padding.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[self.payload.0..self.payload.1]
    }

    /// Where the payload lies in the bytes: start and end.
    #[must_use]
    pub fn payload_range(&self) -> std::ops::Range<usize> {
        self.payload.0..self.payload.1
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    OneByte,
    TwoByte,
    Foreign,
}

/// Walks header-extension elements as `(id, value)`.
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    rest: &'a [u8],
    form: Form,
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // A zero byte between elements is padding in both forms.
        while let [0, rest @ ..] = self.rest {
            self.rest = rest;
        }
        let (id, length, rest) = match (self.form, self.rest) {
            // RFC 8285 4.2: id 15 ends the walk; what follows is for a future form.
            (Form::OneByte, [head, ..]) if head >> 4 == 15 => return None,
            (Form::OneByte, [head, rest @ ..]) => (head >> 4, usize::from(head & 0x0f) + 1, rest),
            (Form::TwoByte, [id, length, rest @ ..]) => (*id, usize::from(*length), rest),
            (Form::OneByte | Form::TwoByte | Form::Foreign, _) => return None,
        };
        if id == 0 || length > rest.len() {
            self.rest = &[];
            return None;
        }
        let (value, rest) = rest.split_at(length);
        self.rest = rest;
        Some((id, value))
    }
}

fn trailing_padding(after_header: &[u8]) -> Result<usize, Malformed> {
    let count = usize::from(*after_header.last().ok_or(Malformed::Padding)?);
    if count == 0 || count > after_header.len() {
        return Err(Malformed::Padding);
    }
    Ok(count)
}

pub(crate) fn be16(b: &[u8]) -> u16 {
    u16::from_be_bytes([b[0], b[1]])
}

pub(crate) fn be32(b: &[u8]) -> u32 {
    u32::from_be_bytes([b[0], b[1], b[2], b[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 12] = [0x80, 0xe4, 0, 7, 0, 0, 0, 9, 1, 2, 3, 4];

    fn with(first: u8, tail: &[u8]) -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes[0] = first;
        bytes.extend_from_slice(tail);
        bytes
    }

    #[test]
    fn every_field_of_a_plain_packet_is_read() {
        let bytes = with(0x80, b"hi");
        let view = View::parse(&bytes).unwrap();
        assert_eq!((view.payload_type(), view.marker()), (100, true));
        assert_eq!((view.seq(), view.timestamp(), view.ssrc()), (SeqNo(7), 9, Ssrc(0x0102_0304)));
        assert_eq!(view.payload(), b"hi");
    }

    #[test]
    fn padding_longer_than_the_packet_is_refused() {
        assert_eq!(View::parse(&with(0xa0, &[1, 2, 9])).unwrap_err(), Malformed::Padding);
        assert_eq!(View::parse(&with(0xa0, &[1, 2, 0])).unwrap_err(), Malformed::Padding);
        assert_eq!(View::parse(&with(0xa0, &[])).unwrap_err(), Malformed::Padding);
        assert_eq!(View::parse(&with(0xa0, &[7, 0, 2])).unwrap().payload(), &[7]);
    }

    #[test]
    fn a_count_that_reaches_past_the_end_is_refused() {
        assert_eq!(View::parse(&with(0x8f, &[0; 8])).unwrap_err(), Malformed::Contributors);
        assert_eq!(View::parse(&with(0x90, &[0xbe, 0xde, 0, 9])).unwrap_err(), Malformed::Extension);
        assert_eq!(View::parse(&with(0x90, &[0xbe])).unwrap_err(), Malformed::Extension);
        assert_eq!(View::parse(&with(0x40, &[])).unwrap_err(), Malformed::Version(1));
    }

    #[test]
    fn one_byte_elements_skip_padding_and_stop_at_fifteen() {
        let bytes = with(0x90, &[0xbe, 0xde, 0, 2, 0x10, 0x55, 0, 0x30, 0x66, 0xf0, 0x50, 1]);
        let found: Vec<_> = View::parse(&bytes).unwrap().extensions().collect();
        assert_eq!(found, [(1, &[0x55][..]), (3, &[0x66][..])]);
    }

    #[test]
    fn an_element_longer_than_its_block_ends_the_walk() {
        let bytes = with(0x90, &[0xbe, 0xde, 0, 1, 0x1f, 1, 2, 3, 4]);
        assert_eq!(View::parse(&bytes).unwrap().extension(1), None);
    }

    #[test]
    fn two_byte_elements_may_be_empty() {
        let bytes = with(0x90, &[0x10, 0x00, 0, 1, 7, 0, 9, 0]);
        let view = View::parse(&bytes).unwrap();
        assert_eq!(view.extension(7), Some(&[][..]));
        assert_eq!(view.extension(9), Some(&[][..]));
    }
}
