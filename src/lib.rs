#![no_std]
#![forbid(unsafe_code)]
//! One async runtime from a microcontroller to a server.
