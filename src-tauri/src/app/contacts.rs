//! The contact ledger in the window's words.

use crate::view::{Beyond, ContactLedger, ContactPurpose, Contacted, Ignored, IgnoredKind};
use runde_client::{Carrier, Purpose, Seen};

/// The page, as it is now.
pub fn page(seen: Seen) -> ContactLedger {
    let runde_client::Beyond { times, sent, received } = seen.beyond;
    let beyond = (times > 0 || sent > 0 || received > 0).then_some(Beyond { times, sent, received });
    let contacts = seen.contacts.into_iter().map(contacted).collect();
    let ignored = seen.ignored.into_iter().map(ignored).collect();
    ContactLedger { contacts, beyond, ignored, odd_room: seen.odd_room }
}

/// Every host once, for a line of text.
pub fn hosts(seen: &Seen) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for entry in &seen.contacts {
        if !hosts.contains(&entry.host) {
            hosts.push(entry.host.clone());
        }
    }
    hosts
}

fn contacted(entry: runde_client::Contacted) -> Contacted {
    let counted = entry.carrier != Carrier::System;
    let seconds = |moment: runde_privacy::stamp::Moment| u64::try_from(moment.unix()).unwrap_or_default();
    Contacted {
        host: entry.host,
        address: entry.address.map(|address| address.to_string()).unwrap_or_default(),
        purpose: purpose(entry.purpose),
        first: seconds(entry.first),
        last: seconds(entry.last),
        times: entry.times,
        sent: counted.then_some(entry.sent),
        received: counted.then_some(entry.received),
        notice_id: entry.ground.notice_id().to_owned(),
        sha256: entry.ground.sha256().to_owned(),
    }
}

const fn purpose(purpose: Purpose) -> ContactPurpose {
    match purpose {
        Purpose::Notice => ContactPurpose::Notice,
        Purpose::Configuration => ContactPurpose::Configuration,
        Purpose::Signalling => ContactPurpose::Signalling,
        Purpose::ConferenceRequest => ContactPurpose::ConferenceRequest,
        Purpose::BridgeChannel => ContactPurpose::BridgeChannel,
        Purpose::Media => ContactPurpose::Media,
        Purpose::Direct => ContactPurpose::Direct,
        Purpose::Relay => ContactPurpose::Relay,
        Purpose::Proxy => ContactPurpose::Proxy,
        Purpose::NameResolution => ContactPurpose::NameResolution,
    }
}

fn ignored(wish: runde_client::Ignored) -> Ignored {
    let kind = match wish.kind {
        runde_client::IgnoredKind::Avatars => IgnoredKind::Avatars,
        runde_client::IgnoredKind::Analytics => IgnoredKind::Analytics,
        runde_client::IgnoredKind::Statistics => IgnoredKind::Statistics,
        runde_client::IgnoredKind::Relay => IgnoredKind::Relay,
        runde_client::IgnoredKind::PeerToPeer => IgnoredKind::PeerToPeer,
        runde_client::IgnoredKind::Pages => IgnoredKind::Pages,
        runde_client::IgnoredKind::Gifs => IgnoredKind::Gifs,
        runde_client::IgnoredKind::Integration => IgnoredKind::Integration,
        runde_client::IgnoredKind::Address => IgnoredKind::Address,
    };
    Ignored { kind, key: wish.key, host: wish.host }
}
