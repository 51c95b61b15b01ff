#![no_std]
//! Turns outside events into wakes, or waits for one.
