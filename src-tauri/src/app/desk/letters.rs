//! Letters with which a person uses their rights, composed from what was typed. Nothing typed is kept.

use super::Desk;
use super::pages::address;
use super::words;
use crate::view::{ErrorCode, LetterRequest, UiError};
use runde_privacy::letter::authority::Authority;
use runde_privacy::letter::day::Day;
use runde_privacy::letter::{Article, Letter, MAX_ADDRESS_LINE, MAX_ADDRESS_LINES, MAX_DETAILS, Request};
use runde_privacy::{Notice, Target};
use runde_profile::Reminder;

/// A letter with what a reminder of it says.
pub struct Composed {
    pub letter: Letter,
    pub reminder: Reminder,
    pub lang: runde_privacy::Lang,
}

/// A host as somebody types it.
pub fn service(text: &str) -> Result<Target, UiError> {
    let typed = text.trim();
    Target::new(typed, None).map_err(|_| UiError::new(ErrorCode::ServiceUnreadable).with("text", typed))
}

/// `notice_of` knows whose notice holds for a server.
pub fn compose(wish: &LetterRequest, notice_of: impl Fn(Target) -> Notice) -> Result<Composed, UiError> {
    let article = Article::parse(&wish.article).ok_or_else(|| UiError::internal("no such article"))?;
    let target = service(&wish.host)?;
    let notice = notice_of(target.clone());
    let (known, to) = (address(&notice), notice.record_host(&target));
    let authority = wish.authority.as_deref().and_then(Authority::find);
    let request = Request {
        article,
        lang: words::language(wish.lang),
        sender: lines(&wish.sender)?,
        recipient: recipient(article, lines(&wish.address)?, &known, authority, &to)?,
        service: to.clone(),
        controller: known,
        details: details(&wish.details)?,
        on: Day::of(runde_profile::now()),
    };
    let letter = Letter::write(&request);
    let reminder = Reminder {
        article: article.number().to_owned(),
        to,
        written_on: request.on.to_string(),
        remind_on: letter.remind_on.to_string(),
    };
    Ok(Composed { letter, reminder, lang: request.lang })
}

/// Nobody's address is invented: what the notice does not say, the writer must.
fn recipient(
    article: Article,
    typed: Vec<String>,
    known: &[String],
    authority: Option<Authority>,
    service: &str,
) -> Result<Vec<String>, UiError> {
    if article == Article::Complaint {
        let authority = authority.ok_or_else(|| UiError::new(ErrorCode::AuthorityMissing))?;
        if typed.is_empty() {
            return Err(UiError::new(ErrorCode::AuthorityAddressMissing).with("text", authority.site));
        }
        return Ok([vec![authority.name.to_owned()], typed].concat());
    }
    match (typed.is_empty(), known.is_empty()) {
        (false, _) => Ok(typed),
        (true, false) => Ok(known.to_vec()),
        (true, true) => Err(UiError::new(ErrorCode::AddressMissing).with("host", service)),
    }
}

/// Lines that fit an address field; empty ones do not count.
fn lines(text: &str) -> Result<Vec<String>, UiError> {
    let lines: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let fits = lines.len() <= MAX_ADDRESS_LINES && lines.iter().all(|line| line.chars().count() <= MAX_ADDRESS_LINE);
    if fits { Ok(lines) } else { Err(UiError::new(ErrorCode::AddressUnusable)) }
}

fn details(text: &str) -> Result<Option<String>, UiError> {
    let text = text.trim();
    if text.chars().count() > MAX_DETAILS {
        return Err(UiError::new(ErrorCode::DetailsTooLong).with("limit", MAX_DETAILS.to_string()));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

impl Desk {
    /// The notice that holds for a server, as far as it is known here.
    pub fn notice_of(&self, target: Target) -> Notice {
        self.gate().notice(&self.as_visited(target))
    }

    pub fn remind(&mut self, reminder: Reminder) -> Result<(), UiError> {
        self.profile.remind(reminder).map_err(|error| words::profile_error(&error))
    }

    pub fn forget_reminder(&mut self, reminder: &Reminder) -> Result<(), UiError> {
        self.profile.forget_reminders(Some(reminder)).map_err(|error| words::profile_error(&error))
    }

    pub fn is_reminded(&self, reminder: &Reminder) -> bool {
        self.profile.reminders().contains(reminder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Lang;

    fn compose(wish: &LetterRequest) -> Result<Composed, UiError> {
        super::compose(wish, |target| Notice::for_target(&target))
    }

    fn wish(article: &str, host: &str) -> LetterRequest {
        LetterRequest {
            article: article.into(),
            host: host.into(),
            lang: Lang::De,
            sender: " Ada Şahin \n\nWeg 1\n12345 Ort\n".into(),
            address: String::new(),
            authority: None,
            details: "  ".into(),
        }
    }

    #[test]
    fn a_letter_to_the_known_controller_goes_to_the_address_of_its_notice() {
        let composed = compose(&wish("15", "meet.jit.si")).ok().unwrap();
        let text = composed.letter.text();
        assert!(text.contains("675 Creekside Way") && text.contains("Ada Şahin\nWeg 1\n12345 Ort"));
        assert_eq!((composed.reminder.article.as_str(), composed.reminder.to.as_str()), ("15", "meet.jit.si"));
        assert!(composed.reminder.remind_on > composed.reminder.written_on);
    }

    #[test]
    fn no_address_is_invented_for_anybody() {
        let refused = |wish: &LetterRequest| compose(wish).err().unwrap().code;
        assert_eq!(refused(&wish("15", "meet.example")), ErrorCode::AddressMissing);
        assert_eq!(refused(&wish("77", "meet.jit.si")), ErrorCode::AuthorityMissing);
        let complaint = LetterRequest { authority: Some("he".into()), ..wish("77", "meet.jit.si") };
        assert_eq!(refused(&complaint), ErrorCode::AuthorityAddressMissing);
        let addressed = LetterRequest { address: "Gustav-Stresemann-Ring 1\n65189 Wiesbaden".into(), ..complaint };
        let letter = compose(&addressed).ok().unwrap().letter;
        assert!(letter.recipient[0].starts_with("Hessisch") && letter.recipient.len() == 3);
    }

    #[test]
    fn what_fits_no_envelope_or_no_letter_gets_a_sentence() {
        let refused = |wish: &LetterRequest| compose(wish).err().unwrap().code;
        let seven = LetterRequest { sender: "x\n".repeat(7), ..wish("15", "meet.jit.si") };
        assert_eq!(refused(&seven), ErrorCode::AddressUnusable);
        let long = LetterRequest { details: "x".repeat(MAX_DETAILS + 1), ..wish("15", "meet.jit.si") };
        assert_eq!(refused(&long), ErrorCode::DetailsTooLong);
        assert_eq!(refused(&wish("15", "no host")), ErrorCode::ServiceUnreadable);
    }
}
