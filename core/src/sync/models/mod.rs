//! Models, one file for each primitive.

mod wait_cell;
