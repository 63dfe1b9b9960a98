//! What a moderator clicks, as the client's commands, and what the room's answer means for the window.

use super::App;
use crate::shell::Shell;
use crate::view::{self, ErrorCode, UiError};
use runde_client::{Command, MediaKind, Moderation, Muted};

/// Characters of a subject that fit the window's line.
const LONGEST_SUBJECT: usize = 100;
/// Bytes of a room's password, the same that rooms of one's own accept.
const LONGEST_PASSWORD: usize = 256;

impl<S: Shell> App<S> {
    pub(super) fn moderate(&mut self, what: view::Moderation) -> Result<(), UiError> {
        let seat = self.seated()?;
        if !seat.state().me.moderator {
            return Err(UiError::new(ErrorCode::NotModerator));
        }
        seat.command(Command::Moderate(asked(what)?))
    }

    pub(super) fn muted_by(&mut self, kind: MediaKind, by: Option<String>) {
        let code = match kind {
            MediaKind::Audio => ErrorCode::MutedByModerator,
            MediaKind::Video => ErrorCode::CameraStoppedByModerator,
        };
        let error = UiError::new(code);
        self.toast(match by {
            Some(name) => error.with("name", name),
            None => error,
        });
    }

    pub(super) fn not_done(&mut self, condition: String) {
        self.toast(UiError::new(ErrorCode::ModerationRefused).with("detail", condition));
    }
}

fn asked(what: view::Moderation) -> Result<Moderation, UiError> {
    let too_long = |limit: usize| Err(UiError::new(ErrorCode::TextTooLong).with("limit", limit.to_string()));
    Ok(match what {
        view::Moderation::Mute { endpoint } => Moderation::Mute { endpoint, what: Muted::Audio },
        view::Moderation::StopCamera { endpoint } => Moderation::Mute { endpoint, what: Muted::Video },
        view::Moderation::Kick { endpoint } => Moderation::Kick { endpoint },
        view::Moderation::Grant { endpoint } => Moderation::Grant { endpoint },
        view::Moderation::Subject { text } if text.chars().count() > LONGEST_SUBJECT => {
            return too_long(LONGEST_SUBJECT);
        }
        view::Moderation::Subject { text } => Moderation::SetSubject(text),
        view::Moderation::Password { password: Some(long) } if long.expose().len() > LONGEST_PASSWORD => {
            return too_long(LONGEST_PASSWORD);
        }
        view::Moderation::Password { password } => Moderation::SetPassword(password),
        view::Moderation::Lobby { on } => Moderation::SetLobby(on),
        view::Moderation::LetIn { endpoint } => Moderation::LetIn { endpoint },
        view::Moderation::TurnAway { endpoint } => Moderation::TurnAway { endpoint },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_room_would_take_is_refused_here_with_its_limit() {
        let refused = |what| asked(what).unwrap_err().params["limit"].clone();
        assert_eq!(refused(view::Moderation::Subject { text: "x".repeat(101) }), "100");
        assert_eq!(refused(view::Moderation::Password { password: Some("x".repeat(257).into()) }), "256");
        assert!(asked(view::Moderation::Subject { text: "ü".repeat(100) }).is_ok());
    }
}
