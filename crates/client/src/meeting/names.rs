//! How sources and hosts are called.
//!
//! Source names are `ENDPOINT-a0`, `ENDPOINT-v0` (jitsi.md 3.2); the letter tells the kind, the part before it the
//! owner. Nothing here parses more than that.

use crate::event::MediaKind;

/// The own microphone's source.
pub(crate) fn microphone(endpoint: &str) -> String {
    format!("{endpoint}-a0")
}

/// The own camera's source.
pub(crate) fn camera(endpoint: &str) -> String {
    format!("{endpoint}-v0")
}

/// The own screen's source, a second picture (jitsi.md 4.5).
pub(crate) fn screen(endpoint: &str) -> String {
    format!("{endpoint}-v1")
}

/// Sound or picture, by the letter after the last hyphen; `None` for a name of another shape.
pub(crate) fn kind(source: &str) -> Option<MediaKind> {
    match source.rsplit_once('-')?.1.as_bytes().first()? {
        b'a' => Some(MediaKind::Audio),
        b'v' => Some(MediaKind::Video),
        _ => None,
    }
}

/// The owner of a source; `None` for a name of another shape.
pub(crate) fn owner(source: &str) -> Option<&str> {
    let (owner, _) = source.rsplit_once('-')?;
    (!owner.is_empty()).then_some(owner)
}

/// The host of a link in the form a permit names it: lower case, no brackets, no dot at the end.
pub(crate) fn permit_host(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_name_tells_its_owner_and_kind() {
        assert_eq!((owner("1a2b3c4d-v1"), kind("1a2b3c4d-v1")), (Some("1a2b3c4d"), Some(MediaKind::Video)));
        assert_eq!((owner("a-b-a0"), kind("a-b-a0")), (Some("a-b"), Some(MediaKind::Audio)));
    }

    #[test]
    fn a_name_of_another_shape_tells_nothing() {
        assert_eq!((kind("nonsense"), owner("-a0"), kind("x-"), kind("x-z0")), (None, None, None, None));
    }
}
