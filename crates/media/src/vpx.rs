//! VP8 by libvpx: the only module with `unsafe`, a thin safe face over the C shim beside it.
//!
//! What it is not: no packets (see [`crate::vp8`]) and no layers (see [`crate::simulcast`]). Start at [`Encoder`] and
//! [`Decoder`]; both live on one thread at a time.
#![allow(unsafe_code)]

use crate::picture::{MAX_SIDE, Picture};
use bytes::Bytes;
use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};
use std::ptr::NonNull;
use std::time::Instant;

/// Most pixels a received picture may have: 4K UHD, rounded up to whole macroblocks. The decoder keeps about five pictures
/// of the claimed size, so a claim is a demand for memory (70 MB at this limit).
pub const MAX_PIXELS: u32 = 4096 * 2304;

/// What a key frame needs before its size can be read (RFC 6386 9.1): tag, start code, width, height.
const KEY_HEADER: usize = 10;

/// Lowest target the rate control handles sensibly.
const MIN_KBPS: u32 = 20;
/// Highest target: far above what one picture source gets in a meeting, low enough that no multiplication overflows.
const MAX_KBPS: u32 = 20_000;

/// Why libvpx did not do what was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum VpxError {
    /// Out of memory or a size it does not take.
    #[error("the picture codec did not start for {width}x{height}")]
    Start { width: u32, height: u32 },
    /// The picture has another size than the encoder.
    #[error("an encoder for {expected:?} was given a picture of {given:?}")]
    Size { expected: (u32, u32), given: (u32, u32) },
    /// A received key frame claims a size above the limits, or none.
    #[error("a received picture claims {width}x{height}")]
    Claim { width: u32, height: u32 },
    /// A received frame cannot be decoded.
    #[error("a received picture is damaged (code {code})")]
    Damaged { code: i32 },
    /// The encoder failed.
    #[error("the picture encoder failed (code {code})")]
    Encode { code: i32 },
}

/// How to encode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EncoderConfig {
    /// 1 to [`MAX_SIDE`] pixels.
    pub width: u32,
    /// 1 to [`MAX_SIDE`] pixels.
    pub height: u32,
    pub bits_per_second: u32,
    /// Pictures a second the source gives at most.
    pub fps: u32,
    /// Frames decode without the entropy state of lost ones; costs a few percent of quality.
    pub error_resilient: bool,
}

/// One encoded picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    pub bytes: Bytes,
    pub key: bool,
    /// No other picture needs it.
    pub droppable: bool,
}

/// What a picture is to later ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Reference,
    Key,
    Droppable,
}

/// An encoder for pictures of one size.
pub struct Encoder {
    shim: NonNull<c_void>,
    config: EncoderConfig,
    last_pts: i64,
}

// SAFETY: the context is used by one owner at a time (`&mut self` everywhere) and libvpx keeps no thread-local state for it.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Starts an encoder at the speed a live source needs.
    ///
    /// # Errors
    /// [`VpxError::Start`].
    pub fn new(config: EncoderConfig) -> Result<Self, VpxError> {
        let EncoderConfig { width, height, .. } = config;
        if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
            return Err(VpxError::Start { width, height });
        }
        // Faster settings where there are more pixels. One thread each: libvpx's own threads wait for each other by spinning,
        // which on a busy machine costs more than it brings.
        let (speed, threads) = if width * height > 640 * 480 { (-10, 1) } else { (-8, 1) };
        let kbps = kbps(config.bits_per_second);
        // SAFETY: plain numbers in; the result is checked for null and freed in `drop`.
        let shim =
            unsafe { runde_vp8_encoder_new(width, height, kbps, speed, threads, c_int::from(config.error_resilient)) };
        let shim = NonNull::new(shim).ok_or(VpxError::Start { width, height })?;
        Ok(Self { shim, config, last_pts: -1 })
    }

    /// Width and height it takes.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (self.config.width, self.config.height)
    }

    /// Changes the target from the next picture on; kept within 20 kbit/s and 20 Mbit/s.
    ///
    /// # Errors
    /// [`VpxError::Encode`] should libvpx refuse.
    pub fn set_bitrate(&mut self, bits_per_second: u32) -> Result<(), VpxError> {
        if kbps(bits_per_second) == kbps(self.config.bits_per_second) {
            return Ok(());
        }
        self.config.bits_per_second = bits_per_second;
        // SAFETY: `shim` is the live encoder made in `new`.
        let code = unsafe { runde_vp8_encoder_rate(self.shim.as_ptr(), kbps(bits_per_second)) };
        if code == 0 { Ok(()) } else { Err(VpxError::Encode { code }) }
    }

    /// Encodes one picture. `pts` counts at 90 kHz and is moved up when it does not rise. `None` when the rate control
    /// leaves the picture out.
    ///
    /// # Errors
    /// [`VpxError::Size`] for a picture of another size, [`VpxError::Encode`] should libvpx fail.
    pub fn encode(&mut self, picture: &Picture, pts: i64, key: bool) -> Result<Option<Frame>, VpxError> {
        self.encode_as(picture, pts, if key { Role::Key } else { Role::Reference })
    }

    /// Like [`Encoder::encode`], a picture that no later one is made from. At a change of scene libvpx may make a key frame of it;
    /// whether it then remembers that key frame is not promised, so ask for another one after it.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn encode_droppable(&mut self, picture: &Picture, pts: i64) -> Result<Option<Frame>, VpxError> {
        self.encode_as(picture, pts, Role::Droppable)
    }

    fn encode_as(&mut self, picture: &Picture, pts: i64, role: Role) -> Result<Option<Frame>, VpxError> {
        let (expected, given) = (self.size(), (picture.width(), picture.height()));
        if expected != given {
            return Err(VpxError::Size { expected, given });
        }
        self.last_pts = pts.max(self.last_pts + 1);
        let duration = c_ulong::from(90_000 / self.config.fps.clamp(1, 120));
        // SAFETY: `shim` is live; the planes of a `Picture` are complete for its size (its constructor checks), that size is
        // the encoder's (checked above), and they are only read during the call.
        let code = unsafe {
            runde_vp8_encoder_encode(
                self.shim.as_ptr(),
                picture.y().as_ptr(),
                picture.u().as_ptr(),
                picture.v().as_ptr(),
                self.last_pts,
                duration,
                match role {
                    Role::Reference => 0,
                    Role::Key => 1,
                    Role::Droppable => 2,
                },
            )
        };
        if code != 0 {
            return Err(VpxError::Encode { code });
        }
        Ok(self.next_frame(role))
    }

    fn next_frame(&mut self, role: Role) -> Option<Frame> {
        let (mut bytes, mut length, mut key) = (std::ptr::null(), 0usize, 0);
        // SAFETY: `shim` is live and the three pointers are to locals of the right types.
        let any = unsafe { runde_vp8_encoder_next(self.shim.as_ptr(), &raw mut bytes, &raw mut length, &raw mut key) };
        if any == 0 || bytes.is_null() {
            return None;
        }
        // SAFETY: libvpx says `bytes` points at `length` bytes, which hold until the next call on this encoder; they are
        // copied here.
        let copied = Bytes::copy_from_slice(unsafe { std::slice::from_raw_parts(bytes, length) });
        Some(Frame { bytes: copied, key: key != 0, droppable: role == Role::Droppable && key == 0 })
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed once.
        unsafe { runde_vp8_encoder_free(self.shim.as_ptr()) }
    }
}

fn kbps(bits_per_second: u32) -> u32 {
    (bits_per_second / 1000).clamp(MIN_KBPS, MAX_KBPS)
}

/// A decoder for one stream.
pub struct Decoder {
    shim: NonNull<c_void>,
    seq: u64,
    has_key: bool,
}

// SAFETY: as for `Encoder`.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder that waits for a key frame.
    ///
    /// # Errors
    /// [`VpxError::Start`] when there is no memory.
    pub fn new() -> Result<Self, VpxError> {
        // SAFETY: no arguments; the result is checked for null and freed in `drop`.
        let shim = unsafe { runde_vp8_decoder_new() };
        let shim = NonNull::new(shim).ok_or(VpxError::Start { width: 0, height: 0 })?;
        Ok(Self { shim, seq: 0, has_key: false })
    }

    /// Decodes one complete frame. `None` for a frame that is not to be shown. Any bytes are allowed.
    ///
    /// # Errors
    /// [`VpxError::Claim`] for a size above [`MAX_SIDE`] or [`MAX_PIXELS`], before memory is taken for it;
    /// [`VpxError::Damaged`] for everything libvpx cannot read. After an error only a key frame helps.
    pub fn decode(&mut self, frame: &[u8], captured_at: Instant) -> Result<Option<Picture>, VpxError> {
        let is_key = check_claim(frame)?;
        if !is_key && !self.has_key {
            return Err(VpxError::Damaged { code: 0 });
        }
        let length = c_uint::try_from(frame.len()).map_err(|_| VpxError::Damaged { code: 0 })?;
        // SAFETY: `shim` is live; `frame` is readable for `length` bytes during the call.
        let code = unsafe { runde_vp8_decoder_decode(self.shim.as_ptr(), frame.as_ptr(), length) };
        if code != 0 {
            self.has_key = false;
            return Err(VpxError::Damaged { code });
        }
        self.has_key = true;
        Ok(self.next_picture(captured_at))
    }

    fn next_picture(&mut self, captured_at: Instant) -> Option<Picture> {
        let mut raw = RawPicture { planes: [std::ptr::null(); 3], strides: [0; 3], width: 0, height: 0 };
        // SAFETY: `shim` is live and `raw` has the layout of the shim's struct.
        if unsafe { runde_vp8_decoder_next(self.shim.as_ptr(), &raw mut raw) } == 0 {
            return None;
        }
        let (width, height) = (raw.width, raw.height);
        let mut planes = Vec::with_capacity(Picture::bytes_of(width, height).ok()?);
        let half = (width.div_ceil(2), height.div_ceil(2));
        for (plane, (w, h)) in [(width, height), half, half].into_iter().enumerate() {
            let stride = isize::try_from(raw.strides[plane]).ok()?;
            for row in 0..isize::try_from(h).ok()? {
                // SAFETY: libvpx says each plane has `h` rows of at least `w` bytes, `stride` apart, until the next call.
                planes.extend_from_slice(unsafe {
                    std::slice::from_raw_parts(raw.planes[plane].offset(row * stride), w as usize)
                });
            }
        }
        self.seq += 1;
        Picture::new(width, height, planes, self.seq, captured_at).ok()
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: made in `new`, freed once.
        unsafe { runde_vp8_decoder_free(self.shim.as_ptr()) }
    }
}

/// True for a key frame whose size is acceptable.
fn check_claim(frame: &[u8]) -> Result<bool, VpxError> {
    let Some(tag) = frame.first() else { return Err(VpxError::Damaged { code: 0 }) };
    if tag & 1 != 0 {
        return Ok(false);
    }
    let Some(header) = frame.first_chunk::<KEY_HEADER>() else { return Err(VpxError::Damaged { code: 0 }) };
    let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    let (width, height) = (side(header[6], header[7]), side(header[8], header[9]));
    let fits = |side: u32| (1..=MAX_SIDE).contains(&side);
    if header[3..6] != [0x9d, 0x01, 0x2a] || !fits(width) || !fits(height) || width * height > MAX_PIXELS {
        return Err(VpxError::Claim { width, height });
    }
    Ok(true)
}

/// libvpx's version text.
#[must_use]
pub fn version() -> String {
    // SAFETY: libvpx returns a static, zero-terminated text.
    unsafe { CStr::from_ptr(runde_vpx_version()) }.to_string_lossy().into_owned()
}

#[repr(C)]
struct RawPicture {
    planes: [*const u8; 3],
    strides: [c_int; 3],
    width: c_uint,
    height: c_uint,
}

unsafe extern "C" {
    fn runde_vp8_encoder_new(
        w: c_uint,
        h: c_uint,
        kbps: c_uint,
        speed: c_int,
        threads: c_uint,
        resilient: c_int,
    ) -> *mut c_void;
    fn runde_vp8_encoder_free(encoder: *mut c_void);
    fn runde_vp8_encoder_rate(encoder: *mut c_void, kbps: c_uint) -> c_int;
    fn runde_vp8_encoder_encode(
        encoder: *mut c_void,
        y: *const u8,
        u: *const u8,
        v: *const u8,
        pts: i64,
        duration: c_ulong,
        kind: c_int,
    ) -> c_int;
    fn runde_vp8_encoder_next(
        encoder: *mut c_void,
        bytes: *mut *const u8,
        length: *mut usize,
        key: *mut c_int,
    ) -> c_int;
    fn runde_vp8_decoder_new() -> *mut c_void;
    fn runde_vp8_decoder_free(decoder: *mut c_void);
    fn runde_vp8_decoder_decode(decoder: *mut c_void, bytes: *const u8, length: c_uint) -> c_int;
    fn runde_vp8_decoder_next(decoder: *mut c_void, out: *mut RawPicture) -> c_int;
    fn runde_vpx_version() -> *const c_char;
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::picture::Picture;
    use std::time::Instant;

    /// A moving texture with some noise, as a camera would give.
    pub fn moving(width: u32, height: u32, n: u64) -> Picture {
        let mut random = 0x1234_5678u32 ^ u32::try_from(n).unwrap().wrapping_mul(2_654_435_761);
        let mut planes = vec![128u8; Picture::bytes_of(width, height).unwrap()];
        let scale = 1280.0 / width as f32;
        let shift = n as f32 * 3.0;
        for y in 0..height {
            for x in 0..width {
                random ^= random << 13;
                random ^= random >> 17;
                random ^= random << 5;
                let (fx, fy) = (x as f32 * scale + shift, y as f32 * scale);
                let wave = 40.0 * (fx * 0.02).sin() * (fy * 0.031).cos() + 25.0 * (fx * 0.05).sin();
                planes[(y * width + x) as usize] = (120.0 + wave) as u8 + (random & 3) as u8;
            }
        }
        Picture::new(width, height, planes, n, Instant::now()).unwrap()
    }

    /// A scene that stands still, but for a bar that crosses it and blocks that flicker: what a camera on a table sees, and
    /// what keeps blocks of a picture uncoded for a long time.
    pub fn still(width: u32, height: u32, n: u64) -> Picture {
        let mut planes = vec![128u8; Picture::bytes_of(width, height).unwrap()];
        let left = (n as u32 * width / 120) % width;
        for y in 0..height {
            for x in 0..width {
                let block = (x * 8 / width + 8 * (y * 20 / height)) as u64;
                planes[(y * width + x) as usize] = match () {
                    () if y < height / 5 => 40 + 160 * (((n >> (block % 7)) ^ (n * block)) & 1) as u8,
                    () if (left..left + width / 16).contains(&x) => 200,
                    () => (60 + 60 * x / width + 40 * y / height) as u8,
                };
            }
        }
        Picture::new(width, height, planes, n, Instant::now()).unwrap()
    }

    /// Peak signal to noise of the luma in dB.
    pub fn psnr(a: &Picture, b: &Picture) -> f64 {
        let sum: f64 = a.y().iter().zip(b.y()).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum();
        10.0 * (255.0f64.powi(2) / (sum / a.y().len() as f64).max(1e-9)).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{moving, psnr, still};
    use super::*;
    use proptest::prelude::*;

    fn encoder(width: u32, height: u32, bits_per_second: u32) -> Encoder {
        Encoder::new(EncoderConfig { width, height, bits_per_second, fps: 30, error_resilient: false }).unwrap()
    }

    #[test]
    fn what_goes_in_comes_out_nearly_the_same() {
        let (mut encoder, mut decoder) = (encoder(321, 181, 800_000), Decoder::new().unwrap());
        for n in 0..30 {
            let picture = moving(321, 181, n);
            let frame = encoder.encode(&picture, n as i64 * 3000, false).unwrap().expect("no drop at this rate");
            assert_eq!(frame.key, n == 0);
            let shown = decoder.decode(&frame.bytes, Instant::now()).unwrap().unwrap();
            assert_eq!((shown.width(), shown.height()), (321, 181));
            assert!(psnr(&picture, &shown) > 30.0, "picture {n}: {} dB", psnr(&picture, &shown));
        }
        assert!(version().contains('.'));
    }

    #[test]
    fn droppable_pictures_can_be_left_out_and_the_others_stay_what_they_were() {
        let mut encoder = encoder(320, 180, 600_000);
        let (mut all, mut kept) = (Decoder::new().unwrap(), Decoder::new().unwrap());
        for n in 0..40 {
            let (picture, pts) = (moving(320, 180, n), n as i64 * 3000);
            let frame = match n % 2 {
                0 => encoder.encode(&picture, pts, false),
                _ => encoder.encode_droppable(&picture, pts),
            };
            let frame = frame.unwrap().expect("no drop at this rate");
            assert_eq!(frame.droppable, n % 2 == 1);
            let shown = all.decode(&frame.bytes, Instant::now()).unwrap().unwrap();
            assert!(psnr(&picture, &shown) > 28.0, "picture {n}: {} dB", psnr(&picture, &shown));
            if !frame.droppable {
                let alone = kept.decode(&frame.bytes, Instant::now()).unwrap().unwrap();
                assert_eq!(alone.y(), shown.y(), "picture {n}");
            }
        }
    }

    /// Whatever the rate control leaves out, the decoder makes of the rest what the encoder thinks it makes. Otherwise each
    /// picture would be further away than the one before.
    #[test]
    fn nothing_drifts_while_the_rate_control_leaves_pictures_out() {
        let mut encoder = encoder(640, 360, 400_000);
        let (mut all, mut kept) = (Decoder::new().unwrap(), Decoder::new().unwrap());
        let (mut droppable, mut left_out, mut worst) = (false, 0, f64::MAX);
        for n in 0..300 {
            encoder.set_bitrate([400_000, 30_000, 100_000][(n / 20 % 3) as usize]).unwrap();
            let (picture, pts) = (still(640, 360, n), n as i64 * 3000);
            let frame = match droppable {
                true => encoder.encode_droppable(&picture, pts),
                false => encoder.encode(&picture, pts, false),
            };
            let Some(frame) = frame.unwrap() else {
                assert!(!droppable, "only a picture that others are made from may be left out");
                left_out += 1;
                continue;
            };
            droppable = !droppable;
            let shown = all.decode(&frame.bytes, Instant::now()).unwrap().unwrap();
            worst = worst.min(psnr(&picture, &shown));
            if !frame.droppable {
                assert_eq!(kept.decode(&frame.bytes, Instant::now()).unwrap().unwrap().y(), shown.y(), "picture {n}");
            }
        }
        assert!(left_out >= 3 && worst > 30.0, "{left_out} left out, {worst:.1} dB at worst");
    }

    #[test]
    fn a_key_frame_comes_when_asked_for() {
        let mut encoder = encoder(160, 90, 200_000);
        let keys: Vec<u64> = (0..20)
            .filter(|n| {
                let frame = encoder.encode(&moving(160, 90, *n), *n as i64 * 3000, *n == 12).unwrap();
                frame.is_some_and(|f| f.key)
            })
            .collect();
        assert_eq!(keys, [0, 12]);
    }

    #[test]
    fn a_new_bit_rate_is_met_within_a_quarter_over_two_seconds() {
        let mut encoder = encoder(640, 360, 300_000);
        for (bits_per_second, start) in [(300_000u32, 0), (900_000, 90), (400_000, 180)] {
            encoder.set_bitrate(bits_per_second).unwrap();
            let mut bytes = 0;
            for n in start..start + 90 {
                let frame = encoder.encode(&moving(640, 360, n), n as i64 * 3000, false).unwrap();
                // The first second is the rate control's to settle, the next two are counted.
                bytes += if n >= start + 30 { frame.map_or(0, |frame| frame.bytes.len()) } else { 0 };
            }
            let share = bytes as f64 * 8.0 / 2.0 / f64::from(bits_per_second);
            assert!((share - 1.0).abs() < 0.25, "{share} of {bits_per_second} bit/s");
        }
    }

    #[test]
    fn a_claim_of_sixteen_thousand_lines_is_refused_before_it_costs_memory() {
        let mut frame = encoder(64, 64, 100_000).encode(&moving(64, 64, 0), 0, true).unwrap().unwrap().bytes.to_vec();
        frame[6..10].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
        let error = Decoder::new().unwrap().decode(&frame, Instant::now()).err();
        assert_eq!(error, Some(VpxError::Claim { width: 16383, height: 16383 }));
        frame[6..10].copy_from_slice(&[0, 0, 64, 0]);
        let error = Decoder::new().unwrap().decode(&frame, Instant::now()).err();
        assert_eq!(error, Some(VpxError::Claim { width: 0, height: 64 }));
    }

    #[test]
    fn a_picture_of_another_size_is_named() {
        let error = encoder(64, 64, 100_000).encode(&moving(64, 32, 0), 0, false).err();
        assert_eq!(error, Some(VpxError::Size { expected: (64, 64), given: (64, 32) }));
        assert!(
            Encoder::new(EncoderConfig { width: 0, height: 9, bits_per_second: 1, fps: 1, error_resilient: true })
                .is_err()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn garbage_never_breaks_the_decoder(rubbish in proptest::collection::vec(any::<u8>(), 0..400), at in 10usize..200, n in 0u64..4) {
            let mut decoder = Decoder::new().unwrap();
            let _ = decoder.decode(&rubbish, Instant::now());
            let mut frame = encoder(48, 32, 100_000).encode(&moving(48, 32, n), 0, true).unwrap().unwrap().bytes.to_vec();
            let _ = decoder.decode(&frame, Instant::now());
            for (i, byte) in rubbish.iter().enumerate() {
                if let Some(hit) = frame.get_mut(at + i * 7) { *hit ^= byte; }
            }
            let _ = decoder.decode(&frame, Instant::now());
            let _ = decoder.decode(&rubbish, Instant::now());
        }
    }
}
