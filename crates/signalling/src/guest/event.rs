//! What a guest is told to do ([`Command`]) and what it reports ([`Event`]). Plain facts, no behaviour.
//!
//! Start at [`Event`]. The last event of every guest is either [`Event::Failed`] (never got in) or
//! [`Event::Ended`] (was in, is out); nothing follows it.

use super::direct::{DirectNews, DirectOrder};
use crate::extras::{News, Wish};
use crate::jingle::{Group, Offer, Source, Sources, Transport};
use crate::secret::Secret;
use std::collections::BTreeMap;

/// What the driver asks for. Commands that make no sense in the present state are dropped and reported once as
/// [`Oddity::CommandOutOfPlace`].
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Answer the newest [`Event::Offer`]. `transport` is ours (credentials, fingerprint, `active`, candidates or
    /// none: the bridge learns us from our checks). Names are `EP-a0`, `EP-v0`; groups are SIM and FID.
    Accept { transport: Transport, sources: Vec<Source>, groups: Vec<Group> },
    /// Say that we send more sources (a camera switched on for the first time, a screen).
    AddSources { sources: Vec<Source>, groups: Vec<Group> },
    /// Say that these sources of ours are gone for good. Muting is not that: see [`Command::SetSourceInfo`].
    RemoveSources { sources: Vec<Source>, groups: Vec<Group> },
    /// Publish mute state and video type of our sources; replaces what was published before. Only in the room, since
    /// names begin with our endpoint id. A source that is absent counts as muted.
    SetSourceInfo(BTreeMap<String, SourceState>),
    /// A line for everybody.
    Chat(String),
    /// A line for one endpoint only.
    PrivateChat { to: String, text: String },
    /// Our display name. Empty means none.
    SetName(String),
    /// Our raised hand as unix milliseconds, `None` lowers it.
    RaiseHand(Option<u64>),
    /// Ask the focus for a fresh session, because ICE or DTLS failed.
    Restart,
    /// Ask the focus for new ICE credentials in place, because the network changed or the other side is silent: the session
    /// stays, and [`Event::Renewed`] or [`Event::NotRenewed`] follows; from an old focus, neither.
    Renew,
    /// Our half of [`Event::Renewed`].
    Renewed { transport: Transport },
    /// Something about the direct connection of two.
    Direct(DirectOrder),
    /// Something that only moderators may do; out of place for anybody else.
    Moderate(Moderation),
    /// Something of what the room offers besides.
    Extra(Wish),
    /// Go: unavailable presence, then close.
    Leave,
}

/// What a moderator may do. Endpoints are those of [`Event::MemberJoined`], at the door those of [`Event::Knocked`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moderation {
    /// Ask somebody's client to be silent; nobody can be made to speak.
    Mute {
        endpoint: String,
        what: Muted,
    },
    Kick {
        endpoint: String,
    },
    /// Make somebody a moderator; it cannot be taken back.
    Grant {
        endpoint: String,
    },
    SetSubject(String),
    /// `None` takes the password away.
    SetPassword(Option<Secret>),
    /// Whether strangers wait until somebody lets them in.
    SetLobby(bool),
    /// Somebody who knocks may come in.
    LetIn {
        endpoint: String,
    },
    /// Somebody who knocks may not.
    TurnAway {
        endpoint: String,
    },
}

/// What a room asks of those who want in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoomRules {
    pub password: bool,
    pub lobby: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// We are in the room. Members that were there before us follow as [`Event::MemberJoined`].
    Joined {
        endpoint_id: String,
        moderator: bool,
    },
    MemberJoined(Member),
    MemberChanged(Member),
    MemberLeft {
        endpoint: String,
    },
    /// Our own rights changed.
    Role {
        moderator: bool,
    },
    /// We are at the door and nothing is wrong: somebody else has to act. [`Command::Leave`] gives up. Told once each time
    /// the reason changes.
    Waiting(Waiting),
    /// Ask for the conference by HTTP: POST this JSON, then hand in [`super::Input::Conference`].
    AskConference {
        json: String,
    },
    /// The connection broke and the room does not know yet: open a new socket, with `previd` in its address, in place of
    /// the old one, then [`super::Input::Opened`] or [`super::Input::Closed`]. What is said meanwhile is kept.
    Dial {
        previd: String,
    },
    /// The new socket carries on where the old one ended; nobody saw us leave.
    Resumed,
    /// Whether the deployment has a Videobridge, as the focus sees it; only what changed, and there is one to begin with. Without one nobody gets
    /// a media session, and the focus does not come back with one when a bridge does: whoever enters anew is invited.
    Bridges {
        any: bool,
    },
    /// STUN and TURN servers of the deployment; empty lists are not reported.
    Relays(Vec<Relay>),
    /// The focus offers a media session. Answer with [`Command::Accept`]; the guest has confirmed the receipt. The
    /// sources inside are already rid of those that belong to nobody in the room.
    Offer(Box<Offer>),
    /// The focus has our answer; media may flow.
    Accepted,
    /// The focus has new ICE credentials for the session that stands, whether or not we asked. Nothing else changes; answer
    /// with [`Command::Renewed`].
    Renewed(Box<Transport>),
    /// The focus refused [`Command::Renew`]; the stanza error's condition.
    NotRenewed {
        condition: String,
    },
    /// The focus refused [`Command::Restart`], so no offer follows; the stanza error's condition.
    NotRestarted {
        condition: String,
    },
    /// Sources of somebody in the room, with the groups among them.
    SourcesAdded(Sources),
    /// By the focus, or because their owner left.
    SourcesRemoved(Vec<Source>),
    /// The bridge gave SSRCs of its own to sources of people in the room.
    SourcesMapped(Mapped),
    /// The direct connection of two, which stands beside the session of the focus.
    Direct(DirectNews),
    /// The session is over, the meeting is not: stay, another offer may come.
    Terminated {
        reason: String,
    },
    Chat(ChatLine),
    Subject(String),
    /// What the room asks of those who come; told to moderators, at first and with each change.
    Rules(RoomRules),
    /// Somebody waits in the lobby, or says something new about itself there. Told to moderators.
    Knocked {
        endpoint: String,
        /// Empty when none was given; at most 200 characters.
        name: String,
    },
    /// Somebody who waited was let in, sent away, or gave up.
    KnockerGone {
        endpoint: String,
    },
    /// The room or its focus refused what a moderator asked; the stanza error's condition.
    NotDone {
        condition: String,
    },
    /// A moderator asks for silence. The driver mutes and then publishes it by [`Command::SetSourceInfo`].
    MutedByModerator {
        what: Muted,
        by: Option<String>,
    },
    /// Something of what the room offers besides.
    Extra(News),
    /// Something was refused; the meeting goes on. Each kind is told once per guest.
    Ignored {
        what: Oddity,
    },
    /// Never got in. Last event.
    Failed(Failure),
    /// Was in, is out. Last event.
    Ended(End),
}

/// What an SSRC-rewriting bridge changed; first what went, then what came.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mapped {
    /// These sources are carried no longer, or under another SSRC.
    pub gone: Vec<Source>,
    /// An SSRC that stood in `gone` carries another's source now: nothing of what came on it before belongs to that one.
    pub come: Sources,
    /// By SSRC: what its packets say in the `mid` header extension.
    pub mids: BTreeMap<u32, String>,
}

/// Somebody in the room: not us, not the focus.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Member {
    /// Occupant nick, the id used for sources and on the bridge channel.
    pub endpoint: String,
    pub name: Option<String>,
    /// Unix milliseconds of the raise; `None` when lowered.
    pub hand: Option<u64>,
    pub moderator: bool,
    /// By source name. A source that is not here counts as muted.
    pub sources: BTreeMap<String, SourceState>,
    /// Codec names in the sender's order of preference, lower case.
    pub codecs: Vec<String>,
}

impl Member {
    /// True when no audio source of this member is unmuted.
    #[must_use]
    pub fn audio_muted(&self) -> bool {
        self.all_muted("-a")
    }

    /// True when no video source of this member is unmuted.
    #[must_use]
    pub fn video_muted(&self) -> bool {
        self.all_muted("-v")
    }

    fn all_muted(&self, kind: &str) -> bool {
        let prefix = format!("{}{kind}", self.endpoint);
        !self.sources.iter().any(|(name, state)| name.starts_with(&prefix) && !state.muted)
    }
}

/// Published state of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceState {
    pub muted: bool,
    /// A screen instead of a camera; meaningless for sound.
    pub desktop: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatLine {
    /// Endpoint id of the writer; empty when the room itself speaks.
    pub from: String,
    /// Display name of the writer at this moment; the endpoint id when there is none.
    pub name: String,
    pub text: String,
    /// The one reader, when it is a private line.
    pub to: Option<String>,
    /// True for our own line: the echo of a public one, or the private one just sent (rooms echo no private lines).
    pub mine: bool,
    /// XEP-0203 stamp, when the room replays its history.
    pub stamp: Option<String>,
}

/// One entry of the deployment's extdisco list (XEP-0215).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// `stun`, `turn` or `turns`.
    pub kind: String,
    pub host: String,
    pub port: u16,
    /// `udp` or `tcp`; empty when not said.
    pub transport: String,
    pub username: Option<String>,
    pub password: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Muted {
    Audio,
    Video,
    Desktop,
}

/// What we wait for at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiting {
    /// A moderator decides whether we may come in.
    Lobby,
    /// The room opens when its host comes.
    Host,
}

/// Why we never got in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the room asks for a password")]
    PasswordNeeded,
    #[error("the room has another password")]
    PasswordWrong,
    #[error("the room admits members only and has no lobby to knock at")]
    MembersOnly,
    #[error("a moderator turned us away in the lobby")]
    LobbyRefused,
    #[error("the lobby was closed while we waited")]
    LobbyClosed,
    #[error("the room is full")]
    Full,
    #[error("we are banned from the room")]
    Banned,
    #[error("the server does not let us in")]
    NotAllowed,
    #[error("the room wants a display name")]
    NameNeeded,
    #[error("every name we tried in the room was taken")]
    NickTaken,
    #[error("the server wants a login")]
    AuthenticationNeeded,
    #[error("the server does not accept this user name and password")]
    LoginRefused,
    #[error("the server does not accept the token of the link")]
    TokenRefused,
    #[error("the server could not prove that it knows the password")]
    ServerUnproven,
    #[error("the room is open to visitors only (on node {node})")]
    VisitorsOnly { node: String },
    #[error("the room is not reserved for now: {0}")]
    NotReserved(String),
    #[error("the conference service of the server does not answer")]
    NoFocus,
    #[error("the conference request was refused: {0}")]
    RequestRefused(String),
    #[error("the room refused us: {0}")]
    Refused(String),
    #[error("the server did not answer while we were {0}")]
    Silent(Step),
    #[error("the server closed the connection while we were {0}")]
    Closed(Step),
    #[error("the server offers no anonymous login")]
    NoAnonymousLogin,
    #[error("the server offers no login with a password that we know")]
    NoPasswordLogin,
}

/// Where on the way in something stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Opening,
    Authenticating,
    Binding,
    Requesting,
    Entering,
    Knocking,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Step::Opening => "opening the stream",
            Step::Authenticating => "logging in",
            Step::Binding => "binding an address",
            Step::Requesting => "asking for the conference",
            Step::Entering => "entering the room",
            Step::Knocking => "waiting in the lobby",
        })
    }
}

/// Why we are out again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// We left.
    Left,
    Kicked {
        by: Option<String>,
        reason: String,
    },
    /// The room took us out for another reason (banned, affiliation, shutdown); MUC status codes.
    Removed {
        codes: Vec<u16>,
    },
    Destroyed {
        reason: String,
    },
    /// Without a focus there are no sessions; Jitsi ends the conference then.
    FocusLeft,
    /// The socket closed, and could not be replaced in time if that was possible at all.
    Closed,
    /// Two pings in a row stayed without any sign of life, and the connection cannot be resumed.
    Lost,
}

/// Nonsense from afar (or a command out of place) that was refused while the meeting went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// A frame that is no XML within the limits, the giant ones included.
    UnreadableFrame,
    /// Somebody who is not the focus spoke as if they were.
    ForgedFocus,
    /// An answer to a question of ours from an address that was not asked.
    ForgedAnswer,
    /// A Jingle message that does not say what its action needs.
    MalformedJingle,
    /// Sources of somebody who is not in the room, or named after somebody else.
    SourceOfStranger,
    /// A source with an SSRC that is ours or already somebody else's.
    SsrcTaken,
    /// A component would send us to a room of another deployment.
    StrangeRoom,
    /// More than this core keeps: members, sources and their names, waiting changes.
    TooMany,
    /// `SourceInfo` that is not the JSON it should be, or too long.
    MalformedSourceInfo,
    /// The driver asked for something that is impossible in this state.
    CommandOutOfPlace,
}
