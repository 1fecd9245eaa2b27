//! Words of bits: conversions, logic, circuits.

use super::{Definition, Run, wrapped};
use crate::conformance::data::{Data, mix};
use crate::lanes::Lanes;
use crate::protocol::{BinShares, Protocol, Shares};
use smpc_math::circuits::{add, less_signed, netlist};

/// Words of up to 64 bits.
pub(super) async fn words<P: Protocol>(run: &mut Run<'_, P>, data: &Data, width: u32) {
    let p = run.p;
    let name = |op: &str| format!("{op} {}", data.name());
    let lanes = data.a.len();
    let a = run.input(&data.a, 0).await;
    let b = run.input_bin(&data.b, width, 1).await;
    let low = move |x: i128| x & ((1 << width) - 1);
    // An opened word of 64 bits is in two's complement.
    let word = move |x: i128| if width == 64 { wrapped(x) } else { low(x) };
    let before = run.e.stats();
    let bits = p.a2b(run.next(), &a, width).await;
    run.note("a2b", width, lanes, &before);
    run.word(&name("a2b"), &bits, data.pairs().map(|(x, _)| word(x))).await;
    for is_signed in [false, true] {
        let before = run.e.stats();
        let number = p.b2a(run.next(), &bits, is_signed).await;
        run.note("b2a", width, lanes, &before);
        let value = move |x: i128| if is_signed && low(x) >> (width - 1) == 1 { low(x) - (1 << width) } else { low(x) };
        run.number(&name("b2a"), &number, data.pairs().map(|(x, _)| wrapped(value(x)))).await;
    }
    let before = run.e.stats();
    let both = p.and(run.next(), &bits, &b).await;
    run.note("and", width, lanes, &before);
    for (op, found, f) in [
        ("and", both, (|x, y| x & y) as Definition),
        ("xor", p.xor(&bits, &b), |x, y| x ^ y),
        ("not", p.not(&bits), |x, _| !x),
        ("xor_public", p.xor_public(&bits, &data.b), |x, y| x ^ y),
        ("xor_public of one", p.xor_public(&bits, &[0x5a5a]), |x, _| x ^ 0x5a5a),
        ("and_public", p.and_public(&bits, &data.b), |x, y| x & y),
        ("and_public of one", p.and_public(&bits, &[-0x5a5a]), |x, _| x & -0x5a5a),
        ("share_public_bin", p.share_public_bin(&data.a, width, lanes), |x, _| x),
    ] {
        run.word(&name(op), &found, data.pairs().map(|(x, y)| word(f(x, y)))).await;
    }
    let circuit = netlist(&[width, width], |c, words| {
        let mut out = add(c, &words[0], &words[1]);
        out.push(less_signed(c, &words[0], &words[1]));
        out
    })
    .levelled();
    let before = run.e.stats();
    let z = p.netlist(run.next(), &circuit, &[&bits, &b]).await;
    run.note("netlist", width, lanes, &before);
    run.word(&name("netlist sum"), &z.planes(0, width), data.pairs().map(|(x, y)| word(x + y))).await;
    let sign = move |x: i128| (low(x) << (127 - (width - 1))) >> (127 - (width - 1));
    let less = data.pairs().map(|(x, y)| i128::from(sign(x) < sign(y)));
    run.word(&name("netlist less"), &z.planes(width, 1), less).await;
    if let Some(first) = data.b.first().copied().map(i128::from) {
        // A word of one lane stands for itself in all of them.
        let one = b.read(&Lanes::one(0));
        let before = run.e.stats();
        let z = p.netlist(run.next(), &circuit, &[&bits, &one]).await;
        run.note("netlist", width, lanes, &before);
        run.word(&name("netlist of one"), &z.planes(0, width), data.pairs().map(|(x, _)| word(x + first))).await;
        let z = p.netlist(run.next(), &circuit, &[&one, &bits]).await;
        run.word(&name("netlist of one"), &z.planes(0, width), data.pairs().map(|(x, _)| word(first + x))).await;
    }
    let condition = bits.planes(0, 1);
    let before = run.e.stats();
    let z = p.select_bin(run.next(), &condition, &bits, &b).await;
    run.note("select_bin", width, lanes, &before);
    run.word(&name("select_bin"), &z, data.pairs().map(|(x, y)| word(if x & 1 == 1 { x } else { y }))).await;
    let before = run.e.stats();
    let equal = p.eq_bin(run.next(), &bits, &b).await;
    run.note("eq_bin", width, lanes, &before);
    run.word(&name("eq_bin"), &equal, data.pairs().map(|(x, y)| i128::from(low(x) == low(y)))).await;
    let same = p.eq_bin(run.next(), &bits, &p.share_public_bin(&data.a, width, lanes)).await;
    run.word(&name("eq_bin of the same"), &same, data.pairs().map(|_| 1)).await;
    let before = run.e.stats();
    let (random, other) = (p.random_bin(run.next(), width, lanes).await, p.random_bin(run.next(), width, lanes).await);
    run.note("random_bin", width, lanes, &before);
    let (x, y) = (p.open_bin(run.next(), &random).await, p.open_bin(run.next(), &other).await);
    let in_range = x.iter().chain(&y).all(|x| word(i128::from(*x)) == i128::from(*x));
    run.compare("random words fit", &[i64::from(in_range)], std::iter::once(1));
    if lanes * width as usize > 60 {
        run.compare("random words differ", &[i64::from(x == y)], std::iter::once(0));
    }
}

/// Words of more than 64 bits, each as many limbs of 64 bits as it fills.
struct Wide {
    width: u32,
    limbs: usize,
    lanes: Vec<u64>,
}

impl Wide {
    /// Lane by lane, limb by limb; bits above the width are cut off.
    fn new(width: u32, lanes: usize, limb: impl Fn(usize, usize) -> u64) -> Self {
        let limbs = width.div_ceil(64) as usize;
        let top = u64::MAX >> (limbs as u32 * 64 - width);
        let masked = |(lane, at)| if at + 1 == limbs { limb(lane, at) & top } else { limb(lane, at) };
        let all = (0..lanes).flat_map(|lane| (0..limbs).map(move |at| (lane, at)));
        Self { width, limbs, lanes: all.map(masked).collect() }
    }

    fn lane(&self, lane: usize) -> &[u64] {
        &self.lanes[lane * self.limbs..(lane + 1) * self.limbs]
    }

    /// As many limbs from bit `at` of a lane on as words of `width` bits have.
    fn bits(&self, lane: usize, at: usize, limb: usize) -> u64 {
        let get = |at: usize| self.lane(lane).get(at).copied().unwrap_or(0);
        let (from, shift) = (at / 64 + limb, at % 64);
        get(from) >> shift | get(from + 1).checked_shl(64 - shift as u32).unwrap_or(0)
    }

    /// Each limb anew, from its place and what it was.
    fn with(&self, f: impl Fn(usize, u64) -> u64) -> Self {
        Self::new(self.width, self.lanes.len() / self.limbs, |lane, at| f(at, self.lane(lane)[at]))
    }

    fn values(&self) -> Vec<i64> {
        self.lanes.iter().map(|limb| limb.cast_signed()).collect()
    }
}

/// Logic, choice, equality, circuits, planes and moves of words that no number holds.
pub(super) async fn wide_words<P: Protocol>(run: &mut Run<'_, P>, width: u32, lanes: usize) {
    let p = run.p;
    let name = |op: &str| format!("{op} of {width} bits, {lanes} lanes");
    let a = Wide::new(width, lanes, |lane, limb| mix((lane * 16 + limb) as u64));
    // A third of the lanes is equal, a third differs in one bit.
    let b = Wide::new(width, lanes, |lane, limb| match lane % 3 {
        0 => a.lane(lane)[limb],
        1 if lane * 7 % width as usize / 64 == limb => a.lane(lane)[limb] ^ 1 << (lane * 7 % width as usize % 64),
        1 => a.lane(lane)[limb],
        _ => mix((lane * 16 + limb) as u64 + 0x1_0000),
    });
    let (x, y) =
        (run.input_words(&a.values(), width, lanes, 0).await, run.input_words(&b.values(), width, lanes, 1).await);
    let each = |f: &dyn Fn(u64, u64) -> u64| Wide::new(width, lanes, |lane, at| f(a.lane(lane)[at], b.lane(lane)[at]));
    let both = p.and(run.next(), &x, &y).await;
    let public: Vec<i64> = (0..lanes).map(|lane| a.lane(lane)[0].cast_signed()).collect();
    let extended =
        |lane: usize, at: usize| if at == 0 { a.lane(lane)[0] } else { (public[lane] >> 63).cast_unsigned() };
    let with_public =
        |f: &dyn Fn(u64, u64) -> u64| Wide::new(width, lanes, |lane, at| f(b.lane(lane)[at], extended(lane, at)));
    for (op, found, expected) in [
        ("input_bin", x.clone(), each(&|x, _| x)),
        ("and", both, each(&|x, y| x & y)),
        ("xor", p.xor(&x, &y), each(&|x, y| x ^ y)),
        ("not", p.not(&x), each(&|x, _| !x)),
        ("xor_public", p.xor_public(&y, &public), with_public(&|x, y| x ^ y)),
        ("and_public", p.and_public(&y, &public), with_public(&|x, y| x & y)),
        ("and_public of one", p.and_public(&y, &[-2]), each(&|_, y| y).with(|at, y| if at == 0 { y & !1 } else { y })),
        ("share_public_bin", p.share_public_bin(&public, width, lanes), with_public(&|_, y| y)),
    ] {
        run.wide(&name(op), &found, &expected).await;
    }
    let equal = p.eq_bin(run.next(), &x, &y).await;
    let expected = (0..lanes).map(|lane| i128::from(a.lane(lane) == b.lane(lane)));
    run.word(&name("eq_bin"), &equal, expected).await;
    let chosen = p.select_bin(run.next(), &x.planes(0, 1), &x, &y).await;
    let choice =
        Wide::new(width, lanes, |lane, at| if a.lane(lane)[0] & 1 == 1 { a.lane(lane) } else { b.lane(lane) }[at]);
    run.wide(&name("select_bin"), &chosen, &choice).await;
    let sums = netlist(&[width, width], |c, words| add(c, &words[0], &words[1])).levelled();
    let sum = p.netlist(run.next(), &sums, &[&x, &y]).await;
    let carried = |lane: usize, at: usize| {
        let sum = |at: usize, carry: u128| u128::from(a.lane(lane)[at]) + u128::from(b.lane(lane)[at]) + carry;
        sum(at, (0..at).fold(0, |carry, at| sum(at, carry) >> 64)) as u64
    };
    run.wide(&name("netlist sum"), &sum, &Wide::new(width, lanes, carried)).await;
    // Planes beyond the top are 0; two pieces make a rotation.
    for from in [1, 63, 64, width / 2, width - 1, width] {
        let at = from as usize;
        let shifted = Wide::new(width, lanes, |lane, limb| a.bits(lane, at, limb));
        run.wide(&name("planes"), &x.planes(from, width), &shifted).await;
        let turned = P::Bin::stack(&[&x.planes(from, width - from), &x.planes(0, from)]);
        let bit = |lane: usize, at: usize| {
            let at = (at + from as usize) % width as usize;
            a.lane(lane)[at / 64] >> (at % 64) & 1
        };
        let limb = |lane, limb| (0..64.min(width as usize - 64 * limb)).map(|i| bit(lane, 64 * limb + i) << i).sum();
        run.wide(&name("rotation"), &turned, &Wide::new(width, lanes, limb)).await;
    }
    // Every other lane backwards, and back to where they were.
    let places: Vec<usize> = (0..lanes).rev().step_by(2).collect();
    let view = Lanes { start: lanes - 1, dims: [(0, 1), (-2, places.len())] };
    let picked = Wide::new(width, places.len(), |lane, at| a.lane(places[lane])[at]);
    run.wide(&name("read"), &x.read(&view), &picked).await;
    run.wide(&name("gather"), &x.gather(&places), &picked).await;
    let mixed = Wide::new(
        width,
        lanes,
        |lane, at| if (lanes - 1 - lane).is_multiple_of(2) { a.lane(lane) } else { b.lane(lane) }[at],
    );
    let (mut written, mut scattered) = (y.clone(), y);
    written.write(&view, &x.read(&view));
    scattered.scatter(&places, &x.gather(&places));
    run.wide(&name("write"), &written, &mixed).await;
    run.wide(&name("scatter"), &scattered, &mixed).await;
    // Only those who may learn a word do.
    let opened = p.open_bin_to(run.next(), &x, &[p.parties() - 1]).await;
    run.compare(
        &name("who learns"),
        &[i64::from(opened.is_some())],
        std::iter::once(i128::from(p.me() + 1 == p.parties())),
    );
    if let Some(opened) = opened {
        run.compare(&name("open_bin_to"), &opened, a.values().into_iter().map(i128::from));
    }
}

impl<P: Protocol> Run<'_, P> {
    /// Words of any width, limb by limb.
    async fn input_words(&mut self, values: &[i64], width: u32, lanes: usize, owner: usize) -> P::Bin {
        let owner = owner % self.p.parties();
        let cx = self.next();
        self.p.input_bin(cx, owner, (self.p.me() == owner).then_some(values), width, lanes).await
    }

    async fn wide(&mut self, name: &str, a: &P::Bin, expected: &Wide) {
        let cx = self.next();
        let found = self.p.open_bin(cx, a).await;
        self.compare(name, &found, expected.values().into_iter().map(i128::from));
    }
}
