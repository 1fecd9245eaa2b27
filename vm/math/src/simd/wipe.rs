//! Wiping secrets. What is longer than the caches is overwritten past them: a store that goes through them first reads the line that it overwrites, and nobody reads the zeros soon.

use zerocopy::{FromZeros, IntoBytes};
use zeroize::{DefaultIsZeroes, Zeroize as _};

/// Bytes from which on [`wipe`] goes past the caches, which would keep little of so long a vector until its memory is used again.
pub const PAST_CACHES: usize = 4 << 20;

/// Overwrites elements with zeros, in a way that no compiler leaves out.
pub fn wipe<T: DefaultIsZeroes + FromZeros + IntoBytes>(x: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    if size_of_val(x) >= PAST_CACHES && super::level() >= super::Level::Avx512 {
        #[allow(unsafe_code, reason = "a call into code for a vector unit")]
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { avx512::wipe(x) };
    }
    x.zeroize();
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{__m512i, _mm_sfence, _mm512_setzero_si512, _mm512_stream_si512};
    use zerocopy::{FromZeros, IntoBytes};
    use zeroize::{DefaultIsZeroes, Zeroize as _};

    #[target_feature(enable = "avx512f")]
    #[allow(unsafe_code, reason = "stores that no loop becomes")]
    pub(super) fn wipe<T: DefaultIsZeroes + FromZeros + IntoBytes>(x: &mut [T]) {
        // SAFETY: neither type has padding, any bytes are a vector, and the only one that is written is a valid T as well.
        let (before, lines, after) = unsafe { x.align_to_mut::<__m512i>() };
        before.zeroize();
        for line in lines {
            // SAFETY: a vector that is borrowed mutably, and lies where vectors do.
            unsafe { _mm512_stream_si512(line, _mm512_setzero_si512()) };
        }
        // Such stores are in no order with others until here.
        _mm_sfence();
        after.zeroize();
    }
}
