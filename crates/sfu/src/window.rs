//! Which output numbers of a route were used.

/// Which of the last 1024 output numbers went out: a number is sent once, or two packets would share a nonce.
#[derive(Debug, Default)]
pub(crate) struct Window {
    highest: u64,
    bits: [u64; 16],
}

impl Window {
    const SIZE: u64 = 1024;

    /// True when `out` is new; false when it was there or is too old to tell.
    pub(crate) fn insert(&mut self, out: u64) -> bool {
        if out + Self::SIZE <= self.highest {
            return false;
        }
        if out > self.highest {
            for skipped in (self.highest + 1..=out).take(Self::SIZE as usize) {
                self.bits[word(skipped)] &= !mask(skipped);
            }
            if out - self.highest > Self::SIZE {
                self.bits = [0; 16];
            }
            self.highest = out;
        }
        let new = self.bits[word(out)] & mask(out) == 0;
        self.bits[word(out)] |= mask(out);
        new
    }
}

fn word(out: u64) -> usize {
    (out % Window::SIZE / 64) as usize
}

fn mask(out: u64) -> u64 {
    1 << (out % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_window_forgets_what_it_passed() {
        let mut window = Window::default();
        assert!(window.insert(70_000) && !window.insert(70_000));
        assert!(window.insert(70_000 + 5 * Window::SIZE));
        assert!(!window.insert(70_000), "too old to tell");
        assert!(window.insert(70_000 + 5 * Window::SIZE - 3));
    }
}
