//! Copies of bulk bytes, in pieces.
//!
//! The copy of the C library (glibc) turns to `rep movsb` from about two kilobytes on. Where the destination lies less than 32 bytes behind the source, counted modulo a
//! page, an AMD Zen 3 then moves 1.6 GB/s in place of 45; and a TLS record, behind its header of five bytes, often lies so. Short copies use vector instructions on
//! every machine.

use rustls::crypto::CipherSuiteCommon;
use rustls::crypto::cipher::{
    AeadKey, Iv, MessageDecrypter, MessageEncrypter, OutboundChunks, OutboundOpaqueMessage, OutboundPlainMessage,
    Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::{ConnectionTrafficSecrets, Error, SupportedCipherSuite, Tls13CipherSuite};

/// Bytes of a piece.
const PIECE: usize = 1024;
/// Pieces of the plaintext of the longest record.
const PIECES: usize = 16 * 1024 / PIECE;

/// Copies a slice to one of the same length.
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    debug_assert_eq!(to.len(), from.len());
    to.chunks_mut(PIECE).zip(from.chunks(PIECE)).for_each(|(to, from)| to.copy_from_slice(from));
}

/// AES-128-GCM as rustls has it. Looked up when this is compiled, so that another kind of suite would not compile.
static WHOLE: &Tls13CipherSuite = match TLS13_AES_128_GCM_SHA256.tls13() {
    Some(suite) => suite,
    None => panic!("no suite of TLS 1.3"),
};

/// The same, where the encryption is told the plaintext of a record in pieces: it begins with a copy.
static PIECEWISE: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: WHOLE.common.suite,
        hash_provider: WHOLE.common.hash_provider,
        confidentiality_limit: WHOLE.common.confidentiality_limit,
    },
    hkdf_provider: WHOLE.hkdf_provider,
    aead_alg: &Piecewise,
    quic: None,
};

/// AES-128-GCM for records that are copied in pieces.
pub(crate) fn aes_128_gcm() -> SupportedCipherSuite {
    SupportedCipherSuite::Tls13(&PIECEWISE)
}

struct Piecewise;

impl Tls13AeadAlgorithm for Piecewise {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Encrypter(WHOLE.aead_alg.encrypter(key, iv)))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        WHOLE.aead_alg.decrypter(key, iv)
    }

    fn key_len(&self) -> usize {
        WHOLE.aead_alg.key_len()
    }

    fn extract_keys(&self, key: AeadKey, iv: Iv) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        WHOLE.aead_alg.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        WHOLE.aead_alg.fips()
    }
}

/// The pieces of a slice in order; the last one is longer where there would be too many.
fn cut(whole: &[u8]) -> [&[u8]; PIECES] {
    let mut pieces: [&[u8]; PIECES] = [&[]; PIECES];
    let (first, rest) = whole.split_at(whole.len().min((PIECES - 1) * PIECE));
    pieces.iter_mut().zip(first.chunks(PIECE)).for_each(|(piece, bytes)| *piece = bytes);
    pieces[PIECES - 1] = rest;
    pieces
}

/// Passes records on, cut in pieces.
struct Encrypter(Box<dyn MessageEncrypter>);

impl MessageEncrypter for Encrypter {
    fn encrypt(&mut self, message: OutboundPlainMessage<'_>, number: u64) -> Result<OutboundOpaqueMessage, Error> {
        let OutboundPlainMessage { typ, version, payload } = message;
        let OutboundChunks::Single(whole) = payload else {
            return self.0.encrypt(OutboundPlainMessage { typ, version, payload }, number);
        };
        let pieces = cut(whole);
        let payload = OutboundChunks::new(&pieces);
        self.0.encrypt(OutboundPlainMessage { typ, version, payload }, number)
    }

    fn encrypted_payload_len(&self, length: usize) -> usize {
        self.0.encrypted_payload_len(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_between_pieces() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|i| i.wrapping_mul(0x9e37_79b1).to_be_bytes()[0]).collect();
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 15 * PIECE, 15 * PIECE + 1, 16 * PIECE, 20_000] {
            let whole = &bytes[..length];
            assert_eq!(cut(whole).concat(), whole);
            let mut copied = vec![0; length];
            copy(&mut copied, whole);
            assert_eq!(copied, whole);
        }
    }
}
