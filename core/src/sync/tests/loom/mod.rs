//! Models, one file for each primitive.

mod notify;
mod wait_cell;
mod wait_queue;
