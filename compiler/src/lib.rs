//! smpcc: compiles .smpc programs, runs them on this machine, and says what they cost.
