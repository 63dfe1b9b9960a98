//! Where a guest goes and as whom: addresses inside the XMPP world, never sockets.
//!
//! Start at [`GuestConfig::guessed`] for a bare link, or [`GuestConfig::at`] once `config.js` was read into
//! [`Addresses`]. What a person adds (a password) is assigned afterwards.

use crate::config::Addresses;
use crate::link::RoomLink;
use crate::secret::Secret;
use std::time::Duration;

/// As whom we log in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Login {
    #[default]
    Anonymous,
    /// An account of the deployment: `user` or `user@domain`.
    Account { user: String, password: Secret },
}

/// Everything a guest must know before the first byte.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuestConfig {
    /// XMPP domain: stream target, disco, ping (`hosts.domain`).
    pub domain: String,
    /// Domain for the anonymous login where it differs (`hosts.anonymousdomain`).
    pub login_domain: Option<String>,
    /// Domain of the accounts where it differs (`hosts.authdomain`).
    pub account_domain: Option<String>,
    pub login: Login,
    /// Address of the room service (`hosts.muc`).
    pub muc: String,
    /// Address of the conference request (`hosts.focus`).
    pub focus: String,
    /// Bare address that is the focus even if no conference answer says so (`focusUserJid`).
    pub focus_user: Option<String>,
    /// Back-end-safe room name: the node of the room's address.
    pub room: String,
    /// Display name; empty for none.
    pub name: String,
    /// Room password, once the user typed one.
    pub password: Option<Secret>,
    /// JSON web token of the link; it travels in the conference request here and in the socket URL (the driver's part).
    pub token: Option<Secret>,
    /// The conference is requested by HTTP, which is the driver's part ([`super::Event::AskConference`]).
    pub conference_by_http: bool,
    /// Full addresses that were ours before a connection broke. A server may still show them in the room for a minute;
    /// they are nobody.
    pub former: Vec<String>,
    /// SSRC rewriting is not offered: the focus names everybody's sources, so that sound needs no bridge channel.
    pub classic: bool,
    /// The person wants a direct connection where there are only two; otherwise each offer is declined.
    pub direct: bool,
    /// The deployment wants it, too, so that we may offer: so long after a third person left, and at once when the second comes.
    pub offers_direct: Option<Duration>,
    /// 32 hex digits that stand for this installation in conference requests; fresh ones per meeting keep meetings unlinkable.
    pub machine: String,
}

impl GuestConfig {
    /// For a link whose deployment's `config.js` was not read: every address is a guess. `machine` is 32 hex digits,
    /// random per meeting.
    #[must_use]
    pub fn guessed(link: &RoomLink, name: &str, machine: &str) -> Self {
        Self::at(&Addresses::guess(link), link, name, machine)
    }

    /// For a link at the addresses that its deployment names.
    #[must_use]
    pub fn at(addresses: &Addresses, link: &RoomLink, name: &str, machine: &str) -> Self {
        GuestConfig {
            domain: addresses.domain.clone(),
            login_domain: addresses.anonymous_domain.clone(),
            account_domain: addresses.auth_domain.clone(),
            login: Login::Anonymous,
            muc: addresses.muc.clone(),
            focus: addresses.focus.clone(),
            focus_user: addresses.focus_user.clone(),
            room: link.safe_room(),
            name: name.to_owned(),
            password: None,
            token: link.jwt.as_deref().map(Secret::from),
            conference_by_http: addresses.conference.is_some(),
            former: Vec::new(),
            classic: false,
            direct: false,
            offers_direct: addresses.direct,
            machine: machine.to_owned(),
        }
    }

    /// The domain whose stream we open. With a token the guests' domain is left aside: the token says who we are.
    #[must_use]
    pub fn stream_domain(&self) -> &str {
        match &self.login {
            Login::Account { user, .. } => match user.split_once('@') {
                Some((_, domain)) => domain,
                None => self.account_domain.as_ref().unwrap_or(&self.domain),
            },
            Login::Anonymous if self.token.is_some() => &self.domain,
            Login::Anonymous => self.login_domain.as_ref().unwrap_or(&self.domain),
        }
    }

    /// Bare address of the room.
    #[must_use]
    pub fn room_jid(&self) -> String {
        format!("{}@{}", self.room, self.muc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(link: &str) -> GuestConfig {
        let link = RoomLink::parse(link, "meet.jit.si").unwrap();
        GuestConfig::guessed(&link, "Ada", "00")
    }

    #[test]
    fn a_plain_link_names_the_services_beside_the_host() {
        let config = guessed("https://meet.example/Rosa");
        assert_eq!(config.domain, "meet.example");
        assert_eq!(config.room_jid(), "rosa@conference.meet.example");
        assert_eq!(config.focus, "focus.meet.example");
    }

    #[test]
    fn a_tenant_becomes_a_label_of_the_room_service() {
        let config = guessed("https://meet.example/Some.Team/Rosa");
        assert_eq!(config.room_jid(), "rosa@conference.some_team.meet.example");
    }

    #[test]
    fn guests_accounts_and_tokens_log_in_to_their_own_domains() {
        let config = GuestConfig {
            domain: "meet.jitsi".into(),
            login_domain: Some("guest.meet.jitsi".into()),
            account_domain: Some("auth.meet.jitsi".into()),
            ..GuestConfig::default()
        };
        assert_eq!(config.stream_domain(), "guest.meet.jitsi");
        assert_eq!(GuestConfig { token: Some("t".into()), ..config.clone() }.stream_domain(), "meet.jitsi");
        let account = |user: &str| Login::Account { user: user.into(), password: "x".into() };
        assert_eq!(GuestConfig { login: account("ada"), ..config.clone() }.stream_domain(), "auth.meet.jitsi");
        assert_eq!(GuestConfig { login: account("ada@b.c"), ..config }.stream_domain(), "b.c");
    }

    #[test]
    fn what_the_deployment_says_wins_over_the_guess() {
        let link = RoomLink::parse("https://meet.example/Rosa", "").unwrap();
        let said = r#"{"hosts":{"domain":"meet.jitsi","muc":"muc.meet.jitsi","anonymousdomain":"guest.meet.jitsi"}}"#;
        let addresses = Addresses::from_config(said, &link).unwrap();
        let config = GuestConfig::at(&addresses, &link, "Ada", "00");
        assert_eq!(config.room_jid(), "rosa@muc.meet.jitsi");
        assert_eq!(config.login_domain.as_deref(), Some("guest.meet.jitsi"));
    }
}
