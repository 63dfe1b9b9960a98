//! What cameras give, as I420.
//!
//! What it is not: no scaling, no rotation. All is brought to the limited range of BT.601, which is what VP8 means by its
//! colours (RFC 6386 section 9.2) and what the window draws.

use runde_media::Picture;
use runde_media::picture::MAX_SIDE;
use std::time::Instant;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

/// YUYV: luma and alternating colour for each pair of pixels, rows of equal colour count. `None` when bytes are missing.
pub(super) fn yuyv(bytes: &[u8], width: u32, height: u32, seq: u64, at: Instant) -> Option<Picture> {
    if !width.is_multiple_of(2) {
        return None;
    }
    let row_bytes = width as usize * 2;
    let bytes = bytes.get(..row_bytes.checked_mul(height as usize)?)?;
    let mut planes = Vec::with_capacity(Picture::bytes_of(width, height).ok()?);
    planes.extend(bytes.chunks_exact(2).map(|pixel| pixel[0]));
    for offset in [1, 3] {
        for rows in bytes.chunks(2 * row_bytes) {
            let (upper, lower) = rows.split_at(row_bytes.min(rows.len()));
            let lower = if lower.is_empty() { upper } else { lower };
            let pairs = upper.chunks_exact(4).zip(lower.chunks_exact(4));
            planes.extend(pairs.map(|(a, b)| u8::midpoint(a[offset], b[offset])));
        }
    }
    Picture::new(width, height, planes, seq, at).ok()
}

/// NV12: luma, then both colours alternating at half size. `None` when bytes are missing.
pub(super) fn nv12(bytes: &[u8], width: u32, height: u32, seq: u64, at: Instant) -> Option<Picture> {
    let luma = width as usize * height as usize;
    let chroma = width.div_ceil(2) as usize * height.div_ceil(2) as usize;
    let colours = bytes.get(luma..luma + 2 * chroma)?;
    let mut planes = bytes[..luma].to_vec();
    planes.extend(colours.iter().step_by(2));
    planes.extend(colours.iter().skip(1).step_by(2));
    Picture::new(width, height, planes, seq, at).ok()
}

/// Grey, full range. `None` when bytes are missing.
pub(super) fn grey(bytes: &[u8], width: u32, height: u32, seq: u64, at: Instant) -> Option<Picture> {
    let luma = width as usize * height as usize;
    let mut planes: Vec<u8> = bytes.get(..luma)?.iter().map(|y| limited(*y, 219)).collect();
    planes.resize(Picture::bytes_of(width, height).ok()?, 128);
    Picture::new(width, height, planes, seq, at).ok()
}

/// A JPEG picture. `None` when it cannot be decoded; sizes above the limits of [`Picture`] are refused by its header.
pub(super) fn jpeg(bytes: &[u8], seq: u64, at: Instant) -> Option<Picture> {
    let side = MAX_SIDE as usize;
    let options = DecoderOptions::default().set_max_width(side).set_max_height(side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().ok()?;
    let is_grey = decoder.input_colorspace()? == ColorSpace::Luma;
    let wanted = if is_grey { ColorSpace::Luma } else { ColorSpace::YCbCr };
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let pixels = decoder.decode().ok()?;
    let (width, height) = decoder.dimensions()?;
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    if is_grey { grey(&pixels, width, height, seq, at) } else { full_444(&pixels, width, height, seq, at) }
}

/// Three full-range bytes (Y, U, V) for each pixel.
fn full_444(pixels: &[u8], width: u32, height: u32, seq: u64, at: Instant) -> Option<Picture> {
    let row_bytes = width as usize * 3;
    let pixels = pixels.get(..row_bytes.checked_mul(height as usize)?)?;
    let mut planes = Vec::with_capacity(Picture::bytes_of(width, height).ok()?);
    planes.extend(pixels.chunks_exact(3).map(|pixel| limited(pixel[0], 219)));
    for offset in [1, 2] {
        for rows in pixels.chunks(2 * row_bytes) {
            let (upper, lower) = rows.split_at(row_bytes.min(rows.len()));
            let lower = if lower.is_empty() { upper } else { lower };
            let pairs = upper.chunks(6).zip(lower.chunks(6));
            planes.extend(pairs.map(|(a, b)| {
                let right = |pixels: &[u8]| u16::from(*pixels.get(3 + offset).unwrap_or(&pixels[offset]));
                let sum = u16::from(a[offset]) + right(a) + u16::from(b[offset]) + right(b);
                colour(u8::try_from(sum / 4).unwrap_or(128))
            }));
        }
    }
    Picture::new(width, height, planes, seq, at).ok()
}

/// 0..=255 to 16..=16+`span`.
fn limited(full: u8, span: u16) -> u8 {
    u8::try_from(16 + (u16::from(full) * span + 127) / 255).unwrap_or(235)
}

fn colour(full: u8) -> u8 {
    limited(full, 224)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_pairs_are_taken_apart() {
        let rows = [1, 100, 2, 200, 3, 110, 4, 210, 5, 120, 6, 220, 7, 130, 8, 230];
        let picture = yuyv(&rows, 4, 2, 7, Instant::now()).unwrap();
        assert_eq!(
            (picture.y(), picture.u(), picture.v()),
            (&[1, 2, 3, 4, 5, 6, 7, 8][..], &[110, 120][..], &[210, 220][..])
        );
        let odd = yuyv(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 2, 3, 0, Instant::now()).unwrap();
        assert_eq!(odd.u(), [4, 10], "the last row of an odd height stands alone");
        assert!(yuyv(&rows, 4, 3, 0, Instant::now()).is_none(), "bytes are missing");
    }

    #[test]
    fn alternating_colours_are_taken_apart() {
        let picture = nv12(&[1, 2, 3, 4, 50, 60], 2, 2, 0, Instant::now()).unwrap();
        assert_eq!((picture.u(), picture.v()), (&[50][..], &[60][..]));
        assert!(nv12(&[1, 2, 3, 4, 50], 2, 2, 0, Instant::now()).is_none());
        assert_eq!(grey(&[0, 255], 2, 1, 0, Instant::now()).unwrap().bytes(), [16, 235, 128, 128]);
    }

    #[test]
    fn a_jpeg_becomes_a_picture_and_a_broken_one_nothing() {
        let red = jpeg(RED_JPEG, 0, Instant::now()).unwrap();
        let middle = (red.y()[100], red.u()[30], red.v()[30]);
        assert!(near(middle.0, 103) && near(middle.1, 107) && near(middle.2, 189), "{middle:?}");
        let picture = jpeg(GREY_JPEG, 3, Instant::now()).unwrap();
        assert_eq!((picture.width(), picture.height(), picture.seq), (8, 8, 3));
        assert!(picture.y().iter().all(|y| (124..=128).contains(y)), "{:?}", picture.y());
        assert!(picture.u().iter().all(|u| *u == 128));
        for end in 0..GREY_JPEG.len() - 2 {
            let _ = jpeg(&GREY_JPEG[..end], 0, Instant::now());
        }
        assert!(jpeg(b"no picture", 0, Instant::now()).is_none());
    }

    /// One pixel as the window shows it: `weights` are those of V in red, U and V in green, U in blue.
    fn shown(picture: &Picture, [red_v, green_u, green_v, blue_u]: [f32; 4]) -> [f32; 3] {
        let (y, u, v) = (f32::from(picture.y()[100]), f32::from(picture.u()[30]), f32::from(picture.v()[30]));
        let (luma, u, v) = (1.1644 * (y - 16.0), u - 128.0, v - 128.0);
        [luma + red_v * v, luma - green_u * u - green_v * v, luma + blue_u * u].map(|part| part.clamp(0.0, 255.0))
    }

    #[test]
    fn a_coloured_picture_comes_back_as_it_was_by_the_matrix_that_the_window_uses() {
        let picture = jpeg(RED_JPEG, 0, Instant::now()).unwrap();
        let off = |weights| {
            shown(&picture, weights).iter().zip([200.0, 60.0, 60.0]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        let (bt601, bt709) = ([1.5960, 0.3918, 0.8130, 2.0172], [1.7927, 0.2132, 0.5329, 2.1124]);
        assert!(off(bt601) < 5.0, "{:?}", shown(&picture, bt601));
        assert!(off(bt709) > 10.0, "the other matrix would be seen");
    }

    fn near(a: u8, b: u8) -> bool {
        a.abs_diff(b) <= 3
    }

    /// 16x16 pixels of R 200, G 60, B 60, colours halved in width as cameras do.
    const RED_JPEG: &[u8] = include_bytes!("red.jpg");

    /// 8x8 pixels of middle grey, baseline, one component.
    const GREY_JPEG: &[u8] = include_bytes!("grey.jpg");
}
