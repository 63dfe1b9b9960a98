//! Events of a meeting as JSON lines (docs/cli.md holds the schema) or as lines for a person.

mod extras;

use runde_client::{
    Change, ChatLine, DeviceKind, DeviceNews, LeftReason, MediaKind, MeetingEvent, Oddity, Seen, SourceStats, Stats,
    Waiting,
};
use runde_privacy::Lang;
use serde_json::{Value, json};

use crate::messages;
use crate::orders::Misread;
use crate::output;

#[derive(Debug, Clone, Copy)]
pub struct Report {
    json: bool,
    lang: Lang,
}

impl Report {
    pub fn new(json: bool) -> Self {
        Self { json, lang: messages::system_language() }
    }

    /// An order that was not carried out, by the number of its line.
    pub fn misread(self, number: u32, why: Misread) {
        if self.json {
            output::event(&json!({"event": "order-refused", "line": number, "detail": why.to_string()}));
        } else {
            output::complain(&messages::misread(number, why, self.lang));
        }
    }

    /// The contact ledger as it is now.
    pub fn contacts(self, seen: &Seen) {
        if self.json {
            let mut line = seen.to_json();
            line["event"] = "contacts".into();
            output::event(&line);
        } else {
            messages::contacts::lines(seen, self.lang).iter().for_each(|line| output::print(line));
        }
    }

    /// The last lines: whom the program went to, for those who read by program, and how it ended.
    pub fn end(self, reason: &LeftReason, seen: &Seen) {
        if self.json {
            self.contacts(seen);
        }
        self.tell(&MeetingEvent::Left { reason: reason.clone() });
    }

    pub fn tell(self, event: &MeetingEvent) {
        if self.json {
            output::event(&to_json(event));
        } else if let Some(line) = messages::meeting(event, self.lang) {
            output::print(&line);
        }
    }
}

fn to_json(event: &MeetingEvent) -> Value {
    match event {
        MeetingEvent::Joined { room, endpoint } => json!({"event": "joined", "room": room, "endpoint": endpoint}),
        MeetingEvent::Waiting { why } => json!({"event": "waiting", "for": waiting_word(*why)}),
        MeetingEvent::LoginNeeded { url } => json!({"event": "login-needed", "url": url}),
        MeetingEvent::Participant { change, endpoint, name, hand, microphone, camera, moderator, reachable } => json!({
            "event": "participant", "change": change_word(*change), "endpoint": endpoint, "name": name,
            "hand": hand, "microphone": microphone, "camera": camera, "moderator": moderator, "reachable": reachable,
        }),
        MeetingEvent::Source { change, source, endpoint, kind, desktop, muted } => json!({
            "event": "source", "change": change_word(*change), "source": source, "endpoint": endpoint,
            "kind": kind_word(*kind), "desktop": desktop, "muted": muted,
        }),
        MeetingEvent::Chat(line) => chat(line),
        MeetingEvent::DominantSpeaker { endpoint } => json!({"event": "dominant", "endpoint": endpoint}),
        MeetingEvent::MediaConnected => json!({"event": "connected"}),
        MeetingEvent::Direct { on, endpoint } => json!({"event": "p2p", "on": on, "endpoint": endpoint}),
        MeetingEvent::NoBridge { attempt } => json!({"event": "no-bridge", "attempt": attempt}),
        MeetingEvent::NoBridgeChannel => json!({"event": "no-bridge-channel"}),
        MeetingEvent::MutedByModerator { kind, screen, by } => {
            json!({"event": "muted", "kind": kind_word(*kind), "desktop": screen, "by": by})
        }
        MeetingEvent::Role { moderator } => json!({"event": "role", "moderator": moderator}),
        MeetingEvent::Reaction { endpoint, reaction } => {
            json!({"event": "reaction", "endpoint": endpoint, "reaction": reaction.word()})
        }
        MeetingEvent::Subject(text) => json!({"event": "subject", "text": text}),
        MeetingEvent::Rules(rules) => json!({"event": "rules", "password": rules.password, "lobby": rules.lobby}),
        MeetingEvent::Knock { change, endpoint, name } => {
            json!({"event": "knock", "change": change_word(*change), "endpoint": endpoint, "name": name})
        }
        MeetingEvent::Extra(news) => extras::to_json(news),
        MeetingEvent::MustAsk(media) => json!({"event": "must-ask", "media": media.word()}),
        MeetingEvent::Moving { room } => json!({"event": "moving", "room": room}),
        MeetingEvent::NotDone { condition } => json!({"event": "not-done", "reason": condition}),
        MeetingEvent::Ignored { what } => json!({"event": "ignored", "what": oddity_word(*what)}),
        MeetingEvent::Stats(figures) => stats(figures),
        MeetingEvent::Device { device, news } => device_news(*device, news),
        MeetingEvent::ShareFailed(fault) => json!({
            "event": "share-failed", "reason": messages::fault_word(fault), "detail": fault.to_string(),
        }),
        MeetingEvent::Unrecorded { source, detail } => {
            json!({"event": "recording-failed", "source": source, "detail": detail})
        }
        MeetingEvent::Reconnecting { attempt } => json!({"event": "reconnecting", "attempt": attempt}),
        MeetingEvent::Left { reason } => left(reason),
    }
}

fn device_news(device: DeviceKind, news: &DeviceNews) -> Value {
    let device = messages::device_word(device);
    match news {
        DeviceNews::Failed(fault) => json!({
            "event": "device-failed", "device": device, "reason": messages::fault_word(fault), "detail": fault.to_string(),
        }),
        DeviceNews::Reopened { id } => json!({"event": "device-reopened", "device": device, "id": id}),
    }
}

fn chat(line: &ChatLine) -> Value {
    json!({
        "event": "chat", "from": line.from, "name": line.name, "text": line.text, "at_ms": line.at_ms,
        "mine": line.mine,
    })
}

fn stats(figures: &Stats) -> Value {
    json!({
        "event": "stats",
        "rtt_ms": figures.rtt.map(|rtt| rtt.as_secs_f64() * 1000.0),
        "bandwidth_bps": figures.bandwidth_bps,
        "p2p": figures.direct,
        "sources": figures.sources.iter().map(source_stats).collect::<Vec<_>>(),
    })
}

fn source_stats(source: &SourceStats) -> Value {
    json!({
        "source": source.source, "endpoint": source.endpoint, "kind": kind_word(source.kind), "mine": source.mine,
        "packets": source.packets, "bytes": source.bytes, "loss": source.loss,
        "jitter_ms": source.jitter.as_secs_f64() * 1000.0, "fps": source.fps, "width": source.width,
        "height": source.height, "level": source.level,
        "first_ms": source.first_sound.map(|after| after.as_secs_f64() * 1000.0),
    })
}

fn left(reason: &LeftReason) -> Value {
    let word = match reason {
        LeftReason::Asked => "asked",
        LeftReason::Unreachable(_) => "unreachable",
        LeftReason::Refused(_) => "refused",
        LeftReason::Kicked => "kicked",
        LeftReason::RoomEnded => "room-ended",
        LeftReason::Lost => "lost",
    };
    let mut line = json!({"event": "left", "reason": word, "detail": reason.to_string()});
    if let LeftReason::Refused(why) = reason {
        line["refusal"] = messages::refusal_word(why).into();
    }
    line
}

const fn waiting_word(why: Waiting) -> &'static str {
    match why {
        Waiting::Lobby => "lobby",
        Waiting::Host => "host",
    }
}

const fn oddity_word(what: Oddity) -> &'static str {
    match what {
        Oddity::UnreadableFrame => "unreadable",
        Oddity::ForgedFocus => "forged-focus",
        Oddity::ForgedAnswer => "forged-answer",
        Oddity::MalformedJingle => "malformed-session",
        Oddity::SourceOfStranger => "source-of-stranger",
        Oddity::SsrcTaken => "ssrc-taken",
        Oddity::StrangeRoom => "strange-room",
        Oddity::TooMany => "too-many",
        Oddity::MalformedSourceInfo => "malformed-source-info",
        Oddity::CommandOutOfPlace => "out-of-place",
    }
}

const fn change_word(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Changed => "changed",
        Change::Removed => "removed",
    }
}

const fn kind_word(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_line_names_its_event_and_how_it_ended_is_a_word() {
        let left = to_json(&MeetingEvent::Left { reason: LeftReason::RoomEnded });
        assert_eq!((&left["event"], &left["reason"]), (&json!("left"), &json!("room-ended")));
        let refused = to_json(&MeetingEvent::Left { reason: LeftReason::Refused(runde_client::Refusal::Full) });
        assert_eq!((&refused["reason"], &refused["refusal"]), (&json!("refused"), &json!("full")));
        assert!(left.get("refusal").is_none());
        let joined = to_json(&MeetingEvent::Joined { room: "r".into(), endpoint: "aaaa0001".into() });
        assert_eq!(joined["endpoint"], "aaaa0001");
        let ignored = to_json(&MeetingEvent::Ignored { what: Oddity::ForgedFocus });
        assert_eq!(ignored, json!({"event": "ignored", "what": "forged-focus"}));
    }

    #[test]
    fn a_first_sound_is_told_in_milliseconds_and_null_before_it() {
        let mut figures = SourceStats {
            source: "bbbb0001-a0".into(),
            endpoint: "bbbb0001".into(),
            kind: MediaKind::Audio,
            mine: false,
            packets: 1,
            bytes: 1,
            loss: 0.0,
            jitter: Duration::ZERO,
            fps: 0.0,
            width: 0,
            height: 0,
            level: -30.0,
            first_sound: Some(Duration::from_micros(312_500)),
        };
        assert_eq!(source_stats(&figures)["first_ms"], 312.5);
        figures.first_sound = None;
        assert_eq!(source_stats(&figures)["first_ms"], Value::Null);
    }

    #[test]
    fn figures_are_numbers_in_milliseconds_or_null() {
        let stats = to_json(&MeetingEvent::Stats(Stats { bandwidth_bps: Some(7), ..Stats::default() }));
        assert_eq!((&stats["rtt_ms"], &stats["bandwidth_bps"]), (&Value::Null, &json!(7)));
    }
}
