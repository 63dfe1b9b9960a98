//! The VP9 payload descriptor (RFC 9628 4.2), as far as forwarding needs it: whole pictures, layers, their numbers.

use crate::Malformed;
use crate::vp8::PictureId;

/// What stands before the VP9 bytes in each packet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Descriptor {
    /// The frame refers to earlier pictures.
    pub is_predicted: bool,
    /// First and last packet of one layer's frame.
    pub starts_frame: bool,
    pub ends_frame: bool,
    /// 0 to 7; 0 where the stream has no layers.
    pub spatial: u8,
    pub temporal: u8,
    pub picture_id: Option<PictureId>,
    /// Counts pictures of temporal layer 0.
    pub tl0_picture_index: Option<u8>,
    /// Height of each spatial layer in lines, smallest first, where the packet describes the stream.
    pub lines: Vec<u16>,
    /// Where the two numbers stand.
    picture_id_at: Option<usize>,
    tl0_at: Option<usize>,
}

const HAS_PICTURE_ID: u8 = 0x80;
const PREDICTED: u8 = 0x40;
const HAS_LAYERS: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const START: u8 = 0x08;
const END: u8 = 0x04;
const HAS_STRUCTURE: u8 = 0x02;
const LONG_PICTURE_ID: u8 = 0x80;
const HAS_SIZES: u8 = 0x10;
const HAS_PICTURES: u8 = 0x08;
/// References that the flexible mode names at most.
const MAX_REFERENCES: usize = 3;

impl Descriptor {
    /// Reads the descriptor and returns it with the VP9 bytes behind it.
    ///
    /// # Errors
    /// [`Malformed::Descriptor`] when a field it announces is not there.
    pub fn parse(payload: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut cursor = Cursor { bytes: payload, at: 0 };
        let first = cursor.take()?;
        let has = |mask: u8| first & mask != 0;
        let mut found =
            Self { is_predicted: has(PREDICTED), starts_frame: has(START), ends_frame: has(END), ..Self::default() };
        if has(HAS_PICTURE_ID) {
            found.picture_id_at = Some(cursor.at);
            let high = cursor.take()?;
            found.picture_id = Some(if high & LONG_PICTURE_ID == 0 {
                PictureId::Seven(high)
            } else {
                PictureId::Fifteen(u16::from_be_bytes([high & 0x7f, cursor.take()?]))
            });
        }
        if has(HAS_LAYERS) {
            let layers = cursor.take()?;
            (found.temporal, found.spatial) = (layers >> 5, layers >> 1 & 0x07);
            if !has(FLEXIBLE) {
                found.tl0_at = Some(cursor.at);
                found.tl0_picture_index = Some(cursor.take()?);
            }
        }
        if has(FLEXIBLE) && has(PREDICTED) {
            let more = |byte: u8| byte & 1 != 0;
            let mut count = 1;
            while more(cursor.take()?) {
                count += 1;
                if count > MAX_REFERENCES {
                    return Err(Malformed::Descriptor);
                }
            }
        }
        if has(HAS_STRUCTURE) {
            found.lines = structure(&mut cursor)?;
        }
        Ok((found, &payload[cursor.at..]))
    }

    /// The first packet of a picture that needs no other.
    #[must_use]
    pub fn starts_key_frame(&self) -> bool {
        !self.is_predicted && self.starts_frame && self.spatial == 0
    }

    /// Writes the descriptor's two numbers, moved by these steps, into the payload it was read from.
    pub fn renumber(&self, payload: &mut [u8], picture: u16, tl0: u8) {
        if let (Some(at), Some(id)) = (self.picture_id_at, self.picture_id) {
            match (id.plus(picture), payload.get_mut(at..)) {
                (PictureId::Seven(n), Some([slot, ..])) => *slot = n,
                (PictureId::Fifteen(n), Some([high, low, ..])) => [*high, *low] = (n | 0x8000).to_be_bytes(),
                _ => {}
            }
        }
        if let (Some(slot), Some(index)) = (self.tl0_at.and_then(|at| payload.get_mut(at)), self.tl0_picture_index) {
            *slot = index.wrapping_add(tl0);
        }
    }
}

/// Reads over the scalability structure (RFC 9628 4.2.1) and returns the heights in it.
fn structure(cursor: &mut Cursor<'_>) -> Result<Vec<u16>, Malformed> {
    let head = cursor.take()?;
    let mut lines = Vec::new();
    if head & HAS_SIZES != 0 {
        for _ in 0..=head >> 5 {
            let [_, _, high, low] = [cursor.take()?, cursor.take()?, cursor.take()?, cursor.take()?];
            lines.push(u16::from_be_bytes([high, low]));
        }
    }
    if head & HAS_PICTURES != 0 {
        for _ in 0..cursor.take()? {
            let references = cursor.take()? >> 2 & 0x03;
            for _ in 0..references {
                cursor.take()?;
            }
        }
    }
    Ok(lines)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn take(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed::Descriptor)?;
        self.at += 1;
        Ok(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First packet of a key picture as a browser sends it: three spatial layers, 15-bit picture id, sizes, one group.
    const KEY: [u8; 22] = [
        0xaa, 0x81, 0x02, 0x00, 0x33, 0x58, 0x01, 0x40, 0x00, 0xb4, 0x02, 0x80, 0x01, 0x68, 0x05, 0x00, 0x02, 0xd0,
        0x01, 0x04, 0x01, 0x77,
    ];

    #[test]
    fn a_browsers_key_picture_tells_the_height_of_each_layer() {
        let (found, rest) = Descriptor::parse(&KEY).unwrap();
        assert_eq!((found.picture_id, found.tl0_picture_index), (Some(PictureId::Fifteen(0x0102)), Some(0x33)));
        assert_eq!((found.lines.as_slice(), found.spatial, rest), (&[180, 360, 720][..], 0, &[0x77][..]));
        assert!(found.starts_key_frame() && !found.ends_frame);
    }

    #[test]
    fn a_frame_of_an_upper_layer_begins_no_key_picture() {
        let (found, _) = Descriptor::parse(&[0xac, 0x81, 0x02, 0x05, 0x33, 0x77]).unwrap();
        assert_eq!((found.spatial, found.starts_frame, found.ends_frame), (2, true, true));
        assert!(!found.starts_key_frame());
        assert!(!Descriptor::parse(&[0xe8, 0x81, 0x02, 0x00, 0x33, 0x77]).unwrap().0.starts_key_frame(), "predicted");
    }

    #[test]
    fn a_descriptor_cut_anywhere_is_refused_and_not_read_past() {
        for cut in 0..KEY.len() - 1 {
            assert_eq!(Descriptor::parse(&KEY[..cut]).unwrap_err(), Malformed::Descriptor);
        }
        assert!(Descriptor::parse(&[0x50, 1, 1, 1, 0]).is_err(), "more references than there may be");
        assert_eq!(Descriptor::parse(&[0x50, 3, 5, 2, 9]).unwrap().1, [9]);
    }

    #[test]
    fn numbers_move_in_their_place_and_in_their_width() {
        let mut moved = KEY;
        Descriptor::parse(&KEY).unwrap().0.renumber(&mut moved, 0x7fff, 0xff);
        let (found, rest) = Descriptor::parse(&moved).unwrap();
        assert_eq!((found.picture_id, found.tl0_picture_index), (Some(PictureId::Fifteen(0x0101)), Some(0x32)));
        assert_eq!((found.lines.len(), rest), (3, &[0x77][..]));
        let mut short = [0x80, 0x7f];
        Descriptor::parse(&short.clone()).unwrap().0.renumber(&mut short, 1, 1);
        assert_eq!(short, [0x80, 0x00]);
    }
}
