//! Stand-in for `smpc_bytecode::semantics`.

use super::{Constant, Op, Program, RegType, Slot};

/// Lanes.
pub type Lanes = Vec<i128>;

fn isqrt(n: i128) -> i128 {
    if n <= 0 {
        return 0;
    }
    let mut x = n.cast_unsigned().isqrt().cast_signed();
    // round to nearest: (x + 1/2)^2 <= n
    if n - x * x > x {
        x += 1;
    }
    x
}

/// Evaluates.
pub fn eval(program: &Program, op: Op, args: &[Lanes], types: &[RegType], result: Slot) -> Result<Lanes, String> {
    let public = !result.ty.is_secret() && types.iter().all(|t| !t.is_secret());
    let n = usize::try_from(result.lanes).map_err(|_| "too long".to_owned())?;
    let map2 =
        |f: &dyn Fn(i128, i128) -> i128| -> Lanes { args[0].iter().zip(&args[1]).map(|(a, b)| f(*a, *b)).collect() };
    let map1 = |f: &dyn Fn(i128) -> i128| -> Lanes { args[0].iter().map(|a| f(*a)).collect() };
    let zero = || types.get(1).is_some_and(|t| !t.is_secret()) && args[1].contains(&0);
    let mask = |w: u32| if w >= 128 { -1_i128 } else { (1_i128 << w) - 1 };
    let ones = match result.ty {
        RegType::Bin { width } => mask(width),
        _ => 1,
    };
    let out = match op {
        Op::Const { constant } => match &program.constants[constant.index()] {
            Constant::Words(w) if w.len() == 1 => vec![w[0].into(); n],
            Constant::Words(w) => w.iter().map(|w| (*w).into()).collect(),
            Constant::Range { start, step } => {
                (0..n as i128).map(|i| i128::from(*start) + i * i128::from(*step)).collect()
            }
        },
        Op::Copy {} | Op::Relabel {} | Op::ProveRange {} | Op::Open { .. } => args[0].clone(),
        Op::Gather {} => {
            let mut out = Vec::new();
            for i in &args[1] {
                let at = usize::try_from(*i).ok().and_then(|i| args[0].get(i)).ok_or("index out of bounds")?;
                out.push(*at);
            }
            out
        }
        Op::Add {} => map2(&|a, b| a + b),
        Op::Sub {} => map2(&|a, b| a - b),
        Op::Neg {} => map1(&|a| -a),
        Op::Mul {} => map2(&|a, b| a * b),
        Op::Dot { len } => {
            let len = len as usize;
            (0..n).map(|i| (0..len).map(|j| args[0][i * len + j] * args[1][i * len + j]).sum()).collect()
        }
        Op::MatMul { rows, inner, cols } => {
            let (r, k, c) = (rows as usize, inner as usize, cols as usize);
            (0..r * c).map(|at| (0..k).map(|j| args[0][at / c * k + j] * args[1][j * c + at % c]).sum()).collect()
        }
        Op::Sum { len } => {
            let len = len as usize;
            (0..n).map(|i| args[0][i * len..(i + 1) * len].iter().sum()).collect()
        }
        Op::PrefixSum { len } => {
            let mut sum = 0;
            args[0]
                .iter()
                .enumerate()
                .map(|(i, a)| {
                    if (i as u64).is_multiple_of(len) {
                        sum = 0;
                    }
                    sum += a;
                    sum
                })
                .collect()
        }
        Op::Trunc { bits } | Op::TruncStochastic { bits } => map1(&|a| a >> bits),
        Op::Round { bits: 0 } => args[0].clone(),
        Op::Round { bits } => map1(&|a| (a + (1 << (bits - 1))) >> bits),
        Op::Div {} | Op::Rem {} | Op::FixDiv { .. } if zero() => return Err("division by zero".to_owned()),
        Op::Div {} => map2(&|a, b| if b == 0 { 0 } else { a / b }),
        Op::Rem {} => map2(&|a, b| if b == 0 { a } else { a % b }),
        Op::FixDiv { frac } => map2(&|a, b| {
            if b == 0 {
                return 0;
            }
            let (a, b) = if b < 0 { (-a, -b) } else { (a, b) };
            ((a << (frac + 1)) + b).div_euclid(2 * b)
        }),
        Op::Sqrt { frac } => map1(&|a| if a <= 0 { 0 } else { isqrt(a << frac) }),
        Op::Lt {} => map2(&|a, b| i128::from(a < b)),
        Op::Eq {} => map2(&|a, b| i128::from(a == b)),
        Op::Select {} => (0..n).map(|i| if args[0][i] != 0 { args[1][i] } else { args[2][i] }).collect(),
        Op::Xor {} => map2(&|a, b| a ^ b),
        Op::And {} => map2(&|a, b| a & b),
        Op::Or {} => map2(&|a, b| a | b),
        Op::Not {} => map1(&|a| a ^ ones),
        Op::Planes { from } => map1(&|a| (a.cast_unsigned().checked_shr(from).unwrap_or(0)).cast_signed() & ones),
        Op::A2b {} => map1(&|a| a & ones),
        Op::B2a { signed } => {
            let RegType::Bin { width } = types[0] else { return Err("b2a of a number".to_owned()) };
            map1(&|a| if signed && width < 128 && (a >> (width - 1)) & 1 == 1 { a - (1 << width) } else { a })
        }
        Op::Netlist { netlist } => {
            let netlist = &program.netlists[netlist.index()];
            (0..n)
                .map(|i| {
                    let bits: Vec<bool> = netlist
                        .inputs()
                        .iter()
                        .zip(args)
                        .flat_map(|(w, a)| (0..*w).map(move |b| (a[i] >> b) & 1 == 1))
                        .collect();
                    netlist.evaluate_bits(&bits).iter().enumerate().fold(0, |n, (b, set)| n | i128::from(*set) << b)
                })
                .collect()
        }
        _ => return Err(format!("no meaning for {}", op.mnemonic())),
    };
    if public {
        let (lo, hi) = result.ty.range();
        if out.iter().any(|v| *v < lo.into() || *v > hi.into()) {
            return Err("overflow".to_owned());
        }
    }
    Ok(out)
}

/// Merges.
pub fn merge_layer(table: &mut Lanes, columns: u32, p: i128, k: i128) {
    let columns = columns as usize;
    let n = table.len() / columns;
    let (Ok(p), Ok(k)) = (usize::try_from(p), usize::try_from(k)) else { return };
    if p == 0 || k == 0 {
        return;
    }
    let mut j = k % p;
    while j + k < n {
        for i in 0..k.min(n - j - k) {
            let (a, b) = (i + j, i + j + k);
            if a / (2 * p) == b / (2 * p) && table[a] > table[b] {
                (0..columns).for_each(|c| table.swap(c * n + a, c * n + b));
            }
        }
        j += 2 * k;
    }
}
