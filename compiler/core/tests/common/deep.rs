//! Trees as deep as a test makes them.

use std::panic::resume_unwind;
use std::thread;

/// Runs something on a stack of the size that the command line gives.
pub(crate) fn deep(run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(1 << 30).spawn(run).expect("a thread");
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}
