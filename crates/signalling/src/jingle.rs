//! Media sessions as Jingle describes them: what is offered, accepted, added, removed, ended.
//!
//! Types only; [`Jingle::from_xml`] and [`Jingle::to_xml`] live in `jingle/xml.rs`, the compact
//! JSON form of sources in `jingle/compact.rs`. Reading ignores what it does not know and never
//! keeps more than the limits of `xml` let in. Start at [`Jingle`].

mod compact;
mod description;
mod modify;
mod source;
mod transport;
mod wire;

pub use compact::{read_compact, write_compact};
pub use description::{Content, Feedback, HeaderExtension, PayloadType};
pub use modify::{Senders, VideoWish};
pub use source::{Group, Semantics, Source, Sources, VideoType};
pub use transport::{Candidate, CandidateKind, Fingerprint, Setup, Transport};

/// Sound or picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

impl Kind {
    /// `audio` or `video`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }

    /// Reads `audio` or `video`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "audio" => Some(Self::Audio),
            "video" => Some(Self::Video),
            _ => None,
        }
    }
}

/// What a Jingle stanza wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Offers a session.
    SessionInitiate,
    /// Takes the offer.
    SessionAccept,
    /// Ends the session.
    SessionTerminate,
    /// Says something about it (ICE state, restart).
    SessionInfo,
    /// New candidates or credentials.
    TransportInfo,
    /// Another transport for the whole session: another bridge, or the same anew.
    TransportReplace,
    /// The answer to it.
    TransportAccept,
    /// Further sources.
    SourceAdd,
    /// Sources that are gone.
    SourceRemove,
    /// Between two clients: which pictures are wanted, and how large.
    ContentModify,
    /// Any other action, kept by name so that it can be answered.
    Other(String),
}

impl Action {
    /// The attribute's value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::SessionInitiate => "session-initiate",
            Self::SessionAccept => "session-accept",
            Self::SessionTerminate => "session-terminate",
            Self::SessionInfo => "session-info",
            Self::TransportInfo => "transport-info",
            Self::TransportReplace => "transport-replace",
            Self::TransportAccept => "transport-accept",
            Self::SourceAdd => "source-add",
            Self::SourceRemove => "source-remove",
            Self::ContentModify => "content-modify",
            Self::Other(name) => name,
        }
    }

    /// Reads the attribute's value.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "session-initiate" => Self::SessionInitiate,
            "session-accept" => Self::SessionAccept,
            "session-terminate" => Self::SessionTerminate,
            "session-info" => Self::SessionInfo,
            "transport-info" => Self::TransportInfo,
            "transport-replace" => Self::TransportReplace,
            "transport-accept" => Self::TransportAccept,
            "source-add" => Self::SourceAdd,
            "source-remove" => Self::SourceRemove,
            "content-modify" => Self::ContentModify,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// `<bridge-session/>`: which session at the bridge is meant, and whether it should start anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BridgeSession {
    /// The bridge's name for the session.
    pub id: String,
    /// The bridge's region, decorative.
    pub region: Option<String>,
    /// `session-terminate`: true asks for a new session.
    pub restart: Option<bool>,
    /// `session-info`: true asks for new ICE credentials in place.
    pub ice_restart: Option<bool>,
}

/// Why a session ended: the condition's element name and the text beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// `success`, `expired`, `gone`, `connectivity-error` …
    pub condition: String,
    /// Words for humans, if any.
    pub text: Option<String>,
}

/// One Jingle stanza.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jingle {
    /// What is wanted.
    pub action: Action,
    /// Session id.
    pub sid: String,
    /// Who offered.
    pub initiator: Option<String>,
    /// Who accepted.
    pub responder: Option<String>,
    /// Media sections. Their sources are in `sources`, not here.
    pub contents: Vec<Content>,
    /// All sources and groups of the stanza, XML and compact JSON alike.
    pub sources: Sources,
    /// Names of the contents that share one transport.
    pub bundle: Vec<String>,
    /// The bridge's session.
    pub bridge_session: Option<BridgeSession>,
    /// `session-terminate`.
    pub reason: Option<Reason>,
    /// `session-info`: `failed` and others.
    pub ice_state: Option<String>,
    /// `transport-info`: the credentials inside are the so-manieth of their session, the first being 0.
    pub ice_generation: Option<u32>,
    /// `content-modify`: what is wanted of the other side's pictures.
    pub wish: Option<VideoWish>,
}

impl Jingle {
    /// A stanza that says nothing yet.
    #[must_use]
    pub fn new(action: Action, sid: &str) -> Self {
        Self {
            action,
            sid: sid.to_owned(),
            initiator: None,
            responder: None,
            contents: Vec::new(),
            sources: Sources::default(),
            bundle: Vec::new(),
            bridge_session: None,
            reason: None,
            ice_state: None,
            ice_generation: None,
            wish: None,
        }
    }

    /// The first transport of the stanza (with BUNDLE all are the same).
    #[must_use]
    pub fn transport(&self) -> Option<&Transport> {
        self.contents.iter().find_map(|content| content.transport.as_ref())
    }

    /// The stanza as an offer, if it is a `session-initiate`.
    #[must_use]
    pub fn into_offer(self) -> Option<Offer> {
        (self.action == Action::SessionInitiate).then_some(Offer {
            sid: self.sid,
            initiator: self.initiator.unwrap_or_default(),
            contents: self.contents,
            sources: self.sources,
            bridge_session: self.bridge_session,
        })
    }
}

/// How sources are written: what the receiver's features say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `<source/>` elements inside the contents.
    Xml,
    /// One `<json-message/>`.
    Compact,
}

/// A `session-initiate` as a guest sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Session id.
    pub sid: String,
    /// Who offered, as written in the stanza.
    pub initiator: String,
    /// Media sections.
    pub contents: Vec<Content>,
    /// Everybody's current sources.
    pub sources: Sources,
    /// The bridge's session.
    pub bridge_session: Option<BridgeSession>,
}

impl Offer {
    /// The section of a kind.
    #[must_use]
    pub fn content(&self, kind: Kind) -> Option<&Content> {
        self.contents.iter().find(|content| content.kind == Some(kind))
    }

    /// The shared transport.
    #[must_use]
    pub fn transport(&self) -> Option<&Transport> {
        self.contents.iter().find_map(|content| content.transport.as_ref())
    }

    /// The first web socket of the bridge channel in any section.
    #[must_use]
    pub fn web_socket(&self) -> Option<&str> {
        self.contents
            .iter()
            .filter_map(|content| content.transport.as_ref())
            .find_map(|transport| transport.web_socket.as_deref())
    }

    /// Whether the bridge channel may be a data channel.
    #[must_use]
    pub fn has_data_channels(&self) -> bool {
        self.contents.iter().any(|content| content.sctp_port.is_some())
    }
}
