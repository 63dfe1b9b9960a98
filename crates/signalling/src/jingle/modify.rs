//! `content-modify` between two clients: whether pictures are wanted at all, and how many lines of each source.

use crate::{ns, xml::Element};
use std::collections::BTreeMap;

/// Sources of one message; nobody sends more (the limit of the focus).
const MAX_HEIGHTS: usize = 20;
/// Bytes of a source's name.
const MAX_NAME: usize = 256;

/// Which of the two sides of a session send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Senders {
    /// Both.
    #[default]
    Both,
    /// Only the one that offered the session.
    Initiator,
    /// Only the one that accepted it.
    Responder,
    /// Nobody.
    None,
}

impl Senders {
    /// Whether the side that offered, or the other, may send.
    #[must_use]
    pub const fn allows(self, initiator: bool) -> bool {
        match self {
            Self::Both => true,
            Self::Initiator => initiator,
            Self::Responder => !initiator,
            Self::None => false,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Initiator => "initiator",
            Self::Responder => "responder",
            Self::None => "none",
        }
    }
}

/// What one side wants of the pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoWish {
    /// Who sends pictures.
    pub senders: Senders,
    /// Most lines of the receiver's sources, by name; 0 is none, and what is not named is not limited.
    pub heights: BTreeMap<String, u32>,
}

/// `None` where the message is about something else than pictures.
pub(super) fn read_wish(element: &Element) -> Option<VideoWish> {
    let content = element.all("content", ns::JINGLE).find(|content| content.get("name") == Some("video"))?;
    let senders = match content.get("senders")? {
        "both" => Senders::Both,
        "initiator" => Senders::Initiator,
        "responder" => Senders::Responder,
        "none" => Senders::None,
        _ => return None,
    };
    let height = |each: &Element| {
        let name = each.get("sourceName").filter(|name| name.len() <= MAX_NAME)?;
        Some((name.to_owned(), each.get("maxHeight")?.parse().ok()?))
    };
    let heights = content.all("source-frame-height", ns::JITMEET_VIDEO).filter_map(height).take(MAX_HEIGHTS).collect();
    Some(VideoWish { senders, heights })
}

/// The section is called `video` whatever the session calls it, and says nothing of who made it.
pub(super) fn write_wish(wish: &VideoWish) -> Element {
    let height = |(name, lines): (&String, &u32)| {
        Element::new("source-frame-height", ns::JITMEET_VIDEO).attr("maxHeight", lines).attr("sourceName", name)
    };
    Element::new("content", ns::JINGLE)
        .attr("name", "video")
        .attr("senders", wish.senders.as_str())
        .with_children(wish.heights.iter().map(height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jingle::{Action, Form, Jingle};
    use crate::xml::{self, Limits};

    const RECORDED: &str = "<jingle action='content-modify' initiator='r@c/a10a7f95' sid='7c6b' xmlns='urn:xmpp:jingle:1'><content name='video' senders='both'><source-frame-height maxHeight='720' sourceName='a10a7f95-v0' xmlns='http://jitsi.org/jitmeet/video'/></content></jingle>";

    fn read(text: &str) -> Option<Jingle> {
        Jingle::from_xml(&xml::parse(text, &Limits::PEER).unwrap())
    }

    #[test]
    fn a_recorded_wish_is_understood_and_written_back_the_same() {
        let jingle = read(RECORDED).unwrap();
        let wish = VideoWish { senders: Senders::Both, heights: [("a10a7f95-v0".to_owned(), 720)].into() };
        assert_eq!(jingle.wish, Some(wish.clone()));
        let mut ours = Jingle::new(Action::ContentModify, "7c6b");
        ours.wish = Some(wish);
        assert_eq!(read(&ours.to_xml(Form::Xml).to_string()).unwrap().wish, jingle.wish);
    }

    #[test]
    fn who_may_send_goes_by_who_offered() {
        let senders = |word: &str| {
            let wish = read(&RECORDED.replace("senders='both'", &format!("senders='{word}'"))).unwrap().wish;
            wish.map(|wish| (wish.senders.allows(true), wish.senders.allows(false)))
        };
        assert_eq!(senders("both"), Some((true, true)));
        assert_eq!(senders("none"), Some((false, false)));
        assert_eq!(senders("initiator"), Some((true, false)));
        assert_eq!(senders("responder"), Some((false, true)));
        assert_eq!(senders("everybody"), None);
    }

    #[test]
    fn a_flood_of_heights_is_cut_and_nonsense_left_out() {
        let one = |number: u32| {
            format!(
                "<source-frame-height maxHeight='{number}' sourceName='a-v{number}' xmlns='http://jitsi.org/jitmeet/video'/>"
            )
        };
        let many: String = (0..200).map(one).collect();
        let odd = "<source-frame-height maxHeight='-1' sourceName='a-v0' xmlns='http://jitsi.org/jitmeet/video'/>";
        let text = format!(
            "<jingle action='content-modify' sid='1' xmlns='urn:xmpp:jingle:1'><content name='video' senders='both'>{odd}{many}</content></jingle>"
        );
        assert_eq!(read(&text).unwrap().wish.unwrap().heights.len(), MAX_HEIGHTS);
    }
}
