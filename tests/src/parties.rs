//! Parties as operators have them: a folder each, with its own key, its own data, the session file and the compiled program.

use crate::{smpcc, smpcvm, succeed};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// Folders of the parties of one session, gone when dropped.
pub struct Parties {
    root: TempDir,
    count: usize,
}

/// Ports that were free a moment ago.
#[must_use]
pub fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("loopback has a free port")).collect();
    held.iter().map(|listener| listener.local_addr().expect("a bound address").port()).collect()
}

impl Parties {
    /// Compiles the source for three parties, makes their identities and one session file with this `silence` limit in seconds.
    #[must_use]
    pub fn of_source(source: &str, silence: u32) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let main = root.path().join("main.smpc");
        std::fs::write(&main, source).expect("the source");
        Self::of_file(root, &main, &[], silence)
    }

    /// As [`Parties::of_source`], of a program that lies elsewhere, with `-D` arguments.
    #[must_use]
    pub fn of_program(main: &Path, defines: &[&str], silence: u32) -> Self {
        Self::of_file(tempfile::tempdir().expect("a temporary folder"), main, defines, silence)
    }

    fn of_file(root: TempDir, main: &Path, defines: &[&str], silence: u32) -> Self {
        let parties = Self { root, count: 3 };
        parties.compile_for(0, main, defines);
        let mut session = smpcvm();
        session.current_dir(parties.root.path()).args(["session", "new", "--protocol", "rep3"]);
        for (party, port) in free_ports(parties.count).into_iter().enumerate() {
            let folder = parties.folder(party);
            std::fs::create_dir_all(&folder).expect("a folder a party");
            session.arg("--node").arg(format!("127.0.0.1:{port}={}", new_identity(&folder, "me")));
            if party > 0 {
                std::fs::copy(parties.module(0), parties.module(party)).expect("the program");
            }
        }
        let _ = succeed(session.args(["-o", "session.toml"]));
        let written = std::fs::read_to_string(parties.root.path().join("session.toml")).expect("a session file");
        parties.write_session(&with_silence(&written, silence));
        parties
    }

    /// Compiles a program for one party alone.
    pub fn compile_for(&self, party: usize, main: &Path, defines: &[&str]) {
        std::fs::create_dir_all(self.folder(party)).expect("a folder a party");
        let mut compile = smpcc();
        compile.arg("compile").arg(main).arg("-o").arg(self.module(party));
        for define in defines {
            compile.args(["-D", define]);
        }
        let _ = succeed(&mut compile);
    }

    /// The folder of a party.
    #[must_use]
    pub fn folder(&self, party: usize) -> PathBuf {
        self.root.path().join(format!("party{party}"))
    }

    /// The compiled program of a party.
    #[must_use]
    pub fn module(&self, party: usize) -> PathBuf {
        self.folder(party).join("program.smpcb")
    }

    /// The session file that all parties have.
    #[must_use]
    pub fn session(&self) -> String {
        std::fs::read_to_string(self.folder(0).join("session.toml")).expect("a session file")
    }

    /// Gives every party this session file.
    pub fn write_session(&self, text: &str) {
        (0..self.count).for_each(|party| self.write(party, "session.toml", text));
    }

    /// Writes a file into a party's folder.
    pub fn write(&self, party: usize, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.folder(party).join(name), text).expect("a file of a party");
    }

    /// `smpcvm run` of a party, with `result.json` as its output.
    #[must_use]
    pub fn command(&self, party: usize, arguments: &[&str]) -> Command {
        let mut run = smpcvm();
        run.current_dir(self.folder(party))
            .args(["run", "program.smpcb", "--session", "session.toml", "--output", "result.json"])
            .args(["--party", &party.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        run
    }

    /// Starts a party.
    #[must_use]
    pub fn start(&self, party: usize, arguments: &[&str]) -> Child {
        self.command(party, arguments).spawn().expect("a party starts")
    }

    /// Runs all parties to their ends, each with its own arguments.
    #[must_use]
    pub fn run(&self, arguments: [&[&str]; 3]) -> Vec<Ended> {
        let children: Vec<Child> = (0..self.count).map(|party| self.start(party, arguments[party])).collect();
        children.into_iter().map(Ended::of).collect()
    }

    /// The result file of a party, if it wrote one. Fails where something else that looks like a part of one lies about.
    #[must_use]
    pub fn result(&self, party: usize) -> Option<serde_json::Value> {
        let names: Vec<String> = std::fs::read_dir(self.folder(party))
            .expect("a folder a party")
            .map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned())
            .collect();
        let partial = names.iter().find(|name| name.contains("tmp") || name.starts_with(".result"));
        assert_eq!(partial, None, "a partial output");
        let path = self.folder(party).join("result.json");
        path.exists().then(|| crate::json(&path))
    }
}

/// How a party ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it said on stderr.
    pub stderr: String,
}

impl Ended {
    /// Waits for a party.
    #[must_use]
    pub fn of(child: Child) -> Self {
        let Output { status, stderr, .. } = child.wait_with_output().expect("a party ends");
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        assert!(!stderr.contains("panicked"), "{stderr}");
        Self { code: status.code(), stderr }
    }
}

/// Makes an identity in a folder; returns its fingerprint.
#[must_use]
pub fn new_identity(folder: &Path, name: &str) -> String {
    let made = succeed(smpcvm().current_dir(folder).args(["identity", "new", name]));
    String::from_utf8_lossy(&made.stdout)
        .split_whitespace()
        .find(|word| word.len() == 64 && word.bytes().all(|b| b.is_ascii_hexdigit()))
        .expect("the fingerprint is printed")
        .to_owned()
}

/// The session file with another silence limit, in seconds.
#[must_use]
pub fn with_silence(session: &str, seconds: u32) -> String {
    let mut found = false;
    let lines = session.lines().map(|line| {
        if line.trim_start().starts_with("silence") {
            found = true;
            format!("silence = {seconds}")
        } else {
            line.to_owned()
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    assert!(found, "the session file states its silence limit:\n{session}");
    text
}
