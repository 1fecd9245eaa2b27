//! Who a party is: a private key and a self-signed certificate, known to the others by the fingerprint of the public key.
//!
//! A key file is readable by its owner alone and never overwritten. The certificate is only a carrier of the public key: its names and dates
//! are not looked at by anyone, and a key is trusted exactly as long as its fingerprint stands in the session file.
//!
//! This file never prints or copies a private key, and opens no connection.

use crate::error::NetError;
use rcgen::{Certificate, CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use zeroize::{Zeroize, Zeroizing};

/// SHA-256 of a certificate's public key info: what a session file pins. Written as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate; `None` where it is not an X.509 certificate.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        Some(Self(Sha256::digest(&*parsed.subject_public_key_info()).into()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAFingerprint;

impl fmt::Display for NotAFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint has 64 hex digits, as `smpcvm identity new` prints it")
    }
}

impl std::error::Error for NotAFingerprint {}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotAFingerprint);
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| NotAFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

/// A party's private key and certificate. The key is wiped on drop and never printed.
pub struct Identity {
    key: PrivateKeyDer<'static>,
    certificate: CertificateDer<'static>,
    fingerprint: Fingerprint,
}

impl Identity {
    /// Makes a new key (ECDSA on P-256) and a certificate that carries `name` for people to read, in memory alone.
    ///
    /// # Errors
    /// [`NetError::Internal`] where the system gives no randomness.
    pub fn generate(name: &str) -> Result<Self, NetError> {
        let (mut pair, certificate) = new_pair(name)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pair.serialize_der()));
        pair.zeroize();
        let certificate = certificate.der().clone();
        let fingerprint = Fingerprint::of(&certificate).ok_or_else(|| NetError::internal("a malformed certificate"))?;
        Ok(Self { key, certificate, fingerprint })
    }

    /// Makes a new identity in a folder: `NAME.key`, readable by its owner alone, and `NAME.crt`. Returns it with the key file's path.
    ///
    /// # Errors
    /// [`NetError::Identity`] where a file exists already or cannot be written; then neither is left behind.
    pub fn create(folder: &Path, name: &str) -> Result<(Self, PathBuf), NetError> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.starts_with(['.', '-']) || !name.chars().all(plain) {
            return Err(fault(
                Path::new(name),
                "is not a name for an identity",
                "use letters, digits, '-', '_' and '.'; the files are NAME.key and NAME.crt",
            ));
        }
        let (key_file, certificate_file) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.crt")));
        let (mut pair, certificate) = new_pair(name)?;
        let text = Zeroizing::new(pair.serialize_pem());
        pair.zeroize();
        write_new(&key_file, 0o600, &text)?;
        let written = write_new(&certificate_file, 0o644, &certificate.pem());
        if written.is_err() {
            let _ = fs::remove_file(&key_file);
        }
        written?;
        Ok((Self::load(&key_file)?, key_file))
    }

    /// Reads a key file and the certificate beside it: `NAME.crt` for `NAME.key`.
    ///
    /// # Errors
    /// [`NetError::Identity`] where a file is missing or damaged, or the two do not belong together.
    pub fn load(key_file: &Path) -> Result<Self, NetError> {
        let certificate_file = key_file.with_extension("crt");
        let certificate = read_certificate(&certificate_file)?;
        let fingerprint = Fingerprint::of(&certificate).ok_or_else(|| damaged(&certificate_file, "no certificate"))?;
        let text = Zeroizing::new(fs::read(key_file).map_err(|error| unreadable(key_file, &error))?);
        let key = PrivateKeyDer::from_pem_slice(&text).map_err(|_| damaged(key_file, "no private key"))?;
        let identity = Self { key, certificate, fingerprint };
        identity.certified().map_err(|_| damaged(key_file, "no key that fits the certificate beside it"))?;
        Ok(identity)
    }

    /// Finds the identity with this fingerprint among the `.key` files of a folder.
    ///
    /// # Errors
    /// [`NetError::Identity`] where none has it; the message lists those that are there. Files that cannot be read are passed over.
    pub fn find(folder: &Path, fingerprint: &Fingerprint) -> Result<Self, NetError> {
        let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let mut keys: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "key"))
            .collect();
        keys.sort();
        let mut seen = Vec::new();
        for key in keys {
            let Ok(certificate) = read_certificate(&key.with_extension("crt")) else { continue };
            match Fingerprint::of(&certificate) {
                Some(found) if found == *fingerprint => return Self::load(&key),
                Some(found) => {
                    seen.push(format!("{} has {found}", key.file_name().unwrap_or_default().to_string_lossy()));
                }
                None => {}
            }
        }
        let seen = if seen.is_empty() { "there is none at all".to_owned() } else { seen.join(", ") };
        Err(fault(
            folder,
            &format!("no key here has the fingerprint {fingerprint}: {seen}"),
            "start from the folder that holds this party's key, name the key file, or correct the fingerprint in the session file",
        ))
    }

    /// What the others know this party by.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Key and certificate as the TLS stack takes them.
    pub(crate) fn certified(&self) -> Result<CertifiedKey, rustls::Error> {
        let provider = crate::tls::provider();
        CertifiedKey::from_der(vec![self.certificate.clone()], self.key.clone_key(), &provider)
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, key secret)", self.fingerprint)
    }
}

fn fault(path: &Path, what: &str, help: &str) -> NetError {
    NetError::Identity { path: path.display().to_string(), what: what.to_owned(), help: help.to_owned() }
}

fn unreadable(path: &Path, error: &std::io::Error) -> NetError {
    fault(
        path,
        &format!("cannot be read: {error}"),
        "an identity is two files, NAME.key and NAME.crt; `smpcvm identity new NAME` makes them",
    )
}

fn damaged(path: &Path, lacks: &str) -> NetError {
    fault(
        path,
        &format!("holds {lacks}"),
        "make a new identity with `smpcvm identity new NAME` and tell the others its fingerprint",
    )
}

fn read_certificate(path: &Path) -> Result<CertificateDer<'static>, NetError> {
    let text = fs::read(path).map_err(|error| unreadable(path, &error))?;
    CertificateDer::from_pem_slice(&text).map_err(|_| damaged(path, "no certificate"))
}

/// A new key pair and a certificate that it signs for itself.
fn new_pair(name: &str) -> Result<(KeyPair, Certificate), NetError> {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(NetError::internal)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.self_signed(&pair).map_err(NetError::internal)?;
    Ok((pair, certificate))
}

/// Writes a file that must not exist yet; nothing is left where that fails half way.
fn write_new(path: &Path, mode: u32, text: &str) -> Result<(), NetError> {
    let refused = |error: std::io::Error| {
        let help = if error.kind() == std::io::ErrorKind::AlreadyExists {
            "an identity is never overwritten: choose another name, or move the old files away"
        } else {
            "is the folder writable?"
        };
        fault(path, &format!("cannot be written: {error}"), help)
    };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(refused)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        let _ = fs::remove_file(path);
        refused(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn help_of(error: &NetError) -> String {
        assert!(matches!(error, NetError::Identity { .. }), "{error}");
        error.help()
    }

    #[test]
    fn an_identity_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (made, key) = Identity::create(folder.path(), "me").expect("made");
        let mode = fs::metadata(&key).expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let loaded = Identity::load(&key).expect("loaded");
        let found = Identity::find(folder.path(), &made.fingerprint()).expect("found");
        assert_eq!((loaded.fingerprint(), found.fingerprint()), (made.fingerprint(), made.fingerprint()));

        let before = fs::read(&key).expect("the key");
        let again = Identity::create(folder.path(), "me").expect_err("never overwritten");
        assert!(help_of(&again).contains("never overwritten"));
        assert_eq!(fs::read(&key).expect("the key"), before);
        assert!(!format!("{made:?}").contains("PRIVATE"));
    }

    #[test]
    fn a_certificate_that_is_in_the_way_leaves_no_key_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("me.crt"), "mine").expect("a file");
        assert!(Identity::create(folder.path(), "me").is_err());
        assert!(!folder.path().join("me.key").exists());
    }

    #[test]
    fn damaged_and_missing_files_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let (made, key) = Identity::create(folder.path(), "a").expect("made");
        let (_, other) = Identity::create(folder.path(), "b").expect("made");
        let absent = Fingerprint([7; 32]);
        let error = Identity::find(folder.path(), &absent).expect_err("absent");
        assert!(error.to_string().contains(&made.fingerprint().to_string()), "{error}");
        assert!(error.to_string().contains("fingerprint"), "{error}");
        fs::copy(&other, &key).expect("another key");
        let error = Identity::load(&key).expect_err("they do not fit");
        assert!(error.to_string().contains("a.key"), "{error}");
        fs::write(&key, "nothing").expect("damage");
        assert!(Identity::load(&key).expect_err("damaged").to_string().contains("no private key"));
        assert!(Identity::load(&folder.path().join("c.key")).expect_err("missing").to_string().contains("c.crt"));
        for name in ["", "../x", ".x", "-x", "a/b"] {
            assert!(Identity::create(folder.path(), name).is_err(), "{name}");
        }
    }

    #[test]
    fn fingerprints_read_as_they_print() {
        let fingerprint = Fingerprint(std::array::from_fn(|i| u8::try_from(i * 7 % 256).expect("a byte")));
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        for wrong in ["", "00", &"g".repeat(64), &"0".repeat(65), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(NotAFingerprint));
        }
    }
}
