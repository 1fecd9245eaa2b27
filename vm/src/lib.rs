//! smpcvm: every party runs it to execute a compiled .smpc program over secret shares.
