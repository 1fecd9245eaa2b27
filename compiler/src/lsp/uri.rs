//! Names of documents: URIs as the editor has them, paths as the disk has them.

use lsp_types::Uri;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

/// Where a document lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// On the disk, or where it would be once it is saved.
    File(PathBuf),
    /// Only in the editor: a URI with a scheme other than `file`.
    Editor(String),
}

impl Place {
    /// The place that a URI names.
    pub(super) fn of(uri: &Uri) -> Self {
        let text = uri.as_str();
        match text.strip_prefix("file://").and_then(|rest| rest.find('/').map(|at| decoded(&rest[at..]))) {
            Some(path) => Self::File(PathBuf::from(without_drive_slash(&path))),
            None => Self::Editor(text.to_owned()),
        }
    }

    /// A URI of it.
    pub(super) fn uri(&self) -> Option<Uri> {
        match self {
            Self::File(path) => Uri::from_str(&encoded(path)).ok(),
            Self::Editor(text) => Uri::from_str(text).ok(),
        }
    }

    /// The path, on the disk.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Editor(_) => None,
        }
    }

    /// The text of a file in the same folder, or below it: the netlist of a circuit.
    pub(super) fn beside(&self, name: &str) -> Option<String> {
        crate::source::read(&self.path()?.parent()?.join(name)).ok()
    }

    /// The name of the file without its folder.
    pub(super) fn name(&self) -> String {
        let path = self.path().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        path.unwrap_or_else(|| "main.smpc".to_owned())
    }
}

/// `/C:/x` is `C:/x` where paths have drives.
fn without_drive_slash(path: &str) -> &str {
    match path.as_bytes() {
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => &path[1..],
        _ => path,
    }
}

/// A text with `%20` and the like put back.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => {
                std::str::from_utf8(&[*high, *low]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encoded(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let mut out = String::from(if text.starts_with('/') { "file://" } else { "file:///" });
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back() {
        for path in ["/a/b.smpc", "/with space/ünï/100%.smpc", "/a#b?.smpc"] {
            let place = Place::File(PathBuf::from(path));
            let uri = place.uri().expect("a URI");
            assert_eq!(Place::of(&uri), place, "{}", uri.as_str());
        }
        let uri = Uri::from_str("file:///c%3A/x/main.smpc").expect("a URI");
        assert_eq!(Place::of(&uri), Place::File(PathBuf::from("c:/x/main.smpc")));
        let uri = Uri::from_str("untitled:Untitled-1").expect("a URI");
        assert_eq!(Place::of(&uri), Place::Editor("untitled:Untitled-1".to_owned()));
    }
}
