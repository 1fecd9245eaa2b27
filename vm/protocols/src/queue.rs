//! A queue of bytes that may be secret.

use crate::tick::{HEADER, ROOM};
use zeroize::Zeroize as _;

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// A queue of bytes. Its memory is reused: bytes before `head` are gone, those from `tail` on are free. Where nothing waits, payload begins at a line of the cache, as
/// vectors of shares do.
#[derive(Default)]
pub(crate) struct Queue {
    bytes: Vec<u8>,
    /// The first line that has room for a header before it.
    start: usize,
    head: usize,
    tail: usize,
    /// Nothing was ever written from here on.
    fresh: usize,
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Queue {
    /// Overwrites what was ever written: messages are components of shares.
    fn wipe(&mut self) {
        self.bytes[..self.fresh].zeroize();
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.tail - self.head
    }

    /// They themselves.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.head..self.tail]
    }

    /// Lets the first bytes go.
    pub(crate) fn drop_front(&mut self, count: usize) {
        self.head += count;
        if self.head == self.tail {
            self.clear();
        }
    }

    /// Lets all bytes go.
    pub(crate) fn clear(&mut self) {
        (self.head, self.tail) = (self.start, self.start);
    }

    /// Says that a header comes next: payload begins behind it.
    pub(crate) fn before_header(&mut self) {
        if self.bytes.is_empty() {
            self.make_space(HEADER);
        }
        if self.len() == 0 {
            (self.head, self.tail) = (self.start - HEADER, self.start - HEADER);
        }
    }

    /// Takes the first bytes out, if so many are there.
    pub(crate) fn take(&mut self, out: &mut [u8]) -> bool {
        let ready = self.waiting().get(..out.len()).map(|ready| out.copy_from_slice(ready)).is_some();
        if ready {
            self.drop_front(out.len());
        }
        ready
    }

    /// Writes over bytes that wait, from number `at` on.
    pub(crate) fn overwrite(&mut self, at: usize, bytes: &[u8]) {
        let at = self.head + at;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// A place for `count` bytes behind the last; [`Self::keep`] says how many were written there.
    pub(crate) fn space(&mut self, count: usize) -> &mut [u8] {
        if self.tail + count > self.bytes.len() {
            self.make_space(count);
        }
        &mut self.bytes[self.tail..self.tail + count]
    }

    #[cold]
    fn make_space(&mut self, count: usize) {
        let len = self.len();
        // Twice the room of a link, so that what waits is moved at most once for each byte that comes in; half as much again where more waits.
        let most = (2 * ROOM).max((len + count).div_ceil(2) * 3);
        let wanted = (2 * (len + count)).next_power_of_two().clamp(1024, most) + 2 * LINE;
        // A header at the front stays before a line.
        let header = if self.start > 0 && self.head + HEADER == self.start { HEADER } else { 0 };
        if self.bytes.len() < wanted {
            // Fresh zeros cost nothing until they are written over.
            let mut larger = vec![0; wanted];
            let line = larger.as_ptr().align_offset(LINE);
            // An address that cannot be had is as good as any.
            let start = LINE + if line < LINE { line } else { 0 };
            larger[start - header..][..len].copy_from_slice(self.waiting());
            self.wipe();
            (self.bytes, self.start) = (larger, start);
        } else {
            self.bytes.copy_within(self.head..self.tail, self.start - header);
        }
        self.head = self.start - header;
        self.tail = self.head + len;
        self.fresh = self.fresh.max(self.tail);
    }

    /// Bytes were written to [`Self::space`].
    pub(crate) fn keep(&mut self, count: usize) {
        self.tail += count;
        self.fresh = self.fresh.max(self.tail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes come out as they went in, however the queue grows and moves, and payload begins at a line unless something waits before it.
    #[test]
    fn bytes_wait_in_order() {
        let byte = |at: usize| (at % 251) as u8;
        let mut queue = Queue::default();
        let (mut put, mut taken) = (0, 0);
        for (header, count, take) in [
            (true, 100, 50),
            (false, 3000, 60),
            (false, 70_000, 70_000),
            (true, 200_000, 200_100),
            (false, 2 * ROOM, 2 * ROOM + 1000),
            (true, 10, 5),
            (true, 2 * ROOM, 10),
        ] {
            let alone = queue.len() == 0;
            if header {
                queue.before_header();
                let space = queue.space(HEADER);
                space.iter_mut().enumerate().for_each(|(i, out)| *out = byte(put + i));
                queue.keep(HEADER);
                put += HEADER;
            }
            let space = queue.space(count);
            assert!(!alone || space.as_ptr().align_offset(LINE) == 0, "{header} {count}");
            space.iter_mut().enumerate().for_each(|(i, out)| *out = byte(put + i));
            queue.keep(count);
            put += count;
            let take = take.min(queue.len());
            assert!(queue.waiting()[..take].iter().enumerate().all(|(i, found)| *found == byte(taken + i)));
            queue.drop_front(take);
            taken += take;
            assert_eq!(queue.len(), put - taken);
            assert!(queue.fresh >= queue.tail && queue.fresh <= queue.bytes.len());
            assert!(queue.bytes[queue.fresh..].iter().all(|byte| *byte == 0));
        }
    }
}
