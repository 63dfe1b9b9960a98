//! Pictures in other sizes.
//!
//! What it is not: no cropping, no rotation, no other pixel format.

use crate::picture::{MAX_SIDE, Picture};
use fast_image_resize as resize;
use resize::images::{Image, ImageRef};

/// Keeps its working memory between pictures; one for each thread.
pub struct Scaler {
    resizer: resize::Resizer,
}

impl Scaler {
    /// A scaler.
    #[must_use]
    pub fn new() -> Self {
        Self { resizer: resize::Resizer::new() }
    }

    /// The picture in exactly this size (cut to `1..=4096`): 2x2 averages when it is exactly half, a box filter for other
    /// reductions, bilinear when it grows. The same size costs nothing.
    pub fn to_size(&mut self, picture: &Picture, width: u32, height: u32) -> Picture {
        let (width, height) = (width.clamp(1, MAX_SIDE), height.clamp(1, MAX_SIDE));
        if (width, height) == (picture.width(), picture.height()) {
            return picture.clone();
        }
        if (2 * width, 2 * height) == (picture.width(), picture.height()) && width % 2 == 0 && height % 2 == 0 {
            return halve(picture);
        }
        self.resize(picture, width, height).unwrap_or_else(|| picture.clone())
    }

    /// At most `height` lines, same aspect, never larger than it is.
    pub fn to_height(&mut self, picture: &Picture, height: u32) -> Picture {
        if picture.height() <= height {
            return picture.clone();
        }
        let height = even(height);
        self.to_size(picture, width_for(picture.width(), picture.height(), height), height)
    }

    fn resize(&mut self, picture: &Picture, width: u32, height: u32) -> Option<Picture> {
        let half = |side: u32| side.div_ceil(2);
        let full = (picture.width(), picture.height(), width, height);
        let chroma = (picture.chroma_width(), picture.chroma_height(), half(width), half(height));
        let mut planes = Vec::with_capacity(Picture::bytes_of(width, height).ok()?);
        for (plane, size) in [(picture.y(), full), (picture.u(), chroma), (picture.v(), chroma)] {
            self.plane(plane, size, &mut planes)?;
        }
        Picture::new(width, height, planes, picture.seq, picture.captured_at).ok()
    }

    fn plane(&mut self, from: &[u8], (fw, fh, tw, th): (u32, u32, u32, u32), out: &mut Vec<u8>) -> Option<()> {
        let filter = if tw < fw { resize::FilterType::Box } else { resize::FilterType::Bilinear };
        let options = resize::ResizeOptions::new().resize_alg(resize::ResizeAlg::Convolution(filter));
        let source = ImageRef::new(fw, fh, from, resize::PixelType::U8).ok()?;
        let mut target = Image::new(tw, th, resize::PixelType::U8);
        self.resizer.resize(&source, &mut target, &options).ok()?;
        out.extend_from_slice(target.buffer());
        Some(())
    }
}

impl Default for Scaler {
    fn default() -> Self {
        Self::new()
    }
}

/// Width that keeps the aspect, even, at least 2.
#[must_use]
pub fn width_for(width: u32, height: u32, new_height: u32) -> u32 {
    let exact = u64::from(width) * u64::from(new_height) / u64::from(height.max(1));
    even(u32::try_from(exact).unwrap_or(MAX_SIDE).clamp(2, MAX_SIDE))
}

fn even(side: u32) -> u32 {
    (side & !1).max(2)
}

/// Half the width and height; both must be multiples of four for the colour planes to halve exactly.
fn halve(picture: &Picture) -> Picture {
    let (width, height) = (picture.width() / 2, picture.height() / 2);
    let mut planes = Vec::with_capacity((width * height * 3 / 2) as usize);
    average(picture.y(), picture.width() as usize, &mut planes);
    average(picture.u(), picture.chroma_width() as usize, &mut planes);
    average(picture.v(), picture.chroma_width() as usize, &mut planes);
    Picture::new(width, height, planes, picture.seq, picture.captured_at).unwrap_or_else(|_| picture.clone())
}

fn average(plane: &[u8], width: usize, out: &mut Vec<u8>) {
    for rows in plane.chunks_exact(2 * width) {
        let (upper, lower) = rows.split_at(width);
        out.extend(upper.chunks_exact(2).zip(lower.chunks_exact(2)).map(|(a, b)| {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            #[allow(clippy::cast_possible_truncation)] // a quarter of four bytes
            let mean = ((sum + 2) / 4) as u8;
            mean
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpx::testing::{moving, psnr};
    use std::time::Instant;

    #[test]
    fn half_a_picture_averages_four_pixels() {
        let picture = Picture::new(4, 4, (0..24).collect(), 9, Instant::now()).unwrap();
        let half = Scaler::new().to_size(&picture, 2, 2);
        assert_eq!(half.y(), [3, 5, 11, 13]); // (0+1+4+5+2)/4, ...
        assert_eq!((half.u(), half.v(), half.seq), (&[18][..], &[22][..], 9));
    }

    #[test]
    fn both_ways_of_halving_agree() {
        let picture = moving(640, 360, 1);
        let mut scaler = Scaler::new();
        let other = scaler.resize(&picture, 320, 180).unwrap();
        assert!(psnr(&halve(&picture), &other) > 40.0);
    }

    #[test]
    fn a_tile_gets_its_height_and_keeps_its_aspect() {
        let mut scaler = Scaler::new();
        for (from, height, to) in [
            ((1280, 720), 180, (320, 180)),
            ((640, 480), 180, (240, 180)),
            ((321, 181), 90, (158, 90)),
            ((320, 180), 720, (320, 180)),
        ] {
            let small = scaler.to_height(&moving(from.0, from.1, 0), height);
            assert_eq!((small.width(), small.height()), to);
        }
        assert_eq!(scaler.to_size(&moving(64, 64, 0), 100, 50).y().len(), 5000);
    }
}
