//! What the end-to-end tests share: the two programs as a user runs them, temporary folders, seeded data.
//!
//! The tests start the real executables, over real sockets on loopback with ports that the system picks.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub mod parties;
pub mod salaries;
pub mod speed;

/// The folder of the whole project.
#[must_use]
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The folder of a program under `programs/`.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    project().join("programs").join(name)
}

/// The folder of the executables, built once for all tests of a process.
fn executables() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        // As the tests themselves are built, so that nothing is built twice.
        build.current_dir(project()).args(["build", "--quiet"]);
        if cfg!(debug_assertions) {
            build.args(["--workspace", "--tests", "--bins"]);
        } else {
            // A benchmark needs the programs alone.
            build.args(["--release", "-p", "smpcc", "-p", "smpcvm", "--bins"]);
        }
        // Cargo tells a test about its package. A build script that asks for that, as one of the TLS library's does, would run again, and all that needs it be built twice.
        let about_us = |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix));
        let told = std::env::vars_os().map(|(name, _)| name);
        told.filter(|name| name.to_str().is_some_and(about_us)).for_each(|name| {
            build.env_remove(name);
        });
        let status = build.status().expect("cargo starts");
        assert!(status.success(), "the executables must build");
        let test = std::env::current_exe().expect("a test has an executable");
        test.parent().and_then(Path::parent).expect("tests lie in target/PROFILE/deps").to_path_buf()
    })
}

/// `smpcc`, ready for arguments.
#[must_use]
pub fn smpcc() -> Command {
    Command::new(executables().join("smpcc"))
}

/// `smpcvm`, ready for arguments.
#[must_use]
pub fn smpcvm() -> Command {
    Command::new(executables().join("smpcvm"))
}

/// Runs a command and returns what it printed, or fails the test with all of that.
#[must_use]
pub fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the command starts");
    assert!(
        output.status.success(),
        "{command:?}: {}\nstdout:\n{}\nstderr:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

/// Runs a command that must end with `code`, print something on stderr and not panic; returns stderr.
#[must_use]
pub fn fail(command: &mut Command, code: i32) -> String {
    let output = command.output().expect("the command starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{command:?}\nstderr:\n{stderr}");
    assert!(!stderr.trim().is_empty(), "{command:?} said nothing");
    assert!(!stderr.contains("panicked"), "{command:?}\n{stderr}");
    stderr
}

/// A JSON file as a value.
#[must_use]
pub fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}\n{text}", path.display()))
}
