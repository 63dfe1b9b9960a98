//! Correcting what the profile stores (Art. 16 GDPR), one field at a time. Records of what was noted and agreed are no fields: they say
//! what happened, and a new answer is a new record.

use runde_privacy::letter::day::Day;
use runde_privacy::{Lang, Operator, OperatorError, Purpose, Target};
use serde_json::Value;

use crate::error::ProfileError;
use crate::profile::{Profile, now};
use crate::settings::Settings;

/// Every field, as it is called on the command line.
pub const FIELDS: [&str; 18] = [
    "display-name",
    "language",
    "theme",
    "default-server",
    "listen",
    "microphone",
    "speaker",
    "camera",
    "echo",
    "noise",
    "gain",
    "operator.name",
    "operator.address",
    "operator.contact",
    "operator.officer",
    "operator.basis",
    "operator.retention-days",
    "operator.authority",
];

/// Why a field stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error("there is no field {0:?}")]
    Unknown(String),
    #[error("the field cannot be {0:?}")]
    Value(String),
    /// Nobody wrote down who opens rooms here.
    #[error("nobody is written down who opens rooms here")]
    NoOperator,
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// The display name is kept only with its consent.
    #[error("without the consent for it the display name is not kept")]
    NotAgreed,
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl Profile {
    /// Returns when the new value is on disk. An empty value takes the old one away; the lines of an address are parted by `;`.
    ///
    /// # Errors
    /// [`EditError`]; then the field is as it was.
    pub fn edit(&mut self, field: &str, value: &str) -> Result<(), EditError> {
        let field = FIELDS.into_iter().find(|known| *known == field).ok_or_else(|| EditError::Unknown(field.into()))?;
        self.in_turn(|me| me.edit_now(field, value))
    }

    fn edit_now(&mut self, field: &str, value: &str) -> Result<(), EditError> {
        if let Some(field) = field.strip_prefix("operator.") {
            return self.edit_operator(field, value.trim());
        }
        if field == "display-name" && !self.agreed(Purpose::DisplayName) {
            return Err(EditError::NotAgreed);
        }
        let settings = edited(self.settings().clone(), field, value.trim());
        Ok(self.set_settings(settings.ok_or_else(|| EditError::Value(value.to_owned()))?)?)
    }

    /// Its notice gets the next version and has to be noted anew.
    fn edit_operator(&mut self, field: &str, value: &str) -> Result<(), EditError> {
        let before = self.operator().ok_or(EditError::NoOperator)?;
        let refused = || EditError::Value(value.to_owned());
        let mut record: Value = serde_json::from_str(&before.to_json()).map_err(|_| refused())?;
        let new = match field {
            "address" => value.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect(),
            "retention-days" if !value.is_empty() => Value::from(value.parse::<u8>().map_err(|_| refused())?),
            _ if value.is_empty() => Value::Null,
            _ => Value::from(value),
        };
        // Whoever is answerable has a name; it cannot be taken away.
        let new = if field == "name" { Value::from(value) } else { new };
        record[field.replace('-', "_")] = new;
        let operator = Operator::read(record.to_string().as_bytes()).map_err(|error| match error {
            OperatorError::Unreadable(_) => refused(),
            OperatorError::Words(_)
            | OperatorError::Address
            | OperatorError::Retention
            | OperatorError::Authority(_)
            | OperatorError::Day(_) => EditError::Operator(error),
        })?;
        let operator = operator.succeeding(Some(before), Day::of(now()));
        Ok(self.set_operator(Some(operator))?)
    }
}

/// `None` where the value makes no sense.
fn edited(mut settings: Settings, field: &str, value: &str) -> Option<Settings> {
    let said = || Some(value.to_owned()).filter(|value| !value.is_empty());
    let switch = || match value {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    };
    match field {
        "display-name" => settings.display_name = said(),
        "language" => settings.language = if value.is_empty() { None } else { Some(Lang::parse(value).ok()?) },
        "theme" => settings.theme = serde_json::from_value(Value::from(value)).ok()?,
        "default-server" => settings.default_server = Target::new(value, None).ok()?.host().to_owned(),
        "listen" => settings.listen = value.parse::<std::net::SocketAddr>().ok()?.to_string(),
        "microphone" => settings.microphone = said(),
        "speaker" => settings.speaker = said(),
        "camera" => settings.camera = said(),
        "echo" => settings.processing.echo = switch()?,
        "noise" => settings.processing.noise = switch()?,
        "gain" => settings.processing.gain = switch()?,
        _ => return None,
    }
    Some(settings)
}
