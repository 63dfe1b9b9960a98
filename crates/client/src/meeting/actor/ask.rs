//! What a face asks of the meeting, and what opening a device came to.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use runde_signalling::extras::Media;
use runde_signalling::guest::{self, Moderation, SourceState};

use super::super::{bridge, names};
use super::{Actor, Over};
use crate::event::{DeviceFault, DeviceKind, DeviceNews, LeftReason, MeetingEvent};
use crate::local::Opened;
use crate::options::{AudioIn, Command, VideoIn};
use crate::state::Fact;

/// Milliseconds since 1970; 0 on a computer whose clock stands before that.
pub(super) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Actor {
    /// What is to be on from the first moment.
    pub(super) fn begin(&mut self) {
        if let Err(error) = self.downlink.hush(self.sending.far_writer()) {
            self.device_failed(DeviceKind::Speaker, DeviceFault::failed(&error));
        }
        self.local.open_speaker(self.options.audio_out.clone());
        if self.options.microphone {
            self.set_microphone(true);
        }
        if std::mem::take(&mut self.options.camera) {
            self.set_camera(true);
        }
        if std::mem::take(&mut self.options.share) {
            self.set_share(true);
        }
    }

    pub(super) fn ask(&mut self, command: Command) {
        match command {
            Command::Chat(text) => self.tell_guest(guest::Command::Chat(text)),
            Command::SetName(name) => self.set_name(name),
            Command::SetHand(up) => {
                self.faces.learn(Fact::MyHand(up));
                self.tell_guest(guest::Command::RaiseHand(up.then(unix_ms)));
            }
            Command::React(reaction) => self.say_to_bridge(&reaction.message(unix_ms())),
            Command::SetMicrophone(on) => self.set_microphone(on),
            Command::SetCamera(on) => self.set_camera(on),
            Command::SetShare(on) => self.set_share(on),
            Command::SetDirect(on) => self.set_direct(on),
            Command::SetTiles(tiles) => {
                self.downlink.set_tiles(&tiles);
                if self.wishes.set(tiles) {
                    self.tell_wishes();
                }
            }
            Command::SetProcessing(processing) => {
                self.options.processing = Some(processing);
                self.sending.set_processing(processing);
            }
            Command::SwitchAudioIn(input) => self.switch_audio_in(input),
            Command::SwitchAudioOut(output) => {
                self.options.audio_out = output.clone();
                self.local.open_speaker(output);
            }
            Command::SwitchVideoIn(input) => self.switch_video_in(input),
            Command::Extra(wish) => self.wish(wish),
            Command::GoTo(room) => self.go_to(room),
            Command::Moderate(what) if self.may_moderate() => {
                // Whoever comes back after a broken connection is asked for it like anybody else.
                if let Moderation::SetPassword(password) = &what {
                    self.options.password.clone_from(password);
                }
                self.tell_guest(guest::Command::Moderate(what));
            }
            Command::Moderate(_) => {}
            Command::Leave => {
                self.tell_guest(guest::Command::Leave);
                self.over = Some(Over::Ended(LeftReason::Asked));
            }
        }
    }

    pub(super) fn tell_guest(&mut self, command: guest::Command) {
        self.guest.handle(Instant::now(), guest::Input::Command(command));
    }

    fn set_name(&mut self, name: String) {
        self.options.name.clone_from(&name);
        self.faces.learn(Fact::MyName(name.clone()));
        self.tell_guest(guest::Command::SetName(name));
    }

    pub(super) fn set_microphone(&mut self, on: bool) {
        if on && self.options.audio_in == AudioIn::None {
            return self.device_failed(DeviceKind::Microphone, DeviceFault::NotChosen);
        }
        let on = on && self.may(Media::Audio);
        self.options.microphone = on;
        if on && !self.sending.hears() && !self.local.is_opening(DeviceKind::Microphone) {
            self.local.open_microphone(self.options.audio_in.clone());
        }
        self.sending.set_muted(!on);
        self.faces.learn(Fact::MyMicrophone(on));
        self.publish_sources();
    }

    /// A camera that is off is closed, so that its light goes out.
    pub(super) fn set_camera(&mut self, on: bool) {
        if on && self.options.video_in == VideoIn::None {
            return self.device_failed(DeviceKind::Camera, DeviceFault::NotChosen);
        }
        let on = on && self.may(Media::Video);
        let was_on = std::mem::replace(&mut self.options.camera, on);
        if !on {
            self.close_camera();
        } else if !was_on {
            self.local.open_camera(self.options.video_in.clone());
        }
        self.faces.learn(Fact::MyCamera(on));
        self.publish_sources();
    }

    fn switch_audio_in(&mut self, input: AudioIn) {
        let on = self.options.microphone && input != AudioIn::None;
        self.options.audio_in = input;
        self.local.forget(DeviceKind::Microphone);
        self.sending.close_microphone();
        self.set_microphone(on);
    }

    fn switch_video_in(&mut self, input: VideoIn) {
        let on = self.options.camera && input != VideoIn::None;
        self.options.video_in = input;
        self.close_camera();
        self.options.camera = false;
        self.set_camera(on);
    }

    /// The open one, and the one that is on its way.
    fn close_camera(&mut self) {
        self.local.forget(DeviceKind::Camera);
        if let Some(watched) = self.sending.camera.take() {
            self.local.close(watched);
        }
    }

    /// What became of a device; what is no longer wanted by now does not come here ([`crate::local::Local::forget`]).
    pub(super) fn opened(&mut self, opened: Opened) {
        match opened {
            Opened::Microphone(Ok(source), processing) => {
                let processing = self.options.processing.unwrap_or(processing);
                if let Err(error) = self.sending.hear(source, processing, !self.options.microphone) {
                    self.device_failed(DeviceKind::Microphone, DeviceFault::failed(&error));
                }
            }
            Opened::Camera(Ok(camera)) => {
                if let Err(error) = self.sending.camera.see(camera) {
                    self.device_failed(DeviceKind::Camera, DeviceFault::failed(&error));
                }
                self.share_bandwidth();
                self.share_pictures();
            }
            Opened::Screen(screen) => self.screen_opened(screen),
            Opened::Closed => {}
            Opened::Lost(device, id) => self.device_failed(device, DeviceFault::Lost { id }),
            Opened::Reopened(device, id) => self.device_said(device, DeviceNews::Reopened { id }),
            Opened::Unrecorded { source, detail } => self.faces.tell(MeetingEvent::Unrecorded { source, detail }),
            Opened::Speaker(Ok(speaker)) => {
                if let Err(error) = self.downlink.speak(speaker, None) {
                    self.device_failed(DeviceKind::Speaker, DeviceFault::failed(&error));
                }
            }
            Opened::Microphone(Err(fault), _) => {
                self.device_failed(DeviceKind::Microphone, fault);
                self.set_microphone(false);
            }
            Opened::Camera(Err(fault)) => {
                self.device_failed(DeviceKind::Camera, fault);
                self.set_camera(false);
            }
            Opened::Speaker(Err(fault)) => self.device_failed(DeviceKind::Speaker, fault),
        }
    }

    fn device_failed(&self, device: DeviceKind, fault: DeviceFault) {
        self.device_said(device, DeviceNews::Failed(fault));
    }

    fn device_said(&self, device: DeviceKind, news: DeviceNews) {
        self.faces.tell(MeetingEvent::Device { device, news });
    }

    /// Says in presence and on the bridge channel what is muted. Without it a guest counts as muted.
    pub(super) fn publish_sources(&mut self) {
        if self.endpoint.is_empty() {
            return;
        }
        let camera = names::camera(&self.endpoint);
        let state = |on: bool| SourceState { muted: !on, desktop: false };
        let mut sources = BTreeMap::from([
            (names::microphone(&self.endpoint), state(self.options.microphone)),
            (camera, state(self.options.camera)),
        ]);
        sources.extend(self.screen_state());
        self.tell_guest(guest::Command::SetSourceInfo(sources));
        self.tell_video_types();
    }

    /// Says on the bridge channel what each own picture is.
    pub(super) fn tell_video_types(&mut self) {
        let camera = names::camera(&self.endpoint);
        self.say_to_bridge(&bridge::video_type(camera, self.options.camera));
        self.tell_screen_type();
    }

    pub(super) fn tell_wishes(&mut self) {
        self.say_to_bridge(&bridge::wishes(self.wishes.constraints()));
        self.tell_direct_wishes();
    }
}
