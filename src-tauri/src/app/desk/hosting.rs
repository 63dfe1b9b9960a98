//! Who answers for rooms opened on this device: what was typed, the notice made from it, and the access log it names.

use super::{Desk, words};
use crate::view::{Draft, ErrorCode, Hosting, Responsible, UiError};
use runde_privacy::access_log::Retention;
use runde_privacy::letter::day::Day;
use runde_privacy::operator::MAX_WORDS;
use runde_privacy::{Basis, Notice, Operator, OperatorError, Permit, Target};
use runde_server::AccessLog;

const BASES: [(&str, Basis); 4] = [
    ("contract", Basis::Contract),
    ("legal-obligation", Basis::LegalObligation),
    ("public-task", Basis::PublicTask),
    ("legitimate-interest", Basis::LegitimateInterest),
];

impl Desk {
    /// The details as they would be kept.
    pub fn draft_hosting(&self, typed: &Responsible) -> Result<Operator, UiError> {
        self.may_host()?;
        let today = Day::of(runde_profile::now());
        Ok(read(typed)?.succeeding(self.profile.operator(), today))
    }

    pub fn keep_hosting(&mut self, typed: &Responsible) -> Result<(), UiError> {
        let operator = self.draft_hosting(typed)?;
        self.profile.set_operator(Some(operator)).map_err(|error| words::profile_error(&error))
    }

    pub fn forget_hosting(&mut self) -> Result<(), UiError> {
        self.profile.set_operator(None).map_err(|error| words::profile_error(&error))
    }

    /// Who answers for rooms opened here; empty where nobody wrote that down.
    pub fn responsible(&self) -> String {
        self.profile.operator().map(|operator| operator.name.clone()).unwrap_or_default()
    }

    /// The notice under which rooms are opened, known to the gate.
    pub fn notice_of_rooms(&mut self) -> Notice {
        let Some(operator) = self.profile.operator() else { return Notice::embedded_room() };
        let document = operator.document();
        self.profile.consider(document.clone());
        Notice::stated(document)
    }

    /// The access log that this permit's notice names, in the profile.
    pub fn access_log(&self, permit: &Permit<runde_privacy::Host>) -> Option<AccessLog> {
        permit.access_log().map(|retention| AccessLog::new(self.log_folder(), retention))
    }

    /// Days of an earlier log end in time also when today's rooms keep none: after as long as the guests of the last log were told.
    pub fn purge_former_log(&self) {
        let shelf = self.profile.shelf();
        let own = self.profile.acknowledgements().records().rev().filter(|record| record.host == Target::OWN_ROOM);
        let told = own.filter_map(|record| Notice::of_record(record, shelf)?.access_log()).next();
        let retention = told.unwrap_or(Retention::CEILING);
        match runde_server::purge(&self.log_folder(), runde_profile::now(), retention) {
            Ok(purged) if purged.stuck.is_empty() => {}
            Ok(_) => tracing::warn!("overdue days of the access log could not be deleted"),
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "the access log cannot be looked through"),
        }
    }

    pub(in crate::app) fn log_folder(&self) -> std::path::PathBuf {
        self.profile.places().data.join("access-log")
    }

    pub fn hosting(&self, draft: Option<&Operator>) -> Hosting {
        let kept = self.profile.operator();
        Hosting {
            allowed: self.profile.policy().allows_hosting(),
            kept: kept.map(typed),
            draft: draft.or(kept).map(|shown| Draft {
                version: shown.version.to_string(),
                valid_from: shown.valid_from.clone().unwrap_or_default(),
                kept: Some(shown) == kept,
                texts: words::texts(&Notice::stated(shown.document()), None),
            }),
        }
    }
}

/// Each field by itself, so that the sentence about it names it.
fn read(typed: &Responsible) -> Result<Operator, UiError> {
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let choice = |text: &str| UiError::new(ErrorCode::OperatorChoiceUnusable).with("text", text.trim());
    let basis = said(&typed.basis).map(|word| {
        BASES.into_iter().find(|(name, _)| *name == word).map(|(_, basis)| basis).ok_or_else(|| choice(&word))
    });
    let days = said(&typed.retention_days).map(|text| {
        let refused = UiError::new(ErrorCode::OperatorRetentionUnusable).with("text", text.as_str());
        text.parse::<u8>().map_err(|_| refused)
    });
    let operator = Operator {
        name: typed.name.clone(),
        address: typed.address.lines().filter_map(said).collect(),
        contact: said(&typed.contact),
        officer: said(&typed.officer),
        basis: basis.transpose()?,
        retention_days: days.transpose()?,
        authority: said(&typed.authority),
        version: 1,
        valid_from: None,
    };
    operator.checked().map_err(|error| {
        let limited = |code| UiError::new(code).with("limit", MAX_WORDS.to_string());
        match error {
            OperatorError::Words("name") => limited(ErrorCode::OperatorNameUnusable),
            OperatorError::Words("contact") => limited(ErrorCode::OperatorContactUnusable),
            OperatorError::Words("officer") => limited(ErrorCode::OperatorOfficerUnusable),
            OperatorError::Words(_) | OperatorError::Address => limited(ErrorCode::OperatorAddressUnusable),
            OperatorError::Retention => {
                UiError::new(ErrorCode::OperatorRetentionUnusable).with("text", typed.retention_days.trim())
            }
            OperatorError::Authority(key) => choice(&key),
            OperatorError::Day(_) | OperatorError::Unreadable(_) => UiError::internal("the details make no record"),
        }
    })
}

/// As the form shows it.
fn typed(operator: &Operator) -> Responsible {
    let basis = operator.basis.and_then(|basis| BASES.into_iter().find(|(_, known)| *known == basis));
    Responsible {
        name: operator.name.clone(),
        address: operator.address.join("\n"),
        contact: operator.contact.clone().unwrap_or_default(),
        officer: operator.officer.clone().unwrap_or_default(),
        basis: basis.map(|(name, _)| name.to_owned()).unwrap_or_default(),
        retention_days: operator.retention_days.map(|days| days.to_string()).unwrap_or_default(),
        authority: operator.authority.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_privacy::operator::NO_OFFICER;

    fn form() -> Responsible {
        Responsible {
            name: " Gymnasium Musterstadt ".into(),
            address: "Schulstraße 1\n\n 12345 Musterstadt\n".into(),
            contact: "sekretariat@schule.example".into(),
            officer: NO_OFFICER.into(),
            basis: "public-task".into(),
            retention_days: "14".into(),
            authority: "nw".into(),
        }
    }

    #[test]
    fn what_was_typed_becomes_a_record_and_comes_back_tidied() {
        let operator = read(&form()).unwrap();
        assert_eq!((operator.name.as_str(), operator.address.len()), ("Gymnasium Musterstadt", 2));
        assert_eq!(operator.retention().map(Retention::days), Some(14));
        let back = typed(&operator);
        assert_eq!(back.address, "Schulstraße 1\n12345 Musterstadt");
        assert_eq!((back.officer.as_str(), back.basis.as_str()), ("none", "public-task"));
        assert_eq!(read(&back).unwrap(), operator);
    }

    #[test]
    fn nonsense_in_each_field_has_a_sentence_of_its_own() {
        use ErrorCode as C;
        let long = "x".repeat(MAX_WORDS + 1);
        let change = |change: fn(&mut Responsible, String), text: &str| {
            let mut form = form();
            change(&mut form, text.to_owned());
            read(&form).unwrap_err().code
        };
        for text in ["", "  ", "a\u{202e}b", &long] {
            assert_eq!(change(|form, text| form.name = text, text), C::OperatorNameUnusable, "{text:?}");
        }
        for text in ["", "1\n2\n3\n4\n5\n6\n7", "a\tb", &long] {
            assert_eq!(change(|form, text| form.address = text, text), C::OperatorAddressUnusable, "{text:?}");
        }
        assert_eq!(change(|form, text| form.contact = text, &long), C::OperatorContactUnusable);
        assert_eq!(change(|form, text| form.officer = text, "a\u{200b}b"), C::OperatorOfficerUnusable);
        for text in ["0", "57", "-1", "300", "P8W"] {
            assert_eq!(change(|form, text| form.retention_days = text, text), C::OperatorRetentionUnusable, "{text}");
        }
        assert_eq!(change(|form, text| form.authority = text, "xx"), C::OperatorChoiceUnusable);
        assert_eq!(change(|form, text| form.basis = text, "consent"), C::OperatorChoiceUnusable);
    }

    #[test]
    fn what_is_left_out_is_not_made_up() {
        let least = Responsible { name: "A".into(), address: "b".into(), ..Responsible::default() };
        let operator = read(&least).unwrap();
        assert_eq!(
            (operator.contact, operator.officer, operator.basis, operator.retention_days),
            (None, None, None, None)
        );
    }
}
