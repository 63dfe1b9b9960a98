//! One own picture on its way to the wire: what is seen, its encoder, the self view, and how large anybody wants it.
//!
//! The encoder lives as long as the meeting once it was needed, so that numbering and timestamps never jump; cameras and screens come
//! and go in front of it. A direct connection has an encoder of its own beside it, in one size. Start at [`Sight::see`].

use std::sync::Arc;

use rand_core::RngCore;
use runde_media::channel::Receiver;
use runde_media::send::{LayerStats, SendError, Unit, VideoConfig, VideoSender};
use runde_media::{Mailbox, Picture};
use tokio_util::task::AbortOnDropHandle;

use crate::local::Camera;

struct Encoder {
    sender: VideoSender,
    units: Receiver<Unit>,
}

/// What is open: the task that hands its pictures to the encoder and to the self view.
pub(super) struct Watched {
    camera: Camera,
    _tee: AbortOnDropHandle<()>,
}

impl Watched {
    /// Hands every picture to both. Must be called within the runtime.
    fn watch(camera: Camera, encoder: Arc<Mailbox<Picture>>, self_view: Arc<Mailbox<Picture>>) -> Self {
        let tee = tee(camera.pictures(), encoder, self_view);
        Self { camera, _tee: AbortOnDropHandle::new(tokio::spawn(tee)) }
    }

    /// Hands the pictures to another encoder from now on.
    fn turn_to(self, encoder: Arc<Mailbox<Picture>>, self_view: Arc<Mailbox<Picture>>) -> Self {
        let Self { camera, _tee: before } = self;
        drop(before);
        Self::watch(camera, encoder, self_view)
    }
}

/// What a direct connection sees: one size, and its own numbers.
#[derive(Default)]
struct Direct {
    encoder: Option<Encoder>,
    pictures: Arc<Mailbox<Picture>>,
    first: [u32; 2],
    wanted_height: u32,
}

/// One own picture, before numbering.
pub(super) struct Sight {
    encoder: Option<Encoder>,
    /// For the direct connection, while there is one.
    direct: Option<Direct>,
    watched: Option<Watched>,
    /// For the encoder.
    pictures: Arc<Mailbox<Picture>>,
    self_view: Arc<Mailbox<Picture>>,
    /// Timestamp and picture id to begin with.
    first: [u32; 2],
    layers: u8,
    wanted_height: u32,
    /// There is a media session that carries it.
    carried: bool,
}

impl Sight {
    /// It goes out in so many sizes.
    pub(super) fn new(layers: u8, rng: &mut impl RngCore) -> Self {
        Self {
            encoder: None,
            direct: None,
            watched: None,
            pictures: Arc::default(),
            self_view: Arc::default(),
            first: std::array::from_fn(|_| rng.next_u32()),
            layers,
            wanted_height: u32::MAX,
            carried: false,
        }
    }

    /// Nobody in the next room has said yet how large they want it.
    pub(super) fn left_room(&mut self) {
        self.set_wanted_height(u32::MAX);
    }

    /// Shows what `camera` sees from now on. Must be called within the runtime.
    ///
    /// # Errors
    /// [`SendError`] when the encoder does not start.
    pub(super) fn see(&mut self, camera: Camera) -> Result<(), SendError> {
        self.start_encoder()?;
        self.watched = Some(Watched::watch(camera, self.goes_to(), self.self_view.clone()));
        self.force_all_key_frames();
        Ok(())
    }

    /// The encoder that is used now, should it not run yet.
    fn start_encoder(&mut self) -> Result<(), SendError> {
        let bridged = self.height();
        let (encoder, pictures, first, layers, height) = match &mut self.direct {
            Some(direct) => (&mut direct.encoder, &direct.pictures, direct.first, 1, direct.wanted_height),
            None => (&mut self.encoder, &self.pictures, self.first, self.layers, bridged),
        };
        if encoder.is_none() {
            let config = VideoConfig {
                first_timestamp: first[0],
                first_picture_id: (first[1] & 0x7fff) as u16,
                layers: usize::from(layers),
                ..VideoConfig::default()
            };
            let (sender, units) = VideoSender::spawn(config, pictures.clone())?;
            sender.set_wanted_height(height);
            *encoder = Some(Encoder { sender, units });
        }
        Ok(())
    }

    fn goes_to(&self) -> Arc<Mailbox<Picture>> {
        self.direct.as_ref().map_or_else(|| self.pictures.clone(), |direct| direct.pictures.clone())
    }

    /// Goes out in one size, for one person, from now on. Must be called within the runtime.
    ///
    /// # Errors
    /// [`SendError`] when the encoder does not start.
    pub(super) fn go_direct(&mut self, rng: &mut impl RngCore) -> Result<(), SendError> {
        let first = std::array::from_fn(|_| rng.next_u32());
        self.direct = Some(Direct { first, wanted_height: u32::MAX, ..Direct::default() });
        self.turn()
    }

    /// Goes out to a bridge again; nothing that waited since before is sent. Must be called within the runtime.
    ///
    /// # Errors
    /// [`SendError`] when the encoder does not start.
    pub(super) fn leave_direct(&mut self) -> Result<(), SendError> {
        let Some(direct) = self.direct.take() else { return Ok(()) };
        // Its thread is joined by its handle, which is no work for this task.
        tokio::task::spawn_blocking(move || drop(direct));
        if let Some(encoder) = &mut self.encoder {
            while encoder.units.try_next().is_some() {}
        }
        self.pictures.try_take();
        self.turn()
    }

    fn turn(&mut self) -> Result<(), SendError> {
        if let Some(watched) = self.watched.take() {
            self.start_encoder()?;
            self.watched = Some(watched.turn_to(self.goes_to(), self.self_view.clone()));
            self.force_all_key_frames();
        }
        Ok(())
    }

    /// The encoder that is used now.
    fn used(&self) -> Option<&Encoder> {
        match &self.direct {
            Some(direct) => direct.encoder.as_ref(),
            None => self.encoder.as_ref(),
        }
    }

    /// How large the one other person wants it; 0 is not at all.
    pub(super) fn set_direct_height(&mut self, lines: u32) {
        let Some(direct) = &mut self.direct else { return };
        direct.wanted_height = lines;
        if let Some(encoder) = &direct.encoder {
            encoder.sender.set_wanted_height(lines);
        }
    }

    /// Takes what is seen away, to be closed by the caller; its last picture must not stay on the screen.
    pub(super) fn take(&mut self) -> Option<Watched> {
        let watched = self.watched.take();
        self.goes_to().try_take();
        self.self_view.try_take();
        watched
    }

    /// Where it appears on this side.
    pub(super) fn self_view(&self) -> Arc<Mailbox<Picture>> {
        self.self_view.clone()
    }

    pub(super) fn set_wanted_height(&mut self, lines: u32) {
        self.wanted_height = lines;
        self.tell_height();
    }

    /// Whether a media session carries it. Without one, as while somebody is alone in the room, encoding would be for nobody.
    pub(super) fn set_carried(&mut self, carried: bool) {
        if self.carried != carried {
            self.carried = carried;
            self.tell_height();
        }
    }

    #[cfg(test)]
    pub(super) fn is_carried(&self) -> bool {
        self.carried
    }

    fn height(&self) -> u32 {
        if self.carried { self.wanted_height } else { 0 }
    }

    fn tell_height(&self) {
        if let Some(encoder) = &self.encoder {
            encoder.sender.set_wanted_height(self.height());
        }
    }

    /// Bits a second in all sizes.
    pub(super) fn set_bitrate(&self, bits: u32) {
        if let Some(encoder) = self.used() {
            encoder.sender.set_bitrate(bits);
        }
    }

    pub(super) fn force_key_frame(&self, layer: u8) {
        if let Some(encoder) = self.used() {
            encoder.sender.force_key_frame(layer);
        }
    }

    pub(super) fn force_all_key_frames(&self) {
        let layers = if self.direct.is_some() { 1 } else { self.layers };
        (0..layers).for_each(|layer| self.force_key_frame(layer));
    }

    /// The next payload; waits for ever while nothing is sent. Safe to drop half way.
    pub(super) async fn next(&mut self) -> Unit {
        let encoder = match &mut self.direct {
            Some(direct) => direct.encoder.as_mut(),
            None => self.encoder.as_mut(),
        };
        next_of(encoder.map(|encoder| &mut encoder.units)).await
    }

    /// The largest size that goes out, while something is seen.
    pub(super) fn stats(&self) -> Option<LayerStats> {
        let (encoder, _) = self.used().zip(self.watched.as_ref())?;
        Some(encoder.sender.stats().iter().rev().find(|layer| layer.fps > 0).copied().unwrap_or_default())
    }
}

pub(super) async fn next_of(units: Option<&mut Receiver<Unit>>) -> Unit {
    if let Some(units) = units
        && let Some(unit) = units.next().await
    {
        return unit;
    }
    // No encoder, or its thread is gone: nothing will come.
    std::future::pending().await
}

/// Hands every picture to both; each of them keeps only its newest.
async fn tee(camera: Arc<Mailbox<Picture>>, encoder: Arc<Mailbox<Picture>>, self_view: Arc<Mailbox<Picture>>) {
    while let Some(picture) = camera.next().await {
        self_view.put(picture.clone());
        encoder.put(picture);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;
    use std::time::Duration;
    use tokio::time::timeout;

    /// Nobody decodes what is shown while there is no session, so nobody encodes it.
    #[tokio::test]
    async fn a_picture_is_encoded_only_while_a_session_carries_it() {
        let mut sight = Sight::new(1, &mut rand_chacha::ChaCha8Rng::from_seed([3; 32]));
        let camera = Camera::blind(());
        let pictures = camera.pictures();
        sight.see(camera).unwrap();
        let begun = std::time::Instant::now();
        // Spaced as a camera's are, so that none is thinned out.
        let show = async |sight: &mut Sight, from: u64| {
            for seq in from..from + 5 {
                let at = begun + Duration::from_millis(seq * 40);
                pictures.put(Picture::plain(64, 48, [90, 128, 128], seq, at));
                if timeout(Duration::from_millis(100), sight.next()).await.is_ok() {
                    return true;
                }
            }
            false
        };
        assert!(!show(&mut sight, 0).await, "there is no session yet");
        sight.set_carried(true);
        assert!(show(&mut sight, 10).await);
        sight.set_carried(false);
        tokio::time::sleep(Duration::from_millis(50)).await;
        while timeout(Duration::from_millis(50), sight.next()).await.is_ok() {}
        assert!(!show(&mut sight, 20).await, "the session is over");
        sight.set_wanted_height(180);
        assert!(!show(&mut sight, 30).await, "a wish from the last session starts nothing");
    }

    #[tokio::test]
    async fn a_picture_reaches_encoder_and_self_view() {
        let (camera, encoder, view) = (Arc::default(), Arc::default(), Arc::default());
        let picture = Picture::plain(16, 16, [1, 2, 3], 9, std::time::Instant::now());
        Mailbox::put(&camera, picture);
        Mailbox::close(&camera);
        tee(camera, Arc::clone(&encoder), Arc::clone(&view)).await;
        assert_eq!((encoder.try_take().map(|p| p.seq), view.try_take().map(|p| p.seq)), (Some(9), Some(9)));
    }
}
