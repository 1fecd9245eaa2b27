//! Secret-sharing protocols: the trait, the round executor, the gates.
