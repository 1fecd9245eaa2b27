//! Three folders, each with a key, the session file and the program.

use smpc_bytecode::codec;
use smpc_bytecode::module::Module;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub(crate) struct Setup {
    root: TempDir,
}

pub(crate) fn smpcvm() -> Command {
    Command::new(env!("CARGO_BIN_EXE_smpcvm"))
}

fn ports() -> Vec<u16> {
    let held: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
    held.iter().map(|listener| listener.local_addr().expect("bound").port()).collect()
}

impl Setup {
    /// `more` are further arguments of `session new`.
    pub(crate) fn new(module: &Module, more: &[&str]) -> Self {
        let setup = Self { root: tempfile::tempdir().expect("a temporary folder") };
        let mut session = smpcvm();
        session
            .current_dir(setup.root.path())
            .args(["session", "new", "--protocol", "rep3", "-o", "session.toml"])
            .args(more);
        for (party, port) in ports().into_iter().enumerate() {
            std::fs::create_dir(setup.folder(party)).expect("a folder");
            let made =
                smpcvm().current_dir(setup.folder(party)).args(["identity", "new", "me"]).output().expect("it starts");
            assert!(made.status.success());
            let fingerprint = String::from_utf8(made.stdout).expect("text");
            session.arg("--node").arg(format!("127.0.0.1:{port}={}", fingerprint.trim()));
        }
        let made = session.output().expect("it starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for party in 0..3 {
            std::fs::copy(setup.root.path().join("session.toml"), setup.folder(party).join("session.toml"))
                .expect("a copy");
            setup.write(party, "p.smpcb", codec::encode(module));
        }
        setup
    }

    pub(crate) fn folder(&self, party: usize) -> PathBuf {
        self.root.path().join(party.to_string())
    }

    pub(crate) fn write(&self, party: usize, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder(party).join(name), content).expect("a file");
    }

    pub(crate) fn command(&self, party: usize, more: &[&str]) -> Command {
        let mut run = smpcvm();
        run.current_dir(self.folder(party))
            .args(["run", "p.smpcb", "--session", "session.toml", "--output", "result.json", "--stats", "stats.json"])
            .args(["--party", &party.to_string()])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        run
    }

    /// Runs all three parties.
    pub(crate) fn run(&self, more: [&[&str]; 3]) -> Vec<Output> {
        let children: Vec<_> =
            (0..3).map(|party| self.command(party, more[party]).spawn().expect("it starts")).collect();
        children.into_iter().map(|child| child.wait_with_output().expect("it ends")).collect()
    }

    pub(crate) fn json(&self, party: usize, name: &str) -> Option<serde_json::Value> {
        read_json(&self.folder(party).join(name))
    }
}

pub(crate) fn read_json(path: &Path) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}
