//! Sharing the screen: opened, announced once a session, and from then on only muted (jitsi.md 4.5).

use runde_media::send::Unit;
use runde_signalling::extras::Media;
use runde_signalling::guest::{self, SourceState};

use super::super::{bridge, names, screen, sending};
use super::Actor;
use crate::event::{DeviceFault, MeetingEvent};
use crate::local::Camera;
use crate::options::ScreenIn;
use crate::state::Fact;

impl Actor {
    pub(super) fn set_share(&mut self, on: bool) {
        if on && self.options.screen_in == ScreenIn::None {
            return self.faces.tell(MeetingEvent::ShareFailed(DeviceFault::NotChosen));
        }
        let on = on && self.may(Media::Desktop);
        let was_on = std::mem::replace(&mut self.options.share, on);
        if !on {
            let open = self.screen.sight.take();
            self.local.close_screen(open);
        } else if !was_on {
            self.local.open_screen(self.options.screen_in.clone());
        }
        self.faces.learn(Fact::MyScreen(on));
        self.announce_screen();
        self.publish_sources();
        self.share_bandwidth();
    }

    pub(super) fn screen_opened(&mut self, opened: Result<Camera, DeviceFault>) {
        let seen = opened.and_then(|open| self.screen.sight.see(open).map_err(|error| DeviceFault::failed(&error)));
        if let Err(fault) = seen {
            self.faces.tell(MeetingEvent::ShareFailed(fault));
            return self.set_share(false);
        }
        self.share_bandwidth();
        self.share_pictures();
    }

    /// Tells the focus of the screen's streams, once a session.
    pub(super) fn announce_screen(&mut self) {
        self.announce_screen_directly();
        if !self.options.share || self.screen.announced {
            return;
        }
        let Some(session) = &mut self.session else { return };
        if session.declare_screen(&self.uplink.screen) {
            self.screen.announced = true;
            let (sources, groups) = screen::sources(&self.endpoint, &self.uplink.screen);
            self.tell_guest(guest::Command::AddSources { sources, groups });
        }
    }

    /// What presence says of the screen, once there was one.
    pub(super) fn screen_state(&mut self) -> Option<(String, SourceState)> {
        self.screen.named |= self.options.share;
        let state = SourceState { muted: !self.options.share, desktop: true };
        self.screen.named.then(|| (names::screen(&self.endpoint), state))
    }

    pub(super) fn tell_screen_type(&mut self) {
        if self.screen.named {
            self.say_to_bridge(&bridge::screen_type(names::screen(&self.endpoint), self.options.share));
        }
    }

    pub(super) fn send_screen(&mut self, unit: Unit) {
        if let Some(direct) = self.standing() {
            if direct.screen && direct.wanted.1 > 0 {
                let packet = direct.uplink.screen_packet(unit);
                direct.session.send(packet);
            }
            return;
        }
        if !self.screen.announced {
            return;
        }
        let packet = self.uplink.screen_packet(unit);
        if let Some(session) = &mut self.session {
            session.send(packet);
        }
    }

    /// Shares what the path carries between sound, camera and screen.
    pub(super) fn share_bandwidth(&self) {
        let standing = self.direct.as_ref().filter(|direct| direct.stands());
        let (_, Some(bps)) = standing.map_or(&self.meter, |direct| &direct.meter).read() else { return };
        let bits = sending::video_bitrate(bps);
        let (camera, screen) = screen::split(bits, self.options.camera, self.options.share);
        self.sending.camera.set_bitrate(camera);
        self.screen.sight.set_bitrate(screen);
    }
}
