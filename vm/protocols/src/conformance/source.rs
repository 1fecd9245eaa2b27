//! Keys for tests: fixed, so that a failing case repeats.

use crate::keys::Source;
use crate::tape::Tape;
use smpc_math::prf::{Domain, Key};

/// Any source: tests that look at what is drawn, or meddle with it, have parties of one type, and each protocol is compiled for it once.
pub type Drawn = Box<dyn Source + Send>;

/// A source of fixed words.
#[must_use]
pub fn mixed(seed: u64) -> Drawn {
    Box::new(Mixed(seed))
}

/// The key of that number, of all that hold it.
#[must_use]
pub fn key(seed: u64, number: usize) -> Key {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&(number as u64).to_le_bytes());
    Key::new(bytes)
}

/// A mixing function of the address; no cipher. Tests only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mixed(pub u64);

impl Source for Mixed {
    fn fill(&self, component: usize, domain: Domain, tape: Tape, step: u64, first: usize, out: &mut [u64]) {
        let mix = |x: u64| {
            let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^ (x >> 31)
        };
        let place = [self.0, component as u64, domain as u64, u64::from(tape.epoch()), tape.instance(), step];
        let key = place.iter().fold(0, |key, x| mix(key ^ x).wrapping_add(0x9e37_79b9_7f4a_7c15));
        out.iter_mut().enumerate().for_each(|(i, word)| *word = mix(key ^ mix((first + i) as u64)));
    }
}
