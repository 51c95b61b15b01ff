#![no_std]
//! Runs tasks on one core or thread.
