//! Ways to go wrong, one file for each primitive.

mod wait_cell;
