//! Session files that read back, and each way in which one is refused.

use super::*;
use smpc_net::Fingerprint;

fn nodes() -> Vec<Node> {
    let node = |i: u8| Node { address: format!("party{i}.example:700{i}"), fingerprint: Fingerprint([i + 1; 32]) };
    (0..3).map(node).collect()
}

fn new(roles: &[&str]) -> NewSession {
    NewSession {
        protocol: "rep3".into(),
        threshold: None,
        nodes: nodes(),
        roles: roles.iter().map(|role| role.parse().expect("a role")).collect(),
        params: Params::default(),
        module: None,
        audit: None,
    }
}

#[test]
fn what_is_written_reads_back() {
    let made = new(&["Employer[0]=2", "Acme=0"]).make().expect("a session");
    let text = made.to_toml();
    let read = Session::parse(&text, "session.toml").expect("it reads");
    assert_eq!((read.nodes, read.roles, read.params), (made.nodes, made.roles, made.params));
    assert_eq!(read.protocol.name, "rep3");
    for line in [
        "protocol = \"rep3\"",
        "parties = 3",
        "threshold = 1",
        "silence = 30",
        "steps = 1000000000",
        "\"Employer[0]\" = 2",
    ] {
        assert!(text.lines().any(|own| own == line), "`{line}` is missing in:\n{text}");
    }
}

#[test]
fn limits_have_defaults() {
    let nodes: String = nodes()
        .iter()
        .map(|node| format!("[[node]]\naddress = \"{}\"\nfingerprint = \"{}\"\n", node.address, node.fingerprint))
        .collect();
    let session =
        Session::parse(&format!("[session]\nprotocol = \"rep3\"\nsilence = 0.5\n{nodes}"), "s").expect("it reads");
    assert_eq!(session.params, Params { silence: 0.5, ..Params::default() });
    assert_eq!(session.params.silence(), Duration::from_millis(500));
}

/// A session file with one line changed, and what is said about it.
#[test]
fn mistakes_are_named() {
    let good = new(&["Acme=0"]).make().expect("a session").to_toml();
    let refuses = |from: &str, to: &str, words: &[&str]| {
        assert!(good.contains(from), "`{from}` is missing in:\n{good}");
        let failure = Session::parse(&good.replacen(from, to, 1), "session.toml").expect_err("a refusal");
        for word in words {
            assert!(failure.message.contains(word), "`{word}` is missing in: {}", failure.message);
        }
    };
    refuses("silence = 30", "silnce = 30", &["session.toml:9", "silnce"]);
    refuses("silence = 30", "silence = \"30\"", &["session.toml:9", "silence"]);
    refuses("silence = 30", "silence = 0", &["silence = 0", "0.1 seconds"]);
    refuses("silence = 30", "silence = nan", &["silence"]);
    refuses("[session]", "[sesion]", &["session.toml:3", "sesion"]);
    refuses("\"rep3\"", "\"rep5\"", &["no protocol `rep5`"]);
    refuses("parties = 3", "parties = 4", &["parties = 4", "3 nodes"]);
    refuses("threshold = 1", "threshold = 2", &["threshold = 2", "tolerates 1"]);
    refuses("security = 40", "security = 10", &["security = 10"]);
    refuses("steps = 1000000000", "steps = -1", &["session.toml:11"]);
    refuses("steps = 1000000000", "steps = 0", &["steps = 0"]);
    refuses("memory = 4294967296", "memory = 100", &["memory = 100"]);
    refuses("block = 65536", "block = 100", &["block = 100", "512"]);
    refuses("channels = 1", "channels = 2", &["channels = 2"]);
    refuses("channels = 1", "channels = 1\nmodule = \"abc\"", &["module = `abc`"]);
    refuses("channels = 1", "channels = 1\naudit = \"abc\"", &["audit", "`abc`", "no digest"]);
    refuses("channels = 1", &format!("channels = 1\naudit = \"{}\"", "0a".repeat(32)), &["no digest"]);
    refuses("party1.example:7001", "party1.example", &["node 1", "HOST:PORT"]);
    refuses("party1.example:7001", "party0.example:7000", &["nodes 0 and 1", "same address"]);
    refuses(&"02".repeat(32), "02", &["node 1", "64 hex digits"]);
    refuses(&"02".repeat(32), &"01".repeat(32), &["nodes 0 and 1", "same fingerprint"]);
    refuses("\"Acme\" = 0", "\"Acme\" = 3", &["`Acme`", "node 3", "3 nodes"]);
    refuses(
        "\"Acme\" = 0",
        "\"Acme\" = 0\n[[node]]\naddress = \"d:1\"\nfingerprint = \"00\"",
        &["3 parties", "4 nodes"],
    );
    let failure = Session::load(std::path::Path::new("no/such/session.toml")).expect_err("a refusal");
    assert!(failure.message.contains("no/such/session.toml"), "{failure}");
    assert!(Session::parse("", "s").is_err() && Session::parse("\u{0}", "s").is_err());
}

#[test]
fn arguments() {
    let node: NodeArgument = format!("[::1]:7000={}", "0a".repeat(32)).parse().expect("a node");
    assert_eq!((node.0.address.as_str(), node.0.fingerprint), ("[::1]:7000", Fingerprint([10; 32])));
    for text in ["host:1", "host=0a", "host:1=0a", "=x", ":1=00"] {
        assert_eq!(text.parse::<NodeArgument>().expect_err("a refusal").class.exit_code(), 2, "{text}");
    }
    for text in ["Acme", "Acme=", "=1", "Acme=-1", "Acme=x"] {
        assert!(text.parse::<RoleArgument>().is_err(), "{text}");
    }
    assert!(new(&["A=0", "A=1"]).make().expect_err("twice").message.contains("given twice"));
    assert!(NewSession { nodes: nodes()[..2].to_vec(), ..new(&[]) }.make().is_err());
}

#[test]
fn roles_fall_to_nodes_in_order() {
    let roles = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let given = |pairs: &[(&str, usize)]| pairs.iter().map(|(role, node)| ((*role).to_owned(), *node)).collect();
    let three = roles(&["Acme", "Employer[0]", "Employer[1]"]);
    assert_eq!(assign_roles(&three, &given(&[]), 3), Ok(vec![0, 1, 2]));
    assert_eq!(assign_roles(&three, &given(&[("Employer[1]", 0)]), 3), Ok(vec![0, 1, 0]));
    assert_eq!(assign_roles(&[], &given(&[]), 3), Ok(vec![]));
    let four = roles(&["A", "B", "C", "D"]);
    let failure = assign_roles(&four, &given(&[]), 3).expect_err("too many");
    assert!(
        failure.message.contains("nothing says who plays D")
            && failure.help.is_some_and(|h| h.contains("--role 'D=0'"))
    );
    assert_eq!(assign_roles(&four, &given(&[("D", 1)]), 3), Ok(vec![0, 1, 2, 1]));
    assert!(assign_roles(&four, &given(&[("E", 1)]), 3).expect_err("unknown").message.contains("no role `E`"));
    assert!(assign_roles(&four, &given(&[("D", 3)]), 3).expect_err("no node").message.contains("node 3"));
    assert_eq!(assign_roles_round(&four, 3), [0, 1, 2, 0]);
}

#[test]
fn terms_tell_sessions_apart() {
    let program =
        Program::from_bytes(&smpc_bytecode::codec::encode(&smpc_bytecode::module::Module::default()), 1 << 20)
            .expect("a program");
    let session = new(&[]).make().expect("a session");
    let terms = session.terms(&program, &[]);
    assert_eq!(terms, session.terms(&program, &[]));
    let mut other = session.clone();
    other.params.silence = 31.0;
    assert_ne!(digest(&other.terms(&program, &[])), digest(&terms));
    // A param comes before the module that it changes.
    let mut module = smpc_bytecode::module::Module::default();
    module.manifest.params = vec![("ROWS".into(), 5000)];
    let of_rows = Program::from_bytes(&smpc_bytecode::codec::encode(&module), 1 << 20).expect("a program");
    let names: Vec<String> = session.terms(&of_rows, &[]).fields.into_iter().map(|field| field.0).take(8).collect();
    assert_eq!(
        names,
        ["protocol", "parties", "threshold", "protocol revision", "security", "param ROWS", "program", "module"]
    );
    // Names are told apart from values.
    let one = Terms { fields: vec![("ab".into(), "c".into())] };
    let two = Terms { fields: vec![("a".into(), "bc".into())] };
    assert_ne!(digest(&one), digest(&two));
    let mut pinned = session;
    pinned.module = Some([7; 32]);
    assert!(pinned.check_module(&program).expect_err("another program").message.contains(&hex(&program.hash)));
    pinned.module = Some(program.hash);
    assert_eq!(pinned.check_module(&program), Ok(()));
}

#[test]
fn audits_are_pinned() {
    let program =
        Program::from_bytes(&smpc_bytecode::codec::encode(&smpc_bytecode::module::Module::default()), 1 << 20)
            .expect("a program");
    let own = audit::audit(&program.module).expect("small enough").digest();
    let printed = audit::digest::print(&own);
    assert_eq!(audit_digest(&printed, "--audit"), Ok(own));
    assert_eq!(check_audit(&program, &own, "the session"), Ok(()));
    let failure = check_audit(&program, &[7; 32], "the session").expect_err("another audit");
    for words in [&printed, &audit::digest::print(&[7; 32]), "the session"] {
        assert!(failure.message.contains(words), "{failure}");
    }
    assert!(failure.help.is_some_and(|help| help.contains("smpcc audit")) && failure.class.exit_code() == 1);
    let failure = audit_digest("sha256:00", "--audit").expect_err("too short");
    assert_eq!((failure.class.exit_code(), failure.help.is_some()), (2, true));
    let session = NewSession { audit: Some(own), ..new(&[]) }.make().expect("a session");
    assert!(session.to_toml().contains(&format!("audit = \"{printed}\"")));
    assert_eq!(session.audit, Some(own));
}

/// Under a protocol that leaves a choice the nodes say how many parties there are, and the file how many of them may be corrupted.
#[test]
fn numbers_of_parties_and_thresholds() {
    let node = |i: u8| Node { address: format!("party{i}.example:700{i}"), fingerprint: Fingerprint([i + 1; 32]) };
    let among = |parties: u8, threshold: Option<usize>, security: u32| {
        let params = Params { security, ..Params::default() };
        let nodes = (0..parties).map(node).collect();
        NewSession { protocol: "shamir".into(), threshold, nodes, params, ..new(&[]) }.make()
    };
    for (parties, threshold, has) in [(3, None, 1), (5, None, 2), (7, None, 3), (7, Some(2), 2)] {
        let made = among(parties, threshold, 40).expect("a session");
        let read = Session::parse(&made.to_toml(), "session.toml").expect("it reads");
        assert_eq!((read.protocol.parties, read.protocol.threshold), (parties.into(), has));
    }
    for (parties, threshold, security, words) in [
        (2, None, 40, "3 to 32 parties"),
        (5, Some(3), 40, "1 to 2 corrupted"),
        (5, Some(0), 40, "1 to 2 corrupted"),
        (5, None, 60, "57 bits of statistical security"),
    ] {
        let failure = among(parties, threshold, security).expect_err("a refusal");
        assert!(failure.message.contains(words), "`{words}` is missing in: {failure}");
    }
}
