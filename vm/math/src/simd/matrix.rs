//! The inner loop of a matrix product modulo 2^64.
//!
//! x·y = xl·yl + 2^32·(xl·yh + xh·yl) with halves of 32 bits: vector units multiply those at once, and the two sums are put together once at the end. A panel of
//! a few columns of the right matrix stays in the second cache while it meets a panel of rows of the left one.

/// Columns of a panel of the right matrix.
pub const PANEL_COLUMNS: usize = 8;
/// A row of a panel.
pub type Line = [u64; PANEL_COLUMNS];
/// Panels that are packed at once, so that what is read of a row is longer than a line of the cache.
pub const PANELS: usize = 4;
/// Rows of the left matrix that meet panels before those are left: enough to pay for the packing.
pub const PANEL_ROWS: usize = 64;

/// Columns `column ..` of a matrix (row by row, `columns` wide) as up to [`PANELS`] panels for [`super::multiply_panel`], one after the other; missing
/// columns of the last one are 0.
pub fn pack_panels<'m>(
    rows: impl Iterator<Item = &'m [u64]> + Clone,
    column: usize,
    columns: usize,
    panels: &mut Vec<Line>,
) {
    let inner = rows.clone().count();
    let count = columns.saturating_sub(column).min(PANELS * PANEL_COLUMNS);
    panels.clear();
    panels.resize(inner * count.div_ceil(PANEL_COLUMNS), [0; PANEL_COLUMNS]);
    for (k, row) in rows.enumerate() {
        for (n, words) in row[column..column + count].chunks(PANEL_COLUMNS).enumerate() {
            let line = &mut panels[n * inner + k];
            match <&Line>::try_from(words) {
                Ok(words) => *line = *words,
                Err(_) => line[..words.len()].copy_from_slice(words),
            }
        }
    }
}

#[inline(always)]
pub(super) fn multiply_panel(z: &mut [u64], columns: usize, column: usize, x: &[u64], y: &[Line]) {
    let inner = y.len();
    if inner == 0 || columns == 0 {
        return;
    }
    let count = columns.saturating_sub(column).min(PANEL_COLUMNS);
    let mut pairs = z.chunks_exact_mut(2 * columns).zip(x.chunks_exact(2 * inner));
    for (z, x) in &mut pairs {
        let (x0, x1) = x.split_at(inner);
        let sums = rows([x0, x1], y);
        for (z, sums) in z.chunks_exact_mut(columns).zip(sums) {
            z[column..column + count].iter_mut().zip(sums).for_each(|(z, sum)| *z = z.wrapping_add(sum));
        }
    }
    let odd = z.len() / columns % 2 == 1;
    if odd {
        let (z, x) = (&mut z.chunks_exact_mut(columns).last(), x.chunks_exact(inner).last());
        if let (Some(z), Some(x)) = (z, x) {
            let [sums] = rows([x], y);
            z[column..column + count].iter_mut().zip(sums).for_each(|(z, sum)| *z = z.wrapping_add(sum));
        }
    }
}

/// A few rows times a panel.
#[inline(always)]
fn rows<const N: usize>(x: [&[u64]; N], y: &[Line]) -> [Line; N] {
    let mut low = [[0; PANEL_COLUMNS]; N];
    let mut cross = [[0; PANEL_COLUMNS]; N];
    for (k, y) in y.iter().enumerate() {
        // Else the compiler takes several k at once, and gathers.
        let y = std::hint::black_box(y);
        let high = y.map(|y| y >> 32);
        for n in 0..N {
            let (xl, xh) = ([x[n][k]; PANEL_COLUMNS], [x[n][k] >> 32; PANEL_COLUMNS]);
            low[n] = add(low[n], multiply_low(xl, *y));
            cross[n] = add(cross[n], add(multiply_low(xl, high), multiply_low(xh, *y)));
        }
    }
    std::array::from_fn(|n| add(low[n], cross[n].map(|cross| cross << 32)))
}

/// Products of the lower halves.
#[inline(always)]
fn multiply_low(x: Line, y: Line) -> Line {
    std::array::from_fn(|j| (x[j] & 0xffff_ffff) * (y[j] & 0xffff_ffff))
}

#[inline(always)]
fn add(x: Line, y: Line) -> Line {
    std::array::from_fn(|j| x[j].wrapping_add(y[j]))
}
