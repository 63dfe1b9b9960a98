//! On the way in: links, and the prejoin page with its self view.

use super::desk::fetch::Fetching;
use super::desk::{Desk, Next};
use super::seat::Seat;
use super::{App, Place, faults, misplaced};
use crate::shell::Shell;
use crate::spoken;
use crate::view::{DeviceKind, ErrorCode, Fingerprint, Prejoin, UiError};
use runde_client::{
    AudioIn, AudioOut, Command, DeviceNews, JoinOptions, LinkError, Mailbox, Meeting, Picture, Processing, RoomLink,
    Studio, VideoIn,
};
use runde_privacy::{Contact, LocalDevices, Notice, Permit, Target};
use std::sync::Arc;

/// The server that a bare room name means unless the settings name another.
pub const DEFAULT_HOST: &str = "meet.jit.si";
/// A person's display name; longer ones are refused here instead of being cut by the room.
pub(super) const LONGEST_NAME: usize = 50;

/// The prejoin page: a room one may enter, and the devices one would enter it with.
pub struct Door {
    link: RoomLink,
    text: String,
    target: Target,
    notice: Notice,
    permit: Permit<Contact>,
    devices: Permit<LocalDevices>,
    studio: Option<Studio>,
    hosted_here: bool,
    /// The server is being asked for its own notice, before anybody enters.
    pub fetching: Option<Fetching>,
    pub name: String,
    pub microphone: bool,
    pub camera: bool,
}

impl Door {
    pub fn room(&self) -> &str {
        &self.link.room
    }

    pub fn host(&self) -> &str {
        &self.link.host
    }

    pub fn link(&self) -> &RoomLink {
        &self.link
    }

    pub fn is_served_here(&self) -> bool {
        self.hosted_here
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    pub fn controller_id(&self) -> String {
        self.notice.controller_id()
    }

    /// As the notice names whoever answers for the server; empty where it does not.
    fn operator(&self) -> String {
        self.notice.postal_address().and_then(|lines| lines.into_iter().next()).unwrap_or_default()
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

    /// What the devices had to say since this was asked last.
    pub fn device_news(&mut self) -> Vec<(runde_client::DeviceKind, DeviceNews)> {
        self.studio.as_mut().map(|studio| std::iter::from_fn(|| studio.news()).collect()).unwrap_or_default()
    }

    /// A device that does not open is off, whatever its switch said.
    pub fn switch_off(&mut self, device: runde_client::DeviceKind) {
        match device {
            runde_client::DeviceKind::Microphone => self.microphone = false,
            runde_client::DeviceKind::Camera => self.camera = false,
            runde_client::DeviceKind::Speaker => {}
        }
    }

    /// The self view, while the camera is on.
    pub fn pictures(&self) -> Option<Arc<Mailbox<Picture>>> {
        self.studio.as_ref().filter(|_| self.camera).map(Studio::pictures)
    }
}

/// The prejoin slice.
pub fn prejoin(door: &Door, joining: bool) -> Prejoin {
    Prejoin {
        room: door.link.room.clone(),
        host: door.link.host.clone(),
        link: door.text.clone(),
        controller_id: door.controller_id(),
        controller_name: door.operator(),
        // Nobody compares words with themselves.
        fingerprint: fingerprint(&door.link).filter(|_| !door.hosted_here),
        hosted_here: door.hosted_here,
        name: door.name.clone(),
        joining,
    }
}

fn fingerprint(link: &RoomLink) -> Option<Fingerprint> {
    let hex = link.fp.as_ref()?.to_uppercase();
    let words = spoken::words(&hex);
    let pairs: Vec<&str> = (0..hex.len()).step_by(2).filter_map(|at| hex.get(at..at + 2)).collect();
    Some(Fingerprint { words, hex: pairs.join(":") })
}

impl<S: Shell> App<S> {
    /// A link or room name from outside: pasted, clicked, handed over. During a meeting it waits for a person to leave first.
    pub(super) fn open_text(&mut self, text: &str) -> Result<(), UiError> {
        let default = self.desk()?.default_host();
        let link = RoomLink::parse(text.trim(), &default).map_err(|error| faults::of_link(&error, text))?;
        if self.seat.is_some() {
            return Err(UiError::new(ErrorCode::AlreadyInMeeting).with("room", link.room));
        }
        self.open_room(link)
    }

    /// To the prejoin page, or to the notice that comes before it.
    pub(super) fn open_room(&mut self, link: RoomLink) -> Result<(), UiError> {
        let text = link.to_link();
        let target = Target::new(&link.host, link.rn.as_deref());
        let target = target.map_err(|_| faults::of_link(&LinkError::Host, &text))?;
        let desk = self.desk()?;
        let (target, gate) = (desk.as_visited(target), desk.gate());
        let own = self.hosted.as_ref().and_then(|hosted| hosted.permit_for(&text));
        let hosted_here = own.is_some();
        let contact = match own {
            Some(host) => gate.contact_served_here(&target, host),
            None => gate.contact(&target),
        };
        let permit = match contact {
            Ok(permit) => permit,
            Err(asks) if asks.objected.is_some() => {
                return Err(UiError::new(ErrorCode::Objected).with("host", link.host));
            }
            Err(asks) => {
                self.ask(*asks, Next::Open(link));
                return Ok(());
            }
        };
        let devices = match gate.local_devices() {
            Ok(permit) => permit,
            Err(asks) => {
                self.ask(*asks, Next::Open(link));
                return Ok(());
            }
        };
        let name = self.desk()?.preferences().display_name.clone().unwrap_or_default();
        self.look_around();
        self.place = Place::Prejoin(Box::new(Door {
            link,
            text,
            notice: gate.notice(&target),
            target,
            permit,
            devices,
            studio: None,
            hosted_here,
            fetching: None,
            name,
            microphone: false,
            camera: false,
        }));
        Ok(())
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
        door.studio = None;
        (door.microphone, door.camera, door.name) = (microphone, camera, name);
        if self.fetch_at_the_door()? {
            return Ok(());
        }
        self.enter()
    }

    /// Tries to get in, from the door or from the page in front of the room, with what was given there.
    pub(super) fn enter(&mut self) -> Result<(), UiError> {
        let own = self.hosted.as_ref().and_then(super::host::Hosted::password);
        let (door, keys) = match &self.place {
            Place::Prejoin(door) => (door.as_ref(), None),
            Place::Threshold(threshold) => (&threshold.door, Some(&threshold.keys)),
            Place::Asking(_)
            | Place::Consents(..)
            | Place::Home
            | Place::Fetching(_)
            | Place::Meeting
            | Place::After(_)
            | Place::Declined(_)
            | Place::Broken(_) => return Err(misplaced()),
        };
        let desk = self.desk.as_mut().map_err(|error| error.clone())?;
        let stored_name = desk.remember_name(&door.name)?;
        let mut options = join_options(door, desk);
        options.contacts = self.contacts.clone();
        // Nobody is asked for the password of a room of their own.
        options.password = own.filter(|_| door.hosted_here);
        if let Some(keys) = keys {
            options.password = keys.password.clone().or(options.password);
            options.login = keys.login.clone();
        }
        let handle =
            Meeting::spawn(door.permit.clone(), options).map_err(|error| UiError::internal(&error.to_string()))?;
        let mut seat = Seat::new(handle, door.link.host.clone(), door.link.room.clone(), door.text.clone());
        (seat.hosted_here, seat.operator) = (door.hosted_here, door.operator());
        seat.fingerprint = fingerprint(&door.link);
        seat.stored.extend(stored_name.then_some(crate::view::Stored::DisplayName));
        self.watched = None;
        self.seat = Some(Box::new(seat));
        Ok(())
    }

    pub(super) fn leave(&mut self) -> Result<(), UiError> {
        self.seated()?.command(Command::Leave)
    }

    pub(super) fn go_home(&mut self) -> Result<(), UiError> {
        if self.place.is_meeting() || self.desk.is_err() {
            return Err(misplaced());
        }
        self.seat = None;
        self.place = Place::Home;
        self.frames.set(Vec::new());
        Ok(())
    }

    pub(super) fn set_microphone(&mut self, on: bool) -> Result<(), UiError> {
        self.forget_faults_of(runde_client::DeviceKind::Microphone);
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
        self.forget_faults_of(runde_client::DeviceKind::Camera);
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
        let (device, command) = match kind {
            DeviceKind::Microphone => (runde_client::DeviceKind::Microphone, Command::SwitchAudioIn(audio_in(desk))),
            DeviceKind::Camera => (runde_client::DeviceKind::Camera, Command::SwitchVideoIn(video_in(desk))),
            DeviceKind::Speaker => (runde_client::DeviceKind::Speaker, Command::SwitchAudioOut(audio_out(desk))),
        };
        self.forget_faults_of(device);
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
    options.relay_only = desk.preferences().relay_only;
    options.direct = desk.wants_direct();
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
