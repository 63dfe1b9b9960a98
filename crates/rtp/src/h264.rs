//! H.264 in RTP (RFC 6184), as far as forwarding needs it: where a picture begins that needs no other.

const IDR: u8 = 5;
const PARAMETERS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const FU_START: u8 = 0x80;
const TYPE: u8 = 0x1f;

/// True for a packet in which sequence parameters or an IDR picture begin: alone, in an aggregate or as a fragment.
/// Senders put the parameters first, and both belong to the same picture.
#[must_use]
pub fn is_key_frame(payload: &[u8]) -> bool {
    let Some((head, rest)) = payload.split_first() else { return false };
    match head & TYPE {
        STAP_A => units(rest).any(begins_anew),
        FU_A => rest.first().is_some_and(|fragment| fragment & FU_START != 0 && begins_anew(*fragment)),
        _ => begins_anew(*head),
    }
}

fn begins_anew(head: u8) -> bool {
    matches!(head & TYPE, IDR | PARAMETERS)
}

/// First bytes of the units of an aggregate (RFC 6184 5.7.1). A unit that reaches past the end ends the walk.
fn units(mut rest: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let [high, low, behind @ ..] = rest else { return None };
        let (unit, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))?;
        rest = behind;
        unit.first().copied()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_picture_is_seen_alone_in_an_aggregate_and_in_its_first_fragment() {
        assert!(is_key_frame(&[0x67, 0x42]) && is_key_frame(&[0x65, 0x88]));
        assert!(is_key_frame(&[0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68]), "parameters in an aggregate");
        assert!(is_key_frame(&[0x78, 0, 1, 0x09, 0, 2, 0x65, 0x88]), "behind a delimiter");
        assert!(
            is_key_frame(&[0x7c, 0x85, 0x88]) && !is_key_frame(&[0x7c, 0x05, 0x88]),
            "later fragments begin nothing"
        );
    }

    #[test]
    fn other_pictures_and_torn_aggregates_are_none() {
        for other in [&[][..], &[0x61, 0x9a], &[0x68, 0xce], &[0x7c], &[0x7c, 0x81], &[0x78], &[0x78, 0, 9, 0x67]] {
            assert!(!is_key_frame(other), "{other:?}");
        }
        assert!(!is_key_frame(&[0x78, 0, 0, 0, 1, 0x67]), "an empty unit ends the walk");
    }
}
