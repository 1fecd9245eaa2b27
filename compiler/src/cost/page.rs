//! Costs as one HTML file with charts. Its drawings are inline, and readable on a light and on a dark ground.

use super::text::{bound, name, taken, untimed};
use crate::html::{escaped, head};
use smpcvm::run::cost::words::{bytes, link, rests_on, time};
use smpcvm::run::cost::{Assumptions, Cost};
use std::fmt::Write as _;

/// Bars of a chart.
const MOST: usize = 20;
/// Characters of a label.
const LABEL: usize = 100;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#555;--line:#bbb;--bar:#3a6ea5;--ground:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--soft:#a5a5a5;--line:#555;--bar:#7aa7d6;--ground:#161616}}\
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:56rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem}h2{font-size:1.3rem;margin-top:2.5rem;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin-bottom:.3rem}\
table{border-collapse:collapse;font-size:.9rem}th,td{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid var(--line)}\
th:first-child,td:first-child{text-align:left}.soft{color:var(--soft);font-size:.9rem}\
svg{width:100%;height:auto;font:12px Consolas,Menlo,monospace}svg text{fill:var(--ink)}svg .soft{fill:var(--soft)}svg rect{fill:var(--bar)}\
@media print{body{margin:0;max-width:none}svg,tr{break-inside:avoid}}";

/// A bar: what it is of, how long it is, and what stands beside it.
struct Bar {
    label: String,
    value: f64,
    says: String,
}

/// The page.
pub(super) fn of(program: &str, costs: &[Cost], assumptions: &Assumptions<'_>) -> String {
    let mut out = head(&format!("What {program} costs"), STYLE);
    // Writing to a string does not fail.
    let _ = writeln!(out, "<p>Predicted for {}.</p>", escaped(&link(assumptions.network)));
    out.push_str(&side_by_side(costs));
    for cost in costs {
        let _ = writeln!(out, "<h2>{}</h2>", escaped(cost.protocol.name));
        out.push_str(&protocol(cost));
    }
    let _ = writeln!(out, "<h2>What this rests on</h2>\n<p>{}</p>\n</body>\n</html>", escaped(&rests_on(assumptions)));
    out
}

/// All protocols in a table and a chart.
fn side_by_side(costs: &[Cost]) -> String {
    let mut out = String::from(
        "<table>\n<tr><th>protocol</th><th>time</th><th>rounds</th><th>most bytes a party sends</th><th>preprocessing</th><th>memory</th></tr>\n",
    );
    for cost in costs {
        let sum = |bytes: &[u64]| bytes.iter().fold(0_u64, |sum, more| sum.saturating_add(*more));
        let sent = cost.parties.iter().map(|stats| sum(&stats.sent)).max().unwrap_or(0);
        let rounds = cost.parties.iter().map(|stats| stats.rounds).max().unwrap_or(0);
        let memory = cost.memory.iter().copied().max().unwrap_or(0);
        let bound = bound(cost);
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{bound}{}</td><td>{bound}{rounds}</td><td>{bound}{}</td><td>none</td><td>about {}</td></tr>",
            escaped(cost.protocol.name),
            taken(cost, cost.time.total()),
            bytes(sent),
            bytes(memory)
        );
    }
    out.push_str("</table>\n");
    if costs.len() > 1 {
        let bars = costs.iter().map(|cost| Bar {
            label: cost.protocol.name.to_owned(),
            value: cost.time.total(),
            says: taken(cost, cost.time.total()),
        });
        out.push_str(&chart("Time by protocol", &bars.collect::<Vec<_>>()));
    }
    out
}

fn protocol(cost: &Cost) -> String {
    let mut out = String::new();
    if cost.at_least {
        out.push_str("<p>A run may cost more: it depends on values that the program reveals. With <code>--inputs DIR</code> it is followed on data.</p>\n");
    }
    if !cost.timed {
        let _ = writeln!(out, "<p>{}.</p>", escaped(&untimed(cost)));
    }
    let split = [
        ("what the parties compute", cost.time.work),
        ("waiting for messages", cost.time.latency),
        ("for the links' rate", cost.time.bandwidth),
    ];
    let bar = |label: &str, value: f64, says: String| Bar { label: label.to_owned(), value, says };
    let split: Vec<Bar> = split.iter().map(|(label, seconds)| bar(label, *seconds, time(*seconds))).collect();
    out.push_str(&chart("Where the time goes", &split));
    let lines = cost.lines.iter().map(|line| {
        let label = format!("{}:{}  {}", line.file, line.line, line.text.trim());
        let says = format!("{}, {} rounds, {}", taken(cost, line.seconds), line.rounds, bytes(line.bytes_sent));
        bar(&label, line.seconds, says)
    });
    out.push_str(&chart("Time by source line", &lines.collect::<Vec<_>>()));
    out.push_str("<p class=\"soft\">At the first party. Rounds that merge count at each line, and at each kind of gate, that has a part in them.</p>\n");
    let kinds = cost.kinds.iter().map(|kind| {
        let says = format!("{}, {} gates, {} lanes", taken(cost, kind.seconds), kind.gates, kind.lanes);
        bar(&name(&kind.kind), kind.seconds, says)
    });
    out.push_str(&chart("Time by kind of gate", &kinds.collect::<Vec<_>>()));
    if !cost.unknown.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"soft\">Not calibrated, and taken to cost what a product or sum of as many lanes does: {}.</p>",
            escaped(&cost.unknown.join(", "))
        );
    }
    out
}

/// Bars one below the other, the longest as wide as the chart.
fn chart(title: &str, bars: &[Bar]) -> String {
    const WIDTH: f64 = 720.0;
    const ROW: usize = 38;
    let shown = &bars[..bars.len().min(MOST)];
    let most = shown.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let height = shown.len() * ROW;
    let title = escaped(title);
    let mut out =
        format!("<h3>{title}</h3>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{title}\">\n");
    for (row, bar) in shown.iter().enumerate() {
        let label: String = bar.label.chars().take(LABEL).collect();
        let width = if most > 0.0 { (bar.value / most * (WIDTH - 240.0)).max(1.0) } else { 1.0 };
        let (text, top) = (row * ROW + 12, row * ROW + 17);
        let _ = writeln!(
            out,
            "<text x=\"0\" y=\"{text}\">{}</text><rect x=\"0\" y=\"{top}\" width=\"{width:.1}\" height=\"12\"/>\
             <text class=\"soft\" x=\"{:.1}\" y=\"{}\">{}</text>",
            escaped(&label),
            width + 6.0,
            top + 10,
            escaped(&bar.says)
        );
    }
    out.push_str("</svg>\n");
    if bars.len() > shown.len() {
        let _ =
            writeln!(out, "<p class=\"soft\">And {} more, which the JSON form lists.</p>", bars.len() - shown.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_program_says_is_markup() {
        let bar = |label: &str, value: f64| Bar { label: label.to_owned(), value, says: "<i>".to_owned() };
        let svg = chart("<t>", &[bar("</text><script>", 2.0), bar("é".repeat(200).as_str(), 0.0)]);
        for hostile in ["<script", "<i>", "<t>"] {
            assert!(!svg.contains(hostile), "{svg}");
        }
        assert!(svg.contains(&"é".repeat(LABEL)) && !svg.contains(&"é".repeat(LABEL + 1)));
        // The longest bar is as wide as the chart, and the shortest is seen.
        assert!(svg.contains("width=\"480.0\"") && svg.contains("width=\"1.0\""), "{svg}");
        let many: Vec<Bar> = (0..30).map(|n| bar("x", f64::from(n))).collect();
        assert_eq!(chart("t", &many).matches("<rect").count(), MOST);
    }
}
