//! Links between parties: TLS over TCP, in process, emulation, counters, taps, handshake.
