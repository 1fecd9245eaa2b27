//! The engine over hand-built modules: in the clear, among three and four parties in threads, and counting only.

mod bench;
mod control;
mod counting;
mod harness;
mod hostile;
mod make;
mod memory;
mod ops;
mod stops;
mod table;
mod untrusted;
mod words;
