//! RTCP as this crate needs it (RFC 3550, 4585, 5104): a walk over compounds that cannot fail, and writers.

use runde_rtp::{SeqNo, Ssrc};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const NACK: u8 = 1;
const TRANSPORT_CC: u8 = 15;
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA_REQUEST: u8 = 4;
/// Packets looked at per compound. Real ones have about five; the rest of a longer one is left unread.
const MAX_PACKETS: usize = 64;
/// Sequence numbers taken from one NACK packet: two seconds of video lost in one go is no longer repaired.
const MAX_NACKED: usize = 1024;
/// Bytes of feedback control information in one NACK we write: 253 entries still fit one datagram.
const MAX_WRITTEN_NACKS: usize = 253;

/// One thing a compound says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item<'a> {
    SenderReport {
        ssrc: Ssrc,
        ntp: u64,
    },
    Block(Block),
    Nack {
        ssrc: Ssrc,
        seqs: Vec<SeqNo>,
    },
    KeyFrame {
        ssrc: Ssrc,
    },
    /// The feedback message behind both SSRCs, for [`crate::twcc`].
    TransportCc(&'a [u8]),
    Bye {
        ssrc: Ssrc,
    },
}

/// A reception report block (RFC 3550 section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Block {
    pub(crate) ssrc: Ssrc,
    /// Of 256.
    pub(crate) fraction_lost: u8,
    /// 24 bits.
    pub(crate) lost: u32,
    pub(crate) highest_seq: u32,
    /// In units of the clock rate.
    pub(crate) jitter: u32,
    /// The middle 32 bits of the NTP time of the last sender report.
    pub(crate) last_report: u32,
    /// Since then, in 1/65 536 s.
    pub(crate) delay: u32,
}

/// Hands every understood item of a compound to `each`; stops at the first packet that does not add up.
pub(crate) fn walk<'a>(compound: &'a [u8], mut each: impl FnMut(Item<'a>)) {
    let mut rest = compound;
    for _ in 0..MAX_PACKETS {
        let Some(head) = rest.get(..4) else { return };
        let end = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        let Some(body) = rest.get(4..end).filter(|_| head[0] >> 6 == 2) else { return };
        read(head[0] & 0x1f, head[1], body, &mut each);
        rest = &rest[end..];
    }
}

fn read<'a>(count: u8, kind: u8, body: &'a [u8], each: &mut impl FnMut(Item<'a>)) {
    match kind {
        SENDER_REPORT => {
            if let (Some(ssrc), Some(high), Some(low)) = (be32(body, 0), be32(body, 4), be32(body, 8)) {
                each(Item::SenderReport { ssrc: Ssrc(ssrc), ntp: u64::from(high) << 32 | u64::from(low) });
                blocks(count, body.get(24..).unwrap_or_default(), each);
            }
        }
        RECEIVER_REPORT => blocks(count, body.get(4..).unwrap_or_default(), each),
        BYE => {
            for ssrc in body.chunks_exact(4).take(usize::from(count)).filter_map(|ssrc| be32(ssrc, 0)) {
                each(Item::Bye { ssrc: Ssrc(ssrc) });
            }
        }
        TRANSPORT_FEEDBACK | PAYLOAD_FEEDBACK => feedback(count, kind, body, each),
        _ => {}
    }
}

fn blocks<'a>(count: u8, bytes: &'a [u8], each: &mut impl FnMut(Item<'a>)) {
    for block in bytes.chunks_exact(24).take(usize::from(count)) {
        let field = |at| be32(block, at).unwrap_or_default();
        each(Item::Block(Block {
            ssrc: Ssrc(field(0)),
            fraction_lost: block[4],
            lost: field(4) & 0x00ff_ffff,
            highest_seq: field(8),
            jitter: field(12),
            last_report: field(16),
            delay: field(20),
        }));
    }
}

fn feedback<'a>(format: u8, kind: u8, body: &'a [u8], each: &mut impl FnMut(Item<'a>)) {
    let (Some(media), Some(control)) = (be32(body, 4), body.get(8..)) else { return };
    match (kind, format) {
        (TRANSPORT_FEEDBACK, NACK) => {
            let seqs = control.chunks_exact(4).flat_map(nacked).take(MAX_NACKED).collect();
            each(Item::Nack { ssrc: Ssrc(media), seqs });
        }
        (TRANSPORT_FEEDBACK, TRANSPORT_CC) => each(Item::TransportCc(control)),
        (PAYLOAD_FEEDBACK, PICTURE_LOSS) => each(Item::KeyFrame { ssrc: Ssrc(media) }),
        (PAYLOAD_FEEDBACK, FULL_INTRA_REQUEST) => {
            for ssrc in control.chunks_exact(8).filter_map(|entry| be32(entry, 0)) {
                each(Item::KeyFrame { ssrc: Ssrc(ssrc) });
            }
        }
        _ => {}
    }
}

/// One entry: a sequence number and a mask of the 16 after it (RFC 4585 section 6.2.1).
fn nacked(entry: &[u8]) -> impl Iterator<Item = SeqNo> {
    let first = u16::from_be_bytes([entry[0], entry[1]]);
    let mask = u16::from_be_bytes([entry[2], entry[3]]);
    let following = (0..16u16).filter(move |bit| mask >> bit & 1 == 1).map(move |bit| first.wrapping_add(bit + 1));
    std::iter::once(first).chain(following).map(SeqNo)
}

/// Asks for packets again. `seqs` in order of age.
pub(crate) fn write_nack(sender: Ssrc, media: Ssrc, seqs: &[SeqNo], out: &mut Vec<u8>) {
    let mut entries: Vec<(SeqNo, u16)> = Vec::new();
    for seq in seqs {
        match entries.last_mut() {
            Some((first, mask)) if (1..=16).contains(&seq.distance(*first)) => {
                *mask |= 1 << (seq.distance(*first) - 1);
            }
            _ => entries.push((*seq, 0)),
        }
    }
    for entries in entries.chunks(MAX_WRITTEN_NACKS) {
        let control: Vec<u8> =
            entries.iter().flat_map(|(first, mask)| [first.0.to_be_bytes(), mask.to_be_bytes()].concat()).collect();
        write_feedback(NACK, TRANSPORT_FEEDBACK, sender, media, &control, out);
    }
}

/// Asks for a key frame.
pub(crate) fn write_picture_loss(sender: Ssrc, media: Ssrc, out: &mut Vec<u8>) {
    write_feedback(PICTURE_LOSS, PAYLOAD_FEEDBACK, sender, media, &[], out);
}

/// Transport-wide feedback; `message` is a whole number of words.
pub(crate) fn write_transport_cc(sender: Ssrc, media: Ssrc, message: &[u8], out: &mut Vec<u8>) {
    write_feedback(TRANSPORT_CC, TRANSPORT_FEEDBACK, sender, media, message, out);
}

fn write_feedback(format: u8, kind: u8, sender: Ssrc, media: Ssrc, control: &[u8], out: &mut Vec<u8>) {
    write_head(format, kind, 8 + control.len(), out);
    out.extend_from_slice(&sender.0.to_be_bytes());
    out.extend_from_slice(&media.0.to_be_bytes());
    out.extend_from_slice(control);
}

/// What a sender report says of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) ssrc: Ssrc,
    /// 32.32 seconds since 1900.
    pub(crate) ntp: u64,
    pub(crate) rtp_time: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// A sender report without blocks.
pub(crate) fn write_sender_report(sent: &Sent, out: &mut Vec<u8>) {
    write_head(0, SENDER_REPORT, 24, out);
    out.extend_from_slice(&sent.ssrc.0.to_be_bytes());
    out.extend_from_slice(&sent.ntp.to_be_bytes());
    for field in [sent.rtp_time, sent.packets, sent.octets] {
        out.extend_from_slice(&field.to_be_bytes());
    }
}

/// Receiver reports, as many as the blocks need.
pub(crate) fn write_receiver_report(sender: Ssrc, blocks: &[Block], out: &mut Vec<u8>) {
    for blocks in blocks.chunks(31) {
        let count = u8::try_from(blocks.len()).unwrap_or(0);
        write_head(count, RECEIVER_REPORT, 4 + 24 * blocks.len(), out);
        out.extend_from_slice(&sender.0.to_be_bytes());
        for block in blocks {
            let lost = u32::from(block.fraction_lost) << 24 | block.lost & 0x00ff_ffff;
            let fields = [block.ssrc.0, lost, block.highest_seq, block.jitter, block.last_report, block.delay];
            out.extend(fields.iter().flat_map(|field| field.to_be_bytes()));
        }
    }
}

/// The words that follow are counted without the first.
fn write_head(count: u8, kind: u8, body: usize, out: &mut Vec<u8>) {
    let words = u16::try_from(body / 4).unwrap_or(u16::MAX);
    out.extend_from_slice(&[0x80 | count, kind]);
    out.extend_from_slice(&words.to_be_bytes());
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rtc_rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;

    fn items(bytes: &[u8]) -> Vec<Item<'_>> {
        let mut items = Vec::new();
        walk(bytes, |item| items.push(item));
        items
    }

    #[test]
    fn what_is_written_reads_back() {
        let block = Block {
            ssrc: Ssrc(3),
            fraction_lost: 9,
            lost: 77,
            highest_seq: 70_000,
            jitter: 5,
            last_report: 6,
            delay: 8,
        };
        let seqs = [65_530, 65_535, 0, 9, 300].map(SeqNo);
        let mut out = Vec::new();
        write_sender_report(&Sent { ssrc: Ssrc(1), ntp: 1 << 40, rtp_time: 2, packets: 3, octets: 4 }, &mut out);
        write_receiver_report(Ssrc(2), &[block], &mut out);
        write_nack(Ssrc(2), Ssrc(4), &seqs, &mut out);
        write_picture_loss(Ssrc(2), Ssrc(5), &mut out);
        let expected = [
            Item::SenderReport { ssrc: Ssrc(1), ntp: 1 << 40 },
            Item::Block(block),
            Item::Nack { ssrc: Ssrc(4), seqs: seqs.to_vec() },
            Item::KeyFrame { ssrc: Ssrc(5) },
        ];
        assert_eq!(items(&out), expected);
    }

    #[test]
    fn the_library_reads_our_nack_as_we_meant_it() {
        use rtc_shared::marshal::Unmarshal;
        let mut out = Vec::new();
        write_nack(Ssrc(2), Ssrc(4), &[SeqNo(10), SeqNo(12), SeqNo(40)], &mut out);
        let read = TransportLayerNack::unmarshal(&mut &out[..]).unwrap();
        let seqs: Vec<u16> = read.nacks.iter().flat_map(|pair| pair.packet_list()).collect();
        assert_eq!((read.media_ssrc, seqs), (4, vec![10, 12, 40]));
    }

    #[test]
    fn a_storm_in_one_compound_stays_bounded() {
        let mut out = Vec::new();
        for _ in 0..100 {
            write_picture_loss(Ssrc(1), Ssrc(2), &mut out);
        }
        assert_eq!(items(&out).len(), MAX_PACKETS);
        let mut nack = Vec::new();
        write_head(NACK, TRANSPORT_FEEDBACK, 8 + 4 * 300, &mut nack);
        nack.extend([0xff; 8 + 4 * 300]);
        let [Item::Nack { seqs, .. }] = &items(&nack)[..] else { panic!("one nack") };
        assert_eq!(seqs.len(), MAX_NACKED);
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_without_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 199u8..208) {
            if bytes.len() >= 4 {
                bytes[0] = 0x80 | bytes[0] & 0x1f;
                bytes[1] = kind;
                bytes[2] = 0;
                bytes[3] &= 0x1f;
            }
            prop_assert!(items(&bytes).len() <= MAX_PACKETS * 31);
        }
    }
}
