//! run_queue
