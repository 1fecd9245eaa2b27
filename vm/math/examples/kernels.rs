//! The inner loops on data that stays in the first caches: what bounds everything above.
//!
//! `cargo run --release -p smpc-math --example kernels`

use smpc_math::prf::{Address, Domain, Key, Prf};
use smpc_math::simd;
use std::hint::black_box;
use std::time::Instant;

/// Best of some runs, as time an item.
fn measure(name: &str, items: usize, mut run: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..9 {
        let start = Instant::now();
        for _ in 0..1000 {
            run();
        }
        best = best.min(start.elapsed().as_secs_f64() / 1000.0);
    }
    println!("{name:28} {:8.3} ns each, {:10.1} million/s", best * 1e9 / items as f64, items as f64 / best / 1e6);
}

fn main() {
    const N: usize = 512;
    let [xa, xb, ya, yb, z] = [1_u64, 2, 3, 4, 5].map(|seed| (0..N as u64).map(|i| (i * seed) << 30 ^ i).collect());
    let ([xa, xb, ya, yb], mut z): ([Vec<u64>; 4], Vec<u64>) = ([xa, xb, ya, yb], z);
    let prf = Prf::new(&Key::new([1; 32]), &[2; 32], Domain::Arith, 0);
    let mut block = 0;
    measure("mask words", N, || {
        block += N as u64;
        prf.fill(Address { instance: 1, step: 1, block }, black_box(&mut z));
    });
    measure("mask words, 32 at a time", N, || {
        for words in z.chunks_mut(32) {
            block += N as u64;
            prf.fill(Address { instance: 1, step: 1, block }, black_box(words));
        }
    });
    measure("products", N, || simd::cross_products(black_box(&mut z), &xa, &xb, &ya, &yb));
    measure("inner product", N, || {
        black_box(simd::cross_dot(black_box(&xa), &xb, &ya, &yb));
    });
    measure("differences added", N, || simd::add_difference(black_box(&mut z), &xa, &xb, u64::MAX));
    measure("ANDs of 64 bits", N, || simd::cross_ands(black_box(&mut z), &xa, &xb, &ya, &yb));
    let mut rows = [[0; 8]; 64];
    measure("words to rows", N, || simd::words_to_rows(black_box(&xa), black_box(&mut rows)));
    let mut words = [0; 512];
    measure("rows to words", N, || simd::rows_to_words(black_box(&rows), black_box(&mut words)));
    let mut panel = Vec::new();
    simd::pack_panels(xb.chunks_exact(8), 0, 8, &mut panel);
    let mut product = vec![0; 64];
    measure("matrix, terms", 8 * 64 * 8, || {
        simd::multiply_panel(black_box(&mut product), 8, 0, &xa, black_box(&panel))
    });
}
