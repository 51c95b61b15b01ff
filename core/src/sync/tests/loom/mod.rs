//! Models, one file for each primitive.

mod mutex;
mod notify;
mod wait_cell;
mod wait_queue;
