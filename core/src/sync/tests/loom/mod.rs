//! Models, one file for each primitive.

mod wait_cell;
mod wait_queue;
