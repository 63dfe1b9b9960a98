//! The access log of one's own rooms on the page: its newest lines, its days, and what is held as evidence. A hold begins here and on
//! the command line only, by somebody at this computer who says why.

use super::Desk;
use crate::app::App;
use crate::shell::Shell;
use crate::view::{ErrorCode, Hold, HoldAct, HoldRequest, HoldSeal, LogDay, LogLine, RoomLog, UiError, UnixSeconds};
use runde_privacy::access_log::hold::{Act, HoldError, Incident, MAX_WORDS, Network, Rule, State, time_of, words};
use runde_privacy::access_log::{DayFile, Line};
use runde_privacy::stamp::Moment;
use runde_server::{HoldFailure, Holds, Listing, Seal};

/// Lines on the page: a day of a school, or what somebody can read.
const SHOWN: usize = 200;
const DAY: i64 = 24 * 60 * 60;

impl<S: Shell> App<S> {
    /// Reads the log for the page; it is not read again until somebody asks.
    pub(in crate::app) fn look_at_log(&mut self) -> Result<(), UiError> {
        let log = self.desk()?.room_log()?;
        self.counter.log = Some(log);
        Ok(())
    }

    pub(in crate::app) fn hold(&mut self, what: &HoldAct) -> Result<(), UiError> {
        let (holds, now) = (self.desk()?.holds(), runde_profile::now());
        let done = match what {
            HoldAct::Start { lines } => act(lines, now).map_err(Into::into).and_then(|act| holds.start(&act).map(drop)),
            HoldAct::Review { incident } => named(incident).and_then(|incident| holds.review(&incident, now)),
            HoldAct::Release { incident } => named(incident).and_then(|incident| holds.release(&incident, now)),
        };
        done.map_err(|why| refused(&why))?;
        self.look_at_log()
    }
}

impl Desk {
    fn holds(&self) -> Holds {
        Holds::of(&self.log_folder())
    }

    fn room_log(&self) -> Result<RoomLog, UiError> {
        let (folder, holds, now) = (self.log_folder(), self.holds(), runde_profile::now());
        let unreadable = |source| refused(&HoldFailure::File { path: folder.clone(), source });
        let seen = runde_server::look(&folder, SHOWN).map_err(unreadable)?;
        let mut listed = holds.list().map_err(|why| refused(&why))?;
        listed.reverse();
        Ok(RoomLog {
            retention_days: self.profile.operator().and_then(|operator| operator.retention()).map(|log| log.days()),
            folder: folder.display().to_string(),
            days: seen.days.into_iter().map(day).collect(),
            newest: seen.newest.iter().map(line).collect(),
            more: seen.more,
            holds: listed.into_iter().map(|listing| hold(listing, now)).collect(),
            strays: holds.strays().iter().map(ToString::to_string).collect(),
        })
    }
}

fn day((file, bytes): (DayFile, u64)) -> LogDay {
    let start = file.day.start();
    let end = start.unix().saturating_add(i64::from(file.kept.days()) * DAY);
    LogDay { day: unix(start), deleted_on: unix(Moment::from_unix(end)), kept_days: file.kept.days(), bytes }
}

fn line(line: &Line) -> LogLine {
    LogLine {
        time: unix(line.time),
        bytes_sent: line.bytes_sent,
        client: line.client.to_string(),
        os: line.os.name().to_owned(),
        ip: line.ip.to_string(),
    }
}

fn hold(listing: Listing, now: Moment) -> Hold {
    let Listing { entry, seal, head } = listing;
    let (lines, released) = match &entry.state {
        State::Held { lines, .. } => (Some(*lines), None),
        State::Released { released } => (None, Some(unix(*released))),
    };
    let (reason, person) = head.map(|head| (head.reason, head.person)).unwrap_or_default();
    Hold {
        incident: entry.incident.to_string(),
        started: unix(entry.started),
        lines,
        released,
        review_due: entry.review_due().map(unix),
        needs_review: entry.reminders(now) > 0,
        seal: match seal {
            Seal::Sound => HoldSeal::Sound,
            Seal::Changed => HoldSeal::Changed,
            Seal::Missing => HoldSeal::Missing,
            Seal::Deleted => HoldSeal::Deleted,
        },
        reason,
        person,
    }
}

fn named(incident: &str) -> Result<Incident, HoldFailure> {
    Ok(Incident::try_from(incident.to_owned())?)
}

fn act(typed: &HoldRequest, at: Moment) -> Result<Act, HoldError> {
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let ip = said(&typed.ip).map(|text| text.parse::<Network>()).transpose()?;
    let from = said(&typed.from).map(|text| time_of(&text, false)).transpose()?;
    let until = said(&typed.until).map(|text| time_of(&text, true)).transpose()?;
    Ok(Act {
        incident: Incident::try_from(typed.incident.trim().to_owned())?,
        reason: words("reason", typed.reason.trim())?,
        person: words("person", typed.person.trim())?,
        rule: Rule::new(ip, from, until)?,
        at,
    })
}

fn refused(why: &HoldFailure) -> UiError {
    use ErrorCode as C;
    let limited = |code| UiError::new(code).with("limit", MAX_WORDS.to_string());
    match why {
        HoldFailure::Rule(HoldError::Incident(id)) => UiError::new(C::HoldIncidentUnusable).with("text", id.as_str()),
        HoldFailure::Rule(HoldError::Words("person")) => limited(C::HoldPersonUnusable),
        HoldFailure::Rule(HoldError::Words(_)) => limited(C::HoldReasonUnusable),
        HoldFailure::Rule(HoldError::Network(text)) => UiError::new(C::HoldAddressUnusable).with("text", text.as_str()),
        HoldFailure::Rule(HoldError::Time(text)) => UiError::new(C::HoldTimeUnusable).with("text", text.as_str()),
        HoldFailure::Rule(HoldError::NoRule) => UiError::new(C::HoldRuleMissing),
        HoldFailure::Rule(HoldError::Backwards) => UiError::new(C::HoldTimesBackwards),
        HoldFailure::Rule(HoldError::Known(id)) => UiError::new(C::HoldKnown).with("text", id.as_str()),
        HoldFailure::Rule(HoldError::Unknown(id)) => UiError::new(C::HoldUnknown).with("text", id.as_str()),
        HoldFailure::NoLog(folder) => UiError::new(C::HoldWithoutLog).with("path", folder.display().to_string()),
        HoldFailure::NothingMatches => UiError::new(C::HoldMatchesNothing),
        HoldFailure::TooMany => UiError::new(C::HoldMatchesTooMuch),
        HoldFailure::Register(path) => UiError::new(C::HoldRegisterUnreadable).with("path", path.display().to_string()),
        HoldFailure::File { path, source } => {
            UiError::new(C::FileUnreadable).with("path", path.display().to_string()).with("detail", source.to_string())
        }
    }
}

fn unix(moment: Moment) -> UnixSeconds {
    u64::try_from(moment.unix()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> HoldRequest {
        HoldRequest {
            incident: " 2026-11-flood ".into(),
            reason: "flood".into(),
            person: "Ada Example".into(),
            ip: "192.0.2.0/24".into(),
            ..HoldRequest::default()
        }
    }

    #[test]
    fn what_is_no_hold_is_told_at_its_field() {
        use ErrorCode as C;
        assert_eq!(act(&typed(), Moment::default()).unwrap().incident.as_str(), "2026-11-flood");
        let code = |change: fn(&mut HoldRequest)| {
            let mut typed = typed();
            change(&mut typed);
            refused(&HoldFailure::Rule(act(&typed, Moment::default()).unwrap_err())).code
        };
        assert_eq!(code(|typed| typed.incident = "../up".into()), C::HoldIncidentUnusable);
        assert_eq!(code(|typed| typed.reason = " ".into()), C::HoldReasonUnusable);
        assert_eq!(code(|typed| typed.person = "x".repeat(MAX_WORDS + 1)), C::HoldPersonUnusable);
        assert_eq!(code(|typed| typed.ip = "everybody".into()), C::HoldAddressUnusable);
        assert_eq!(code(|typed| typed.from = "yesterday".into()), C::HoldTimeUnusable);
        assert_eq!(code(|typed| typed.ip = String::new()), C::HoldRuleMissing);
        let backwards = |typed: &mut HoldRequest| {
            (typed.from, typed.until) = ("2026-11-24".into(), "2026-11-23".into());
        };
        assert_eq!(code(backwards), C::HoldTimesBackwards);
    }
}
