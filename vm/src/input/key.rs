//! The key under which the owners of data hash the cells of keyed columns: what they look for in each other's tables never leaves their machines, and
//! whoever lacks the key cannot try out names. Whoever has it can, so it is for the owners alone and not for other nodes.
//!
//! The hash is HMAC-SHA256 (RFC 2104) of the cell's text, cut to the first bits. Nothing here prints a key.

use crate::failure::Failure;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use std::fmt::{self, Write as _};
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of a key: as many as the hash has, to as many as it takes as they are.
const BYTES: RangeInclusive<usize> = 32..=64;

/// Longest key file, with room for space and line ends.
const LONGEST: u64 = 1024;

/// How to make a key.
pub(super) const MAKE: &str = "the owners of the data share one key, for instance `openssl rand -hex 32 > csv.key` and `chmod 600 csv.key`; hand it \
                               to them alone, and give --csv-key csv.key";

/// A key; wiped when dropped.
pub struct CsvKey(Zeroizing<Vec<u8>>);

impl fmt::Debug for CsvKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsvKey(secret)")
    }
}

impl CsvKey {
    /// Reads a file of 64 to 128 hexadecimal digits, and says where others of the machine can read it, too.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else; never what it holds.
    pub fn load(path: &Path, log: &dyn Fn(&str)) -> Result<Self, Failure> {
        let fail = |what: &str| Failure::user(format!("--csv-key: {} {what}", path.display())).help(MAKE);
        let file = std::fs::File::open(path).map_err(|error| fail(&format!("cannot be read: {error}")))?;
        let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST).unwrap_or(0) + 1));
        let meta = file.metadata().map_err(|error| fail(&format!("cannot be read: {error}")))?;
        file.take(LONGEST + 1).read_to_end(&mut text).map_err(|error| fail(&format!("cannot be read: {error}")))?;
        let key = Self::of_hex(text.trim_ascii());
        let key = key.ok_or_else(|| fail("holds no key: 64 to 128 hexadecimal digits"))?;
        if meta.is_file() && meta.permissions().mode() & 0o077 != 0 {
            let path = path.display();
            log(&format!(
                "warning: others on this machine may read {path}, which is a secret; `chmod 600 {path}` ends that"
            ));
        }
        Ok(key)
    }

    /// A key for a run of all parties on one machine.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn fresh() -> Result<Self, Failure> {
        let mut key = Zeroizing::new(vec![0; *BYTES.start()]);
        getrandom::fill(&mut key).map_err(|error| Failure::ours(format!("the system gives no randomness: {error}")))?;
        Ok(Self(key))
    }

    fn of_hex(text: &[u8]) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, rest) = text.as_chunks::<2>();
        if !rest.is_empty() || !BYTES.contains(&pairs.len()) {
            return None;
        }
        // Grown to its length at once, so that no copy stays behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
        for [high, low] in pairs {
            bytes.push(digit(*high)? << 4 | digit(*low)?);
        }
        Some(Self(bytes))
    }

    /// The same key, for another party of a run on one machine.
    pub(crate) fn copy(&self) -> Self {
        Self(Zeroizing::new(self.0.to_vec()))
    }

    /// What hashes under this key.
    pub(super) fn hasher(&self) -> Hasher {
        // HMAC takes keys of any length.
        Hasher(Hmac::new_from_slice(&self.0).ok())
    }
}

/// As the parent of a run tells it to a party's process, over a pipe between the two.
impl Serialize for CsvKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut text = Zeroizing::new(String::with_capacity(2 * self.0.len()));
        for byte in self.0.iter() {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        to.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for CsvKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        Self::of_hex(text.as_bytes()).ok_or_else(|| D::Error::custom("no key"))
    }
}

/// Hashes cells; its state is wiped when dropped.
pub(super) struct Hasher(Option<Hmac<Sha256>>);

impl Hasher {
    /// The first `width` bits (at most 256) of a text's hash as a word, whose hexadecimal digits are the hash's first ones: values of 64 bits, least
    /// significant first. `None` where the hash cannot be had.
    pub(super) fn hash(&self, text: &str, width: u32) -> Option<impl Iterator<Item = i64> + use<>> {
        let digest: [u8; 32] = self.0.clone()?.chain_update(text.as_bytes()).finalize().into_bytes().into();
        let word = |limb: usize| {
            // The number that the digest spells is cut to its highest bits; limb 0 holds its lowest 64.
            let Some(limb) = 3_usize.checked_sub(limb) else { return 0 };
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&digest[8 * limb..8 * limb + 8]);
            u64::from_be_bytes(bytes)
        };
        let width = width.min(256);
        let (whole, shift) = (((256 - width) / 64) as usize, (256 - width) % 64);
        let limbs = (0..width.div_ceil(64) as usize).map(|limb| {
            let (low, high) = (word(limb + whole), word(limb + whole + 1));
            if shift == 0 { low } else { low >> shift | high << (64 - shift) }
        });
        Some(limbs.map(u64::cast_signed).collect::<Vec<_>>().into_iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(content: &str) -> (Result<CsvKey, String>, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("csv.key");
        std::fs::write(&path, content).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its owner may");
        let said = std::cell::RefCell::new(Vec::new());
        let key = CsvKey::load(&path, &|text| said.borrow_mut().push(text.to_owned()));
        let key = key.map_err(|failure| failure.to_string().replace(&format!("{}/", folder.path().display()), ""));
        (key, said.into_inner())
    }

    fn hex(limbs: impl Iterator<Item = i64>) -> String {
        limbs.map(|limb| format!("{limb:016x}")).collect::<Vec<_>>().into_iter().rev().collect()
    }

    /// `printf %s Ann | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b…`, and the first test of RFC 4231.
    #[test]
    fn hashes_are_those_of_the_standard() {
        let key = |byte: &str, count: usize| CsvKey::of_hex(byte.repeat(count).as_bytes()).expect("a key");
        let ann = |width| hex(key("0b", 32).hasher().hash("Ann", width).expect("a hash"));
        let digest = ann(256);
        assert_eq!(digest.len(), 64);
        for width in (4..=256).step_by(4) {
            let (found, digits) = (ann(width), (width / 4) as usize);
            assert_eq!(found[found.len() - digits..], digest[..digits], "{width} bits");
            assert!(found[..found.len() - digits].bytes().all(|digit| digit == b'0'), "{width} bits");
        }
        assert_eq!(
            u8::from_str_radix(&ann(1), 16).expect("a digit"),
            u8::from_str_radix(&digest[..1], 16).expect("a digit") >> 3
        );
        // RFC 4231, test case 2: a short key is filled with zeros, which is this key of 32 bytes.
        let jefe = format!("4a656665{}", "00".repeat(28));
        let key = CsvKey::of_hex(jefe.as_bytes()).expect("a key");
        let text = "what do ya want for nothing?";
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(key.hasher().hash(text, 256).expect("a hash")), expected);
    }

    #[test]
    fn key_files() {
        let digits = "0123456789abcdefABCDEF0123456789".repeat(2);
        for content in [digits.clone(), format!("  {digits}\r\n"), digits.repeat(2)] {
            let (key, said) = load(&content);
            assert_eq!(key.expect("a key").0.len() * 2, content.trim().len());
            assert_eq!(said, Vec::<String>::new());
        }
        let wrong = format!("error: --csv-key: csv.key holds no key: 64 to 128 hexadecimal digits\n  = help: {MAKE}");
        for content in [
            "",
            "secret",
            &digits[..62],
            &digits[1..],
            &"0".repeat(130),
            &format!("{}g", &digits[1..]),
            &"0".repeat(5000),
        ] {
            assert_eq!(load(content).0.expect_err("no key"), wrong);
        }
        let missing = CsvKey::load(Path::new("no/such/csv.key"), &|_| ()).expect_err("no file").to_string();
        assert!(missing.contains("no/such/csv.key cannot be read") && missing.contains(MAKE), "{missing}");
    }

    #[test]
    fn a_key_that_others_may_read_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("csv.key");
        std::fs::write(&path, "5".repeat(64)).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("its owner may");
        let said = std::cell::RefCell::new(String::new());
        CsvKey::load(&path, &|text| said.borrow_mut().push_str(text)).expect("a key");
        assert!(said.borrow().contains("warning: others on this machine may read"), "{}", said.borrow());
        assert!(!said.borrow().contains("555"));
    }

    #[test]
    fn keys_do_not_show_and_differ() {
        let (one, other) = (CsvKey::fresh().expect("a key"), CsvKey::fresh().expect("a key"));
        assert_ne!(*one.0, *other.0);
        assert_eq!(format!("{one:?}"), "CsvKey(secret)");
        let told = serde_json::to_string(&one).expect("JSON");
        assert_eq!(*serde_json::from_str::<CsvKey>(&told).expect("a key").0, *one.0);
        let error = serde_json::from_str::<CsvKey>("\"55\"").expect_err("no key").to_string();
        assert!(!error.contains("55"), "{error}");
    }
}
