//! The VP8 payload descriptor (RFC 7741 4.2) and what the first bytes of a frame say (RFC 6386 9.1).

use crate::Malformed;

/// The number of a picture within its stream, in the width its sender uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PictureId {
    /// 0 to 127.
    Seven(u8),
    /// 0 to 32767.
    Fifteen(u16),
}

impl PictureId {
    /// The number, whatever its width.
    #[must_use]
    pub fn value(self) -> u16 {
        match self {
            Self::Seven(n) => u16::from(n & 0x7f),
            Self::Fifteen(n) => n & 0x7fff,
        }
    }

    /// `steps` further (modulo the width; add `0u16.wrapping_sub(n)` to go back).
    #[must_use]
    pub fn plus(self, steps: u16) -> Self {
        match self {
            Self::Seven(n) => Self::Seven((u16::from(n).wrapping_add(steps) & 0x7f) as u8),
            Self::Fifteen(n) => Self::Fifteen(n.wrapping_add(steps) & 0x7fff),
        }
    }
}

/// Temporal layer of a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Temporal {
    /// 0 to 3; 0 is needed by all.
    pub id: u8,
    /// The picture depends on layer 0 only, so one may switch up here.
    pub sync: bool,
}

/// What stands before the VP8 bytes in each packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Descriptor {
    /// No later picture needs this one.
    pub non_reference: bool,
    pub start_of_partition: bool,
    /// 0 to 7.
    pub partition: u8,
    pub picture_id: Option<PictureId>,
    /// Counts pictures of temporal layer 0.
    pub tl0_picture_index: Option<u8>,
    pub temporal: Option<Temporal>,
    /// 0 to 31.
    pub key_index: Option<u8>,
}

const EXTENDED: u8 = 0x80;
const NON_REFERENCE: u8 = 0x20;
const START: u8 = 0x10;
const HAS_PICTURE_ID: u8 = 0x80;
const HAS_TL0: u8 = 0x40;
const HAS_TEMPORAL: u8 = 0x20;
const HAS_KEY_INDEX: u8 = 0x10;
const LONG_PICTURE_ID: u8 = 0x80;

impl Descriptor {
    /// Reads the descriptor and returns it with the VP8 bytes behind it.
    ///
    /// # Errors
    /// [`Malformed::Descriptor`] when a field it announces is not there.
    pub fn parse(payload: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let mut rest = payload;
        let first = take(&mut rest)?;
        let mut found = Self {
            non_reference: first & NON_REFERENCE != 0,
            start_of_partition: first & START != 0,
            partition: first & 0x07,
            ..Self::default()
        };
        if first & EXTENDED == 0 {
            return Ok((found, rest));
        }
        let has = take(&mut rest)?;
        if has & HAS_PICTURE_ID != 0 {
            let high = take(&mut rest)?;
            found.picture_id = Some(if high & LONG_PICTURE_ID == 0 {
                PictureId::Seven(high)
            } else {
                PictureId::Fifteen(u16::from_be_bytes([high & 0x7f, take(&mut rest)?]))
            });
        }
        if has & HAS_TL0 != 0 {
            found.tl0_picture_index = Some(take(&mut rest)?);
        }
        if has & (HAS_TEMPORAL | HAS_KEY_INDEX) != 0 {
            let byte = take(&mut rest)?;
            found.temporal = (has & HAS_TEMPORAL != 0).then_some(Temporal { id: byte >> 6, sync: byte & 0x20 != 0 });
            found.key_index = (has & HAS_KEY_INDEX != 0).then_some(byte & 0x1f);
        }
        Ok((found, rest))
    }

    /// Appends the descriptor; values wider than their field are cut to it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let bit = |on: bool, mask: u8| if on { mask } else { 0 };
        let has = bit(self.picture_id.is_some(), HAS_PICTURE_ID)
            | bit(self.tl0_picture_index.is_some(), HAS_TL0)
            | bit(self.temporal.is_some(), HAS_TEMPORAL)
            | bit(self.key_index.is_some(), HAS_KEY_INDEX);
        out.push(
            bit(has != 0, EXTENDED)
                | bit(self.non_reference, NON_REFERENCE)
                | bit(self.start_of_partition, START)
                | self.partition & 0x07,
        );
        if has == 0 {
            return;
        }
        out.push(has);
        match self.picture_id {
            Some(PictureId::Seven(n)) => out.push(n & 0x7f),
            Some(PictureId::Fifteen(n)) => out.extend_from_slice(&(n | 0x8000).to_be_bytes()),
            None => {}
        }
        out.extend(self.tl0_picture_index);
        if has & (HAS_TEMPORAL | HAS_KEY_INDEX) != 0 {
            let temporal = self.temporal.map_or(0, |t| (t.id & 0x03) << 6 | bit(t.sync, 0x20));
            out.push(temporal | self.key_index.unwrap_or(0) & 0x1f);
        }
    }

    /// The first packet of a picture.
    #[must_use]
    pub fn starts_picture(&self) -> bool {
        self.start_of_partition && self.partition == 0
    }
}

/// True for the first packet of a key frame.
#[must_use]
pub fn is_key_frame(payload: &[u8]) -> bool {
    let Ok((descriptor, frame)) = Descriptor::parse(payload) else { return false };
    descriptor.starts_picture() && frame.first().is_some_and(|tag| tag & 1 == 0)
}

/// Width and height in pixels, from the first packet of a key frame.
#[must_use]
pub fn key_frame_size(payload: &[u8]) -> Option<(u16, u16)> {
    if !is_key_frame(payload) {
        return None;
    }
    let (_, frame) = Descriptor::parse(payload).ok()?;
    let [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = *frame.first_chunk::<10>()? else { return None };
    // The two upper bits of each are the upscaling that a player may apply, not part of the size.
    Some((u16::from_le_bytes([w0, w1]) & 0x3fff, u16::from_le_bytes([h0, h1]) & 0x3fff))
}

fn take(rest: &mut &[u8]) -> Result<u8, Malformed> {
    let (first, tail) = rest.split_first().ok_or(Malformed::Descriptor)?;
    *rest = tail;
    Ok(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_of_a_browser_is_read() {
        let (d, rest) = Descriptor::parse(&[0x90, 0xe0, 0x81, 0x02, 0x33, 0x60, 0xaa]).unwrap();
        assert_eq!(d.picture_id, Some(PictureId::Fifteen(0x0102)));
        assert_eq!(d.tl0_picture_index, Some(0x33));
        assert_eq!(d.temporal, Some(Temporal { id: 1, sync: true }));
        assert_eq!((d.key_index, d.starts_picture(), rest), (None, true, &[0xaa][..]));
    }

    #[test]
    fn a_descriptor_cut_anywhere_is_refused_and_not_read_past() {
        let whole = [0x90, 0xf0, 0x81, 0x02, 0x33, 0x65];
        for cut in 0..whole.len() {
            assert_eq!(Descriptor::parse(&whole[..cut]), Err(Malformed::Descriptor));
        }
    }

    #[test]
    fn a_key_frame_tells_its_size_without_the_scaling_bits() {
        let frame = [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x00, 0x45, 0xd0, 0x82];
        assert_eq!(key_frame_size(&frame), Some((1280, 720)));
        assert!(!is_key_frame(&[0x00, 0x10]), "a later packet of a key frame is not its start");
        assert!(!is_key_frame(&[0x10, 0x11]), "bit zero set is an inter frame");
        assert_eq!(key_frame_size(&frame[..8]), None);
    }

    #[test]
    fn a_picture_number_goes_round_in_its_own_width() {
        assert_eq!(PictureId::Seven(127).plus(1), PictureId::Seven(0));
        assert_eq!(PictureId::Fifteen(0).plus(0u16.wrapping_sub(1)), PictureId::Fifteen(0x7fff));
    }
}
