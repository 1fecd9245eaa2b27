//! Lines of cells as text in columns.

use std::fmt::Write as _;

/// Pads the cells of each column to the widest one: those whose number is in `left` at their right side, the others at their left. Every line has as many cells as the first.
#[must_use]
pub fn columns<L: AsRef<[String]>>(lines: &[L], left: &[usize]) -> String {
    let count = lines.first().map_or(0, |line| line.as_ref().len());
    let cell = |line: &L, column: usize| line.as_ref().get(column).map_or(0, |cell| cell.chars().count());
    let widths: Vec<usize> =
        (0..count).map(|column| lines.iter().map(|line| cell(line, column)).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for line in lines {
        for (column, (cell, width)) in line.as_ref().iter().zip(&widths).enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            // Writing to a string does not fail.
            let _ = if left.contains(&column) {
                write!(out, "{gap}{cell:width$}")
            } else {
                write!(out, "{gap}{cell:>width$}")
            };
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_each_other() {
        let lines = [["name", "rounds", "is"], ["é", "12", ""]].map(|line| line.map(str::to_owned));
        assert_eq!(columns(&lines, &[0, 2]), "name  rounds  is\né         12\n");
        assert_eq!(columns::<[String; 3]>(&[], &[0]), "");
    }
}
