//! AV1 in RTP: the aggregation header in front of a packet's OBUs, and the dependency descriptor, a header extension that
//! says which layer a packet belongs to without looking into the picture (RTP Payload Format For AV1 1.0, 4.4 and
//! appendix A).

use crate::Malformed;

const CONTINUES: u8 = 0x80;
const NEW_SEQUENCE: u8 = 0x08;

/// True for the first packet of a coded video sequence, by its aggregation header.
#[must_use]
pub fn is_key_frame(payload: &[u8]) -> bool {
    payload.first().is_some_and(|head| head & NEW_SEQUENCE != 0 && head & CONTINUES == 0)
}

/// What a stream is made of. It comes with a key frame; later descriptors only name a line of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Structure {
    /// The number of the first template.
    offset: u8,
    /// Spatial layer of each template.
    spatial: Vec<u8>,
    /// Height of each spatial layer in lines, smallest first, where the sender tells it.
    pub lines: Vec<u16>,
}

/// One dependency descriptor, as far as forwarding needs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// First and last packet of a frame, that is of one layer's part of a picture.
    pub starts_frame: bool,
    pub ends_frame: bool,
    pub frame_number: u16,
    /// 0 to 3; `None` where the stream's structure is not known or does not have it.
    pub spatial: Option<u8>,
    /// It begins a new stream with this structure.
    pub structure: Option<Structure>,
}

/// Template numbers go round after so many.
const TEMPLATES: u8 = 64;
/// References one template may name: any that a frame can have. What names more is no descriptor.
const MAX_REFERENCES: usize = 64;
const FRAME_NUMBER: std::ops::Range<usize> = 1..3;

impl Descriptor {
    /// Reads an extension's value; `known` is the structure of the stream so far.
    ///
    /// # Errors
    /// [`Malformed::Descriptor`] when a field it announces is not there.
    pub fn parse(value: &[u8], known: Option<&Structure>) -> Result<Self, Malformed> {
        let mut bits = Bits { bytes: value, at: 0 };
        let (starts_frame, ends_frame) = (bits.flag()?, bits.flag()?);
        let (template, frame_number) = (bits.take(6)? as u8, bits.take(16)? as u16);
        let structure = if value.len() > FRAME_NUMBER.end && bits.flag()? {
            bits.take(4)?;
            Some(Structure::read(&mut bits)?)
        } else {
            None
        };
        let spatial = structure.as_ref().or(known).and_then(|structure| structure.spatial_of(template));
        Ok(Self { starts_frame, ends_frame, frame_number, spatial, structure })
    }
}

/// A descriptor's value with its frame number moved by `steps`; too short a value stays as it is.
#[must_use]
pub fn renumbered(value: &[u8], steps: u16) -> Vec<u8> {
    let mut moved = value.to_vec();
    if let Some(number) = moved.get_mut(FRAME_NUMBER) {
        let now = u16::from_be_bytes([number[0], number[1]]).wrapping_add(steps);
        number.copy_from_slice(&now.to_be_bytes());
    }
    moved
}

impl Structure {
    fn spatial_of(&self, template: u8) -> Option<u8> {
        let nth = (template + TEMPLATES - self.offset) % TEMPLATES;
        self.spatial.get(usize::from(nth)).copied()
    }

    fn read(bits: &mut Bits<'_>) -> Result<Self, Malformed> {
        let offset = bits.take(6)? as u8;
        let targets = bits.take(5)? as usize + 1;
        let spatial = layers(bits)?;
        bits.skip(2 * targets * spatial.len())?;
        for _ in &spatial {
            references(bits)?;
        }
        let chains = bits.below(targets as u32 + 1)?;
        if chains > 0 {
            for _ in 0..targets {
                bits.below(chains)?;
            }
            bits.skip(4 * chains as usize * spatial.len())?;
        }
        let mut lines = Vec::new();
        if bits.flag()? {
            for _ in 0..=spatial.last().copied().unwrap_or(0) {
                bits.skip(16)?;
                lines.push((bits.take(16)? as u16).saturating_add(1));
            }
        }
        Ok(Self { offset, spatial, lines })
    }
}

/// The spatial layer of each template (A.8.3 `template_layers`).
fn layers(bits: &mut Bits<'_>) -> Result<Vec<u8>, Malformed> {
    let mut found = vec![0];
    let mut spatial = 0u8;
    loop {
        match bits.take(2)? {
            3 => return Ok(found),
            2 => spatial += 1,
            _ => {}
        }
        if found.len() == usize::from(TEMPLATES) || spatial > 3 {
            return Err(Malformed::Descriptor);
        }
        found.push(spatial);
    }
}

fn references(bits: &mut Bits<'_>) -> Result<(), Malformed> {
    for _ in 0..=MAX_REFERENCES {
        if !bits.flag()? {
            return Ok(());
        }
        bits.skip(4)?;
    }
    Err(Malformed::Descriptor)
}

/// Reads bits, the highest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Result<bool, Malformed> {
        let byte = self.bytes.get(self.at / 8).ok_or(Malformed::Descriptor)?;
        let set = byte >> (7 - self.at % 8) & 1 != 0;
        self.at += 1;
        Ok(set)
    }

    /// At most 32 bits.
    fn take(&mut self, count: usize) -> Result<u32, Malformed> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | u32::from(self.flag()?)))
    }

    fn skip(&mut self, count: usize) -> Result<(), Malformed> {
        self.at = self.at.saturating_add(count);
        if self.at > 8 * self.bytes.len() { Err(Malformed::Descriptor) } else { Ok(()) }
    }

    /// A value below `limit`, which is at least one, in as few bits as it takes (A.8.2 `ns`).
    fn below(&mut self, limit: u32) -> Result<u32, Malformed> {
        let width = limit.ilog2() as usize + 1;
        let short = (1 << width) - limit;
        let value = self.take(width - 1)?;
        if value < short { Ok(value) } else { Ok((value << 1) - short + u32::from(self.flag()?)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// As Chromium sends them for L3T3_KEY, L1T1 and VP8-like streams without chains.
    const KEY_LAYERS: &str = "8f008581e81485214eaaaaa8000600004000100002aa80a8000600004000100002a000a80006000040\
        0016d549241b5524906d54923157e001974ca864330e222396eca8655304224390eca87753013f00b3027f016704ff02cf";
    const PLAIN: &str = "80000180003a410180ef808680";
    const NO_CHAINS: &str = "8000138002044eaaaf2860414d34538a0940413fc0b3c0";

    #[test]
    fn a_browsers_structure_tells_layers_and_their_heights() {
        let key = Descriptor::parse(&bytes(KEY_LAYERS), None).unwrap();
        assert_eq!((key.starts_frame, key.ends_frame, key.frame_number, key.spatial), (true, false, 0x0085, Some(0)));
        let structure = key.structure.unwrap();
        assert_eq!(structure.lines, [180, 360, 720]);
        assert_eq!(structure.spatial.iter().max(), Some(&2));
        let plain = Descriptor::parse(&bytes(PLAIN), None).unwrap().structure.unwrap();
        assert_eq!((plain.spatial.as_slice(), plain.lines.as_slice()), (&[0, 0][..], &[270][..]));
        assert_eq!(Descriptor::parse(&bytes(NO_CHAINS), None).unwrap().structure.unwrap().lines.len(), 1);
    }

    #[test]
    fn later_descriptors_name_a_template_of_the_structure_they_belong_to() {
        let structure = Descriptor::parse(&bytes(KEY_LAYERS), None).unwrap().structure.unwrap();
        let of = |first: u8| Descriptor::parse(&[first, 0, 9], Some(&structure)).unwrap().spatial;
        let all: Vec<_> = (0..structure.spatial.len() as u8).map(|nth| of((15 + nth) % 64)).collect();
        assert_eq!(all, structure.spatial.iter().map(|spatial| Some(*spatial)).collect::<Vec<_>>());
        assert_eq!(of(14), None, "before the first");
        assert_eq!(Descriptor::parse(&[15, 0, 9], None).unwrap().spatial, None, "nothing is known yet");
    }

    #[test]
    fn a_descriptor_cut_anywhere_inside_is_refused_and_not_read_past() {
        let whole = bytes(KEY_LAYERS);
        for cut in (0..3).chain(4..whole.len()) {
            assert_eq!(Descriptor::parse(&whole[..cut], None), Err(Malformed::Descriptor), "{cut}");
        }
    }

    #[test]
    fn a_frame_number_moves_and_nothing_else_does() {
        let whole = bytes(KEY_LAYERS);
        let moved = renumbered(&whole, 0xff80);
        assert_eq!(Descriptor::parse(&moved, None).unwrap().frame_number, 0x0005);
        assert_eq!((&moved[..1], &moved[3..]), (&whole[..1], &whole[3..]));
        assert_eq!(renumbered(&[1, 2], 7), [1, 2]);
    }

    #[test]
    fn the_aggregation_header_tells_a_new_sequence() {
        assert!(is_key_frame(&[0x18, 0x0a]) && is_key_frame(&[0x58, 0x0a]));
        assert!(!is_key_frame(&[0x98, 0x0a]) && !is_key_frame(&[0x10, 0x32]) && !is_key_frame(&[]));
    }
}
