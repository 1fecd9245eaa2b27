//! What the parties of a run agree on by their greetings: the session's id, a fresh key for each pair, and the proof that a channel belongs to
//! both. Pure functions of bytes: no socket, no clock.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use smpc_math::prf::Key;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Thirty-two random bytes that only their maker and, in a greeting, one peer know.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// Fresh randomness from the operating system.
pub(crate) fn fresh() -> Result<Secret, crate::NetError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(crate::NetError::internal)?;
    Ok(bytes)
}

/// A key that only this party has, fresh from the operating system.
///
/// # Errors
/// The system has no randomness to give.
pub fn fresh_key() -> Result<Key, crate::NetError> {
    Ok(Key::new(*fresh()?))
}

/// The session's id (R2): it covers the nonces of all parties in their order and the terms that all of them have.
pub(crate) fn session_id(nonces: &[[u8; 32]], terms: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"smpc session 1");
    hash.update((nonces.len() as u64).to_le_bytes());
    nonces.iter().for_each(|nonce| hash.update(nonce));
    hash.update(terms);
    hash.finalize().into()
}

/// What a pair of parties shares in this run.
pub(crate) struct Pair {
    /// The key that masks come from.
    pub(crate) key: Key,
    /// The key of the proofs below; independent of the other.
    proof: Secret,
}

impl Pair {
    /// From the halves that the party with the lower number and that with the higher one have chosen (RFC 5869).
    pub(crate) fn new(session: &[u8; 32], low: (usize, &Secret), high: (usize, &Secret)) -> Self {
        let mut halves = Zeroizing::new([0; 64]);
        halves[..32].copy_from_slice(&**low.1);
        halves[32..].copy_from_slice(&**high.1);
        let hkdf = Hkdf::<Sha256>::new(Some(session), &*halves);
        let derive = |purpose: &[u8]| {
            let mut out = Zeroizing::new([0; 32]);
            let expanded =
                hkdf.expand_multi_info(&[b"smpc pair 1 ", purpose, &number(low.0), &number(high.0)], &mut *out);
            debug_assert!(expanded.is_ok(), "32 bytes are within HKDF's limit");
            out
        };
        Self { key: Key::new(*derive(b"mask")), proof: derive(b"proof") }
    }

    fn tag(&self, bytes: &[u8]) -> [u8; 32] {
        // A key shorter than the hash's block is filled up with zeros (RFC 2104).
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(&*self.proof);
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

fn number(party: usize) -> [u8; 4] {
    u32::try_from(party).unwrap_or(u32::MAX).to_le_bytes()
}

/// The control channel's number; data channels count from 0.
pub(crate) const CONTROL: u32 = u32::MAX;

/// Bytes of a channel's first frame: mark, session, channel, sender, receiver, direction, tag.
pub(crate) const OPENING: usize = 8 + 32 + 4 + 4 + 4 + 1 + 32;
const MARK: &[u8; 8] = b"smpcopen";
const TAG: usize = OPENING - 32;

/// The first frame of a channel in one direction. It proves that its sender takes part in this session and means this channel, so that a
/// connection of another run cannot be spliced into this one, nor a direction turned round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) session: [u8; 32],
    pub(crate) channel: u32,
    pub(crate) sender: usize,
    pub(crate) receiver: usize,
}

impl Opening {
    /// The frame.
    pub(crate) fn encode(&self, pair: &Pair) -> [u8; OPENING] {
        let mut bytes = [0; OPENING];
        bytes[..8].copy_from_slice(MARK);
        bytes[8..40].copy_from_slice(&self.session);
        bytes[40..44].copy_from_slice(&self.channel.to_le_bytes());
        bytes[44..48].copy_from_slice(&number(self.sender));
        bytes[48..52].copy_from_slice(&number(self.receiver));
        // The party with the higher number has made the connection.
        bytes[52] = u8::from(self.sender > self.receiver);
        let tag = pair.tag(&bytes[..TAG]);
        bytes[TAG..].copy_from_slice(&tag);
        bytes
    }

    /// Compares a peer's frame with the one that must come, in constant time; what is wrong with it in plain words.
    pub(crate) fn check(expected: &[u8; OPENING], found: &[u8; OPENING]) -> Result<(), &'static str> {
        if bool::from(expected.ct_eq(found)) {
            return Ok(());
        }
        let differs = |from: usize, to: usize| expected[from..to] != found[from..to];
        Err(if differs(0, 8) {
            "its channel does not open as it must"
        } else if differs(8, 40) {
            "its channel belongs to another session"
        } else if differs(40, 44) {
            "its channel has another number"
        } else if differs(44, TAG) {
            "its channel leads from or to somebody else"
        } else {
            "it does not know the key of this session"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(session: u8, low: u8, high: u8) -> Pair {
        Pair::new(&[session; 32], (0, &Zeroizing::new([low; 32])), (1, &Zeroizing::new([high; 32])))
    }

    #[test]
    fn session_and_keys_depend_on_everything() {
        let base = session_id(&[[1; 32], [2; 32]], b"terms");
        assert_eq!(base, session_id(&[[1; 32], [2; 32]], b"terms"));
        assert_ne!(base, session_id(&[[2; 32], [1; 32]], b"terms"));
        assert_ne!(base, session_id(&[[1; 32], [2; 32]], b"term"));
        let keys = [pair(1, 1, 1), pair(2, 1, 1), pair(1, 2, 1), pair(1, 1, 2)];
        for (i, one) in keys.iter().enumerate() {
            assert_ne!(one.key.bytes(), &*one.proof);
            for other in &keys[..i] {
                assert!(one.key.bytes() != other.key.bytes() && one.proof != other.proof);
            }
        }
    }

    #[test]
    fn an_opening_fits_one_channel_one_way() {
        let opening = Opening { session: [1; 32], channel: 0, sender: 0, receiver: 1 };
        let expected = opening.encode(&pair(1, 1, 1));
        assert_eq!(Opening::check(&expected, &expected), Ok(()));
        let others = [
            (Opening { session: [2; 32], ..opening }, "another session"),
            (Opening { channel: 1, ..opening }, "another number"),
            (Opening { channel: CONTROL, ..opening }, "another number"),
            (Opening { sender: 1, receiver: 0, ..opening }, "somebody else"),
            (Opening { receiver: 2, ..opening }, "somebody else"),
        ];
        for (other, says) in others {
            let what = Opening::check(&expected, &other.encode(&pair(1, 1, 1))).expect_err("it must not fit");
            assert!(what.contains(says), "{what}");
        }
        let what = Opening::check(&expected, &opening.encode(&pair(1, 1, 2))).expect_err("another key");
        assert!(what.contains("key"), "{what}");
    }
}
