//! What a person decides and corrects about their own profile: voluntary functions, and each field (Art. 7(3) and 16 GDPR).

use runde_privacy::{ConsentState, Lang, Method, Purpose, consent};
use runde_profile::{EditError, Places, inspect, now};
use serde_json::json;

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure, NoticeFailure};
use crate::messages::{rights as words, system_language};
use crate::output;
use crate::permit::open_profile;

const PURPOSES: &str = "recent-rooms, display-name or peer-to-peer";

/// Each voluntary function, whether it is on, and whether it may be asked about now. Reads only.
pub fn consents(mut arguments: Arguments) -> Result<Exit, Failure> {
    let (mut lang, mut as_json) = (system_language(), false);
    while let Some(next) = arguments.next()? {
        match next {
            Next::Option(option) if option == "--json" => as_json = true,
            Next::Option(option) if option == "--lang" => lang = Lang::parse(&arguments.text()?)?,
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    let seen = inspect(&Places::of_user()?)?;
    for purpose in Purpose::OFFERED {
        let ledger = seen.as_ref().map(|seen| &seen.consents);
        let granted = ledger.is_some_and(|ledger| consent::in_force(ledger, purpose, now()));
        let may_ask = ledger.is_none_or(|ledger| consent::may_ask(ledger, purpose, now()));
        if as_json {
            output::event(
                &json!({"event": "consent", "purpose": purpose.id(), "granted": granted, "may_ask": may_ask}),
            );
        } else {
            output::print(&words::consent(purpose, granted, may_ask, lang));
        }
    }
    Ok(Exit::Done)
}

/// Grants or withdraws one function; what was kept for it is gone when this returns.
pub fn decide(purpose: String, granted: bool, lang: Lang) -> Result<(), Failure> {
    let known = Purpose::OFFERED.into_iter().find(|offered| offered.id() == purpose);
    let purpose = known.ok_or(Failure::Value { option: "PURPOSE", value: purpose, expected: PURPOSES })?;
    let mut profile = open_profile(None)?;
    let state = match (granted, profile.agreed(purpose)) {
        (true, _) => ConsentState::Given,
        (false, true) => ConsentState::Withdrawn,
        (false, false) => ConsentState::Refused,
    };
    profile.decide(purpose, state, lang, Method::CliFlag)?;
    output::complain(&words::decided(purpose, granted, lang));
    Ok(())
}

/// Corrects one field.
pub fn edit(mut arguments: Arguments) -> Result<Exit, Failure> {
    let (mut said, mut lang) = (Vec::new(), system_language());
    while let Some(next) = arguments.next()? {
        match next {
            Next::Word(word) if said.len() < 2 => said.push(word),
            Next::Option(option) if option == "--lang" => lang = Lang::parse(&arguments.text()?)?,
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    let mut said = said.into_iter();
    let (field, value) = (said.next().ok_or(Failure::Missing("FIELD"))?, said.next().ok_or(Failure::Missing("VALUE"))?);
    open_profile(None)?.edit(&field, &value).map_err(|why| refused(why, &field))?;
    output::complain(&words::edited(&field, lang));
    Ok(Exit::Done)
}

fn refused(why: EditError, field: &str) -> Failure {
    let value = |option, value, expected| Failure::Value { option, value, expected };
    match why {
        EditError::Unknown(field) => value("FIELD", field, "a field of docs/cli.md"),
        EditError::Value(given) => value("VALUE", given, "a value that the field can hold"),
        EditError::NoOperator => Failure::Missing("serve --operator FILE"),
        EditError::NotAgreed => Failure::Missing("rights grant display-name"),
        EditError::Operator(why) => NoticeFailure::Operator { path: field.into(), why }.into(),
        EditError::Profile(why) => why.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_profile::FIELDS;

    #[test]
    fn every_purpose_and_every_field_is_named_where_people_look() {
        assert!(Purpose::OFFERED.iter().all(|purpose| PURPOSES.contains(purpose.id())));
        let manual = include_str!("../../../../docs/cli.md");
        assert!(FIELDS.iter().all(|field| manual.contains(&format!("`{field}`"))));
    }
}
