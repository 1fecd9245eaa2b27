//! The .smpcb instruction set: op table, module, encoding, text form, verifier.
