//! Places in a text: bytes here, lines and UTF-16 units in the protocol.

use lsp_types::{Position, Range};

/// Where the lines of a text start.
#[derive(Clone, Debug)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    /// Finds the lines; each of `\n`, `\r\n` and `\r` ends one.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = |at: usize| bytes[at] == b'\n' || bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
        Self(std::iter::once(0).chain((0..bytes.len()).filter(|at| ends(*at)).map(|at| at + 1)).collect())
    }

    /// The byte at a position; the end of the line for one behind it, the end of the text for one below it.
    pub(super) fn offset(&self, text: &str, position: Position) -> usize {
        let Some(&start) = self.0.get(position.line as usize) else { return text.len() };
        let end = self.0.get(position.line as usize + 1).copied().unwrap_or(text.len());
        let line = text[start..end].trim_end_matches(['\n', '\r']);
        let mut units = 0;
        for (at, c) in line.char_indices() {
            if units >= position.character {
                return start + at;
            }
            units += u32::try_from(c.len_utf16()).unwrap_or(1);
        }
        start + line.len()
    }

    /// The position of a byte.
    pub(super) fn position(&self, text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset.min(text.len()));
        let line = self.0.partition_point(|start| *start <= offset) - 1;
        let units = text[self.0[line]..offset].encode_utf16().count();
        Position::new(u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(units).unwrap_or(u32::MAX))
    }

    /// The range between two bytes.
    pub(super) fn range(&self, text: &str, start: usize, end: usize) -> Range {
        Range::new(self.position(text, start), self.position(text, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_units_go_back_and_forth() {
        let text = "a🦀b\r\nü\nlast";
        let lines = Lines::of(text);
        for (offset, line, character) in
            [(0, 0, 0), (1, 0, 1), (5, 0, 3), (6, 0, 4), (8, 1, 0), (10, 1, 1), (11, 2, 0), (15, 2, 4)]
        {
            let position = Position::new(line, character);
            assert_eq!(lines.position(text, offset), position, "byte {offset}");
            assert_eq!(lines.offset(text, position), offset, "{line}:{character}");
        }
        assert_eq!(lines.offset(text, Position::new(0, 99)), 6);
        assert_eq!(lines.offset(text, Position::new(9, 0)), text.len());
        // Inside a character of two units: the character's end.
        assert_eq!(lines.offset(text, Position::new(0, 2)), 5);
    }
}
