//! Voluntary purposes: what was asked, what was answered, what is in force now.
//!
//! Fields follow ISO/IEC TS 27560:2023 as far as a purpose that stays on the device has them.

use rand_core::RngCore;
use serde::{Deserialize, Serialize};

use crate::acknowledgement::Method;
use crate::lang::Lang;
use crate::ledger::{AHEAD_SECONDS, Dated, Ledger};
use crate::purpose::Purpose;
use crate::stamp::{Moment, uuid};

/// Status of a consent in the Data Privacy Vocabulary. Only the given ones permit anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConsentState {
    #[serde(rename = "dpv:ConsentRequested")]
    Requested,
    #[serde(rename = "dpv:ConsentRequestDeferred")]
    Deferred,
    #[serde(rename = "dpv:ConsentGiven")]
    Given,
    #[serde(rename = "dpv:ConsentRefused")]
    Refused,
    #[serde(rename = "dpv:ConsentWithdrawn")]
    Withdrawn,
    #[serde(rename = "dpv:ConsentExpired")]
    Expired,
    #[serde(rename = "dpv:ConsentInvalidated")]
    Invalidated,
    #[serde(rename = "dpv:RenewedConsentGiven")]
    Renewed,
}

/// A consent is asked for again after a year (`dct:valid`).
const VALID_SECONDS: i64 = 365 * 24 * 60 * 60;
const VALID: &str = "P365D";
/// After a refusal nobody is asked about the same again for 90 days.
const QUIET_SECONDS: i64 = 90 * 24 * 60 * 60;

/// What somebody decided about one purpose, and where.
#[derive(Debug, Clone)]
pub struct Choice {
    pub purpose: Purpose,
    pub state: ConsentState,
    pub lang: Lang,
    pub at: Moment,
    pub method: Method,
    pub app_version: String,
    pub subject_pseudonym: String,
}

/// One line of the consent ledger. Sequence and hashes are the ledger line's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecord {
    pub record_id: String,
    pub schema: String,
    pub subject_pseudonym: String,
    pub notice_id: String,
    pub lang: Lang,
    pub purpose: Purpose,
    pub purpose_title: String,
    pub legal_basis: String,
    pub personal_data: String,
    pub controller: String,
    pub location: String,
    pub retention: String,
    pub recipients: String,
    pub jurisdiction: String,
    pub withdrawal: String,
    pub state: ConsentState,
    pub time: Moment,
    pub valid: String,
    pub method: Method,
    pub ui_text_sha256: String,
    pub choice_before: bool,
    pub choice_after: bool,
    pub default_was: bool,
    pub app_version: String,
}

impl ConsentState {
    #[must_use]
    pub const fn permits(self) -> bool {
        matches!(self, Self::Given | Self::Renewed)
    }
}

impl Dated for ConsentRecord {
    fn dated(&self) -> Moment {
        self.time
    }
}

impl ConsentRecord {
    /// Writes a choice down next to what was in force before it.
    #[must_use]
    pub fn new(choice: Choice, ledger: &Ledger<Self>, rng: &mut impl RngCore) -> Self {
        let wording = choice.purpose.wording(choice.lang);
        Self {
            record_id: uuid(rng),
            schema: "https://w3id.org/dpv/schema/dpv-27560".to_owned(),
            subject_pseudonym: choice.subject_pseudonym,
            notice_id: format!("local-{}", choice.purpose.id()),
            lang: choice.lang,
            purpose: choice.purpose,
            purpose_title: wording.title.to_owned(),
            legal_basis: "eu-gdpr:A6-1-a".to_owned(),
            personal_data: wording.text.to_owned(),
            controller: "self".to_owned(),
            location: "device".to_owned(),
            retention: choice.purpose.retention().to_owned(),
            recipients: "none".to_owned(),
            jurisdiction: "DE".to_owned(),
            withdrawal: "settings".to_owned(),
            state: choice.state,
            time: choice.at,
            valid: VALID.to_owned(),
            method: choice.method,
            ui_text_sha256: choice.purpose.text_sha256(choice.lang),
            choice_before: in_force(ledger, choice.purpose, choice.at),
            choice_after: choice.state.permits(),
            default_was: false,
            app_version: choice.app_version,
        }
    }
}

/// The last answer about a purpose; `None` if it was never asked.
#[must_use]
pub fn last_answer(ledger: &Ledger<ConsentRecord>, purpose: Purpose) -> Option<&ConsentRecord> {
    ledger.records().rev().find(|record| record.purpose == purpose)
}

/// The last answer about a purpose, and when it was given at the latest: lines are written one after the other, so whatever stands
/// below it is younger. A clock that ran ahead cannot make an answer younger than what came after it.
fn last_dated(ledger: &Ledger<ConsentRecord>, purpose: Purpose) -> Option<(&ConsentRecord, Moment)> {
    let mut earliest = Moment::from_unix(i64::MAX);
    ledger.records().rev().find_map(|record| {
        earliest = earliest.min(record.time);
        (record.purpose == purpose).then_some((record, earliest))
    })
}

impl ConsentRecord {
    fn is_given_to_todays_words(&self) -> bool {
        self.state.permits() && self.ui_text_sha256 == self.purpose.text_sha256(self.lang)
    }
}

/// Whether `purpose` may be served at `now`: given, under today's words, within the last year. A consent that is dated more than a day
/// ahead was given under another clock, so nobody knows how old it is, and it permits nothing.
#[must_use]
pub fn in_force(ledger: &Ledger<ConsentRecord>, purpose: Purpose, now: Moment) -> bool {
    given_for(ledger, purpose, now).is_some_and(|age| (-AHEAD_SECONDS..VALID_SECONDS).contains(&age))
}

/// Whether what was kept with a consent has to stay: it is in force, or it is dated ahead and only the clock stands against it. A clock
/// that is wrong for a morning erases nothing.
#[must_use]
pub fn holds_on(ledger: &Ledger<ConsentRecord>, purpose: Purpose, now: Moment) -> bool {
    given_for(ledger, purpose, now).is_some_and(|age| age < VALID_SECONDS)
}

/// Seconds since a consent to today's words was given; negative where it is dated ahead.
fn given_for(ledger: &Ledger<ConsentRecord>, purpose: Purpose, now: Moment) -> Option<i64> {
    let (record, latest) = last_dated(ledger, purpose)?;
    record.is_given_to_todays_words().then(|| now.unix().saturating_sub(latest.unix()))
}

/// Whether somebody may be asked about `purpose` at `now`: never asked before, or a consent that is not in force any more, or a refusal,
/// a withdrawal or no answer that is 90 days old by its own time or by a later line's. A clock that was moved back asks nobody who
/// said no.
#[must_use]
pub fn may_ask(ledger: &Ledger<ConsentRecord>, purpose: Purpose, now: Moment) -> bool {
    last_dated(ledger, purpose).is_none_or(|(record, latest)| {
        if record.state.permits() {
            return !in_force(ledger, purpose, now);
        }
        now.unix().saturating_sub(latest.unix()) >= QUIET_SECONDS
    })
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

    use super::*;
    use crate::ledger::ChainKey;

    const DAY: i64 = 24 * 60 * 60;

    fn choose(ledger: &mut Ledger<ConsentRecord>, state: ConsentState, day: i64) {
        choose_for(Purpose::RecentRooms, ledger, state, day);
    }

    fn choose_other(ledger: &mut Ledger<ConsentRecord>, state: ConsentState, day: i64) {
        choose_for(Purpose::DisplayName, ledger, state, day);
    }

    fn choose_for(purpose: Purpose, ledger: &mut Ledger<ConsentRecord>, state: ConsentState, day: i64) {
        let choice = Choice {
            purpose,
            state,
            lang: Lang::De,
            at: Moment::from_unix(day * DAY),
            method: Method::Button,
            app_version: "0".into(),
            subject_pseudonym: "p".into(),
        };
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let record = ConsentRecord::new(choice, ledger, &mut rng);
        ledger.record(record, &mut rng).unwrap().confirm();
    }

    fn allowed(ledger: &Ledger<ConsentRecord>, day: i64) -> bool {
        in_force(ledger, Purpose::RecentRooms, Moment::from_unix(day * DAY))
    }

    #[test]
    fn every_purpose_is_off_until_somebody_switches_it_on() {
        let ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
        assert!(Purpose::ALL.iter().all(|&purpose| !in_force(&ledger, purpose, Moment::default())));
    }

    #[test]
    fn only_a_given_consent_permits_and_withdrawing_ends_it_at_once() {
        let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
        for state in [ConsentState::Requested, ConsentState::Deferred, ConsentState::Refused] {
            choose(&mut ledger, state, 1);
            assert!(!allowed(&ledger, 1), "{state:?}");
        }
        choose(&mut ledger, ConsentState::Given, 2);
        assert!(allowed(&ledger, 2) && !in_force(&ledger, Purpose::UpdateCheck, Moment::from_unix(2 * DAY)));
        choose(&mut ledger, ConsentState::Withdrawn, 2);
        assert!(!allowed(&ledger, 2));
    }

    #[test]
    fn a_consent_lapses_after_a_year() {
        let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
        choose(&mut ledger, ConsentState::Given, 0);
        assert!(allowed(&ledger, 364) && !allowed(&ledger, 365));
    }

    #[test]
    fn a_refusal_is_not_asked_about_again_for_ninety_days() {
        let may = |ledger: &Ledger<ConsentRecord>, day: i64| {
            may_ask(ledger, Purpose::RecentRooms, Moment::from_unix(day * DAY))
        };
        for state in [ConsentState::Refused, ConsentState::Withdrawn, ConsentState::Deferred] {
            let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
            assert!(may(&ledger, 100));
            choose(&mut ledger, state, 100);
            let asked = [99, 100, 189, 190, 1_000].map(|day| may(&ledger, day));
            assert_eq!(asked, [false, false, false, true, true], "{state:?}");
            choose(&mut ledger, ConsentState::Refused, 190);
            assert!(!may(&ledger, 279) && may(&ledger, 280), "each refusal counts anew");
        }
    }

    #[test]
    fn a_consent_dated_ahead_permits_nothing_erases_nothing_and_is_asked_for_again() {
        let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
        // The clock was ten years ahead.
        choose(&mut ledger, ConsentState::Given, 3_750);
        let at = |day: i64| Moment::from_unix(day * DAY);
        let holds = |ledger: &Ledger<ConsentRecord>, day: i64| holds_on(ledger, Purpose::RecentRooms, at(day));
        let asks = |ledger: &Ledger<ConsentRecord>, day: i64| may_ask(ledger, Purpose::RecentRooms, at(day));
        for day in [100, 3_000, 3_748] {
            assert_eq!((allowed(&ledger, day), holds(&ledger, day), asks(&ledger, day)), (false, true, true), "{day}");
        }
        assert!(allowed(&ledger, 3_749) && !asks(&ledger, 3_749), "a day is what clocks are set by");
        // Something that was recorded later says when it was given at the latest.
        choose_other(&mut ledger, ConsentState::Refused, 100);
        assert!(allowed(&ledger, 100) && allowed(&ledger, 464) && !allowed(&ledger, 465), "a year from then, not ten");
        assert!(!allowed(&ledger, 3_760) && asks(&ledger, 3_760), "its own date brings it back to life no more");
        assert!(holds(&ledger, 464) && !holds(&ledger, 465), "and nothing is kept with it any longer");
    }

    #[test]
    fn a_refusal_dated_ahead_is_left_alone_for_ninety_days_and_not_for_years() {
        let may = |ledger: &Ledger<ConsentRecord>, day: i64| {
            may_ask(ledger, Purpose::RecentRooms, Moment::from_unix(day * DAY))
        };
        for state in [ConsentState::Refused, ConsentState::Withdrawn, ConsentState::Deferred] {
            let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
            choose(&mut ledger, state, 3_750);
            assert!(!may(&ledger, 100) && !may(&ledger, 1_000), "how long ago it was nobody can say");
            choose_other(&mut ledger, ConsentState::Refused, 100);
            assert_eq!([100, 189, 190].map(|day| may(&ledger, day)), [false, false, true], "{state:?}");
        }
    }

    #[test]
    fn a_consent_in_force_is_not_asked_for_and_one_that_ran_out_is() {
        let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
        choose(&mut ledger, ConsentState::Given, 0);
        let may = |day: i64| may_ask(&ledger, Purpose::RecentRooms, Moment::from_unix(day * DAY));
        assert_eq!([may(0), may(364), may(365)], [false, false, true]);
    }

    #[test]
    fn a_consent_to_other_words_does_not_carry_over() {
        let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
        choose(&mut ledger, ConsentState::Given, 0);
        let mut older = last_answer(&ledger, Purpose::RecentRooms).unwrap().clone();
        older.ui_text_sha256 = "0".repeat(64);
        ledger.record(older, &mut ChaCha8Rng::seed_from_u64(3)).unwrap().confirm();
        assert!(!allowed(&ledger, 1));
    }

    #[test]
    fn the_record_says_what_was_before_and_that_the_default_was_off() {
        let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
        choose(&mut ledger, ConsentState::Given, 0);
        choose(&mut ledger, ConsentState::Withdrawn, 1);
        let records: Vec<_> = ledger.records().map(|r| (r.choice_before, r.choice_after, r.default_was)).collect();
        assert_eq!(records, [(false, true, false), (true, false, false)]);
    }
}
