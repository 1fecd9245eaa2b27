//! Rings, fields, bit planes, netlists and addressed randomness.
pub mod bristol;
pub mod circuits;
pub mod field;
pub mod netlist;
pub mod permuting;
pub mod planes;
pub mod prf;
pub mod simd;
pub mod sorting;
