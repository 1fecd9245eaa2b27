//! End-to-end tests: diagnostics, whole programs over real processes, bad input, faults.
