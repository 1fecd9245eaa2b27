//! The language server as an editor meets it: the real executable over stdin and stdout. Every wait is for a message.

use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// An editor with one server.
struct Editor {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    requests: i32,
    versions: BTreeMap<String, i32>,
    /// Messages about files, in the order in which they came.
    told: Vec<(String, Value)>,
}

impl Editor {
    /// Starts a server and tells it hello.
    fn start() -> Self {
        let mut editor = Self::silent();
        let answer = editor.ask(
            "initialize",
            json!({
                "capabilities": { "textDocument": { "hover": { "contentFormat": ["markdown"] } } }
            }),
        );
        assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
        editor.tell("initialized", json!({}));
        editor
    }

    /// Starts a server.
    fn silent() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_smpcc"));
        let server = command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut server = server.expect("the server");
        let (input, output) = (server.stdin.take(), server.stdout.take().expect("its output"));
        Self { server, input, output: BufReader::new(output), requests: 0, versions: BTreeMap::new(), told: Vec::new() }
    }

    fn send(&mut self, message: Message) {
        message.write(self.input.as_mut().expect("an open pipe")).expect("the server reads");
    }

    fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("an open pipe");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the server reads");
    }

    fn read(&mut self) -> Message {
        Message::read(&mut self.output).expect("a message").expect("the server answers")
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(Message::Notification(Notification { method: method.to_owned(), params }));
    }

    /// The answer to a request; an error as `{"error": …}`.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = RequestId::from(self.requests);
        self.send(Message::Request(Request { id: id.clone(), method: method.to_owned(), params }));
        loop {
            match self.read() {
                Message::Response(response) => {
                    assert_eq!(response.id, id);
                    return match response.response_result {
                        Ok(value) => value,
                        Err(error) => json!({ "error": error.message, "code": error.code }),
                    };
                }
                Message::Notification(message) => self.keep(message),
                Message::Request(request) => panic!("the server asks for {}", request.method),
            }
        }
    }

    fn keep(&mut self, message: Notification) {
        assert_eq!(message.method, "textDocument/publishDiagnostics");
        let uri = message.params["uri"].as_str().expect("a URI").to_owned();
        self.told.push((uri, message.params));
    }

    /// What is said about a file at its version.
    fn messages(&mut self, uri: &str) -> Vec<Value> {
        let version = self.versions.get(uri).copied();
        loop {
            let found = self.told.iter().rev().find(|(about, _)| about == uri);
            if let Some((_, params)) = found.filter(|(_, params)| params["version"] == json!(version)) {
                return params["diagnostics"].as_array().expect("a list").clone();
            }
            match self.read() {
                Message::Notification(message) => self.keep(message),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The codes of what is said about a file.
    fn codes(&mut self, uri: &str) -> Vec<String> {
        self.messages(uri).iter().map(|message| message["code"].as_str().expect("a code").to_owned()).collect()
    }

    fn open(&mut self, uri: &str, text: &str) {
        self.versions.insert(uri.to_owned(), 1);
        self.tell(
            "textDocument/didOpen",
            json!({
                "textDocument": { "uri": uri, "languageId": "smpc", "version": 1, "text": text }
            }),
        );
    }

    /// Replaces a range, `[line, character, line, character]`.
    fn edit(&mut self, uri: &str, range: [u32; 4], text: &str) {
        let version = self.versions.get_mut(uri).expect("an open file");
        *version += 1;
        let version = *version;
        let [a, b, c, d] = range;
        let range = json!({ "start": { "line": a, "character": b }, "end": { "line": c, "character": d } });
        self.tell(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": uri, "version": version },
                "contentChanges": [{ "range": range, "text": text }]
            }),
        );
    }

    fn at(&mut self, method: &str, uri: &str, (line, character): (u32, u32)) -> Value {
        self.ask(&format!("textDocument/{method}"), place(uri, (line, character)))
    }

    fn hover(&mut self, uri: &str, at: (u32, u32)) -> String {
        let answer = self.at("hover", uri, at);
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    fn labels(&mut self, uri: &str, at: (u32, u32)) -> Vec<String> {
        let answer = self.at("completion", uri, at);
        let items = answer.as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["label"].as_str().expect("a label").to_owned()).collect()
    }

    fn rename(&mut self, uri: &str, at: (u32, u32), name: &str) -> Value {
        let mut params = place(uri, at);
        params["newName"] = json!(name);
        self.ask("textDocument/rename", params)
    }

    /// Says goodbye; the exit code.
    fn leave(mut self) -> Option<i32> {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        assert_eq!(self.ask("textDocument/hover", place("file:///x", (0, 0)))["code"], -32_600);
        self.tell("exit", Value::Null);
        self.server.wait().expect("it ends").code()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        drop(self.input.take());
        // It has ended, or does now.
        let _ = self.server.wait();
    }
}

fn place(uri: &str, (line, character): (u32, u32)) -> Value {
    json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } })
}

fn uri_in(folder: &Path, name: &str) -> String {
    format!("file://{}/{name}", folder.display())
}

/// Where a text stands: the line and the UTF-16 column of its n-th occurrence, moved by `by`.
fn find(text: &str, what: &str, nth: usize, by: usize) -> (u32, u32) {
    let at = text.match_indices(what).nth(nth).expect("the text has it").0 + by;
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    (
        u32::try_from(line).expect("few lines"),
        u32::try_from(text[start..at].encode_utf16().count()).expect("short lines"),
    )
}

/// A text with the edits of one file applied.
fn applied(text: &str, edits: &Value) -> String {
    let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let byte = |position: &Value| {
        let start = lines[usize::try_from(position["line"].as_u64().expect("a line")).expect("a line")];
        let mut units = position["character"].as_u64().expect("a column");
        let mut at = start;
        for c in text[start..].chars() {
            if units == 0 {
                break;
            }
            units -= c.len_utf16() as u64;
            at += c.len_utf8();
        }
        at
    };
    let mut all: Vec<(usize, usize, String)> = edits
        .as_array()
        .expect("edits")
        .iter()
        .map(|edit| {
            let new = edit["newText"].as_str().expect("a text").to_owned();
            (byte(&edit["range"]["start"]), byte(&edit["range"]["end"]), new)
        })
        .collect();
    all.sort();
    let mut text = text.to_owned();
    all.iter().rev().for_each(|(start, end, new)| text.replace_range(*start..*end, new));
    text
}

/// The edits of one file in the changes of several.
fn edits_of<'v>(changes: &'v Value, uri: &str) -> &'v Value {
    let documents = changes["documentChanges"].as_array().unwrap_or_else(|| panic!("{changes}"));
    let document = documents.iter().find(|document| document["textDocument"]["uri"] == uri);
    &document.unwrap_or_else(|| panic!("{uri} in {changes}"))["edits"]
}

const PROGRAM: &str = "//! What people earn. 🦀

use std::stats::mean;

party Acme, Globex;

/// Rows of each.
param ROWS: int in 1..=1_000 = 100;

/// Somebody.
struct Employee {
    /// In years.
    age: int in 16..=99,
    salary: int in 0..=2_000_000,
}

input acme: secret [Employee; ROWS] from Acme;
input globex: secret [Employee; ROWS] from Globex;

/// How many are above a limit.
fn above<const N>(xs: secret [int; N], limit: int) -> secret int {
    sum((xs > limit) as int)
}

fn main() {
    let everyone = acme ++ globex;
    /* 🦀 */ let pay = everyone.salary;
    let rich = above(pay, 100_000);
    output rich to all;
    output average = mean(pay) to Acme;
}
";

/// The program, without what is no comment of the language.
fn program() -> String {
    PROGRAM.replace("/* 🦀 */ ", "")
}

#[test]
fn messages_come_and_go() {
    let mut editor = Editor::start();
    let uri = "untitled:Untitled-1";
    let text = program();
    editor.open(uri, &text);
    assert_eq!(editor.messages(uri), Vec::<Value>::new());

    // A name that nothing declares.
    let (line, column) = find(&text, "above(pay", 0, 6);
    editor.edit(uri, [line, column, line, column + 3], "payy");
    let messages = editor.messages(uri);
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(
        (&message["code"], &message["source"], &message["severity"]),
        (&json!("E0201"), &json!("smpcc"), &json!(1))
    );
    assert!(message["message"].as_str().is_some_and(|text| text.contains("help: did you mean `pay`?")), "{message}");
    assert_eq!(message["range"]["start"], json!({ "line": line, "character": column }));

    // What mends it does.
    let range = message["range"].clone();
    let actions = editor.ask(
        "textDocument/codeAction",
        json!({
            "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] }
        }),
    );
    assert_eq!(actions[0]["title"], "Change to `pay`");
    let edit = &edits_of(&actions[0]["edit"], uri)[0];
    assert_eq!(edit["range"], range);
    editor.edit(uri, [line, column, line, column + 4], edit["newText"].as_str().expect("a text"));
    assert_eq!(editor.messages(uri), Vec::<Value>::new());

    // A missing semicolon, and its mend.
    let (line, column) = find(&text, ";\n    let rich", 0, 0);
    editor.edit(uri, [line, column, line, column + 1], "");
    assert_eq!(editor.codes(uri), ["E0103"]);
    let at = json!({ "line": line, "character": column });
    let actions = editor.ask(
        "textDocument/codeAction",
        json!({
            "textDocument": { "uri": uri }, "range": { "start": at, "end": at }, "context": { "diagnostics": [] }
        }),
    );
    assert_eq!(edits_of(&actions[0]["edit"], uri)[0], json!({ "range": { "start": at, "end": at }, "newText": ";" }));
    editor.edit(uri, [line, column, line, column], ";");
    assert_eq!(editor.messages(uri), Vec::<Value>::new());

    // A cause elsewhere.
    let (line, column) = find(&text, "    let rich", 0, 0);
    editor.edit(uri, [line, column, line, column], "    let mut i = 0;\n    while i < rich { i += 1; }\n");
    editor.edit(uri, [line + 1, 14, line + 1, 18], "pay[0]");
    let messages = editor.messages(uri);
    let secret = messages.iter().find(|message| message["code"] == "E0301").expect("a message about the loop");
    assert_eq!(secret["relatedInformation"][0]["location"]["uri"], uri);
    assert_eq!(editor.leave(), Some(0));
}

#[test]
fn a_missing_import_is_mended() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    let text = program().replace("use std::stats::mean;\n\n", "");
    editor.open(uri, &text);
    assert_eq!(editor.codes(uri), ["E0201"]);
    let message = editor.messages(uri).remove(0);
    let actions = editor.ask(
        "textDocument/codeAction",
        json!({
            "textDocument": { "uri": uri }, "range": message["range"], "context": { "diagnostics": [] }
        }),
    );
    let mended = applied(&text, edits_of(&actions[0]["edit"], uri));
    assert!(mended.starts_with("//! What people earn. 🦀\n\nuse std::stats::mean;\n\nparty"), "{mended}");
    editor.open("untitled:mended", &mended);
    assert_eq!(editor.messages("untitled:mended"), Vec::<Value>::new());
}

#[test]
fn a_document_is_formatted() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    let text = program().replace("let pay = ", "let  pay=");
    editor.open(uri, &text);
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let edits = editor.ask("textDocument/formatting", json!({ "textDocument": { "uri": uri }, "options": options }));
    let formatted = applied(&text, &edits);
    assert!(formatted.contains("let pay = "), "{formatted}");
}

#[test]
fn hovers_say_what_is_known() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    let text = program();
    editor.open(uri, &text);
    let mut says = |what: &str, nth: usize, by: usize, wanted: &[&str]| {
        let shown = editor.hover(uri, find(&text, what, nth, by));
        assert!(wanted.iter().all(|wanted| shown.contains(wanted)), "at {what}: {shown}");
    };
    says("pay, 100", 0, 1, &["pay: secret [int in 0..=2_000_000; 200]"]);
    says("let pay", 0, 4, &["pay: secret [int in 0..=2_000_000; 200]"]);
    says("everyone.salary", 0, 0, &["everyone: secret [Employee; 200]", "`age: int in 16..=99`"]);
    says("everyone.salary", 0, 10, &["Employee.salary: int in 0..=2_000_000", "secret [int in 0..=2_000_000; 200]"]);
    says("age: int", 0, 0, &["Employee.age", "In years."]);
    says(
        "above(pay",
        0,
        0,
        &["fn above<const N>(xs: secret [int; N], limit: int) -> secret int", "How many", "secret int in 0..=200"],
    );
    says("mean(pay)", 0, 2, &["fn mean<T: column, const N>", "arithmetic mean", "secret fix"]);
    says("ROWS]", 0, 0, &["param ROWS: int in 1..=1_000 = 100", "Rows of each", "= 100"]);
    says("Employee; ROWS", 0, 0, &["struct Employee", "Somebody."]);
    says("sum((", 0, 0, &["sum(xs)", "secret int in 0..=200"]);
    says("xs > limit", 0, 3, &["secret [bool; 200]"]);
    says("(xs > limit) as", 0, 5, &["This line:", "rounds", "rep3"]);
    says("std::stats", 0, 6, &["module std::stats", "Statistics of secret columns"]);
    for (what, by) in [("fn main", 0), ("let pay", 1), ("    let rich", 1), ("//! What", 5)] {
        assert_eq!(editor.at("hover", uri, find(&text, what, 0, by)), Value::Null, "{what}");
    }
}

#[test]
fn names_lead_to_their_declarations_and_uses() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    let text = program();
    editor.open(uri, &text);
    let leads = |editor: &mut Editor, what: &str, by: usize, to: (u32, u32)| {
        let answer = editor.at("definition", uri, find(&text, what, 0, by));
        assert_eq!(answer["range"]["start"], json!({ "line": to.0, "character": to.1 }), "{what}: {answer}");
    };
    leads(&mut editor, "above(pay", 0, find(&text, "above<", 0, 0));
    leads(&mut editor, "pay, 100", 3, find(&text, "pay = ", 0, 0));
    leads(&mut editor, "Employee; ROWS", 2, find(&text, "Employee {", 0, 0));
    leads(&mut editor, ".salary", 1, find(&text, "salary: int", 0, 0));
    leads(&mut editor, "to Acme", 3, find(&text, "Acme, ", 0, 0));
    leads(&mut editor, "from Globex", 6, find(&text, "Globex;", 0, 0));
    leads(&mut editor, "rich to all", 0, find(&text, "rich = ", 0, 0));
    leads(&mut editor, "N], limit", 0, find(&text, "N>(xs", 0, 0));
    leads(&mut editor, "ROWS] from Globex", 0, find(&text, "ROWS: int", 0, 0));
    assert_eq!(editor.at("definition", uri, find(&text, "mean(pay)", 0, 0)), Value::Null);

    let mut params = place(uri, find(&text, "pay = ", 0, 0));
    params["context"] = json!({ "includeDeclaration": true });
    let uses = editor.ask("textDocument/references", params.clone());
    assert_eq!(uses.as_array().map(Vec::len), Some(3), "{uses}");
    params["context"] = json!({ "includeDeclaration": false });
    assert_eq!(editor.ask("textDocument/references", params).as_array().map(Vec::len), Some(2));
    let marked = editor.at("documentHighlight", uri, find(&text, "Acme", 0, 0));
    assert_eq!(marked.as_array().map(Vec::len), Some(3), "{marked}");
}

#[test]
fn renames_keep_the_meaning() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    let text = program();
    editor.open(uri, &text);
    let mut renamed = |what: &str, by: usize, name: &str| {
        let changes = editor.rename(uri, find(&text, what, 0, by), name);
        if changes.get("error").is_some() { Err(changes) } else { Ok(applied(&text, edits_of(&changes, uri))) }
    };
    let with = |pairs: &[(&str, &str)]| pairs.iter().fold(text.clone(), |text, (old, new)| text.replace(old, new));
    assert_eq!(renamed("above(pay", 0, "richer"), Ok(with(&[("above<", "richer<"), ("above(", "richer(")])));
    assert_eq!(renamed("salary: int", 0, "wage"), Ok(with(&[("salary", "wage")])));
    assert_eq!(renamed("to Acme", 3, "Acme2"), Ok(with(&[("Acme", "Acme2")])));
    assert_eq!(renamed("ROWS: int", 0, "N_ROWS"), Ok(with(&[("ROWS", "N_ROWS")])));
    assert_eq!(
        renamed("limit: int", 0, "bound"),
        Ok(with(&[("limit: int", "bound: int"), ("xs > limit", "xs > bound")]))
    );
    // `output rich` names the output after the variable, which keeps its name.
    assert_eq!(
        renamed("rich = ", 0, "wealthy"),
        Ok(with(&[("rich = ", "wealthy = "), ("output rich to", "output rich = wealthy to")]))
    );
    for (what, by, name) in [
        ("above(pay", 0, "fn"),
        ("above(pay", 0, "9lives"),
        ("above(pay", 0, "two words"),
        ("above(pay", 0, "mean"),
        ("above(pay", 0, "sum"),
        ("above(pay", 0, "Employee"),
        ("rich = ", 0, "pay"),
        ("limit: int", 0, "xs"),
        ("salary: int", 0, "age"),
        ("mean(pay)", 0, "average"),
        ("main()", 0, "start"),
        ("let pay", 0, "x"),
        ("sum((", 0, "total"),
    ] {
        assert!(renamed(what, by, name).is_err(), "{what} to {name}");
    }
    let answer = editor.at("prepareRename", uri, find(&text, "above(pay", 0, 3));
    assert_eq!(answer["placeholder"], "above");
    assert!(editor.at("prepareRename", uri, find(&text, "let pay", 0, 1))["error"].is_string());
}

#[test]
fn a_shorthand_becomes_long_where_it_must() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    let text = "party A;\nstruct P { x: int, y: int }\ninput x: secret int from A;\nfn main() {\n    let p = P { x, y: 1 };\n    output q = p.x to A;\n}\n";
    editor.open(uri, text);
    let changes = editor.rename(uri, find(text, "x: secret", 0, 0), "z");
    let value = text.replace("input x", "input z").replace("P { x,", "P { x: z,");
    assert_eq!(applied(text, edits_of(&changes, uri)), value);
    let changes = editor.rename(uri, find(text, "p.x", 0, 2), "z");
    let field = text.replace("P { x: int", "P { z: int").replace("P { x,", "P { z: x,").replace("p.x", "p.z");
    assert_eq!(applied(text, edits_of(&changes, uri)), field);
}

#[test]
fn what_could_be_written() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    let text = program();
    editor.open(uri, &text);
    let (line, _) = find(&text, "    output rich", 0, 0);
    editor.edit(uri, [line, 0, line, 0], "    \n");
    let mut offers = |written: &str, wanted: &[&str], unwanted: &[&str]| {
        editor.edit(uri, [line, 4, line, 4], written);
        let column = 4 + u32::try_from(written.encode_utf16().count()).expect("short");
        let labels = editor.labels(uri, (line, column));
        editor.edit(uri, [line, 4, line, column], "");
        for label in wanted {
            assert!(labels.iter().any(|found| found == label), "`{written}` has no {label}: {labels:?}");
        }
        for label in unwanted {
            assert!(labels.iter().all(|found| found != label), "`{written}` has {label}: {labels:?}");
        }
    };
    offers(
        "let x = ",
        &["pay", "rich", "everyone", "ROWS", "acme", "above", "mean", "sum", "sqrt", "if"],
        &["xs", "limit", "Acme", "main"],
    );
    offers("let x = ri", &["rich"], &[]);
    offers("let x = everyone.", &["age", "salary"], &["pay", "everyone"]);
    offers("let x = everyone[0].sa", &["age", "salary"], &["pay"]);
    offers("let x = above(everyone.", &["age", "salary"], &["pay"]);
    offers("for e in everyone { let y = e.", &["age", "salary"], &["pay"]);
    offers("if everyone.", &["age", "salary"], &[]);
    offers("let x: ", &["int", "fix", "bool", "Employee", "secret"], &["pay", "sum"]);
    offers("let x = Employee { ", &["age", "salary"], &["pay"]);
    offers("output z = pay to ", &["Acme", "Globex", "all"], &["pay"]);
    offers("let x", &[], &["pay", "rich"]);
    offers("// about p", &[], &["pay"]);
    offers("check(true, \"p", &[], &["pay"]);

    // Between the items, and in an import.
    editor.edit(uri, [3, 0, 3, 0], "in\nuse std::sort::\n");
    assert!(editor.labels(uri, (3, 2)).contains(&"input".to_owned()));
    editor.edit(uri, [3, 0, 4, 0], "");
    let labels = editor.labels(uri, (3, 16));
    assert!(labels.contains(&"sort".to_owned()), "{labels:?}");

    // What the library has comes with its import.
    editor.open(uri, &text);
    let (line, column) = find(&text, "mean(pay)", 0, 0);
    let answer = editor.at("completion", uri, (line, column));
    let item = answer.as_array().and_then(|items| items.iter().find(|item| item["label"] == "stddev")).expect("stddev");
    let imported = applied(&text, &item["additionalTextEdits"]);
    assert!(imported.contains("use std::stats::{mean, stddev};"), "{imported}");

    let answer = editor.at("signatureHelp", uri, find(&text, "100_000", 0, 0));
    assert_eq!(answer["activeParameter"], 1);
    assert_eq!(answer["signatures"][0]["parameters"][1]["label"], "limit: int");
    let answer = editor.at("signatureHelp", uri, find(&text, "(xs > limit)", 0, 0));
    assert_eq!(answer["signatures"][0]["label"], "sum(xs)");
}

#[test]
fn the_outline_has_all_items() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    editor.open(uri, &program());
    let answer = editor.ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri } }));
    let names: Vec<&str> =
        answer.as_array().expect("a list").iter().filter_map(|symbol| symbol["name"].as_str()).collect();
    assert_eq!(names, ["Acme", "Globex", "ROWS", "Employee", "acme", "globex", "above", "main"]);
    assert_eq!(answer[3]["children"][1]["name"], "salary");
    let folds = editor.ask("textDocument/foldingRange", json!({ "textDocument": { "uri": uri } }));
    assert_eq!(folds.as_array().map(Vec::len), Some(3), "{folds}");
}

#[test]
fn modules_are_read_from_the_editor() {
    let folder = tempfile::Builder::new().prefix("with späce ").tempdir().expect("a folder");
    let helpers = "/// Twice as much.\nfn twice(x: secret int) -> secret int {\n    x * 2\n}\n";
    let main = "use helpers::twice;\nparty A;\ninput x: secret int in 0..=9 from A;\nfn main() {\n    output y = twice(x) to A;\n}\n";
    let other = "use helpers::twice;\nparty B;\ninput z: secret int in 0..=9 from B;\nfn main() { output w = twice(z) + 1 to B; }\n";
    for (name, text) in [("helpers.smpc", helpers), ("main.smpc", main), ("other one.smpc", other)] {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let encoded = |name: &str| uri_in(folder.path(), name).replace(' ', "%20").replace('ä', "%C3%A4");
    let (main_uri, helpers_uri, other_uri) = (encoded("main.smpc"), encoded("helpers.smpc"), encoded("other one.smpc"));

    let mut editor = Editor::start();
    editor.open(&main_uri, main);
    assert_eq!(editor.messages(&main_uri), Vec::<Value>::new());
    let shown = editor.hover(&main_uri, find(main, "twice(x)", 0, 0));
    assert!(shown.contains("Twice as much.") && shown.contains("secret int in 0..=18"), "{shown}");
    let answer = editor.at("definition", &main_uri, find(main, "twice(x)", 0, 0));
    assert_eq!((&answer["uri"], &answer["range"]["start"]["line"]), (&json!(helpers_uri), &json!(1)));

    // A module has no `main`, and shows the types that it has in the program that is open.
    editor.open(&helpers_uri, helpers);
    assert_eq!(editor.messages(&helpers_uri), Vec::<Value>::new());
    let shown = editor.hover(&helpers_uri, find(helpers, "x * 2", 0, 0));
    assert!(shown.contains("secret int in 0..=9"), "{shown}");

    // What is not saved counts.
    editor.edit(&helpers_uri, [1, 3, 1, 8], "double");
    assert_eq!(editor.codes(&helpers_uri), Vec::<String>::new());
    let shown = editor.at("definition", &main_uri, find(main, "A;", 0, 0));
    assert_eq!(shown["uri"], main_uri.as_str());
    let about_main = editor.told.iter().rev().find(|(uri, _)| *uri == main_uri).expect("news").1["diagnostics"].clone();
    assert_eq!(about_main[0]["code"], "E0201", "{about_main}");
    editor.edit(&helpers_uri, [1, 3, 1, 9], "twice");

    // A new name reaches every file that uses it, also those that are not open.
    let changes = editor.rename(&helpers_uri, find(helpers, "twice", 0, 0), "doubled");
    for (uri, text) in [(&main_uri, main), (&helpers_uri, helpers), (&other_uri, other)] {
        assert_eq!(applied(text, edits_of(&changes, uri)), text.replace("twice", "doubled"));
    }
    let mut params = place(&helpers_uri, find(helpers, "twice", 0, 0));
    params["context"] = json!({ "includeDeclaration": false });
    assert_eq!(editor.ask("textDocument/references", params).as_array().map(Vec::len), Some(4));
    // In another file the name is taken.
    let taken = other.replace("fn main", "fn doubled() {}\nfn main");
    editor.open(&other_uri, &taken);
    assert!(editor.rename(&main_uri, find(main, "twice(x)", 0, 0), "doubled")["error"].is_string());

    // A mistake in a module, seen from the program; then the editor closes it, and the file on the disk counts.
    editor.edit(&helpers_uri, [2, 4, 2, 5], "y");
    assert_eq!(editor.codes(&helpers_uri), ["E0201"]);
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": helpers_uri } }));
    editor.versions.remove(&helpers_uri);
    let shown = editor.hover(&main_uri, find(main, "twice(x)", 0, 0));
    assert!(shown.contains("secret int in 0..=18"), "{shown}");
    let last = editor.told.iter().rev().find(|(uri, _)| *uri == helpers_uri).expect("news");
    assert_eq!(last.1["diagnostics"], json!([]));
}

#[test]
fn columns_are_utf_16_units() {
    let mut editor = Editor::start();
    let uri = "untitled:a";
    let text = "party A; // 🦀🦀\r\ninput x: secret int in 0..=9 from A;\r\nfn main() {\r\n    assert(true, \"🦀ü\"); let y = x + zz; // 🦀\r\n    output y to A;\r\n}\r\n";
    editor.open(uri, text);
    let messages = editor.messages(uri);
    let (line, column) = find(text, "zz", 0, 0);
    assert_eq!(
        messages[0]["range"],
        json!({
            "start": { "line": line, "character": column }, "end": { "line": line, "character": column + 2 }
        })
    );
    editor.edit(uri, [line, column, line, column + 2], "1");
    assert_eq!(editor.messages(uri), Vec::<Value>::new());
    let shown = editor.hover(uri, find(text, "y = x", 0, 0));
    assert!(shown.contains("y: secret int in 1..=10"), "{shown}");
    editor.edit(uri, [0, 12, 0, 16], "🦀 no more");
    let shown = editor.hover(uri, find(text, "y = x", 0, 0));
    assert!(shown.contains("y: secret int in 1..=10"), "{shown}");
}

#[test]
fn nonsense_is_answered_and_outlived() {
    let mut editor = Editor::silent();
    assert_eq!(editor.ask("textDocument/hover", json!({}))["code"], -32_002);
    editor.ask("initialize", json!({}));
    editor.tell("initialized", json!({}));
    assert_eq!(editor.ask("initialize", json!({}))["code"], -32_600);
    assert_eq!(editor.ask("textDocument/hover", json!({ "position": 3 }))["code"], -32_602);
    assert_eq!(editor.at("hover", "file:///not/open.smpc", (0, 0))["code"], -32_602);
    assert_eq!(editor.ask("smpc/dance", json!({}))["code"], -32_601);
    assert_eq!(editor.ask("textDocument/formatting", json!({}))["code"], -32_602);
    editor.tell("smpc/unknown", json!([1, 2]));
    editor.tell("textDocument/didChange", json!({ "textDocument": 7 }));
    editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": "file:///not/open.smpc" } }));

    // An answer without an id is none that the client library reads; it is taken from the pipe as it is.
    editor.raw(b"Content-Length: 1\r\n\r\n{");
    let answer = raw_answer(&mut editor);
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&Value::Null, &json!(-32_700)));
    editor.raw(b"Content-Length: 20\r\n\r\n{\"id\":4,\"method\":{}}");
    let answer = raw_answer(&mut editor);
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(4), &json!(-32_600)));

    let uri = "untitled:a";
    editor.open(uri, "fn main( {");
    assert_eq!(editor.codes(uri), ["E0102"]);
    for method in ["hover", "definition", "completion", "signatureHelp", "documentHighlight"] {
        let answer = editor.at(method, uri, (9_999, 9_999));
        assert!(answer.get("error").is_none(), "{method}: {answer}");
    }
    editor.edit(uri, [7, 7, 0, 2], "}} 🦀 \"");
    assert!(!editor.codes(uri).is_empty());
    assert_eq!(editor.leave(), Some(0));
}

/// The next message, whatever it is.
fn raw_answer(editor: &mut Editor) -> Value {
    use std::io::{BufRead as _, Read as _};
    let mut header = String::new();
    editor.output.read_line(&mut header).expect("a header");
    let length: usize = header.trim().rsplit(' ').next().and_then(|word| word.parse().ok()).expect("a length");
    let mut bytes = vec![0; length + 2];
    editor.output.read_exact(&mut bytes).expect("a message");
    serde_json::from_slice(&bytes[2..]).expect("JSON")
}

#[test]
fn an_editor_that_is_gone_is_not_served() {
    let mut editor = Editor::start();
    drop(editor.input.take());
    assert_eq!(editor.server.wait().expect("it ends").code(), Some(1));
    let mut editor = Editor::start();
    editor.tell("exit", Value::Null);
    assert_eq!(editor.server.wait().expect("it ends").code(), Some(1));
}
