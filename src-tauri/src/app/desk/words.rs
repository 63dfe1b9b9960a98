//! Conversions between the privacy crates' words and the window's. No decision is made here.

use crate::view::{
    Controller, ErrorCode, Foreword, Lang, Language, Look, Notice, NoticeChange, NoticePiece, NoticeReason,
    NoticeSection, NoticeText, Processing, Purpose, PurposeText, Recent, Rewording, UiError, Wording,
};
use runde_client::RoomLink;
use runde_privacy::notice::GAP_SECTION;
use runde_privacy::stamp::Moment;
use runde_privacy::{Asks, ChangeKind, Piece, PieceKind};
use runde_profile::{ProfileError, Theme, Trouble, TroubleKind};

/// Sections that a page draws in places of their own.
const SUMMARY_SECTION: &str = "summary";

pub fn language(lang: Lang) -> runde_privacy::Lang {
    match lang {
        Lang::De => runde_privacy::Lang::De,
        Lang::En => runde_privacy::Lang::En,
        Lang::DeSimple => runde_privacy::Lang::DeSimple,
    }
}

const fn shown(lang: runde_privacy::Lang) -> Lang {
    match lang {
        runde_privacy::Lang::De => Lang::De,
        runde_privacy::Lang::En => Lang::En,
        runde_privacy::Lang::DeSimple => Lang::DeSimple,
    }
}

/// `before`: the version that was noted last, to say what differs.
pub fn notice(asks: &Asks, before: Option<&runde_privacy::Notice>, reason: NoticeReason) -> Notice {
    let notice = &asks.notice;
    Notice {
        notice_id: notice.id().to_owned(),
        version: notice.version().to_string(),
        host: asks.target.host().to_owned(),
        reason,
        controller: controller(asks),
        texts: texts(notice, before),
        foreword: None,
    }
}

/// What the organisation that manages this computer says about a server of its own.
pub fn foreword(policy: &runde_profile::Policy, target: &runde_privacy::Target) -> Option<Foreword> {
    let said = policy.foreword(target)?;
    Some(Foreword {
        organisation: policy.organisation().unwrap_or_default().to_owned(),
        de: said.text(runde_privacy::Lang::De).to_owned(),
        en: said.text(runde_privacy::Lang::En).to_owned(),
        contact: said.contact().to_owned(),
    })
}

/// In each language that the notice has.
pub fn texts(notice: &runde_privacy::Notice, before: Option<&runde_privacy::Notice>) -> Vec<NoticeText> {
    notice.document().languages().map(|lang| text(notice, before, lang)).collect()
}

fn text(
    notice: &runde_privacy::Notice,
    before: Option<&runde_privacy::Notice>,
    lang: runde_privacy::Lang,
) -> NoticeText {
    let points =
        |section: &runde_privacy::Section| section.points.iter().map(|point| point.text.clone()).collect::<Vec<_>>();
    let sections = notice.sections(lang);
    let of = |id: &str| sections.iter().find(|section| section.id == id).map(points).unwrap_or_default();
    let ordinary = sections.iter().filter(|section| section.id != SUMMARY_SECTION && section.id != GAP_SECTION);
    NoticeText {
        lang: shown(lang),
        title: notice.title(lang),
        summary: of(SUMMARY_SECTION),
        gaps: of(GAP_SECTION),
        sections: ordinary
            .map(|section| NoticeSection {
                id: section.id.clone(),
                title: section.title.clone(),
                text: points(section).join("\n\n"),
            })
            .collect(),
        sha256: notice.sha256(lang),
        changes: before.map(|before| changes(before, notice, lang)).unwrap_or_default(),
    }
}

/// The same comparison as on the command line, with the sections called by their titles.
fn changes(
    before: &runde_privacy::Notice,
    notice: &runde_privacy::Notice,
    lang: runde_privacy::Lang,
) -> Vec<NoticeChange> {
    let sections = [notice.sections(lang), before.sections(lang)].concat();
    let title = |id: &str| sections.iter().find(|section| section.id == id).map(|section| section.title.clone());
    let found = runde_privacy::changes(&before.text(lang), &notice.text(lang)).into_iter();
    found
        .map(|change| NoticeChange {
            section: title(&change.section).unwrap_or_default(),
            kind: match change.kind {
                ChangeKind::Added => Rewording::Added,
                ChangeKind::Removed => Rewording::Removed,
                ChangeKind::Reworded => Rewording::Reworded,
            },
            pieces: change.pieces.into_iter().map(piece).collect(),
        })
        .collect()
}

fn piece(piece: Piece) -> NoticePiece {
    let wording = match piece.kind {
        PieceKind::Same => Wording::Same,
        PieceKind::Old => Wording::Old,
        PieceKind::New => Wording::New,
    };
    NoticePiece { wording, text: piece.text }
}

/// The letterhead. The address is fact F08; where nobody is known, the host stands for the operator.
pub fn controller(asks: &Asks) -> Controller {
    let mut lines = asks.notice.postal_address().unwrap_or_default().into_iter();
    Controller {
        id: asks.notice.controller_id(),
        name: lines.next().unwrap_or_default(),
        address: lines.collect(),
        contact: Vec::new(),
    }
}

pub fn purpose(purpose: runde_privacy::Purpose, granted: bool) -> Purpose {
    let texts = runde_privacy::Lang::SPOKEN.into_iter().map(|lang| {
        let wording = purpose.wording(lang);
        PurposeText {
            lang: shown(lang),
            title: wording.title.to_owned(),
            purpose: String::new(),
            storage: wording.text.to_owned(),
        }
    });
    Purpose { id: purpose.id().to_owned(), granted, texts: texts.collect() }
}

/// Ports below belong to the system; a program of a person may not take them.
const FIRST_PORT: u16 = 1024;

/// A server as somebody types it: a host, without port and path.
pub fn server(text: &str) -> Result<String, UiError> {
    let typed = text.trim();
    let target = runde_privacy::Target::new(typed, None);
    let target = target.map_err(|_| UiError::new(ErrorCode::ServerUnreadable).with("text", typed))?;
    Ok(target.host().to_owned())
}

/// A port as somebody types it.
pub fn port(text: &str) -> Result<u16, UiError> {
    let typed = text.trim();
    let port = typed.parse().ok().filter(|port| *port >= FIRST_PORT);
    port.ok_or_else(|| UiError::new(ErrorCode::PortUnreadable).with("text", typed))
}

/// A remembered link as a list shows it; one that no longer parses is left out.
pub fn recent(link: &str, used_at: Moment) -> Option<Recent> {
    let parsed = RoomLink::parse(link, crate::app::door::DEFAULT_HOST).ok()?;
    Some(Recent { link: link.to_owned(), room: parsed.room, host: parsed.host, last_used: unix(used_at) })
}

fn unix(moment: Moment) -> u64 {
    u64::try_from(moment.unix()).unwrap_or(0)
}

pub fn processing(processing: runde_profile::Processing) -> Processing {
    Processing { echo: processing.echo, noise: processing.noise, gain: processing.gain }
}

pub fn chosen_language(language: Language) -> Option<runde_privacy::Lang> {
    match language {
        Language::System => None,
        Language::De => Some(runde_privacy::Lang::De),
        Language::En => Some(runde_privacy::Lang::En),
    }
}

pub fn shown_language(language: Option<runde_privacy::Lang>) -> Language {
    match language {
        None => Language::System,
        Some(runde_privacy::Lang::De | runde_privacy::Lang::DeSimple) => Language::De,
        Some(runde_privacy::Lang::En) => Language::En,
    }
}

pub fn theme(look: Look) -> Theme {
    match look {
        Look::System => Theme::System,
        Look::Light => Theme::Light,
        Look::Dark => Theme::Dark,
        Look::Contrast => Theme::Contrast,
    }
}

pub fn look(theme: Theme) -> Look {
    match theme {
        Theme::System => Look::System,
        Theme::Light => Look::Light,
        Theme::Dark => Look::Dark,
        Theme::Contrast => Look::Contrast,
    }
}

/// POSIX locale variables in their order of precedence; without any, German, the master language.
pub fn system_speaks_german() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set);
    locale.is_none_or(|locale| locale.starts_with("de"))
}

pub fn profile_error(error: &ProfileError) -> UiError {
    let at = |code, path: &std::path::Path| UiError::new(code).with("path", path.display().to_string()).retryable();
    match error {
        ProfileError::InUse(_) => UiError::new(ErrorCode::ProfileInUse).retryable(),
        ProfileError::DiskFull(path) => at(ErrorCode::DiskFull, path),
        ProfileError::File { path, .. } => at(ErrorCode::ProfileUnusable, path),
        ProfileError::Policy { path, why } => at(ErrorCode::PolicyUnusable, path).with("detail", why.to_string()),
        ProfileError::Locked(_) => UiError::new(ErrorCode::FixedByPolicy),
        ProfileError::KeyringSilent => UiError::new(ErrorCode::KeyringSilent).retryable(),
        ProfileError::NoHome | ProfileError::NoRandomness | ProfileError::Record(_) => UiError::internal(error.code()),
    }
}

pub fn trouble(trouble: &Trouble) -> UiError {
    let code = match trouble.kind {
        TroubleKind::Damaged | TroubleKind::Cut | TroubleKind::Key => ErrorCode::LedgerDamaged,
        TroubleKind::Unfinished => ErrorCode::LedgerUnfinished,
        TroubleKind::Notice => ErrorCode::LedgerDamaged,
        TroubleKind::Settings | TroubleKind::Operator => ErrorCode::SettingsDamaged,
    };
    let kept = trouble.kept_as.as_ref().unwrap_or(&trouble.file);
    UiError::new(code).with("path", kept.display().to_string())
}

/// A paper with a letter that the font lacks can still be saved as text.
pub fn unprintable(error: &runde_print::PrintError) -> UiError {
    match error {
        runde_print::PrintError::Glyph(letter) => {
            UiError::new(ErrorCode::LetterUnprintable).with("text", letter.to_string())
        }
        runde_print::PrintError::Pdf(detail) => UiError::internal(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_privacy::Target;

    fn asks(host: &str) -> Asks {
        let target = Target::new(host, None).unwrap();
        Asks::first(runde_privacy::Notice::for_target(&target), target)
    }

    #[test]
    fn the_letter_shows_controller_summary_text_and_gaps_with_the_recorded_hash() {
        let asks = asks("meet.jit.si");
        let notice = notice(&asks, None, NoticeReason::FirstContact);
        assert!(notice.controller.name.contains("8×8") && notice.controller.address.len() == 3);
        let languages: Vec<Lang> = notice.texts.iter().map(|text| text.lang).collect();
        assert_eq!(languages, [Lang::De, Lang::En, Lang::DeSimple]);
        for text in &notice.texts {
            assert!(text.changes.is_empty() && text.sha256 == asks.notice.sha256(language(text.lang)));
        }
        for text in notice.texts.iter().filter(|text| text.lang != Lang::DeSimple) {
            assert_eq!(text.summary.len(), 4);
            assert!(text.sections.len() >= 4 && text.gaps.len() >= 12);
        }
    }

    #[test]
    fn the_letterheads_address_is_the_one_in_the_text() {
        let asks = asks("meet.jit.si");
        let text = asks.notice.text(runde_privacy::Lang::De);
        let head = controller(&asks);
        assert!(text.contains(&head.name) && head.address.iter().all(|line| text.contains(line.as_str())));
    }

    #[test]
    fn each_trouble_with_the_profile_has_the_code_of_its_sentence() {
        let path = || std::path::PathBuf::from("/profile/file");
        let io = |kind| ProfileError::File { path: path(), source: std::io::Error::from(kind) };
        let failures = [
            (ProfileError::InUse(path()), ErrorCode::ProfileInUse),
            (ProfileError::DiskFull(path()), ErrorCode::DiskFull),
            (io(std::io::ErrorKind::PermissionDenied), ErrorCode::ProfileUnusable),
            (ProfileError::KeyringSilent, ErrorCode::KeyringSilent),
        ];
        for (error, code) in failures {
            let shown = profile_error(&error);
            assert!(shown.code == code && shown.retry, "{error:?}");
        }
        let troubles = [
            (TroubleKind::Damaged, ErrorCode::LedgerDamaged),
            (TroubleKind::Cut, ErrorCode::LedgerDamaged),
            (TroubleKind::Key, ErrorCode::LedgerDamaged),
            (TroubleKind::Unfinished, ErrorCode::LedgerUnfinished),
            (TroubleKind::Settings, ErrorCode::SettingsDamaged),
        ];
        for (kind, code) in troubles {
            let shown = trouble(&Trouble { file: path(), kept_as: Some("/profile/kept".into()), kind });
            assert_eq!((shown.code, shown.params["path"].as_str()), (code, "/profile/kept"));
        }
    }

    #[test]
    fn a_server_and_a_port_are_read_as_typed_and_nonsense_gets_a_sentence() {
        assert_eq!(server(" Meet.Example ").unwrap(), "meet.example");
        for text in ["", "no host", "https://meet.example", "meet.example/room"] {
            assert_eq!(server(text).unwrap_err().code, ErrorCode::ServerUnreadable, "{text}");
        }
        assert_eq!((port(" 9443 ").unwrap(), port("65535").unwrap()), (9443, 65535));
        for text in ["", "80", "65536", "-1", "port"] {
            assert_eq!(port(text).unwrap_err().code, ErrorCode::PortUnreadable, "{text}");
        }
    }

    #[test]
    fn an_unknown_operator_gets_no_invented_address() {
        let head = controller(&asks("meet.example"));
        assert!(head.address.is_empty() && head.name.is_empty());
    }
}
