//! The page as one HTML file: nothing is loaded from elsewhere, and it prints.

use super::page::{Block, Page, severity};
use super::words::place;
use crate::html::{escaped, head, marked_up};
use smpc_bytecode::audit::Severity;
use std::fmt::Write as _;

const STYLE: &str = "\
body{font:16px/1.5 Georgia,'Times New Roman',serif;color:#1a1a1a;max-width:48rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.7rem;margin-bottom:.5rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #999}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem}dt{color:#555}dd{margin:0;overflow-wrap:anywhere}\
ul{padding-left:1.2rem}li{margin:.6rem 0}li li{margin:.1rem 0}code,.source{font-family:Consolas,Menlo,monospace;font-size:.85em}\
.source{display:block;color:#555;overflow-wrap:anywhere}.mark{font-weight:bold;padding:0 .4em;border:1px solid;border-radius:.2em}\
.serious{color:#a00000}.notable{color:#8a5200}.minor{color:#3c5a78}\
.sign{display:grid;grid-template-columns:2fr 1fr 2fr;gap:2rem;margin-top:4rem}.sign div{border-top:1px solid #1a1a1a;padding-top:.3rem;font-size:.9rem}\
@media print{body{font-size:11pt;margin:0;max-width:none}li{break-inside:avoid}h2{break-after:avoid}.sign{break-inside:avoid}}";

/// The HTML of a page.
pub(super) fn render(page: &Page) -> String {
    let mut out = String::new();
    out.push_str(&head(&page.title, STYLE));
    out.push_str("<dl>\n");
    for (name, value) in &page.facts {
        // Writing to a string does not fail.
        let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(value));
    }
    out.push_str("</dl>\n");
    for section in &page.sections {
        let _ = writeln!(out, "<h2>{}</h2>", escaped(section.heading));
        let mut in_list = false;
        for block in &section.blocks {
            let entry = matches!(block, Block::Entry { .. });
            if entry != in_list {
                out.push_str(if entry { "<ul>\n" } else { "</ul>\n" });
                in_list = entry;
            }
            match block {
                Block::Text(text) => {
                    let _ = writeln!(out, "<p>{}</p>", marked_up(text));
                }
                Block::Entry { mark, says, more, source } => {
                    out.push_str("<li>");
                    if let Some(mark) = mark.filter(|mark| *mark != Severity::Stated) {
                        let word = severity(mark);
                        let _ = write!(out, "<span class=\"mark {}\">{word}</span> ", word.to_lowercase());
                    }
                    out.push_str(&marked_up(says));
                    if !more.is_empty() {
                        out.push_str("\n<ul>\n");
                        for line in more {
                            let _ = writeln!(out, "<li>{}</li>", marked_up(line));
                        }
                        out.push_str("</ul>");
                    }
                    if let Some(at) = source.as_ref().filter(|at| at.line > 0) {
                        let _ = write!(
                            out,
                            "\n<span class=\"source\">{}: {}</span>",
                            escaped(&place(at)),
                            escaped(&at.text)
                        );
                    }
                    out.push_str("</li>\n");
                }
            }
        }
        if in_list {
            out.push_str("</ul>\n");
        }
    }
    out.push_str("<p>Read and approved:</p>\n<div class=\"sign\"><div>Name</div><div>Date</div><div>Signature</div></div>\n</body>\n</html>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_program_says_is_markup() {
        let source =
            smpc_bytecode::audit::Place { file: "<img>".to_owned(), line: 1, text: "</span><script>".to_owned() };
        let entry = Block::Entry {
            mark: Some(Severity::Serious),
            says: "<b>".to_owned(),
            more: vec!["<i>".to_owned()],
            source: Some(source),
        };
        let page = Page {
            title: "<title>".to_owned(),
            facts: vec![("Program", "<dd>".to_owned())],
            sections: vec![super::super::page::Section {
                heading: "Findings",
                blocks: vec![entry, Block::Text("<p>".to_owned())],
            }],
        };
        let html = render(&page);
        for hostile in ["<script", "<img", "<b>", "<i>", "<title><", "<p><p>"] {
            assert!(!html.contains(hostile), "{hostile} in {html}");
        }
        assert!(!html.contains("src=") && !html.contains("http:") && !html.contains("https:"));
    }
}
