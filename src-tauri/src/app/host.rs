//! The room on this device: which address, which name, who uses it, and how it is closed.

use super::desk::Next;
use super::{App, faults, misplaced};
use crate::shell::Shell;
use crate::view::{ErrorCode, HostOptions, HostedRoom, Interface, UiError};
use runde_client::{RoomLink, Secret};
use runde_privacy::{Host, Permit};
use runde_server::{LogTrouble, ServeError, ServeOptions, Server, ServerHandle};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::sync::mpsc;

/// Where a room on this device listens unless the settings say otherwise (agreed default, TCP and UDP alike).
const PORT: u16 = 8443;
/// Consonants and vowels for room names one can say on the telephone.
const SYLLABLES: (&[u8], &[u8]) = (b"bdfgklmnprstvwz", b"aeiou");
/// 15 x 5 possibilities a syllable, 6.2 bits: ten of them are more than the 60 bits a room name needs.
const SYLLABLES_IN_A_NAME: usize = 10;

/// A server that runs in this program, and the room that was opened last.
pub struct Hosted {
    server: ServerHandle,
    permit: Permit<Host>,
    room: String,
    link: String,
    rules: Rules,
    /// What goes wrong with the access log, where one is kept.
    troubles: Option<mpsc::Receiver<LogTrouble>>,
    /// As the window was told last.
    shown_in_use: bool,
}

/// What rooms on this device ask for from their beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    password: Option<Secret>,
    lobby: bool,
}

impl Hosted {
    /// What one's own rooms ask for; whoever opened them does not have to type it.
    pub fn password(&self) -> Option<Secret> {
        self.rules.password.clone()
    }

    /// Two or more are in it; one who waits alone is no conversation.
    pub fn is_in_use(&self) -> bool {
        self.server.rooms() > 0
    }

    /// Where guests reach it.
    pub fn address(&self) -> IpAddr {
        self.server.local_addr().ip()
    }

    /// The leave to host, for the rooms that this very program serves.
    pub fn permit_for(&self, link: &str) -> Option<&Permit<Host>> {
        let base = self.server.url();
        link.strip_prefix(base).is_some_and(|rest| rest.starts_with('/')).then_some(&self.permit)
    }

    /// Guests are told that the room ends.
    pub async fn close(self) {
        self.server.shutdown().await;
    }

    pub fn slice(&self) -> HostedRoom {
        HostedRoom { room: self.room.clone(), link: self.link.clone(), in_use: self.is_in_use() }
    }
}

/// Addresses of this device that others may reach, besides loopback.
pub fn interfaces() -> Vec<Interface> {
    let all = if_addrs::get_if_addrs().unwrap_or_default().into_iter();
    let reachable = all.filter(|interface| !interface.is_loopback() && !interface.is_link_local());
    reachable
        .map(|interface| {
            let address = interface.ip().to_string();
            Interface { id: address.clone(), name: interface.name, address }
        })
        .collect()
}

impl<S: Shell> App<S> {
    /// Opens a room on this device and leads to its door.
    pub(super) async fn host(&mut self, options: HostOptions) -> Result<(), UiError> {
        if self.seat.is_some() {
            return Err(UiError::new(ErrorCode::AlreadyInMeeting).with("room", options.room.unwrap_or_default()));
        }
        let desk = self.desk()?;
        desk.may_host()?;
        let listen = desk.listen();
        let notice = desk.notice_of_rooms();
        let permit = match desk.gate().host_as(&notice) {
            Ok(permit) => permit,
            Err(asks) => {
                self.ask(*asks, Next::Host(options));
                return Ok(());
            }
        };
        let room = match options.room.filter(|name| !name.trim().is_empty()) {
            Some(name) => name.trim().to_owned(),
            None => room_name()?,
        };
        let address = chosen_address(options.interface.as_deref(), listen)?;
        let rules = Rules { password: options.password, lobby: options.lobby };
        self.serve(permit, SocketAddr::new(address, listen.port()), rules).await?;
        let Some(hosted) = &mut self.hosted else { return Err(misplaced()) };
        let text = hosted.server.room_link(&room);
        let link = RoomLink::parse(&text, super::door::DEFAULT_HOST).map_err(|error| faults::of_link(&error, &text))?;
        (hosted.room, hosted.link) = (link.room.clone(), text);
        self.open_room(link)
    }

    /// Listens on the wanted address, with the server that runs already where that is its address.
    pub(super) async fn serve(
        &mut self,
        permit: Permit<Host>,
        wanted: SocketAddr,
        rules: Rules,
    ) -> Result<(), UiError> {
        if let Some(hosted) = &self.hosted {
            let address = hosted.server.local_addr();
            if address.ip() == wanted.ip() && hosted.rules == rules && hosted.permit == permit {
                return Ok(());
            }
            if hosted.is_in_use() {
                return Err(UiError::new(ErrorCode::RoomInUse).with("address", address.to_string()));
            }
        }
        if let Some(before) = self.hosted.take() {
            before.close().await;
        }
        let desk = self.desk()?;
        let log = desk.access_log(&permit);
        if log.is_none() {
            desk.purge_former_log();
        }
        let at = |address| ServeOptions {
            password: rules.password.clone(),
            lobby: rules.lobby,
            ..ServeOptions::new(address).under(permit.notice().clone(), log.clone())
        };
        let mut server = match Server::spawn(permit.clone(), at(wanted)) {
            Err(ServeError::PortInUse(_)) => {
                let any = at(SocketAddr::new(wanted.ip(), 0));
                let server = Server::spawn(permit.clone(), any).map_err(|error| serve_error(&error, wanted))?;
                let next = server.local_addr().to_string();
                let told = UiError::new(ErrorCode::PortChanged).with("address", wanted.to_string()).with("next", next);
                self.toast(told);
                server
            }
            other => other.map_err(|error| serve_error(&error, wanted))?,
        };
        let troubles = server.log_troubles();
        let (room, link) = (String::new(), String::new());
        self.hosted = Some(Hosted { server, permit, room, link, rules, troubles, shown_in_use: false });
        Ok(())
    }

    /// Ends the room on this device for everybody in it.
    pub(super) async fn close_room(&mut self) -> Result<(), UiError> {
        if self.seat.is_some() {
            return Err(misplaced());
        }
        if let Some(hosted) = self.hosted.take() {
            hosted.close().await;
        }
        Ok(())
    }

    /// Says what went wrong with the access log since this was asked last; true where anything did.
    pub(super) fn hear_of_the_log(&mut self) -> bool {
        let troubles = self.hosted.as_mut().and_then(|hosted| hosted.troubles.as_mut());
        let Some(trouble) = troubles.and_then(|troubles| troubles.try_recv().ok()) else { return false };
        self.toast(UiError::new(ErrorCode::AccessLogTrouble).with("detail", trouble.to_string()));
        true
    }

    /// True where a conversation began or ended in the room on this device since this was asked last.
    pub(super) fn room_use_changed(&mut self) -> bool {
        let Some(hosted) = &mut self.hosted else { return false };
        let now = hosted.is_in_use();
        std::mem::replace(&mut hosted.shown_in_use, now) != now
    }
}

/// Where the settings want rooms of one's own; what they hold may have been written by hand, so nonsense means the default.
pub fn listen_of(settings: &runde_profile::Settings) -> SocketAddr {
    settings.listen.parse().unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT))
}

/// The address that was chosen, if it is one of this device. Where none was, this computer only: an address in the settings counts
/// there only if it is a loopback one, since the page promises no more.
fn chosen_address(interface: Option<&str>, listen: SocketAddr) -> Result<IpAddr, UiError> {
    let Some(id) = interface else {
        let local = Some(listen.ip()).filter(IpAddr::is_loopback);
        return Ok(local.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    };
    let known = interfaces().into_iter().find(|interface| interface.id == id);
    known
        .and_then(|interface| interface.address.parse().ok())
        .ok_or_else(|| UiError::new(ErrorCode::HostingFailed).with("address", id).retryable())
}

/// A name nobody guesses and everybody can say.
fn room_name() -> Result<String, UiError> {
    let mut bytes = [0_u8; 2 * SYLLABLES_IN_A_NAME];
    getrandom::fill(&mut bytes).map_err(|_| UiError::internal("the system gives no randomness"))?;
    let letter = |set: &[u8], byte: u8| char::from(set.get(usize::from(byte) % set.len()).copied().unwrap_or(b'a'));
    let syllables = bytes.chunks_exact(2).map(|pair| [letter(SYLLABLES.0, pair[0]), letter(SYLLABLES.1, pair[1])]);
    let mut name = String::new();
    for (index, syllable) in syllables.enumerate() {
        if index == SYLLABLES_IN_A_NAME / 2 {
            name.push('-');
        }
        name.extend(syllable);
    }
    Ok(name)
}

fn serve_error(error: &ServeError, address: SocketAddr) -> UiError {
    if matches!(error, ServeError::LongPassword) {
        return UiError::new(ErrorCode::TextTooLong).with("limit", "256");
    }
    let code = if matches!(error, ServeError::PortInUse(_)) { ErrorCode::PortInUse } else { ErrorCode::HostingFailed };
    tracing::warn!(%error, "the room on this device could not be opened");
    UiError::new(code).with("address", address.to_string()).retryable()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTEN: &str = "127.0.0.1:8443";

    #[test]
    fn made_up_room_names_can_be_said_and_differ() {
        let (one, two) = (room_name().unwrap(), room_name().unwrap());
        assert_ne!(one, two);
        assert!(one.len() == 21 && one.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()), "{one}");
    }

    #[test]
    fn only_an_address_of_this_device_can_be_chosen() {
        let listen = LISTEN.parse().unwrap();
        assert_eq!(chosen_address(None, listen).unwrap(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert_eq!(chosen_address(Some("203.0.113.9"), listen).unwrap_err().code, ErrorCode::HostingFailed);
    }

    #[test]
    fn only_this_computer_stays_only_this_computer_whatever_the_settings_say() {
        let chosen = |listen: &str| chosen_address(None, listen.parse().unwrap()).unwrap().to_string();
        assert_eq!(chosen("0.0.0.0:9000"), "127.0.0.1");
        assert_eq!(chosen("127.0.0.2:9000"), "127.0.0.2");
    }

    #[test]
    fn a_listen_address_that_is_none_means_the_default() {
        let listen = |text: &str| {
            listen_of(&runde_profile::Settings { listen: text.to_owned(), ..Default::default() }).to_string()
        };
        assert_eq!((listen("rubbish"), listen("127.0.0.1:9000")), (LISTEN.to_owned(), "127.0.0.1:9000".to_owned()));
    }
}
