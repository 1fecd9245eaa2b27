//! Rings, bit planes, netlists and addressed randomness.
