//! Y4M files (YUV4MPEG2, 4:2:0) in place of a camera, and for what was received.
//!
//! What it is not: no other subsampling and no deeper colour; such files are refused with what they are.

use crate::error::DeviceError;
use runde_media::Picture;
use runde_media::scale::Scaler;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Longest line of a header. Real ones have some sixty bytes.
const MAX_LINE: u64 = 512;

/// Reads pictures, over and over.
#[derive(Debug)]
pub struct Reader {
    file: BufReader<File>,
    path: PathBuf,
    width: u32,
    height: u32,
    fps: f64,
    start: u64,
    seq: u64,
}

impl Reader {
    /// Reads the header.
    ///
    /// # Errors
    /// [`DeviceError::File`], or [`DeviceError::Format`] for anything but 8-bit 4:2:0 within the size limits of [`Picture`].
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        let file = File::open(path).map_err(|source| DeviceError::File { path: path.to_owned(), source })?;
        let mut reader = Self {
            file: BufReader::new(file),
            path: path.to_owned(),
            width: 0,
            height: 0,
            fps: 30.0,
            start: 0,
            seq: 0,
        };
        let line = reader.line()?.ok_or_else(|| reader.refused("it is empty"))?;
        let mut words = line.split(' ');
        if words.next() != Some("YUV4MPEG2") {
            return Err(reader.refused("not a Y4M file"));
        }
        for word in words {
            reader.parameter(word)?;
        }
        if Picture::bytes_of(reader.width, reader.height).is_err() {
            return Err(reader.refused(&format!("a size of {}x{}", reader.width, reader.height)));
        }
        reader.start = reader.file.stream_position().map_err(|source| reader.failed(source))?;
        Ok(reader)
    }

    /// Pictures a second, as the header says.
    #[must_use]
    pub fn fps(&self) -> f64 {
        self.fps
    }

    /// The next picture; after the last comes the first.
    ///
    /// # Errors
    /// [`DeviceError`] when the file holds no whole picture or cannot be read any more.
    pub fn picture(&mut self, captured_at: Instant) -> Result<Picture, DeviceError> {
        if let Some(picture) = self.one(captured_at)? {
            return Ok(picture);
        }
        self.file.seek(SeekFrom::Start(self.start)).map_err(|source| self.failed(source))?;
        self.one(captured_at)?.ok_or_else(|| self.refused("no whole picture in it"))
    }

    fn one(&mut self, captured_at: Instant) -> Result<Option<Picture>, DeviceError> {
        let Some(line) = self.line()? else { return Ok(None) };
        if !line.starts_with("FRAME") {
            return Err(self.refused("a picture does not begin with FRAME"));
        }
        let size = Picture::bytes_of(self.width, self.height).unwrap_or_default();
        let mut planes = vec![0; size];
        match self.file.read_exact(&mut planes) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(source) => return Err(self.failed(source)),
        }
        self.seq += 1;
        Ok(Picture::new(self.width, self.height, planes, self.seq, captured_at).ok())
    }

    fn parameter(&mut self, word: &str) -> Result<(), DeviceError> {
        let Some((letter, value)) = word.split_at_checked(1) else { return Ok(()) };
        match letter {
            "W" => self.width = value.parse().unwrap_or(0),
            "H" => self.height = value.parse().unwrap_or(0),
            "F" => self.fps = rate(value).ok_or_else(|| self.refused("its rate makes no sense"))?,
            "C" if !is_420(value) => return Err(self.refused(&format!("colours as {value}; needed is 420, 8 bits"))),
            _ => {}
        }
        Ok(())
    }

    fn line(&mut self) -> Result<Option<String>, DeviceError> {
        let mut line = Vec::new();
        let read =
            (&mut self.file).take(MAX_LINE).read_until(b'\n', &mut line).map_err(|source| self.failed(source))?;
        if read == 0 {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            return Err(self.refused("a line without end"));
        }
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }

    fn failed(&self, source: std::io::Error) -> DeviceError {
        DeviceError::File { path: self.path.clone(), source }
    }

    fn refused(&self, reason: &str) -> DeviceError {
        DeviceError::Format { path: self.path.clone(), reason: reason.to_owned() }
    }
}

fn is_420(colours: &str) -> bool {
    ["420", "420jpeg", "420mpeg2", "420paldv"].contains(&colours)
}

fn rate(value: &str) -> Option<f64> {
    let (over, under) = value.split_once(':')?;
    let fps = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
    (1.0..=120.0).contains(&fps).then_some(fps)
}

/// Writes pictures. The first one decides the size; others are scaled to it, since the format has one size for all.
pub struct Writer {
    file: BufWriter<File>,
    size: Option<(u32, u32)>,
    fps: u32,
    scaler: Scaler,
}

impl Writer {
    /// Makes the file and the folders it lies in, or empties it. `fps` only stands in the header.
    ///
    /// # Errors
    /// [`DeviceError::File`].
    pub fn create(path: &Path, fps: u32) -> Result<Self, DeviceError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let made = folder.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| File::create(path));
        let file = made.map_err(|source| DeviceError::File { path: path.to_owned(), source })?;
        Ok(Self { file: BufWriter::new(file), size: None, fps: fps.max(1), scaler: Scaler::new() })
    }

    /// Appends one picture.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn picture(&mut self, picture: &Picture) -> std::io::Result<()> {
        let (width, height) = match self.size {
            Some(size) => size,
            None => self.begin(picture)?,
        };
        let picture = self.scaler.to_size(picture, width, height);
        self.file.write_all(b"FRAME\n")?;
        self.file.write_all(picture.bytes())
    }

    fn begin(&mut self, picture: &Picture) -> std::io::Result<(u32, u32)> {
        let (width, height) = (picture.width(), picture.height());
        writeln!(self.file, "YUV4MPEG2 W{width} H{height} F{}:1 Ip A1:1 C420jpeg", self.fps)?;
        self.size = Some((width, height));
        Ok((width, height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("runde-{}-{name}", std::process::id()))
    }

    #[test]
    fn pictures_are_written_and_read_over_and_over_in_one_size() {
        let folder = path("films");
        let (path, now) = (folder.join("of").join("loop.y4m"), Instant::now());
        let mut writer = Writer::create(&path, 25).unwrap();
        writer.picture(&Picture::plain(5, 3, [10, 20, 30], 0, now)).unwrap();
        writer.picture(&Picture::plain(50, 30, [90, 91, 92], 1, now)).unwrap();
        drop(writer);
        let mut reader = Reader::open(&path).unwrap();
        assert!((reader.fps() - 25.0).abs() < 1e-9);
        let seen: Vec<(u32, u8, u64)> =
            (0..3).map(|_| reader.picture(now).unwrap()).map(|p| (p.width(), p.y()[0], p.seq)).collect();
        assert_eq!(seen, [(5, 10, 1), (5, 90, 2), (5, 10, 3)]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn other_files_are_refused_with_what_they_are() {
        let long = format!("YUV4MPEG2 {}", "X".repeat(1000));
        for (i, (text, why)) in [
            ("", "empty"),
            ("RIFF....\n", "not a Y4M"),
            ("YUV4MPEG2 W9 H9 C444\n", "444"),
            ("YUV4MPEG2 W0 H9\n", "0x9"),
            ("YUV4MPEG2 W99999 H9\n", "99999x9"),
            ("YUV4MPEG2 W8 H8 F0:0\n", "rate"),
            (&long, "without end"),
        ]
        .into_iter()
        .enumerate()
        {
            let path = path(&format!("bad{i}.y4m"));
            std::fs::write(&path, text).unwrap();
            let error = Reader::open(&path).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_file_without_a_whole_picture_is_an_error_and_no_endless_loop() {
        let path = path("short.y4m");
        std::fs::write(&path, "YUV4MPEG2 W8 H8 F30:1\nFRAME\nabc").unwrap();
        assert!(Reader::open(&path).unwrap().picture(Instant::now()).is_err());
        std::fs::remove_file(path).unwrap();
    }
}
