//! Passes over the IR.

pub mod cse;
pub mod dead;
pub mod dot;
pub mod facts;
mod forward;
pub mod fuse;
pub mod in_place;
pub mod licm;
pub mod ranges;
pub mod rounding;
pub mod schedule;
pub mod strength;
pub mod views;
