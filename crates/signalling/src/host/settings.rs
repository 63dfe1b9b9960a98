//! What moderators decide about their room: its password, and whether strangers wait in the lobby. Also the form
//! (XEP-0045 10.2, XEP-0004) by which clients read and change it.

use super::HostConfig;
use crate::ns;
use crate::xml::Element;
use std::fmt;

/// Bytes of a password. Longer ones are refused when set and wrong when given.
pub const MAX_PASSWORD: usize = 256;

const FORM_TYPE: &str = "http://jabber.org/protocol/muc#roomconfig";
const SECRET: &str = "muc#roomconfig_roomsecret";
const PROTECTED: &str = "muc#roomconfig_passwordprotectedroom";
const MEMBERS_ONLY: &str = "muc#roomconfig_membersonly";
const WHOIS: &str = "muc#roomconfig_whois";

/// A password. It is compared without telling by the time it takes how much of a guess was right, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(String);

impl Password {
    /// None if the text is empty.
    pub(super) fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    pub(super) fn is(&self, guess: &str) -> bool {
        if self.0.len() > MAX_PASSWORD || guess.len() > MAX_PASSWORD {
            return false;
        }
        // Both in boxes of one size: neither length nor place of the first difference changes the work.
        let boxed = |text: &str| {
            let mut filled = [0u8; MAX_PASSWORD];
            filled[..text.len()].copy_from_slice(text.as_bytes());
            filled
        };
        let (own, guessed) = (boxed(&self.0), boxed(guess));
        let differs = own.iter().zip(&guessed).fold(0u8, |differs, (a, b)| differs | (a ^ b));
        std::hint::black_box(differs) == 0 && self.0.len() == guess.len()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// What a room asks of those who want to enter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) password: Option<Password>,
    pub(super) members_only: bool,
}

impl Settings {
    /// What a new room asks for.
    pub(super) fn of(config: &HostConfig) -> Self {
        let password = config.password.as_ref().and_then(|password| Password::new(password.expose()));
        Self { password, members_only: config.lobby }
    }

    /// The form with what is set now. It holds the password, so only moderators may see it.
    pub(super) fn form(&self) -> Element {
        let secret = self.password.as_ref().map_or("", |password| &password.0);
        Element::new("x", ns::FORM)
            .attr("type", "form")
            .child(field("FORM_TYPE", "hidden", FORM_TYPE))
            .child(field(SECRET, "text-private", secret))
            .child(field(PROTECTED, "boolean", flag(self.password.is_some())))
            .child(field(MEMBERS_ONLY, "boolean", flag(self.members_only)))
            .child(field(WHOIS, "list-single", "anyone").child(option("anyone")))
    }

    /// The settings after this form was submitted; fields that are not in it stay as they are.
    ///
    /// # Errors
    /// The stanza error condition: `not-acceptable` for a value that this room cannot have, `bad-request` for another form.
    pub(super) fn after(&self, form: &Element) -> Result<Self, &'static str> {
        let value = |name: &str| {
            let field = form.all("field", ns::FORM).find(|field| field.get("var") == Some(name));
            field.map(|field| field.text_of("value", ns::FORM).unwrap_or_default())
        };
        if value("FORM_TYPE").is_some_and(|kind| kind != FORM_TYPE) {
            return Err("bad-request");
        }
        // Real addresses are what the focus, kick and promotion go by.
        if value(WHOIS).is_some_and(|who| who != "anyone") {
            return Err("not-acceptable");
        }
        let mut after = self.clone();
        if let Some(secret) = value(SECRET) {
            if secret.len() > MAX_PASSWORD {
                return Err("not-acceptable");
            }
            after.password = Password::new(&secret);
        }
        match value(PROTECTED).map(|text| truth(&text)) {
            None => {}
            Some(Some(false)) => after.password = None,
            Some(Some(true)) if after.password.is_some() => {}
            Some(Some(true) | None) => return Err("not-acceptable"),
        }
        if let Some(text) = value(MEMBERS_ONLY) {
            after.members_only = truth(&text).ok_or("not-acceptable")?;
        }
        Ok(after)
    }
}

fn field(name: &str, kind: &str, value: &str) -> Element {
    Element::new("field", ns::FORM).attr("var", name).attr("type", kind).child(text(value))
}

fn option(value: &str) -> Element {
    Element::new("option", ns::FORM).child(text(value))
}

fn text(value: &str) -> Element {
    Element::new("value", ns::FORM).text(value)
}

const fn flag(set: bool) -> &'static str {
    if set { "1" } else { "0" }
}

/// XEP-0004 3.3: both forms are in use.
fn truth(text: &str) -> Option<bool> {
    match text.trim() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submitted(fields: &[(&str, &str)]) -> Element {
        let fields = fields.iter().map(|(name, value)| field(name, "text-single", value));
        Element::new("x", ns::FORM).attr("type", "submit").with_children(fields)
    }

    fn settings(password: &str, members_only: bool) -> Settings {
        Settings { password: Password::new(password), members_only }
    }

    #[test]
    fn what_is_not_in_the_form_stays_as_it_is() {
        let before = settings("geheim", true);
        assert_eq!(before.after(&submitted(&[(WHOIS, "anyone")])), Ok(before.clone()));
        assert_eq!(before.after(&submitted(&[(MEMBERS_ONLY, "false")])), Ok(settings("geheim", false)));
        assert_eq!(before.after(&submitted(&[(SECRET, "neu"), (PROTECTED, "1")])), Ok(settings("neu", true)));
    }

    #[test]
    fn a_password_goes_by_an_empty_one_or_by_saying_so() {
        let before = settings("geheim", false);
        for fields in
            [[(SECRET, ""), (PROTECTED, "0")], [(SECRET, ""), (WHOIS, "anyone")], [(SECRET, "x"), (PROTECTED, "false")]]
        {
            assert_eq!(before.after(&submitted(&fields)), Ok(settings("", false)), "{fields:?}");
        }
    }

    #[test]
    fn a_form_with_values_that_no_room_has_changes_nothing() {
        let long = "x".repeat(MAX_PASSWORD + 1);
        for field in
            [(WHOIS, "moderators"), (MEMBERS_ONLY, "perhaps"), (PROTECTED, "1"), (SECRET, &long), ("FORM_TYPE", "x")]
        {
            assert!(settings("", false).after(&submitted(&[field])).is_err(), "{field:?}");
        }
    }

    #[test]
    fn the_form_that_is_shown_can_be_submitted_as_it_is() {
        for before in [settings("geheim", true), settings("", false)] {
            let mut form = before.form();
            form.set("type", "submit");
            assert_eq!(before.after(&form), Ok(before.clone()));
        }
    }

    #[test]
    fn a_password_is_itself_only_and_is_never_printed() {
        let password = Password::new("geheim").unwrap();
        assert!(password.is("geheim"));
        for wrong in ["", "geheim\0", "Geheim", "geheimx", "gehei", &"geheim".repeat(1_000)] {
            assert!(!password.is(wrong), "{wrong:?}");
        }
        assert!(!format!("{:?}", settings("geheim", true)).contains("geheim"));
    }
}
