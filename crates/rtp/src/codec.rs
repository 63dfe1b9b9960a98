//! What forwarding has to know of a packet, whichever codec is inside: does a picture begin that needs no other, which
//! layer is it, and how are its pictures numbered.

use crate::av1::{self, Structure};
use crate::{Packet, h264, vp8, vp9};
use bytes::Bytes;

/// Spatial layers of one stream: what AV1 can name, one more than any Jitsi client sends.
pub const MAX_SPATIAL: usize = 4;

/// How a payload is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codec {
    Opus,
    Vp8,
    Vp9,
    Av1 {
        /// Number of the header extension that holds the dependency descriptor.
        descriptor: u8,
    },
    H264,
}

/// What one packet says of its picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// First packet of a picture that needs no other, whatever its layers.
    pub key: bool,
    /// Its spatial layer, smallest first; 0 in a stream without layers, or where it is not understood.
    pub spatial: u8,
    /// Last packet of its layer within the picture, where layers are told apart.
    pub ends_layer: bool,
    /// Its descriptor in a header extension is understood, and by receivers, too. One whose stream never said what it is
    /// made of makes them drop the packet.
    pub described: bool,
    /// Heights of the stream's spatial layers, where this packet tells them; 0 otherwise.
    pub lines: [u16; MAX_SPATIAL],
}

/// How a packet's picture is numbered, where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Numbers {
    /// Picture id, or AV1's frame number.
    pub picture: Option<u16>,
    /// Index of the lowest temporal layer.
    pub tl0: Option<u8>,
}

impl Codec {
    /// The header extension that belongs to the picture and not to one sending.
    #[must_use]
    pub fn extension(self) -> Option<u8> {
        match self {
            Self::Av1 { descriptor } => Some(descriptor),
            Self::Opus | Self::Vp8 | Self::Vp9 | Self::H264 => None,
        }
    }

    /// Looks at a packet. `structure` is what the stream said of itself earlier and is replaced when it says so anew.
    #[must_use]
    pub fn look(self, packet: &Packet, structure: &mut Option<Structure>) -> Look {
        match self {
            Self::Opus => Look::default(),
            Self::Vp8 => {
                let size = vp8::key_frame_size(&packet.payload);
                let lines = size.map_or([0; MAX_SPATIAL], |(_, height)| first_lines(&[height]));
                Look { key: vp8::is_key_frame(&packet.payload), lines, ..Look::default() }
            }
            Self::Vp9 => vp9::Descriptor::parse(&packet.payload).map_or_else(
                |_| Look::default(),
                |(found, _)| Look {
                    key: found.starts_key_frame(),
                    spatial: found.spatial.min(TOP),
                    ends_layer: found.ends_frame,
                    lines: first_lines(&found.lines),
                    ..Look::default()
                },
            ),
            Self::Av1 { descriptor } => look_at_av1(packet, descriptor, structure),
            Self::H264 => Look { key: h264::is_key_frame(&packet.payload), ..Look::default() },
        }
    }

    /// The numbers of the packet's picture.
    #[must_use]
    pub fn numbers(self, packet: &Packet) -> Numbers {
        match self {
            Self::Vp8 => vp8::Descriptor::parse(&packet.payload)
                .map_or_else(|_| Numbers::default(), |(found, _)| numbers(found.picture_id, found.tl0_picture_index)),
            Self::Vp9 => vp9::Descriptor::parse(&packet.payload)
                .map_or_else(|_| Numbers::default(), |(found, _)| numbers(found.picture_id, found.tl0_picture_index)),
            Self::Av1 { descriptor } => {
                let number = packet.extension(descriptor).and_then(|value| value.get(1..3));
                Numbers { picture: number.map(|two| u16::from_be_bytes([two[0], two[1]])), tl0: None }
            }
            Self::Opus | Self::H264 => Numbers::default(),
        }
    }

    /// Moves the numbers of the packet's picture by these steps, each in its own width.
    pub fn renumber(self, packet: &mut Packet, picture: u16, tl0: u8) {
        if picture == 0 && tl0 == 0 {
            return;
        }
        match self {
            Self::Vp8 => {
                let Ok((mut descriptor, frame)) = vp8::Descriptor::parse(&packet.payload) else { return };
                descriptor.picture_id = descriptor.picture_id.map(|id| id.plus(picture));
                descriptor.tl0_picture_index = descriptor.tl0_picture_index.map(|index| index.wrapping_add(tl0));
                let mut out = Vec::with_capacity(packet.payload.len());
                descriptor.write(&mut out);
                out.extend_from_slice(frame);
                packet.payload = Bytes::from(out);
            }
            Self::Vp9 => {
                let Ok((found, _)) = vp9::Descriptor::parse(&packet.payload) else { return };
                let mut out = packet.payload.to_vec();
                found.renumber(&mut out, picture, tl0);
                packet.payload = Bytes::from(out);
            }
            Self::Av1 { descriptor } => {
                let Some(value) = packet.extension(descriptor) else { return };
                let moved = av1::renumbered(value, picture);
                packet.set_extension(descriptor, Bytes::from(moved));
            }
            Self::Opus | Self::H264 => {}
        }
    }
}

const TOP: u8 = MAX_SPATIAL as u8 - 1;

fn look_at_av1(packet: &Packet, id: u8, structure: &mut Option<Structure>) -> Look {
    let parsed = packet.extension(id).and_then(|value| av1::Descriptor::parse(value, structure.as_ref()).ok());
    let Some(found) = parsed else {
        return Look { key: av1::is_key_frame(&packet.payload), ..Look::default() };
    };
    let Some(spatial) = found.spatial else {
        return Look { key: av1::is_key_frame(&packet.payload), ..Look::default() };
    };
    let mut look = Look { spatial, ends_layer: found.ends_frame, described: true, ..Look::default() };
    if let Some(new) = found.structure {
        look.key = found.starts_frame && look.spatial == 0;
        look.lines = first_lines(&new.lines);
        *structure = Some(new);
    }
    look
}

fn numbers(picture: Option<vp8::PictureId>, tl0: Option<u8>) -> Numbers {
    Numbers { picture: picture.map(vp8::PictureId::value), tl0 }
}

fn first_lines(told: &[u16]) -> [u16; MAX_SPATIAL] {
    let mut lines = [0; MAX_SPATIAL];
    for (slot, height) in lines.iter_mut().zip(told) {
        *slot = *height;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const AV1: Codec = Codec::Av1 { descriptor: 11 };

    fn packet(payload: &[u8]) -> Packet {
        Packet { payload: Bytes::copy_from_slice(payload), ..Packet::default() }
    }

    fn look(codec: Codec, payload: &[u8]) -> Look {
        codec.look(&packet(payload), &mut None)
    }

    #[test]
    fn each_codec_sees_its_own_key_frames_and_no_others() {
        let vp8 = [0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00];
        assert_eq!((look(Codec::Vp8, &vp8).key, look(Codec::Vp8, &vp8).lines), (true, [180, 0, 0, 0]));
        assert!(look(Codec::Vp9, &[0x88, 1, 0x77]).key && !look(Codec::Vp9, &[0xc8, 1, 0x77]).key);
        assert!(look(Codec::H264, &[0x67]).key && !look(Codec::H264, &[0x61]).key);
        assert!(look(AV1, &[0x18]).key && !look(AV1, &[0x10]).key);
        assert!(!look(Codec::Opus, &[0x18]).key);
    }

    #[test]
    fn a_vp9_layer_beyond_what_is_counted_is_the_highest() {
        let top = look(Codec::Vp9, &[0xac, 1, 0x0e, 0x33, 0x77]);
        assert_eq!((top.spatial, top.ends_layer), (TOP, true));
    }

    #[test]
    fn an_av1_packet_is_told_apart_by_the_structure_that_came_before_it() {
        // One decode target, templates for the spatial layers 0 and 1, no chains, heights 180 and 360.
        let structure = [0x80, 0, 1, 0x80, 0, 0xba, 0x10, 0x13, 0xf0, 0x0b, 0x30, 0x27, 0xf0, 0x16, 0x70];
        let of = |value: &[u8]| Packet { extensions: vec![(11, Bytes::copy_from_slice(value))], ..packet(&[0x10]) };
        let mut known = None;
        let key = AV1.look(&of(&structure), &mut known);
        assert_eq!((key.key, key.spatial, key.lines), (true, 0, [180, 360, 0, 0]), "{known:?}");
        let upper = AV1.look(&of(&[0x41, 0, 2]), &mut known);
        assert_eq!((upper.key, upper.spatial, upper.ends_layer), (false, 1, true));
        let unknown = AV1.look(&of(&[0x41, 0, 2]), &mut None);
        assert_eq!(unknown, Look::default(), "whole while nothing is known");
        assert!(upper.described);
        assert_eq!(AV1.numbers(&of(&[0x41, 3, 2])).picture, Some(0x0302));
    }

    #[test]
    fn a_moved_av1_number_keeps_the_rest_of_the_packet() {
        let mut moved = Packet { extensions: vec![(11, Bytes::from_static(&[0x41, 0, 2]))], ..packet(&[0x10, 9]) };
        AV1.renumber(&mut moved, 0xffff, 0);
        assert_eq!((moved.extension(11), &moved.payload[..]), (Some(&[0x41, 0, 1][..]), &[0x10, 9][..]));
    }
}
