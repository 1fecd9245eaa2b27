//! Payrolls from a seed, and the salary benchmark computed in the open, with the language's exact rounding.
//!
//! Written apart from the compiler and the machine on purpose: nothing here calls them.

use std::fmt::Write as _;

/// A payroll: (age, salary) a row.
pub type Payroll = Vec<(i64, i64)>;

/// SplitMix64 (Steele, Lea and Flood, 2014): fixed data from a seed; no cryptography rests on it.
pub struct Seeded(u64);

impl Seeded {
    /// A generator for that seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `lo..=hi`.
    pub fn between(&mut self, lo: i64, hi: i64) -> i64 {
        lo + (self.next_word() % (hi - lo + 1).unsigned_abs()).cast_signed()
    }
}

/// `rows` employees; every salary of the range 0..=2,000,000 may occur, and both ends do.
#[must_use]
pub fn payroll(seed: u64, rows: usize) -> Payroll {
    let mut random = Seeded::new(seed);
    let mut rows: Payroll = (0..rows).map(|_| (random.between(16, 99), random.between(20_000, 180_000))).collect();
    if let Some(first) = rows.first_mut() {
        first.1 = 0;
    }
    if let Some(last) = rows.last_mut() {
        last.1 = 2_000_000;
    }
    rows
}

/// The CSV file that the employer keeps.
#[must_use]
pub fn csv(payroll: &Payroll) -> String {
    let mut text = String::from("age,salary\n");
    for (age, salary) in payroll {
        let _ = writeln!(text, "{age},{salary}");
    }
    text
}

/// The outputs to all, computed in the open: `mean_pay`, `spread`, `quartiles` as raw fixed-point numbers, and `under_30`.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    /// Mean · 2^16.
    pub mean_pay: i128,
    /// Standard deviation · 2^16.
    pub spread: i128,
    /// Quartiles · 2^16.
    pub quartiles: [i128; 3],
    /// People under 30.
    pub under_30: i128,
}

const ONE: i128 = 1 << 16;

/// a / b as a raw fixed-point number, to nearest, ties up.
fn quotient(a: i128, b: i128) -> i128 {
    (2 * a * ONE + b).div_euclid(2 * b)
}

/// The salary benchmark over all payrolls together.
#[must_use]
pub fn expected(payrolls: &[Payroll]) -> Expected {
    let mut pay: Vec<i128> = payrolls.iter().flatten().map(|row| i128::from(row.1)).collect();
    let n = i128::try_from(pay.len()).unwrap_or(i128::MAX);
    let sum: i128 = pay.iter().sum();

    let d: Vec<i128> = pay.iter().map(|x| x - 1_000_000).collect();
    let (q, r) = (d.iter().sum::<i128>() / n, d.iter().sum::<i128>() % n);
    let s = d.iter().map(|x| x * x).sum::<i128>() - n * q * q - 2 * q * r;
    let part = quotient(r, n);
    let variance = ((s / n) * ONE + quotient(s % n, n) - ((part * part + ONE / 2) >> 16)).max(0);
    let radicand = variance * ONE;
    let spread = ((4 * radicand).isqrt() + 1) / 2;

    pay.sort_unstable();
    let quartile = |numerator: i128| {
        let place = (n - 1) * numerator;
        let below = usize::try_from(place / 4).unwrap_or(0);
        let above = (below + 1).min(pay.len() - 1);
        pay[below] * ONE + (pay[above] - pay[below]) * (place % 4) * (ONE / 4)
    };
    Expected {
        mean_pay: quotient(sum, n),
        spread,
        quartiles: [quartile(1), quartile(2), quartile(3)],
        under_30: payrolls.iter().flatten().filter(|row| row.0 < 30).count().try_into().unwrap_or(0),
    }
}

/// The raw value of a printed fixed-point number: what the shortest decimal reads back to.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "the figures of the tests lie far below 2^53")]
pub fn raw(printed: f64) -> i128 {
    (printed * 65536.0 + 0.5).floor() as i128
}

/// Fails unless a party's result is what the payrolls give: the outputs to all, and its own rank by total pay.
pub fn assert_matches(result: &serde_json::Value, party: usize, payrolls: &[Payroll]) {
    let expected = expected(payrolls);
    let number = |value: &serde_json::Value| raw(value.as_f64().expect("a number"));
    assert_eq!(number(&result["mean_pay"]), expected.mean_pay);
    assert_eq!(number(&result["spread"]), expected.spread);
    let quartiles: Vec<i128> = result["quartiles"].as_array().expect("three of them").iter().map(number).collect();
    assert_eq!(quartiles, expected.quartiles);
    assert_eq!(result["under_30"].as_i64().map(i128::from), Some(expected.under_30));

    let total = |payroll: &Payroll| payroll.iter().map(|row| row.1).sum::<i64>();
    let rank = 1 + payrolls.iter().filter(|other| total(other) > total(&payrolls[party])).count();
    let name = ["acme_rank", "globex_rank", "initech_rank"][party];
    assert_eq!(result[name].as_u64(), u64::try_from(rank).ok());
}
