//! The `video:` scheme: the newest picture of every tile, pulled by the window over one request that is kept open.
//!
//! Not a queue and not a stream: a picture that was never asked for in time is gone. The layout of an answer is in
//! docs/video-frames.md; the reader is ui/src/video/source.ts. Start at [`Frames::next`].

use runde_client::{Mailbox, Picture, Scaler};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// A request without news is answered empty after this long, so that a window that went away is noticed.
const PATIENCE: Duration = Duration::from_secs(1);

/// More tiles than a screen can show side by side; a window that asks for more gets the first ones.
const MOST_TILES: usize = 64;

/// The longest side a tile may ask for, in device pixels.
const LARGEST_SIDE: u32 = 2160;

/// One tile and what was last drawn for it.
struct Shown {
    source: String,
    width: u32,
    height: u32,
    pictures: Arc<Mailbox<Picture>>,
    newest: Option<Picture>,
    /// Number of the newest picture among all pictures of all tiles; 0 before the first.
    seq: u64,
}

/// The tiles on the screen. Shared between the app, which sets them, and the scheme, which answers.
#[derive(Default)]
pub struct Frames {
    tiles: Mutex<Tiles>,
}

#[derive(Default)]
struct Tiles {
    shown: Vec<Shown>,
    seq: u64,
    scaler: Scaler,
}

/// A tile as the app asks for it: where its pictures come from and how large it is drawn.
pub struct Wanted {
    pub source: String,
    pub width: u32,
    pub height: u32,
    pub pictures: Arc<Mailbox<Picture>>,
}

impl Frames {
    /// Replaces the list of tiles; a tile that stays keeps its picture.
    pub fn set(&self, wanted: Vec<Wanted>) {
        let mut tiles = self.lock();
        let mut before = std::mem::take(&mut tiles.shown);
        for tile in wanted.into_iter().take(MOST_TILES) {
            let old =
                before.iter_mut().find(|old| old.source == tile.source && Arc::ptr_eq(&old.pictures, &tile.pictures));
            let resized = old.as_ref().is_some_and(|old| (old.width, old.height) != (tile.width, tile.height));
            let (newest, seq) = old.map_or((None, 0), |old| (old.newest.take(), old.seq));
            let seq = if resized && newest.is_some() { tiles.count() } else { seq };
            let (width, height) = (tile.width.clamp(2, LARGEST_SIDE), tile.height.clamp(2, LARGEST_SIDE));
            tiles.shown.push(Shown { source: tile.source, width, height, pictures: tile.pictures, newest, seq });
        }
    }

    /// The next answer: every tile whose picture is newer than `after`; waits for one, at most [`PATIENCE`].
    pub async fn next(&self, after: u64) -> Vec<u8> {
        let news = poll_fn(|context| self.poll(after, context));
        tokio::time::timeout(PATIENCE, news).await.unwrap_or_else(|_| encode(&[]))
    }

    fn poll(&self, after: u64, context: &mut Context<'_>) -> Poll<Vec<u8>> {
        let mut tiles = self.lock();
        for index in 0..tiles.shown.len() {
            let polled = tiles.shown.get(index).map(|tile| tile.pictures.poll_take(context));
            if let Some(Poll::Ready(Some(picture))) = polled {
                let seq = tiles.count();
                if let Some(tile) = tiles.shown.get_mut(index) {
                    (tile.newest, tile.seq) = (Some(picture), seq);
                }
            }
        }
        let Tiles { shown, scaler, .. } = &mut *tiles;
        let fresh = shown.iter().filter(|tile| tile.seq > after);
        let news: Vec<(String, u64, Picture)> = fresh.filter_map(|tile| tile.draw(scaler)).collect();
        if news.is_empty() { Poll::Pending } else { Poll::Ready(encode(&news)) }
    }

    fn lock(&self) -> MutexGuard<'_, Tiles> {
        self.tiles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tiles {
    fn count(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }
}

impl Shown {
    /// The newest picture, no larger than the tile: the web view is spared bytes it would throw away.
    fn draw(&self, scaler: &mut Scaler) -> Option<(String, u64, Picture)> {
        let picture = self.newest.as_ref()?;
        let by_width = u64::from(self.width) * u64::from(picture.height()) / u64::from(picture.width().max(1));
        // A tile is filled, not letterboxed: the larger of the two heights that would fit.
        let height = self.height.max(u32::try_from(by_width).unwrap_or(LARGEST_SIDE)).clamp(2, LARGEST_SIDE);
        Some((self.source.clone(), self.seq, scaler.to_height(picture, height)))
    }
}

/// Little endian throughout: count, then per tile name length, name, width, height, number, planes Y U V.
fn encode(news: &[(String, u64, Picture)]) -> Vec<u8> {
    let size: usize = news.iter().map(|(name, _, picture)| name.len() + picture.bytes().len() + 18).sum();
    let mut out = Vec::with_capacity(4 + size);
    out.extend(u32::try_from(news.len()).unwrap_or(0).to_le_bytes());
    for (name, seq, picture) in news {
        out.extend(u16::try_from(name.len()).unwrap_or(0).to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(picture.width().to_le_bytes());
        out.extend(picture.height().to_le_bytes());
        out.extend(seq.to_le_bytes());
        out.extend(picture.bytes());
    }
    out
}

/// The number after which the window wants news; a rubbish query asks for everything.
pub fn after(query: &str) -> u64 {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("after="));
    value.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn picture(seq: u64) -> Picture {
        Picture::plain(64, 36, [seq as u8, 128, 128], seq, Instant::now())
    }

    fn wanted(source: &str, pictures: &Arc<Mailbox<Picture>>, width: u32) -> Wanted {
        Wanted { source: source.to_owned(), width, height: width, pictures: pictures.clone() }
    }

    fn count(answer: &[u8]) -> u32 {
        u32::from_le_bytes([answer[0], answer[1], answer[2], answer[3]])
    }

    #[tokio::test(start_paused = true)]
    async fn only_tiles_with_news_are_answered_and_only_their_newest_picture() {
        let (frames, one, two) = (Frames::default(), Arc::new(Mailbox::new()), Arc::new(Mailbox::new()));
        frames.set(vec![wanted("one", &one, 64), wanted("two", &two, 64)]);
        one.put(picture(1));
        one.put(picture(2));
        let answer = frames.next(0).await;
        assert_eq!(count(&answer), 1);
        assert_eq!(&answer[4..9], &[3, 0, b'o', b'n', b'e']);
        assert_eq!(answer[25], 2, "the first luma byte is the newer picture's");
        assert_eq!(count(&frames.next(1).await), 0, "nothing new: an empty answer after the patience");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_got_lost_is_given_again() {
        let (frames, one) = (Frames::default(), Arc::new(Mailbox::new()));
        frames.set(vec![wanted("one", &one, 64)]);
        one.put(picture(1));
        assert_eq!(count(&frames.next(0).await), 1);
        assert_eq!(count(&frames.next(0).await), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiting_request_is_answered_as_soon_as_a_picture_comes() {
        let (frames, one) = (Arc::new(Frames::default()), Arc::new(Mailbox::new()));
        frames.set(vec![wanted("one", &one, 64)]);
        let waiting = tokio::spawn({
            let frames = frames.clone();
            async move { frames.next(0).await }
        });
        tokio::task::yield_now().await;
        one.put(picture(9));
        assert_eq!(count(&waiting.await.unwrap()), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_tile_that_shrinks_gets_its_picture_again_in_the_new_size() {
        let (frames, one) = (Frames::default(), Arc::new(Mailbox::new()));
        frames.set(vec![wanted("one", &one, 64)]);
        one.put(picture(1));
        let large = frames.next(0).await;
        frames.set(vec![wanted("one", &one, 16)]);
        let small = frames.next(1).await;
        assert!(count(&small) == 1 && small.len() < large.len());
    }

    #[test]
    fn rubbish_in_the_query_asks_for_everything() {
        assert_eq!(after("after=12"), 12);
        assert_eq!(after("x=1&after=3"), 3);
        assert_eq!(after("after=-1"), 0);
        assert_eq!(after(""), 0);
    }
}
