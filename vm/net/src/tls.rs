//! Mutual TLS 1.3 with pinned keys (R18).
//!
//! Both sides demand exactly one certificate, have the provider verify the handshake's signature under its key, and compare the key's
//! fingerprint with the session's. Names, dates and issuers of certificates are not looked at. There is one version (1.3), one cipher suite
//! (AES-128-GCM, the fastest), one key exchange (X25519, so that a greeting never takes a second try), no resumption, no tickets, no early
//! data. The number of the channel that a connection is for is agreed within the handshake, as its application protocol.
//!
//! This file opens no socket; see [`crate::record`] for the bytes and [`crate::doors`] for the connections.

use crate::agree::CONTROL;
use crate::error::NetError;
use crate::identity::{Fingerprint, Identity};
use crate::stream::Gone;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, UnbufferedClientConnection};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, UnbufferedServerConnection};
use rustls::sign::SingleCertAndKey;
use rustls::version::TLS13;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, CommonState, DigitallySignedStruct, DistinguishedName, Error,
    HandshakeKind, OtherError, ProtocolVersion, ServerConfig, SignatureScheme,
};
use std::fmt;
use std::sync::Arc;

/// The cryptography that all connections use.
pub(crate) fn provider() -> CryptoProvider {
    let mut provider = rustls::crypto::ring::default_provider();
    provider.cipher_suites = vec![crate::pieces::aes_128_gcm()];
    provider.kx_groups = vec![rustls::crypto::ring::kx_group::X25519];
    provider
}

/// The application protocol of a channel.
pub(crate) fn channel_name(channel: u32) -> Vec<u8> {
    if channel == CONTROL { b"smpc/1/control".to_vec() } else { format!("smpc/1/data/{channel}").into_bytes() }
}

/// A key that is not the session's. An error of its own, because the other end then hears that its certificate is what is wrong.
#[derive(Debug)]
struct Unknown(Fingerprint);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its fingerprint {} is not the session's", self.0)
    }
}

impl std::error::Error for Unknown {}

/// What a TLS error means.
pub(crate) fn gone(error: &Error) -> Gone {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(unknown))) => Gone::Unknown(unknown.to_string()),
        Error::AlertReceived(AlertDescription::CertificateUnknown) => Gone::Refused,
        Error::General(what) => Gone::Broken(what.clone()),
        other => Gone::Broken(other.to_string()),
    }
}

/// Accepts exactly these keys.
#[derive(Debug)]
struct Pinned {
    allowed: Vec<Fingerprint>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pinned {
    fn check(&self, certificate: &CertificateDer<'_>, more: &[CertificateDer<'_>]) -> Result<(), Error> {
        if !more.is_empty() {
            return Err(Error::General("it shows more than one certificate".into()));
        }
        match Fingerprint::of(certificate) {
            Some(found) if self.allowed.contains(&found) => Ok(()),
            Some(found) => {
                Err(Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(Unknown(found))))))
            }
            None => Err(Error::General("its certificate is malformed".into())),
        }
    }

    fn signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }
}

fn only_tls13() -> Error {
    Error::General("only TLS 1.3 is spoken here".into())
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(certificate, more).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        more: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(certificate, more).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(only_tls13())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Makes both ends of connections in one party's name.
pub(crate) struct TlsContext {
    provider: Arc<CryptoProvider>,
    own: Arc<SingleCertAndKey>,
}

impl TlsContext {
    /// For a party's identity.
    pub(crate) fn new(identity: &Identity) -> Result<Self, NetError> {
        let own = identity.certified().map_err(NetError::internal)?;
        Ok(Self { provider: Arc::new(provider()), own: Arc::new(own.into()) })
    }

    fn pinned(&self, allowed: Vec<Fingerprint>) -> Arc<Pinned> {
        Arc::new(Pinned { allowed, algorithms: self.provider.signature_verification_algorithms })
    }

    /// What it takes to connect to the holder of one key, for one channel.
    pub(crate) fn client(&self, peer: Fingerprint, channel: u32) -> Result<Arc<ClientConfig>, NetError> {
        let mut config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])
            .map_err(NetError::internal)?
            .dangerous()
            .with_custom_certificate_verifier(self.pinned(vec![peer]))
            .with_client_cert_resolver(self.own.clone());
        config.alpn_protocols = vec![channel_name(channel)];
        config.resumption = Resumption::disabled();
        config.enable_sni = false;
        config.enable_early_data = false;
        Ok(Arc::new(config))
    }

    /// What it takes to accept connections of the holders of these keys, for any of these channels.
    pub(crate) fn server(&self, peers: Vec<Fingerprint>, channels: &[u32]) -> Result<Arc<ServerConfig>, NetError> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&TLS13])
            .map_err(NetError::internal)?
            .with_client_cert_verifier(self.pinned(peers))
            .with_cert_resolver(self.own.clone());
        config.alpn_protocols = channels.iter().map(|channel| channel_name(*channel)).collect();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        Ok(Arc::new(config))
    }
}

/// The client's end of a connection.
pub(crate) fn client_end(config: Arc<ClientConfig>) -> Result<UnbufferedClientConnection, NetError> {
    // The name is neither sent nor compared: the key is what counts.
    let name = ServerName::try_from("party.smpc.invalid").map_err(NetError::internal)?;
    UnbufferedClientConnection::new(config, name).map_err(NetError::internal)
}

/// The server's end of a connection.
pub(crate) fn server_end(config: Arc<ServerConfig>) -> Result<UnbufferedServerConnection, NetError> {
    UnbufferedServerConnection::new(config).map_err(NetError::internal)
}

/// What a finished handshake has established: the key of the other end and the channel's number. Looks once more at what the handshake must
/// not have been.
pub(crate) fn established(state: &CommonState, channels: &[u32]) -> Result<(Fingerprint, u32), &'static str> {
    if state.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Err("it does not speak TLS 1.3");
    }
    if state.handshake_kind() != Some(HandshakeKind::Full) {
        return Err("its handshake was not a full one");
    }
    let Some([certificate]) = state.peer_certificates() else { return Err("it shows not exactly one certificate") };
    let fingerprint = Fingerprint::of(certificate).ok_or("its certificate is malformed")?;
    let named = |channel: &u32| state.alpn_protocol() == Some(&channel_name(*channel)[..]);
    let channel = channels.iter().copied().find(named).ok_or("it names no channel of this session")?;
    Ok((fingerprint, channel))
}
