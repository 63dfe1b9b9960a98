//! What a driver is told of a direct connection and what it may order. Plain facts, no behaviour.

use crate::jingle::{Candidate, Group, Offer, Source, Sources, Transport, VideoWish};

/// What a driver does about the direct connection. Orders that find none are dropped without a word: the other person may have
/// ended it in the same moment.
#[derive(Debug, Clone, PartialEq)]
pub enum DirectOrder {
    /// The person switched direct connections on or off. Off ends the one that stands.
    Allow(bool),
    /// Our half, after [`DirectNews::Wanted`]: what is offered are the sections of [`super::super::direct_contents`].
    Offer { transport: Transport, sources: Vec<Source>, groups: Vec<Group> },
    /// Our half, after [`DirectNews::Offered`].
    Accept { transport: Transport, sources: Vec<Source>, groups: Vec<Group> },
    /// More addresses of ours, with the credentials they belong to.
    Candidates(Transport),
    /// We send more sources.
    Add { sources: Vec<Source>, groups: Vec<Group> },
    /// What we want of the other's pictures.
    Want(VideoWish),
    /// It is over for us.
    End(Ending),
}

/// Why we end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// No way was found, or the way is lost.
    Lost,
    /// Our half could not be made.
    Unable,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum DirectNews {
    /// It is on us to offer: answer with [`DirectOrder::Offer`] or [`DirectOrder::End`].
    Wanted,
    /// The other person offers: answer with [`DirectOrder::Accept`] or [`DirectOrder::End`]. What we do not speak is still in it
    /// ([`super::super::answerable`]); the sources are the other's.
    Offered(Box<Offer>),
    /// The other person takes our offer; this is their half.
    Accepted(Box<Offer>),
    /// More addresses of theirs.
    Candidates(Vec<Candidate>),
    SourcesAdded(Sources),
    SourcesRemoved(Vec<Source>),
    /// What they want of our pictures: whether any at all, and the lines of each source.
    Wish {
        pictures: bool,
        wish: VideoWish,
    },
    /// It is over, whoever ended it. Not told after [`DirectOrder::End`].
    Over {
        reason: String,
    },
}
