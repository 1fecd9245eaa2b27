//! Who may not take part (R18): copied certificates, parties that pose as others, chains, old versions, resumed sessions, spliced connections,
//! crowds.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::proxy::Proxy;
use common::{LONG, World, rounds, terms};
use rustix::net::{AddressFamily, SocketType};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind, SignatureScheme, StreamOwned};
use smpc_net::{Identity, NetError};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Believes any server.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

/// A certificate and a key as files have them.
struct Files {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// Replaces the identity of a party by one whose files are known.
fn open_identity(world: &mut World, party: usize) -> Files {
    let folder = tempfile::tempdir().unwrap();
    let (identity, key) = Identity::create(folder.path(), "x").unwrap();
    let files = Files {
        certificate: CertificateDer::from_pem_file(key.with_extension("crt")).unwrap(),
        key: PrivateKeyDer::from_pem_file(&key).unwrap(),
    };
    world.config.nodes[party].fingerprint = identity.fingerprint();
    world.identities[party] = Arc::new(identity);
    files
}

fn any_identity() -> Files {
    open_identity(&mut World::new(1, LONG), 0)
}

/// A client with these certificates and this key, which need not belong together.
fn client(
    certificates: Vec<CertificateDer<'static>>,
    key: &PrivateKeyDer<'static>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    let provider = rustls::crypto::ring::default_provider();
    let signing = provider.key_provider.load_private_key(key.clone_key()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(CertifiedKey::new(certificates, signing))));
    config.alpn_protocols = vec![b"smpc/1/control".to_vec()];
    config
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Connects, greets, and reads: whoever is refused gets an error or an end, and no byte.
fn call(address: SocketAddr, config: &Arc<ClientConfig>) -> std::io::Result<Tls> {
    greet(TcpStream::connect(address)?, config)
}

/// The TLS handshake over a connection.
fn greet(socket: TcpStream, config: &Arc<ClientConfig>) -> std::io::Result<Tls> {
    socket.set_read_timeout(Some(Duration::from_secs(20)))?;
    let connection = ClientConnection::new(config.clone(), ServerName::try_from("x").unwrap()).unwrap();
    let mut tls = StreamOwned::new(connection, socket);
    while tls.conn.is_handshaking() {
        tls.conn.complete_io(&mut tls.sock)?;
    }
    Ok(tls)
}

fn assert_refused(address: SocketAddr, config: ClientConfig) {
    let answer = call(address, &Arc::new(config)).and_then(|mut tls| tls.read(&mut [0]));
    match answer {
        Ok(0) => {}
        Ok(_) => panic!("a stranger got an answer"),
        Err(error) => assert!(!matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "kept waiting"),
    }
}

/// Parties 0 and 1, waiting for party 2.
fn first_two(world: &mut World) -> Vec<JoinHandle<()>> {
    (0..2).map(|me| world.start(me, terms(&[]), take_part)).collect()
}

fn take_part(mesh: Result<smpc_net::Mesh, NetError>) {
    let mut mesh = mesh.unwrap();
    rounds(&mut mesh.links, 3).unwrap();
    mesh.control.finish().unwrap();
}

/// Lets party 2 come too and the session run to its end: whatever strangers tried, it takes place.
fn complete(world: &mut World, first: Vec<JoinHandle<()>>) {
    let last = world.start(2, terms(&[]), take_part);
    first.into_iter().chain([last]).for_each(|thread| thread.join().unwrap());
}

const TLS13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
const TLS12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];

#[test]
fn a_certificate_without_its_key_is_worth_nothing() {
    let mut world = World::new(3, LONG);
    let (party2, other) = (open_identity(&mut world, 2), any_identity());
    let first = first_two(&mut world);
    assert_refused(world.addresses[0], client(vec![party2.certificate], &other.key, TLS13));
    complete(&mut world, first);
    assert!(world.logged(0).contains("refused"), "{}", world.logged(0));
}

#[test]
fn a_key_that_is_not_the_sessions_is_refused() {
    let mut world = World::new(3, LONG);
    let other = any_identity();
    let first = first_two(&mut world);
    assert_refused(world.addresses[1], client(vec![other.certificate], &other.key, TLS13));
    complete(&mut world, first);
    assert!(world.logged(1).contains("fingerprint"), "{}", world.logged(1));
}

#[test]
fn a_party_cannot_pose_as_another() {
    let mut world = World::new(3, LONG);
    let (party0, party1) = (open_identity(&mut world, 0), open_identity(&mut world, 1));
    let first = first_two(&mut world);
    // Until party 1 has its place at party 0; then a second connection is one too many, and takes nobody else's place.
    std::thread::sleep(Duration::from_millis(500));
    assert_refused(world.addresses[0], client(vec![party1.certificate], &party1.key, TLS13));
    // Nor does anybody accept a connection from itself, or from a party that does not connect to it.
    assert_refused(world.addresses[0], client(vec![party0.certificate.clone()], &party0.key, TLS13));
    assert_refused(world.addresses[1], client(vec![party0.certificate], &party0.key, TLS13));
    complete(&mut world, first);
    assert!(world.logged(0).contains("second connection of party 1"), "{}", world.logged(0));
}

/// Who connects looks at whom it reaches.
#[test]
fn a_party_that_answers_for_another_is_not_believed() {
    let mut world = World::new(3, Duration::from_secs(2));
    // Party 2 finds party 0 where it looks for party 1.
    let mut config = world.config(2);
    config.nodes[1].address = world.addresses[0].to_string();
    drop(world.listeners[1].take());
    let zero = world.start(0, terms(&[]), |mesh| mesh.map(|_| ()).unwrap_err());
    let two = world.start_with(config, terms(&[]), |mesh| mesh.map(|_| ()).unwrap_err());
    let errors = [zero.join().unwrap(), two.join().unwrap()];
    assert!(errors.iter().all(|error| matches!(error, NetError::Lost { party: 1, .. })), "{errors:?}");
    assert!(world.logged(2).contains("fingerprint"), "{}", world.logged(2));
}

#[test]
fn exactly_one_certificate_is_shown() {
    let mut world = World::new(3, LONG);
    let (party2, other) = (open_identity(&mut world, 2), any_identity());
    let first = first_two(&mut world);
    let chain = vec![party2.certificate.clone(), other.certificate];
    assert_refused(world.addresses[0], client(chain, &party2.key, TLS13));
    assert_refused(world.addresses[0], client(vec![], &party2.key, TLS13));
    complete(&mut world, first);
    assert!(world.logged(0).contains("more than one certificate"), "{}", world.logged(0));
}

#[test]
fn no_version_but_1_3_is_spoken() {
    let mut world = World::new(3, LONG);
    let party2 = open_identity(&mut world, 2);
    let first = first_two(&mut world);
    assert_refused(world.addresses[0], client(vec![party2.certificate], &party2.key, TLS12));
    complete(&mut world, first);
}

#[test]
fn a_channel_that_does_not_exist_is_refused() {
    let mut world = World::new(3, LONG);
    let party2 = open_identity(&mut world, 2);
    let first = first_two(&mut world);
    for names in [vec![], vec![b"http/1.1".to_vec()], vec![b"smpc/1/data/1".to_vec()]] {
        let mut config = client(vec![party2.certificate.clone()], &party2.key, TLS13);
        config.alpn_protocols = names;
        assert_refused(world.addresses[0], config);
    }
    complete(&mut world, first);
}

/// A client that would resume has nothing to do it with: no tickets are given, and each handshake is a full one.
#[test]
fn nothing_is_resumed() {
    let mut world = World::new(3, LONG);
    let party2 = open_identity(&mut world, 2);
    let first = first_two(&mut world);
    let config = Arc::new(client(vec![party2.certificate], &party2.key, TLS13));
    assert!(config.enable_sni && !config.enable_early_data);
    for _ in 0..3 {
        let tls = call(world.addresses[0], &config).unwrap();
        assert_eq!(tls.conn.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(tls.conn.tls13_tickets_received(), 0);
        drop(tls);
    }
    complete(&mut world, first);
}

/// Two sessions of the same parties at the same time; somebody on the line joins the data connections of one with the control connections of the
/// other.
#[test]
fn a_connection_of_another_session_is_refused() {
    let mut one = World::new(2, LONG);
    let mut other = World::new(2, LONG);
    other.identities = one.identities.clone();
    for party in 0..2 {
        other.config.nodes[party].fingerprint = one.config.nodes[party].fingerprint;
    }
    let is_data = |hello: &[u8]| hello.windows(9).any(|window| window == b"smpc/1/da");
    let (a, b) = (one.addresses[0], other.addresses[0]);
    let crossed = [
        Proxy::new(move |hello| if is_data(hello) { b } else { a }),
        Proxy::new(move |hello| if is_data(hello) { a } else { b }),
    ];
    let mut threads = Vec::new();
    for (world, proxy) in [&mut one, &mut other].into_iter().zip(&crossed) {
        let mut config = world.config(1);
        config.nodes[0].address = proxy.address.to_string();
        let until_error = |mesh: Result<smpc_net::Mesh, NetError>| {
            let mut mesh = match mesh {
                Ok(mesh) => mesh,
                Err(error) => return error,
            };
            let error = common::rounds_until_error(&mut mesh.links);
            mesh.control.abort(error.leave());
            error
        };
        threads.push(world.start(0, terms(&[]), until_error));
        threads.push(world.start_with(config, terms(&[]), until_error));
    }
    let errors: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let spliced =
        |error: &&NetError| matches!(error, NetError::Protocol { what, .. } if what.contains("another session"));
    // Who hears of it from the other end first says that the other has left.
    let left = |error: &&NetError| matches!(error, NetError::Left { .. } | NetError::Lost { .. });
    assert!(errors.iter().any(|error| spliced(&error)), "{errors:?}");
    assert!(errors.iter().all(|error| spliced(&error) || left(&error)), "{errors:?}");
}

/// A party that is who it claims to be, and sends nonsense, is named.
#[test]
fn a_party_that_talks_nonsense_is_named() {
    for nonsense in [&b"\x01\xff\xff\xff\xff"[..], b"\x04\0\0\0\0", b"\x07\0\0\0\0", &[1, 70, 0, 0, 0].repeat(40)] {
        let mut world = World::new(3, LONG);
        let party2 = open_identity(&mut world, 2);
        let threads: Vec<_> =
            (0..2).map(|me| world.start(me, terms(&[]), |mesh| mesh.map(|_| ()).unwrap_err())).collect();
        let mut tls =
            call(world.addresses[0], &Arc::new(client(vec![party2.certificate], &party2.key, TLS13))).unwrap();
        tls.write_all(nonsense).unwrap();
        let errors: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(matches!(errors[0], NetError::Protocol { party: 2, .. }), "{}", errors[0]);
        assert!(matches!(errors[1], NetError::Lost { party: 2, reported_by: Some(0), .. }), "{}", errors[1]);
    }
}

/// A crowd of strangers, silent ones and loud ones, keeps nobody out and holds nothing up.
#[test]
fn a_flood_of_strangers_is_survived() {
    let mut world = World::new(3, LONG);
    let first = first_two(&mut world);
    let addresses = world.addresses.clone();
    let mut crowd = Vec::new();
    for i in 0..400 {
        let Ok(mut stranger) = TcpStream::connect(addresses[i % 2]) else { continue };
        match i % 4 {
            0 => {}
            1 => drop(stranger.write_all(b"GET / HTTP/1.1\r\n\r\n")),
            // The beginning of a TLS record that never ends.
            2 => drop(stranger.write_all(&[22, 3, 1, 2, 0, 1])),
            _ => drop(stranger.shutdown(std::net::Shutdown::Write)),
        }
        crowd.push(stranger);
    }
    complete(&mut world, first);
    // Most are not even logged.
    assert!(world.logged(0).contains("refused") && world.logged(0).lines().count() < 40, "{}", world.logged(0));
    drop(crowd);
}

/// Silent connections from this address, more than a party has places for, until most of the places were needed again.
fn silent_flood(world: &World, from: Ipv4Addr) -> Vec<TcpStream> {
    let crowd = (0..400).map(|_| connect_from(from, world.addresses[0])).collect();
    wait_until(|| world.logged(0).contains("refused 128 connections"));
    crowd
}

fn wait_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn connect_from(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddr::from((from, 0))).unwrap();
    rustix::net::connect(&socket, &to).unwrap();
    TcpStream::from(socket)
}

/// A handshake over a slow link is not pushed out by connections that cost nothing: party 2 gets in at its first attempt.
#[test]
fn a_silent_flood_pushes_no_greeted_party_out() {
    let mut world = World::new(3, LONG);
    let first = first_two(&mut world);
    let slow = Proxy::to(world.addresses[0]);
    // Greetings pass, and nothing after them until the flood is over.
    slow.freeze();
    let mut config = world.config(2);
    config.nodes[0].address = slow.address.to_string();
    let last = world.start_with(config, terms(&[]), take_part);
    wait_until(|| slow.opened() == 2);
    let crowd = silent_flood(&world, Ipv4Addr::LOCALHOST);
    slow.thaw();
    first.into_iter().chain([last]).for_each(|thread| thread.join().unwrap());
    assert_eq!(slow.opened(), 2, "{}", world.logged(2));
    drop(crowd);
}

/// Nor does a crowd at one address push out a connection from another one that has said nothing yet.
#[test]
fn a_flood_from_one_address_pushes_no_other_out() {
    let mut world = World::new(3, LONG);
    let party2 = open_identity(&mut world, 2);
    let first = first_two(&mut world);
    let quiet = TcpStream::connect(world.addresses[0]).unwrap();
    let crowd = silent_flood(&world, Ipv4Addr::new(127, 0, 0, 2));
    drop(greet(quiet, &Arc::new(client(vec![party2.certificate], &party2.key, TLS13))).unwrap());
    complete(&mut world, first);
    drop(crowd);
}

/// Bytes that no handshake has.
#[test]
fn garbage_is_refused() {
    let mut world = World::new(3, LONG);
    let first = first_two(&mut world);
    for seed in 0..40_u8 {
        let mut stranger = TcpStream::connect(world.addresses[0]).unwrap();
        // A handshake record with a long message, as a greeting begins, and then nonsense.
        let mut bytes = vec![22, 3, 1, 64, 0, 1, 0, 255, seed];
        bytes.extend((0..16_375_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed));
        let _ = stranger.write_all(&bytes).and_then(|()| stranger.write_all(&bytes));
    }
    complete(&mut world, first);
}
