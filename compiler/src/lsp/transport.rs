//! Messages as bytes: a header with a length, then JSON. A message that cannot be read is an answer to give, not an end.

use lsp_server::{ErrorCode, Message};
use serde_json::{Value, json};
use std::io::{self, BufRead, Read as _, Write};

/// Most bytes of a message: several times the longest program.
const MOST: usize = 256 << 20;

/// Most bytes of a line of a header.
const MOST_HEADER: u64 = 1 << 12;

/// Something that the editor sent.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message.
    Message(Message),
    /// No message: what is answered.
    Malformed(Value),
}

/// The next message; `None` at the end.
///
/// # Errors
/// The pipe breaks.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = header(input)? else { return Ok(None) };
    let Some(length) = length else {
        return Ok(Some(malformed(Value::Null, ErrorCode::ParseError, "a message without a `Content-Length`")));
    };
    if length > MOST {
        io::copy(&mut input.take(length as u64), &mut io::sink())?;
        return Ok(Some(malformed(Value::Null, ErrorCode::InvalidRequest, "a message that is too long")));
    }
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(error) => return Ok(Some(malformed(Value::Null, ErrorCode::ParseError, &error.to_string()))),
    };
    let id = value.get("id").filter(|id| id.is_number() || id.is_string()).cloned().unwrap_or_default();
    Ok(Some(match serde_json::from_value(value) {
        Ok(message) => Incoming::Message(message),
        Err(_) => malformed(id, ErrorCode::InvalidRequest, "neither a request nor a notification nor a response"),
    }))
}

/// The length that a header states, if it does; `None` at the end of the input.
fn header(input: &mut impl BufRead) -> io::Result<Option<Option<usize>>> {
    let mut length = None;
    let mut any = false;
    loop {
        let mut line = Vec::new();
        if input.take(MOST_HEADER).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            // Blank lines before a header belong to nothing.
            if any {
                return Ok(Some(length));
            }
            continue;
        }
        any = true;
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
}

fn malformed(id: Value, code: ErrorCode, message: &str) -> Incoming {
    Incoming::Malformed(json!({ "id": id, "error": { "code": code as i32, "message": message } }))
}

/// Writes a message.
///
/// # Errors
/// The pipe is closed.
pub(super) fn write(out: &mut impl Write, mut message: Value) -> io::Result<()> {
    if let Value::Object(fields) = &mut message {
        fields.insert("jsonrpc".to_owned(), Value::from("2.0"));
    }
    let text = message.to_string();
    write!(out, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &str) -> Vec<Incoming> {
        let mut input = bytes.as_bytes();
        std::iter::from_fn(|| read(&mut input).ok().flatten()).collect()
    }

    fn framed(text: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    }

    #[test]
    fn what_is_no_message_does_not_end_the_stream() {
        let good = framed(r#"{"jsonrpc":"2.0","method":"initialized"}"#);
        let bad = [
            framed("{"),
            framed(r#"{"id":7.5}"#),
            "X: 1\r\n\r\n".to_owned(),
            "Content-Length: many\r\n\r\n".to_owned(),
        ];
        let found = all(&(bad.concat() + &good));
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found[..4].iter().all(|incoming| matches!(incoming, Incoming::Malformed(_))), "{found:?}");
        assert!(matches!(&found[4], Incoming::Message(Message::Notification(_))), "{found:?}");
    }

    #[test]
    fn the_id_of_a_bad_request_comes_back() {
        let found = all(&framed(r#"{"id":"a","method":3}"#));
        assert!(matches!(&found[..], [Incoming::Malformed(answer)] if answer["id"] == "a"), "{found:?}");
    }
}
