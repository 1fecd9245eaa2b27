//! A proof that three parties, one of whom may do anything, have computed the ANDs of `rep3` as it says.
//!
//! In `rep3` an AND costs a party one bit, z_i, which only its left neighbour P_{i−1} gets. A cheater can flip that bit and nothing else, and nobody sees it. So
//! before anything that depends on the ANDs is opened, each party proves to both others that all of its bits are right, without telling any: a *distributed* proof,
//! whose statement no verifier knows as a whole. The left verifier P_{i−1} knows a vector u, the right verifier P_{i+1} a vector v, the prover P_i both, and what is proven is
//! ⟨u, v⟩ = T (`statement`). That takes a number of elements that grows with the logarithm of the number of ANDs:
//!
//! * Boneh, Boyle, Corrigan-Gibbs, Gilboa and Ishai, "Zero-knowledge proofs on secret-shared data via fully linear PCPs" (CRYPTO 2019): the recursion;
//! * Boyle, Gilboa, Ishai and Nof, "Practical fully secure three-party computation via sublinear distributed zero-knowledge proofs" (CCS 2019): for three parties;
//! * Li, Duan, Huang, Hong, Zhang and Song, "Efficient 3PC for binary circuits with application to maliciously-secure DNN inference" (USENIX Security 2023): for bits,
//!   over a prime field and without a random combination.
//!
//! **A layer.** Cut both vectors in chunks of λ elements. Let p_j and q_j be the polynomials of degree λ − 1 whose values at 0 … λ − 1 are chunk j of u and of v. Then
//! G(x) = Σ_j p_j(x)·q_j(x) has degree 2λ − 2, and Σ_{x<λ} G(x) = ⟨u, v⟩.
//!
//! 1. P_i shares the 2λ − 1 values of G that determine it between the verifiers: the right one's shares are random elements that both know from their common key, the
//!    left one's are what remains, and are sent. *One round, 2λ − 1 elements.*
//! 2. P_{i−1} chooses a point r ≥ λ and tells both others. *One round, 16 bytes to each.*
//! 3. What is left to prove is that the vectors (p_j(r))_j and (q_j(r))_j, a λ-th as long, have the inner product G(r), of which each verifier computes its share. That the old
//!    sum was right is a linear claim about shares, Σ_{x<λ} G(x) − T = 0; both keep it for the end.
//!
//! The last layer is a single chunk. Its first element, at 0, is a random mask that P_i shares with the verifier of that vector; it does not count in the sum, and as r
//! is none of the chunk's points it hides p(r) and q(r) completely. So at last:
//!
//! 4. P_i tells P_{i+1} the hash of all coins that it has got, and P_{i+1} stops if its own are others (PROTOCOLS R9): a left verifier with two faces
//!    would learn G at two points. *One round, 32 bytes.*
//! 5. The verifiers tell each other their shares of all claims, and p(r) or q(r); both see whether each claim is 0, and whether p(r)·q(r) = G(r). *One round, an
//!    element a layer and two more.*
//!
//! The three proofs run side by side: each party is prover of one, left verifier of the next and right verifier of the previous one.
//!
//! **Soundness.** If P_i has flipped a bit, ⟨u, v⟩ ≠ T. It must then lie in some layer about G, and what it shares is another polynomial G′, fixed before r is chosen by a verifier
//! that is honest, as there is one cheater only. G′ − G has at most 2λ − 2 roots, so the lie goes away with probability (2λ − 2)/(p − λ) a layer: with 32 elements in
//! the chunks of the first layer and four in the others, below 2^−53 for 2^26 ANDs, and with 32 in all below 2^−52. Nothing can be tried: a coin is
//! the left verifier's own, not a hash, and a failed proof ends the run.
//!
//! **Secrecy.** If P_i is honest, one verifier sees: shares that are uniform without the other's; coins that it has chosen, or may as well have; and the other's claims, which follow
//! from its own, but for p(r) or q(r), which are uniform.
//!
//! **Costs.** 2L + 2 rounds for L layers, and bytes without headers to the left and to the right neighbour ([`cost`]):
//!
//! | ANDs    | λ  | rounds | left  | right |
//! |---------|----|--------|-------|-------|
//! | 10^6    | 4  | 22     | 1,264 | 288   |
//! | 10^6    | 32 | 12     | 2,656 | 168   |
//! | 5·10^7  | 4  | 28     | 1,504 | 360   |
//! | 5·10^7  | 32 | 14     | 3,184 | 192   |
//!
//! In memory, seven bits an AND until the proof (`transcript`), and for the proof between one and two bytes more with λ = 4, which is what many ANDs are proven with, and up to five with 32 (`vector`).
//!
//! **What it does not say.** That operands are what they should be is the affair of how they were made: components that two parties hold are theirs, and linear gates are local.
//! That messages have arrived, and that all others have verified too, is the affair of who opens something afterwards (PROTOCOLS R4, R5). Which of the two others has
//! cheated nobody can tell. And tables of 512 bytes are read at places that secret bits choose, which a stranger on the same processor core might time.

mod layers;
mod rounds;
mod statement;
mod transcript;
mod vector;
mod verifier;

#[cfg(test)]
mod attacks;

pub use layers::{Arity, cost};
pub use rounds::Proof;
pub use transcript::{Place, Transcript};

use super::{PARTIES, private};
