//! The examples of the language reference and of the tours: each compiles, or is refused with the code that it names, and gives what it says, under every
//! protocol.

use serde_json::Value;
use smpc_tests::{json, project, smpcc};
use std::path::Path;

/// A block of a page.
struct Block {
    page: &'static str,
    line: usize,
    /// The words behind `smpc` in its first line.
    words: Vec<String>,
    text: String,
}

impl Block {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|own| own == word)
    }

    /// The code with which it is refused.
    fn fails(&self) -> Option<&str> {
        let at = self.words.iter().position(|word| word == "fails")?;
        self.words.get(at + 1).map(String::as_str)
    }
}

fn blocks(page: &'static str) -> Vec<Block> {
    let text = std::fs::read_to_string(project().join("docs").join(page)).expect("a page of the book");
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        match (open, line.strip_prefix("```")) {
            (false, Some(info)) => {
                open = true;
                let words = info.split_whitespace().map(str::to_owned).collect();
                found.push(Block { page, line: at + 1, words, text: String::new() });
            }
            (true, Some(_)) => open = false,
            (true, None) => {
                let block = found.last_mut().expect("an open block");
                block.text.push_str(line);
                block.text.push('\n');
            }
            (false, None) => {}
        }
    }
    found.retain(|block| block.has("smpc"));
    found
}

/// The program that a block is.
fn program(block: &Block, prelude: &str) -> String {
    if block.has("main") {
        return format!("{prelude}fn main() {{\n{}}}\n", block.text);
    }
    if block.text.contains("fn main()") { block.text.clone() } else { format!("{}fn main() {{ }}\n", block.text) }
}

/// What the outputs of a block are said to be: `output name = …;   // = JSON`.
fn expected(block: &Block) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut name = String::new();
    for line in block.text.lines() {
        if let Some(rest) = line.trim_start().strip_prefix("output ") {
            name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned();
        }
        if let Some((_, said)) = line.split_once("// = ") {
            let said =
                serde_json::from_str(said).unwrap_or_else(|e| panic!("{}:{}: {e}: {said}", block.page, block.line));
            found.push((name.clone(), said));
        }
    }
    found
}

/// The inputs of the prelude.
fn write_inputs(folder: &Path) {
    let inputs = [("a", "7"), ("b", "-3"), ("xs", "3\n1\n4\n1\n5"), ("c", "true"), ("n", "4"), ("w", "0x96")];
    for (name, rows) in inputs {
        std::fs::write(folder.join(format!("{name}.csv")), format!("{name}\n{rows}\n")).expect("an input");
    }
}

fn holds(block: &Block, prelude: &str) {
    let place = format!("docs/{}:{}", block.page, block.line);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("main.smpc");
    std::fs::write(&source, program(block, prelude)).expect("the program");
    let checked = smpcc().arg("check").arg(&source).output().expect("smpcc runs");
    let told = String::from_utf8_lossy(&checked.stderr).into_owned();
    if let Some(code) = block.fails() {
        assert!(!checked.status.success() && told.contains(&format!("error[{code}]")), "{place}:\n{told}");
        return;
    }
    assert!(checked.status.success(), "{place}:\n{told}");
    if block.text.contains("#[test]") {
        let tested = smpcc().arg("test").arg(&source).output().expect("smpcc runs");
        assert!(tested.status.success(), "{place}:\n{}", String::from_utf8_lossy(&tested.stdout));
    }
    if !block.has("main") {
        return;
    }
    write_inputs(folder.path());
    let expected = expected(block);
    for protocol in ["plain", "rep3"] {
        let result = folder.path().join("result.json");
        let mut run = smpcc();
        run.arg("run").arg(&source).args(["--protocol", protocol, "--in-process", "--inputs"]).arg(folder.path());
        let ran = run.arg("--output").arg(&result).output().expect("smpcc runs");
        assert!(ran.status.success(), "{place} under {protocol}:\n{}", String::from_utf8_lossy(&ran.stderr));
        let given = json(&result);
        for (name, said) in &expected {
            assert_eq!(given["all"][name], *said, "{place} under {protocol}: {name}");
        }
    }
}

fn page(name: &'static str) {
    let all = blocks(name);
    let prelude = all.iter().find(|block| block.has("prelude")).map_or_else(String::new, |block| block.text.clone());
    let examples: Vec<&Block> = all.iter().filter(|block| !block.has("prelude")).collect();
    assert!(!examples.is_empty(), "{name} has no examples");
    examples.into_iter().for_each(|block| holds(block, &prelude));
}

#[test]
fn the_reference_holds() {
    page("language.md");
}

#[test]
fn the_tours_hold() {
    page("tour-python.md");
    page("tour-rust.md");
}

/// The library's own tests.
#[test]
fn the_library_passes_its_tests() {
    let folder = std::fs::read_dir(project().join("tests/std")).expect("tests/std exists");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let tested = smpcc().arg("test").arg(&file).output().expect("smpcc runs");
        let told = String::from_utf8_lossy(&tested.stdout).into_owned();
        assert!(tested.status.success() && !told.contains("running 0 tests"), "{}:\n{told}", file.display());
    }
}
