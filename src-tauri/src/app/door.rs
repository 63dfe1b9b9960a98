//! On the way in: links, the room on this device, the prejoin page with its self view.

use super::desk::{Desk, Next};
use super::seat::Seat;
use super::{App, Place, misplaced};
use crate::shell::Shell;
use crate::view::{DeviceKind, ErrorCode, Fingerprint, HostOptions, Interface, Prejoin, UiError};
use runde_client::{
    AudioIn, AudioOut, Command, JoinOptions, LinkError, Mailbox, Meeting, Picture, Processing, RoomLink, Studio,
    VideoIn,
};
use runde_privacy::{Contact, LocalDevices, Notice, Permit, Target};
use runde_server::{ServeError, ServeOptions, Server, ServerHandle};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The server that a bare room name means.
pub const DEFAULT_HOST: &str = "meet.jit.si";
/// Where a room on this device listens (agreed default, TCP and UDP alike).
const PORT: u16 = 8443;
/// A person's display name; longer ones are refused here instead of being cut by the room.
const LONGEST_NAME: usize = 50;
/// Consonants and vowels for room names one can say on the telephone.
const SYLLABLES: (&[u8], &[u8]) = (b"bdfgklmnprstvwz", b"aeiou");
/// 15 x 5 possibilities a syllable, 6.2 bits: ten of them are more than the 60 bits a room name needs.
const SYLLABLES_IN_A_NAME: usize = 10;

/// The prejoin page: a room one may enter, and the devices one would enter it with.
pub struct Door {
    link: RoomLink,
    text: String,
    target: Target,
    permit: Permit<Contact>,
    devices: Permit<LocalDevices>,
    studio: Option<Studio>,
    hosted_here: bool,
    name: String,
    pub microphone: bool,
    pub camera: bool,
}

impl Door {
    pub fn target(&self) -> &Target {
        &self.target
    }

    pub fn controller_id(&self) -> String {
        Notice::for_target(&self.target).controller_id()
    }

    /// The host behind a controller id that is known without a page: the default server and one's own rooms.
    pub fn target_by_controller(controller: &str) -> Option<Target> {
        let known = [Target::new(DEFAULT_HOST, None).ok()?, Target::own_room()];
        known
            .into_iter()
            .find(|target| target.host() == controller || Notice::for_target(target).controller_id() == controller)
    }

    /// The level meter, 0 to 1.
    pub fn level(&self) -> f32 {
        self.studio.as_ref().map_or(0.0, |studio| super::slices::meter(-f32::from(*studio.level().borrow())))
    }

    /// The self view, while the camera is on.
    pub fn pictures(&self) -> Option<Arc<Mailbox<Picture>>> {
        self.studio.as_ref().filter(|_| self.camera).map(Studio::pictures)
    }
}

/// A room that runs on this device.
pub struct Hosted {
    server: ServerHandle,
}

impl Hosted {
    pub fn is_in_use(&self) -> bool {
        self.server.rooms() > 0
    }
}

/// The prejoin slice.
pub fn prejoin(door: &Door, joining: bool) -> Prejoin {
    let notice = Notice::for_target(&door.target);
    let asks = runde_privacy::Asks { notice, target: door.target.clone(), stale: false, objected: None };
    Prejoin {
        room: door.link.room.clone(),
        host: door.link.host.clone(),
        link: door.text.clone(),
        controller_id: door.controller_id(),
        controller_name: super::desk::words::controller(&asks).name,
        fingerprint: fingerprint(&door.link),
        hosted_here: door.hosted_here,
        name: door.name.clone(),
        joining,
    }
}

fn fingerprint(link: &RoomLink) -> Option<Fingerprint> {
    let hex = link.fp.as_ref()?.to_uppercase();
    let pairs: Vec<&str> = (0..hex.len()).step_by(2).filter_map(|at| hex.get(at..at + 2)).collect();
    Some(Fingerprint { words: Vec::new(), hex: pairs.join(":") })
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
    /// A link or room name from outside: pasted, clicked, handed over. During a meeting it waits for a person to leave first.
    pub(super) fn open_text(&mut self, text: &str) -> Result<(), UiError> {
        let link = RoomLink::parse(text.trim(), DEFAULT_HOST).map_err(|error| link_error(&error, text))?;
        if self.seat.is_some() {
            return Err(UiError::new(ErrorCode::AlreadyInMeeting).with("room", link.room));
        }
        self.open_room(link)
    }

    /// To the prejoin page, or to the notice that comes before it.
    pub(super) fn open_room(&mut self, link: RoomLink) -> Result<(), UiError> {
        let text = link.to_link();
        let target = Target::new(&link.host, link.rn.as_deref()).map_err(|_| link_error(&LinkError::Host, &text))?;
        let desk = self.desk()?;
        let permit = match desk.gate().contact(&target) {
            Ok(permit) => permit,
            Err(asks) if asks.objected.is_some() => {
                return Err(UiError::new(ErrorCode::Objected).with("host", link.host));
            }
            Err(asks) => {
                self.ask(*asks, Next::Open(link));
                return Ok(());
            }
        };
        let devices = match desk.gate().local_devices() {
            Ok(permit) => permit,
            Err(asks) => {
                self.ask(*asks, Next::Open(link));
                return Ok(());
            }
        };
        let name = desk.preferences().display_name.clone().unwrap_or_default();
        self.hardware.look();
        let hosted_here = self.hosted.as_ref().is_some_and(|hosted| text.starts_with(hosted.server.url()));
        self.place = Place::Prejoin(Box::new(Door {
            link,
            text,
            target,
            permit,
            devices,
            studio: None,
            hosted_here,
            name,
            microphone: false,
            camera: false,
        }));
        Ok(())
    }

    /// Opens a room on this device and leads to its door.
    pub(super) async fn host(&mut self, options: HostOptions) -> Result<(), UiError> {
        if self.seat.is_some() {
            return Err(UiError::new(ErrorCode::AlreadyInMeeting).with("room", options.room.unwrap_or_default()));
        }
        let permit = match self.desk()?.gate().host() {
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
        let address = chosen_address(options.interface.as_deref())?;
        if self.hosted.as_ref().is_none_or(|hosted| hosted.server.local_addr().ip() != address) {
            if let Some(before) = self.hosted.take() {
                before.server.shutdown().await;
            }
            let options = ServeOptions::new(SocketAddr::new(address, PORT));
            let server = Server::spawn(permit, options).map_err(|error| serve_error(&error, address))?;
            self.hosted = Some(Hosted { server });
        }
        let Some(hosted) = &self.hosted else { return Err(misplaced()) };
        let text = hosted.server.room_link(&room);
        let link = RoomLink::parse(&text, DEFAULT_HOST).map_err(|error| link_error(&error, &text))?;
        self.open_room(link)
    }

    /// Through the door: the self view ends, the meeting begins.
    pub(super) fn join(&mut self, name: String, microphone: bool, camera: bool) -> Result<(), UiError> {
        if name.chars().count() > LONGEST_NAME {
            return Err(UiError::new(ErrorCode::TextTooLong).with("limit", LONGEST_NAME.to_string()));
        }
        let Place::Prejoin(door) = &mut self.place else { return Err(misplaced()) };
        if self.seat.is_some() {
            return Ok(());
        }
        let desk = self.desk.as_mut().map_err(|error| error.clone())?;
        door.studio = None;
        (door.microphone, door.camera, door.name) = (microphone, camera, name.clone());
        let stored_name = desk.remember_name(&name)?;
        let options = join_options(door, desk);
        let handle =
            Meeting::spawn(door.permit.clone(), options).map_err(|error| UiError::internal(&error.to_string()))?;
        let mut seat = Seat::new(handle, door.link.host.clone(), door.link.room.clone(), door.text.clone());
        seat.hosted_here = door.hosted_here;
        seat.fingerprint = fingerprint(&door.link);
        seat.stored.extend(stored_name.then_some(crate::view::Stored::DisplayName));
        let host = seat.host.clone();
        if !self.contacts.contains(&host) {
            self.contacts.push(host);
        }
        self.watched = None;
        self.seat = Some(Box::new(seat));
        Ok(())
    }

    pub(super) fn leave(&mut self) -> Result<(), UiError> {
        self.seated()?.command(Command::Leave)
    }

    pub(super) fn go_home(&mut self) -> Result<(), UiError> {
        if self.place.is_meeting() {
            return Err(misplaced());
        }
        self.seat = None;
        self.place = Place::Home;
        self.frames.set(Vec::new());
        Ok(())
    }

    pub(super) fn set_microphone(&mut self, on: bool) -> Result<(), UiError> {
        match (&self.seat, &mut self.place) {
            (Some(seat), _) => seat.command(Command::SetMicrophone(on)),
            (None, Place::Prejoin(door)) => {
                door.microphone = on;
                self.equip()
            }
            (None, _) => Err(misplaced()),
        }
    }

    pub(super) fn set_camera(&mut self, on: bool) -> Result<(), UiError> {
        match (&self.seat, &mut self.place) {
            (Some(seat), _) => seat.command(Command::SetCamera(on)),
            (None, Place::Prejoin(door)) => {
                door.camera = on;
                self.equip()
            }
            (None, _) => Err(misplaced()),
        }
    }

    pub(super) fn choose_device(&mut self, kind: DeviceKind, id: Option<String>) -> Result<(), UiError> {
        let desk = self.desk()?;
        let mut settings = desk.preferences().clone();
        match kind {
            DeviceKind::Microphone => settings.microphone = id,
            DeviceKind::Camera => settings.camera = id,
            DeviceKind::Speaker => settings.speaker = id,
        }
        desk.keep(settings)?;
        let command = match kind {
            DeviceKind::Microphone => Command::SwitchAudioIn(audio_in(desk)),
            DeviceKind::Camera => Command::SwitchVideoIn(video_in(desk)),
            DeviceKind::Speaker => Command::SwitchAudioOut(audio_out(desk)),
        };
        match &self.seat {
            Some(seat) => seat.command(command),
            None => self.equip(),
        }
    }

    /// Gives the prejoin page the devices that are switched on, and takes away the others.
    fn equip(&mut self) -> Result<(), UiError> {
        let Place::Prejoin(door) = &mut self.place else { return Ok(()) };
        let desk = self.desk.as_ref().map_err(|error| error.clone())?;
        let microphone = if door.microphone { audio_in(desk) } else { AudioIn::None };
        let camera = if door.camera { video_in(desk) } else { VideoIn::None };
        door.studio = None;
        if door.microphone || door.camera {
            door.studio = Some(Studio::open(&door.devices, microphone, camera));
        }
        self.hang_pictures();
        Ok(())
    }
}

fn join_options(door: &Door, desk: &Desk) -> JoinOptions {
    let mut options = JoinOptions::new(door.link.clone(), door.name.clone());
    options.audio_in = audio_in(desk);
    options.audio_out = audio_out(desk);
    options.video_in = video_in(desk);
    options.processing = Some(processing(desk));
    options.devices = Some(door.devices.clone());
    options.microphone = door.microphone;
    options.camera = door.camera;
    options
}

/// The three switches of the settings.
pub fn processing(desk: &Desk) -> Processing {
    let chosen = desk.preferences().processing;
    Processing { echo: chosen.echo, noise: chosen.noise, gain: chosen.gain }
}

fn audio_in(desk: &Desk) -> AudioIn {
    desk.preferences().microphone.clone().map_or(AudioIn::Default, AudioIn::Device)
}

fn audio_out(desk: &Desk) -> AudioOut {
    desk.preferences().speaker.clone().map_or(AudioOut::Default, AudioOut::Device)
}

fn video_in(desk: &Desk) -> VideoIn {
    desk.preferences().camera.clone().map_or(VideoIn::Default, VideoIn::Device)
}

/// The address that was chosen, if it is one of this device; loopback where none was.
fn chosen_address(interface: Option<&str>) -> Result<IpAddr, UiError> {
    let Some(id) = interface else { return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)) };
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

fn link_error(error: &LinkError, text: &str) -> UiError {
    tracing::debug!(%error, "a link was refused");
    let shown: String = text.chars().filter(|letter| !letter.is_control()).take(80).collect();
    UiError::new(ErrorCode::LinkUnreadable).with("text", shown)
}

fn serve_error(error: &ServeError, address: IpAddr) -> UiError {
    let code = if matches!(error, ServeError::PortInUse(_)) { ErrorCode::PortInUse } else { ErrorCode::HostingFailed };
    tracing::warn!(%error, "the room on this device could not be opened");
    UiError::new(code).with("address", SocketAddr::new(address, PORT).to_string()).retryable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_room_names_can_be_said_and_differ() {
        let (one, two) = (room_name().unwrap(), room_name().unwrap());
        assert_ne!(one, two);
        assert!(one.len() == 21 && one.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase()), "{one}");
    }

    #[test]
    fn only_an_address_of_this_device_can_be_chosen() {
        assert_eq!(chosen_address(None).unwrap(), IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert_eq!(chosen_address(Some("203.0.113.9")).unwrap_err().code, ErrorCode::HostingFailed);
    }
}
