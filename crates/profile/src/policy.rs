//! What an organisation sets for everybody at a computer: one file that only an administrator can write.
//!
//! It can begin or lock a setting, take a function away, and say something about the organisation's own servers. It can give nothing: there is no key that notes a notice, consents, or
//! switches anything on. A file that does not make sense opens no profile, so nothing is contacted against somebody's intention.
//! docs/policy.md is its manual.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use runde_privacy::{Lang, Purpose, Target};
use serde::Deserialize;

use crate::disk;
use crate::error::ProfileError;
use crate::places::Places;
use crate::settings::{Settings, Theme};

mod foreword;

pub use foreword::Foreword;

/// The one version of the format there is.
const VERSION: u32 = 1;
/// A whole policy is a few hundred bytes; a larger file is something else.
const LARGEST: usize = 64 * 1024;
/// The functions besides the voluntary purposes that can be taken away.
const HOSTING: &str = "hosting";
const AUTOSTART: &str = "autostart";

/// What is in force on this computer; the default is no policy at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    present: bool,
    organisation: Option<String>,
    preset: Choices,
    locked: Choices,
    off: BTreeSet<String>,
    forewords: Vec<Foreword>,
}

/// The settings that an organisation may choose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Choices {
    default_server: Option<String>,
    listen: Option<String>,
    language: Option<Lang>,
    theme: Option<Theme>,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    #[serde(default)]
    organisation: Option<String>,
    #[serde(default)]
    preset: Choices,
    #[serde(default)]
    locked: Choices,
    #[serde(default)]
    off: Vec<String>,
    #[serde(default)]
    notices: Vec<Foreword>,
}

/// What in a policy makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("line {line}, column {column}: {detail}")]
    Syntax { line: usize, column: usize, detail: String },
    #[error("version {0} is not known, only 1")]
    Version(u32),
    #[error("{key} cannot be {value:?}")]
    Value { key: &'static str, value: String },
    #[error("{0} is both preset and locked")]
    Twice(&'static str),
    #[error("notices need an organisation whose words they are")]
    Nameless,
    #[error("more than one notice is about {0}")]
    TwoNotices(String),
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Runde's own default.
    Default,
    /// The organisation's, until the user chooses.
    Preset,
    User,
    /// The organisation's, and the user cannot change it.
    Locked,
    /// The organisation took the function away.
    Off,
}

impl Origin {
    /// For programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Preset => "preset",
            Self::User => "user",
            Self::Locked => "locked",
            Self::Off => "off",
        }
    }
}

/// One line of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    pub key: &'static str,
    /// Empty where there is none to show.
    pub value: String,
    pub origin: Origin,
}

impl Policy {
    /// Reads the file; one that does not exist is no policy.
    ///
    /// # Errors
    /// [`ProfileError::Policy`] when the file is there and anything in it makes no sense.
    pub fn read(path: &Path) -> Result<Self, ProfileError> {
        let refused = |why| ProfileError::Policy { path: path.to_owned(), why };
        match path.try_exists() {
            Ok(false) => return Ok(Self::default()),
            Ok(true) => {}
            Err(error) => return Err(refused(PolicyFault::Unreadable(error.to_string()))),
        }
        let bytes = disk::read(path).map_err(|error| refused(PolicyFault::Unreadable(error.to_string())))?;
        Self::parse(&bytes).map_err(refused)
    }

    fn parse(bytes: &[u8]) -> Result<Self, PolicyFault> {
        if bytes.len() > LARGEST {
            return Err(PolicyFault::Unreadable(format!("more than {LARGEST} bytes")));
        }
        let written: Written = serde_json::from_slice(bytes).map_err(|error| PolicyFault::Syntax {
            line: error.line(),
            column: error.column(),
            detail: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
        })?;
        if written.version != VERSION {
            return Err(PolicyFault::Version(written.version));
        }
        written.preset.check()?;
        written.locked.check()?;
        if let Some(key) = written.preset.named().into_iter().find(|key| written.locked.named().contains(key)) {
            return Err(PolicyFault::Twice(key));
        }
        let known = |word: &str| {
            [HOSTING, AUTOSTART].contains(&word) || Purpose::ALL.iter().any(|purpose| purpose.id() == word)
        };
        if let Some(value) = written.off.iter().find(|word| !known(word)) {
            return Err(PolicyFault::Value { key: "off", value: value.clone() });
        }
        check_notices(&written)?;
        let Written { organisation, preset, locked, off, notices, .. } = written;
        Ok(Self { present: true, organisation, preset, locked, off: off.into_iter().collect(), forewords: notices })
    }

    /// Whether there is a file at all.
    #[must_use]
    pub const fn is_present(&self) -> bool {
        self.present
    }

    /// Whom to ask about it, as they call themselves.
    #[must_use]
    pub fn organisation(&self) -> Option<&str> {
        self.organisation.as_deref()
    }

    /// Whether rooms may be opened on this computer.
    #[must_use]
    pub fn allows_hosting(&self) -> bool {
        !self.off.contains(HOSTING)
    }

    /// Whether the session may start the program.
    #[must_use]
    pub fn allows_autostart(&self) -> bool {
        !self.off.contains(AUTOSTART)
    }

    /// What the organisation says before the notice of this server.
    #[must_use]
    pub fn foreword(&self, target: &Target) -> Option<&Foreword> {
        self.forewords.iter().find(|foreword| foreword.is_about(target))
    }

    /// Whether a voluntary function may be used at all; it still needs its consent.
    #[must_use]
    pub fn allows(&self, purpose: Purpose) -> bool {
        !self.off.contains(purpose.id())
    }

    /// Names of what the user cannot change: settings, and functions that were taken away.
    #[must_use]
    pub fn locks(&self) -> Vec<String> {
        let settings = self.locked.named().into_iter().map(str::to_owned);
        settings.chain(self.off.iter().cloned()).collect()
    }

    /// What a profile without settings begins with.
    pub(crate) fn beginning(&self) -> Settings {
        let mut settings = Settings::default();
        self.preset.lay_over(&mut settings);
        settings
    }

    /// The settings in force for a user with these.
    pub(crate) fn imposed_on(&self, own: &Settings) -> Settings {
        let mut settings = own.clone();
        self.locked.lay_over(&mut settings);
        settings
    }

    /// The first locked setting that `wanted` would change.
    pub(crate) fn refuses(&self, wanted: &Settings) -> Option<&'static str> {
        let held = self.imposed_on(wanted);
        let differs = [
            ("default_server", held.default_server != wanted.default_server),
            ("listen", held.listen != wanted.listen),
            ("language", held.language != wanted.language),
            ("theme", held.theme != wanted.theme),
        ];
        differs.into_iter().find(|(_, differs)| *differs).map(|(key, _)| key)
    }

    /// What is written for the user: locked settings keep what they chose before, so that it is there again when the lock goes.
    pub(crate) fn kept(&self, wanted: Settings, own: &Settings) -> Settings {
        let mut kept = wanted;
        if self.locked.default_server.is_some() {
            kept.default_server.clone_from(&own.default_server);
        }
        if self.locked.listen.is_some() {
            kept.listen.clone_from(&own.listen);
        }
        if self.locked.language.is_some() {
            kept.language = own.language;
        }
        if self.locked.theme.is_some() {
            kept.theme = own.theme;
        }
        kept
    }

    /// Each value an organisation could choose, and where it comes from here. `own`: the user's file, `None` without one.
    fn explain(&self, own: Option<&Settings>) -> Vec<Explained> {
        let begun = own.cloned().unwrap_or_else(|| self.beginning());
        let held = self.imposed_on(&begun);
        let (locked, preset) = (self.locked.named(), self.preset.named());
        let origin = |key: &'static str| match (locked.contains(&key), own.is_some(), preset.contains(&key)) {
            (true, _, _) => Origin::Locked,
            (false, true, _) => Origin::User,
            (false, false, true) => Origin::Preset,
            (false, false, false) => Origin::Default,
        };
        let word = |value: serde_json::Result<serde_json::Value>| {
            value.ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
        };
        let values = [
            ("default_server", held.default_server.clone()),
            ("listen", held.listen.clone()),
            ("language", word(serde_json::to_value(held.language))),
            ("theme", word(serde_json::to_value(held.theme))),
        ];
        let mut lines: Vec<Explained> =
            values.into_iter().map(|(key, value)| Explained { key, value, origin: origin(key) }).collect();
        let functions = Purpose::OFFERED.into_iter().map(Purpose::id).chain([HOSTING, AUTOSTART]);
        lines.extend(functions.map(|key| {
            let origin = if self.off.contains(key) { Origin::Off } else { Origin::User };
            Explained { key, value: String::new(), origin }
        }));
        lines.extend(self.forewords.iter().map(|foreword| Explained {
            key: "notices",
            value: foreword.hosts().join(", "),
            origin: Origin::Locked,
        }));
        lines
    }
}

fn check_notices(written: &Written) -> Result<(), PolicyFault> {
    if written.notices.is_empty() {
        return Ok(());
    }
    if written.organisation.as_deref().is_none_or(|name| name.trim().is_empty()) {
        return Err(PolicyFault::Nameless);
    }
    if written.notices.len() > foreword::MOST {
        return Err(PolicyFault::Value { key: "notices", value: written.notices.len().to_string() });
    }
    written.notices.iter().try_for_each(Foreword::check)?;
    let mut seen = BTreeSet::new();
    let hosts = written.notices.iter().flat_map(Foreword::hosts).filter_map(|host| Target::new(host, None).ok());
    let twice = hosts.map(|target| target.host().to_owned()).find(|host| !seen.insert(host.clone()));
    twice.map_or(Ok(()), |host| Err(PolicyFault::TwoNotices(host)))
}

impl Choices {
    fn named(&self) -> Vec<&'static str> {
        let all = [
            ("default_server", self.default_server.is_some()),
            ("listen", self.listen.is_some()),
            ("language", self.language.is_some()),
            ("theme", self.theme.is_some()),
        ];
        all.into_iter().filter(|(_, named)| *named).map(|(key, _)| key).collect()
    }

    fn check(&self) -> Result<(), PolicyFault> {
        let refused = |key, value: &String| Err(PolicyFault::Value { key, value: value.clone() });
        match (&self.default_server, &self.listen) {
            (Some(host), _) if Target::new(host, None).is_err() => refused("default_server", host),
            (_, Some(address)) if address.parse::<SocketAddr>().is_err() => refused("listen", address),
            _ => Ok(()),
        }
    }

    fn lay_over(&self, settings: &mut Settings) {
        if let Some(host) = &self.default_server {
            settings.default_server.clone_from(host);
        }
        if let Some(address) = &self.listen {
            settings.listen.clone_from(address);
        }
        if self.language.is_some() {
            settings.language = self.language;
        }
        if let Some(theme) = self.theme {
            settings.theme = theme;
        }
    }
}

/// Each value an organisation could choose, and where it comes from for the user of `places`; reads only.
///
/// # Errors
/// When the policy makes no sense, or a file cannot be read.
pub fn explain(places: &Places, policy: &Policy) -> Result<Vec<Explained>, ProfileError> {
    let bytes = disk::read(&places.settings())?;
    Ok(policy.explain(serde_json::from_slice(&bytes).ok().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> PolicyFault {
        Policy::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn nonsense_is_named_by_its_place_and_never_half_applied() {
        assert!(matches!(fault("{"), PolicyFault::Syntax { line: 1, .. }));
        assert_eq!(fault(r#"{"version":2}"#), PolicyFault::Version(2));
        for text in [
            r#"{"version":1,"on":["hosting"]}"#,
            r#"{"version":1,"locked":{"display_name":"x"}}"#,
            r#"{"version":1,"acknowledgements":[]}"#,
            r#"{"version":1,"locked":{"theme":"pink"}}"#,
            r#"{}"#,
            r#"[]"#,
        ] {
            assert!(matches!(fault(text), PolicyFault::Syntax { .. }), "{text}");
        }
        let value = |key, value: &str| PolicyFault::Value { key, value: value.into() };
        assert_eq!(fault(r#"{"version":1,"locked":{"default_server":"a b"}}"#), value("default_server", "a b"));
        assert_eq!(fault(r#"{"version":1,"preset":{"listen":"8443"}}"#), value("listen", "8443"));
        assert_eq!(fault(r#"{"version":1,"off":["notice"]}"#), value("off", "notice"));
        let twice = r#"{"version":1,"preset":{"theme":"dark"},"locked":{"theme":"dark"}}"#;
        assert_eq!(fault(twice), PolicyFault::Twice("theme"));
        assert!(matches!(fault(&" ".repeat(LARGEST + 1)), PolicyFault::Unreadable(_)));
    }

    #[test]
    fn an_organisation_speaks_before_the_notice_of_its_own_servers_alone() {
        let policy = |notices: &str, name: &str| {
            Policy::parse(format!(r#"{{"version":1,"organisation":"{name}","notices":{notices}}}"#).as_bytes())
        };
        let one = |host: &str| format!(r#"{{"hosts":["{host}"],"de":"Ja","en":"Yes"}}"#);
        let target = |host: &str| Target::new(host, None).unwrap();
        let said = policy(&format!("[{}]", one("meet.example")), "Verein").unwrap();
        assert_eq!(said.foreword(&target("MEET.example")).unwrap().text(Lang::DeSimple), "Ja");
        assert!(said.foreword(&target("other.example")).is_none() && said.locks().is_empty());
        let value = |key, value: &str| Err(PolicyFault::Value { key, value: value.into() });
        // 8x8's own notice applies there; nobody else speaks before it.
        assert_eq!(policy(&format!("[{}]", one("meet.jit.si")), "V").map(drop), value("notices.hosts", "meet.jit.si"));
        assert_eq!(policy(&format!("[{}]", one("a b")), "V").map(drop), value("notices.hosts", "a b"));
        assert_eq!(policy(r#"[{"hosts":[],"de":"Ja","en":"Yes"}]"#, "V").map(drop), value("notices.hosts", "0"));
        assert_eq!(policy(r#"[{"hosts":["h.example"],"de":" ","en":"Yes"}]"#, "V").map(drop), value("notices.de", " "));
        let bell = r#"[{"hosts":["h.example"],"de":"Ja","en":"Yes","contact":"a\nb"}]"#;
        assert_eq!(policy(bell, "V").map(drop), value("notices.contact", "a\nb"));
        let twice = format!("[{},{}]", one("h.example"), one("H.example"));
        assert_eq!(policy(&twice, "V").map(drop), Err(PolicyFault::TwoNotices("h.example".into())));
        assert_eq!(policy(&format!("[{}]", one("h.example")), " ").map(drop), Err(PolicyFault::Nameless));
        for noted in
            [r#"[{"hosts":["h.example"],"de":"Ja","en":"Yes","noted":true}]"#, r#"[{"hosts":["h.example"],"de":"Ja"}]"#]
        {
            assert!(matches!(policy(noted, "V"), Err(PolicyFault::Syntax { .. })), "{noted}");
        }
    }

    #[test]
    fn the_schema_and_the_example_of_the_manual_are_this_format() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        let manual = std::fs::read_to_string(docs.join("policy.md")).unwrap();
        let example = manual.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let policy = Policy::parse(example.as_bytes()).unwrap();
        assert!(policy.is_present() && !policy.allows_hosting());
        let schema = std::fs::read(docs.join("policy.schema.json")).unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&schema).unwrap();
        let keys =
            |at: &str| -> Vec<String> { schema.pointer(at).unwrap().as_object().unwrap().keys().cloned().collect() };
        assert_eq!(keys("/properties"), ["locked", "notices", "off", "organisation", "preset", "version"]);
        assert_eq!(keys("/properties/notices/items/properties"), ["contact", "de", "en", "hosts"]);
        let own = Target::new("meet.musterverein.example", None).unwrap();
        assert!(policy.foreword(&own).unwrap().text(Lang::De).contains("Vorstand"));
        assert_eq!(keys("/$defs/choices/properties"), ["default_server", "language", "listen", "theme"]);
        let off: Vec<&str> = schema
            .pointer("/properties/off/items/enum")
            .unwrap()
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|word| word.as_str())
            .collect();
        let known: Vec<&str> = Purpose::ALL.into_iter().map(Purpose::id).chain([HOSTING, AUTOSTART]).collect();
        assert_eq!(off, known);
    }

    #[test]
    fn each_value_says_where_it_comes_from() {
        let policy = Policy::parse(
            br#"{"version":1,"preset":{"theme":"dark"},"locked":{"default_server":"meet.example"},"off":["hosting","peer-to-peer"]}"#,
        )
        .unwrap();
        let origins = |own: Option<&Settings>| -> Vec<(&str, &str)> {
            policy.explain(own).iter().map(|line| (line.key, line.origin.word())).collect()
        };
        assert_eq!(
            origins(None),
            [
                ("default_server", "locked"),
                ("listen", "default"),
                ("language", "default"),
                ("theme", "preset"),
                ("recent-rooms", "user"),
                ("display-name", "user"),
                ("peer-to-peer", "off"),
                ("hosting", "off"),
                ("autostart", "user"),
            ]
        );
        assert_eq!(origins(Some(&Settings::default()))[3], ("theme", "user"));
    }
}
