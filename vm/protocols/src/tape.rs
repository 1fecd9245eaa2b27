//! Where a gate's randomness lives (R1): a range of steps of a dynamic gate instance. Nothing here is random; holders of a key turn an address into a
//! block, each for itself, so they agree without a word.

/// Steps of one gate instance.
const STEPS: u64 = 1 << 40;

/// A range of steps of a gate instance in an epoch. There is no "next": a gate names each step that it uses, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tape {
    epoch: u32,
    instance: u64,
    base: u64,
    span: u64,
}

impl Tape {
    /// All steps of a gate instance.
    #[must_use]
    pub const fn new(epoch: u32, instance: u64) -> Self {
        Self { epoch, instance, base: 0, span: STEPS }
    }

    /// The k-th of n equal parts.
    ///
    /// # Panics
    /// Where there are not so many: the part would lie in another gate's steps, and a mask be used twice.
    #[must_use]
    pub fn sub(self, k: u64, n: u64) -> Self {
        let span = self.span / n.max(1);
        assert!(k < n && span > 0, "sub-tape {k} of {n} of {} steps", self.span);
        Self { base: self.base + k * span, span, ..self }
    }

    /// The key epoch.
    #[must_use]
    pub const fn epoch(self) -> u32 {
        self.epoch
    }

    /// The gate instance.
    #[must_use]
    pub const fn instance(self) -> u64 {
        self.instance
    }

    /// Step k of this tape.
    ///
    /// # Panics
    /// As [`Tape::sub`].
    #[must_use]
    pub fn step(self, k: u64) -> u64 {
        assert!(k < self.span, "step {k} of {}", self.span);
        self.base + k
    }
}
