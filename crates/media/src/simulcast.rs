//! One source in up to three sizes, each with an encoder of its own.
//!
//! What it is not: no packets and no threads. Which layers run follows from three things: the size of the source, the height
//! the receivers want, and the bits there are.

use crate::picture::Picture;
use crate::scale::{Scaler, width_for};
use crate::vpx::{Encoder, EncoderConfig, Frame, VpxError};

/// Most layers of one source: what Jitsi's SIM groups carry.
pub const MAX_LAYERS: usize = 3;

/// Lines of each layer, and the bits a second below which it is not worth sending, at which it looks good, and above which
/// nobody sees a difference. The browsers' own values for VP8.
const STEPS: [Step; MAX_LAYERS] = [
    Step { height: 180, least: 30_000, good: 150_000, most: 200_000 },
    Step { height: 360, least: 150_000, good: 500_000, most: 700_000 },
    Step { height: 720, least: 600_000, good: 2_000_000, most: 2_500_000 },
];

/// A layer that is off comes back only when there is this much more than its least, in percent; else it would flicker.
const RETURN_PERCENT: u32 = 120;

struct Step {
    height: u32,
    least: u32,
    good: u32,
    most: u32,
}

/// Bits a second that all layers together can use.
#[must_use]
pub fn most_bits_per_second() -> u32 {
    STEPS.iter().map(|step| step.most).sum()
}

/// One encoded picture of one layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LayerFrame {
    /// 0 is the smallest.
    pub layer: u8,
    pub width: u32,
    pub height: u32,
    pub frame: Frame,
}

#[derive(Default)]
struct Slot {
    encoder: Option<Encoder>,
    bits_per_second: u32,
    key_wanted: bool,
    /// Every second picture is: a bridge on a narrow path can halve the rate, and one that chooses sizes by what their halves
    /// cost needs both (see [`crate::vp8::Packetizer::split`]).
    droppable_next: bool,
}

/// All layers of one source.
pub struct Simulcast {
    slots: Vec<Slot>,
    scaler: Scaler,
    wanted_height: u32,
    bits_per_second: u32,
    fps: u32,
}

impl Simulcast {
    /// `layers` is cut to 1..=3; with one layer the source goes out at up to 720 lines.
    #[must_use]
    pub fn new(layers: usize, bits_per_second: u32, fps: u32) -> Self {
        let slots = (0..layers.clamp(1, MAX_LAYERS)).map(|_| Slot::default()).collect();
        Self { slots, scaler: Scaler::new(), wanted_height: u32::MAX, bits_per_second, fps }
    }

    /// The most lines any receiver wants: higher layers stop. 0 stops all; anything else keeps the lowest.
    pub fn set_wanted_height(&mut self, lines: u32) {
        self.wanted_height = lines;
    }

    /// Bits a second for all layers together.
    pub fn set_bitrate(&mut self, bits_per_second: u32) {
        self.bits_per_second = bits_per_second;
    }

    /// The next picture of this layer is a key frame. Layers that do not exist are ignored.
    pub fn force_key_frame(&mut self, layer: u8) {
        if let Some(slot) = self.slots.get_mut(usize::from(layer)) {
            slot.key_wanted = true;
        }
    }

    /// Bits a second each layer gets at present; 0 is off.
    #[must_use]
    pub fn bits(&self) -> Vec<u32> {
        self.slots.iter().map(|slot| slot.bits_per_second).collect()
    }

    /// Encodes the picture in every layer that runs, smallest first. `pts` counts at 90 kHz.
    ///
    /// # Errors
    /// The first [`VpxError`]; that layer starts anew with the next picture, the others are not disturbed.
    pub fn encode(&mut self, picture: &Picture, pts: i64) -> (Vec<LayerFrame>, Option<VpxError>) {
        let sizes = sizes(picture.width(), picture.height(), self.slots.len());
        self.split(&sizes);
        let mut scaled = picture.clone();
        let (mut frames, mut failed) = (Vec::new(), None);
        // From the largest down, so that each size is made from the next larger one.
        for (layer, size) in sizes.iter().enumerate().rev() {
            let Some((width, height)) = *size else { continue };
            let slot = &mut self.slots[layer];
            if slot.bits_per_second == 0 {
                slot.key_wanted = true;
                continue;
            }
            scaled = self.scaler.to_size(&scaled, width, height);
            match slot.encode(&scaled, pts, self.fps) {
                Ok(None) => {}
                Ok(Some(frame)) => {
                    let layer = u8::try_from(layer).unwrap_or_default();
                    frames.push(LayerFrame { layer, width, height, frame });
                }
                Err(error) => {
                    slot.encoder = None;
                    failed = Some(error);
                }
            }
        }
        frames.reverse();
        (frames, failed)
    }

    /// Decides which layers run and what each gets.
    fn split(&mut self, sizes: &[Option<(u32, u32)>]) {
        let steps: Vec<&Step> = self.steps(sizes);
        let mut left = self.bits_per_second;
        let mut shares = vec![0u32; self.slots.len()];
        for (layer, step) in steps.iter().enumerate() {
            let wanted = sizes[layer].is_some_and(|(_, lines)| lines <= self.wanted_height || layer == 0);
            let runs = self.slots[layer].bits_per_second > 0;
            let needed = if runs || layer == 0 { step.least } else { step.least / 100 * RETURN_PERCENT };
            if self.wanted_height == 0 || !wanted || (left < needed && layer > 0) {
                break;
            }
            shares[layer] = step.least.min(left);
            left -= shares[layer];
        }
        for level in [|s: &Step| s.good, |s: &Step| s.most] {
            for (share, step) in shares.iter_mut().zip(&steps).filter(|(share, _)| **share > 0) {
                let more = level(step).saturating_sub(*share).min(left);
                *share += more;
                left -= more;
            }
        }
        for (slot, share) in self.slots.iter_mut().zip(shares) {
            slot.bits_per_second = share;
        }
    }

    fn steps(&self, sizes: &[Option<(u32, u32)>]) -> Vec<&'static Step> {
        if self.slots.len() > 1 {
            return STEPS.iter().take(self.slots.len()).collect();
        }
        let lines = sizes.first().copied().flatten().map_or(0, |(_, lines)| lines);
        vec![STEPS.iter().find(|step| lines <= step.height).unwrap_or(&STEPS[MAX_LAYERS - 1])]
    }
}

impl Slot {
    fn encode(&mut self, picture: &Picture, pts: i64, fps: u32) -> Result<Option<Frame>, VpxError> {
        let size = (picture.width(), picture.height());
        let encoder = match self.encoder.take().filter(|encoder| encoder.size() == size) {
            Some(mut encoder) => {
                encoder.set_bitrate(self.bits_per_second)?;
                encoder
            }
            None => {
                self.key_wanted = true;
                Encoder::new(EncoderConfig {
                    width: size.0,
                    height: size.1,
                    bits_per_second: self.bits_per_second,
                    fps,
                    error_resilient: false,
                })?
            }
        };
        let encoder = self.encoder.insert(encoder);
        let droppable = self.droppable_next && !self.key_wanted;
        let frame = match droppable {
            true => encoder.encode_droppable(picture, pts)?,
            false => encoder.encode(picture, pts, self.key_wanted)?,
        };
        if let Some(frame) = &frame {
            // A key frame that was to be droppable is followed by a proper one, see `encode_droppable`.
            self.key_wanted = frame.key && droppable;
            self.droppable_next = !droppable;
        }
        Ok(frame)
    }
}

/// Width and height of each layer for a source; `None` where the source has no lines left for it.
///
/// A source between two steps fills the upper one at its own size when that is at least a quarter more than the lower.
#[must_use]
pub fn sizes(width: u32, height: u32, layers: usize) -> Vec<Option<(u32, u32)>> {
    let even = |side: u32| (side & !1).max(2);
    let layers = layers.clamp(1, MAX_LAYERS);
    if layers == 1 {
        let lines = even(height.min(STEPS[MAX_LAYERS - 1].height));
        return vec![Some((width_for(width, height, lines), lines))];
    }
    let mut below = 0;
    STEPS
        .iter()
        .take(layers)
        .map(|step| {
            let lines = even(height.min(step.height));
            if lines < below + below / 4 || lines == below {
                return None;
            }
            below = lines;
            Some((width_for(width, height, lines), lines))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpx::Decoder;
    use crate::vpx::testing::moving;
    use std::time::Instant;

    fn layers(simulcast: &mut Simulcast, n: u64) -> Vec<(u8, u32, bool)> {
        let (frames, failed) = simulcast.encode(&moving(1280, 720, n), n as i64 * 3000);
        assert_eq!(failed, None);
        frames.iter().map(|f| (f.layer, f.height, f.frame.key)).collect()
    }

    #[test]
    fn a_camera_goes_out_in_three_sizes_that_all_decode() {
        let mut simulcast = Simulcast::new(3, 3_000_000, 30);
        let (frames, _) = simulcast.encode(&moving(1280, 720, 0), 0);
        let sizes: Vec<_> = frames.iter().map(|f| (f.layer, f.width, f.height)).collect();
        assert_eq!(sizes, [(0, 320, 180), (1, 640, 360), (2, 1280, 720)]);
        for frame in frames {
            let shown = Decoder::new().unwrap().decode(&frame.frame.bytes, Instant::now()).unwrap().unwrap();
            assert_eq!((shown.width(), shown.height()), (frame.width, frame.height));
        }
    }

    #[test]
    fn every_second_picture_of_a_layer_may_be_left_out_and_a_key_frame_never() {
        let mut simulcast = Simulcast::new(3, 3_000_000, 30);
        let mut said = |n: u64| {
            let (frames, _) = simulcast.encode(&moving(1280, 720, n), n as i64 * 3000);
            if n == 3 {
                simulcast.force_key_frame(2);
            }
            frames.iter().map(|f| (f.frame.key, f.frame.droppable)).collect::<Vec<_>>()
        };
        assert_eq!(said(0), [(true, false); 3]);
        assert_eq!(said(1), [(false, true); 3]);
        assert_eq!(said(2), [(false, false); 3]);
        assert_eq!(said(3), [(false, true); 3]);
        assert_eq!(said(4), [(false, false), (false, false), (true, false)]);
        assert_eq!(said(5), [(false, true); 3]);
    }

    #[test]
    fn layers_nobody_wants_stop_and_come_back_with_a_key_frame() {
        let mut simulcast = Simulcast::new(3, 3_000_000, 30);
        layers(&mut simulcast, 0);
        simulcast.set_wanted_height(180);
        assert_eq!(layers(&mut simulcast, 1), [(0, 180, false)]);
        simulcast.set_wanted_height(360);
        assert_eq!(layers(&mut simulcast, 2), [(0, 180, false), (1, 360, true)]);
        simulcast.set_wanted_height(0);
        assert_eq!(layers(&mut simulcast, 3), []);
        simulcast.set_wanted_height(90);
        assert_eq!(layers(&mut simulcast, 4), [(0, 180, true)], "the lowest serves whoever wants less");
    }

    #[test]
    fn one_layer_can_be_asked_for_a_key_frame() {
        let mut simulcast = Simulcast::new(3, 3_000_000, 30);
        layers(&mut simulcast, 0);
        simulcast.force_key_frame(1);
        simulcast.force_key_frame(77);
        assert_eq!(layers(&mut simulcast, 1), [(0, 180, false), (1, 360, true), (2, 720, false)]);
    }

    #[test]
    fn few_bits_go_to_the_small_layers_first() {
        let mut simulcast = Simulcast::new(3, 3_000_000, 30);
        let sizes = sizes(1280, 720, 3);
        let mut split = |bits_per_second: u32| {
            simulcast.set_bitrate(bits_per_second);
            simulcast.split(&sizes);
            simulcast.bits()
        };
        assert_eq!(split(10_000), [10_000, 0, 0]);
        assert_eq!(split(170_000), [150_000 + 20_000, 0, 0], "the second needs 180 000 above the first to come");
        assert_eq!(split(230_000), [80_000, 150_000, 0]);
        assert_eq!(split(200_000), [50_000, 150_000, 0], "and stays until there is less than its least");
        assert_eq!(split(800_000), [200_000, 600_000, 0], "720 lines need 720 000 above the others' least to come");
        assert_eq!(split(u32::MAX), [200_000, 700_000, 2_500_000]);
    }

    #[test]
    fn the_layers_follow_the_size_of_the_source() {
        assert_eq!(sizes(1920, 1080, 3), [Some((320, 180)), Some((640, 360)), Some((1280, 720))]);
        assert_eq!(sizes(640, 480, 3), [Some((240, 180)), Some((480, 360)), Some((640, 480))]);
        assert_eq!(sizes(640, 360, 3), [Some((320, 180)), Some((640, 360)), None]);
        assert_eq!(sizes(160, 120, 3), [Some((160, 120)), None, None]);
        assert_eq!(sizes(1, 1, 3)[0], Some((2, 2)));
        assert_eq!(sizes(1920, 1080, 1), [Some((1280, 720))]);
    }

    #[test]
    fn a_source_that_changes_its_size_starts_anew() {
        let mut simulcast = Simulcast::new(2, 1_000_000, 30);
        simulcast.encode(&moving(640, 360, 0), 0);
        let (frames, failed) = simulcast.encode(&moving(640, 480, 1), 3000);
        assert_eq!(failed, None);
        assert!(frames.iter().all(|f| f.frame.key) && frames.len() == 2);
    }
}
