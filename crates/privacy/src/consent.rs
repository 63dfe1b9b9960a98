//! Voluntary purposes: what was asked, what was answered, what is in force now.
//!
//! Fields follow ISO/IEC TS 27560:2023 as far as a purpose that stays on the device has them.

use rand_core::RngCore;
use serde::{Deserialize, Serialize};

use crate::acknowledgement::Method;
use crate::lang::Lang;
use crate::ledger::{Dated, Ledger};
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

/// Whether `purpose` may be served at `now`: given, under today's words, within the last year.
#[must_use]
pub fn in_force(ledger: &Ledger<ConsentRecord>, purpose: Purpose, now: Moment) -> bool {
    last_answer(ledger, purpose).is_some_and(|record| {
        let age = now.unix().saturating_sub(record.time.unix());
        record.state.permits() && record.ui_text_sha256 == purpose.text_sha256(record.lang) && age < VALID_SECONDS
    })
}

/// Whether somebody may be asked about `purpose` at `now`: never asked before, or a consent that ran out, or a refusal, a withdrawal or
/// no answer that is 90 days old. A clock that was moved back asks nobody.
#[must_use]
pub fn may_ask(ledger: &Ledger<ConsentRecord>, purpose: Purpose, now: Moment) -> bool {
    last_answer(ledger, purpose).is_none_or(|record| {
        if record.state.permits() {
            return !in_force(ledger, purpose, now);
        }
        now.unix().saturating_sub(record.time.unix()) >= QUIET_SECONDS
    })
}

#[cfg(test)]
mod tests {
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

    use super::*;
    use crate::ledger::ChainKey;

    const DAY: i64 = 24 * 60 * 60;

    fn choose(ledger: &mut Ledger<ConsentRecord>, state: ConsentState, day: i64) {
        let choice = Choice {
            purpose: Purpose::RecentRooms,
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
