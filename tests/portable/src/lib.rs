#![no_std]
#![forbid(unsafe_code)]
//! Tests of core that need no operating system: plain functions, and one runner.
//!
//! The same source is linked into a program for Linux, 64 bits and 32, for a Cortex-M3 and for a WASI host; `cargo xtask
//! places` runs the four and compares what they print. A test fails by a panic, which ends the program; its name was
//! printed before. Each writes down what happened, in order, and the digest of that is printed too: so the places agree on
//! the order of events and not on success alone.
//!
//! Nothing here sleeps or allocates. The clock is moved by hand, the executor is stepped, and every test has statics of its
//! own (`world!`), since each runs once in a program.

mod events;
mod futures;
mod locks;
mod pools;
mod primitives;
mod queues;
mod steps;
mod tasks;
mod timers;
mod values;
mod waits;
mod world;

use core::fmt::Write;

use events::Events;

/// A test: its name and what it does.
type Case = (&'static str, fn(&mut Events));

/// Lists the tests of a module by their names.
macro_rules! cases {
    ($($module:ident: $($name:ident)+;)+) => {
        &[$($((concat!(stringify!($module), "::", stringify!($name)), $module::$name),)+)+]
    };
}

const CASES: &[Case] = cases! {
    tasks: outputs_are_joined yields_take_turns a_wake_counts_once a_wake_while_running_polls_again
        aborted_before_its_first_poll aborted_while_it_waits aborted_when_it_is_complete a_dropped_handle_detaches
        an_unwanted_output_is_dropped a_task_spawns_tasks_and_joins_them join_handles_are_awaited_late
        a_set_of_fixed_size_is_joined a_task_is_known_by_its_waker;
    pools: pool_of_one pool_of_8 pool_of_255 pool_of_256 pool_of_257 a_slot_is_free_when_its_task_is_over
        stale_wakers_wake_the_next_tenant_and_no_more stale_aborts_do_nothing a_task_too_large_comes_back;
    steps: one_step_is_one_poll idle_is_idle a_bounded_step_comes_back time_is_run_to_its_end a_future_and_its_polls;
    timers: earliest_first_whatever_the_order first_in_first_out_among_equals cancelled_ones_are_gone
        a_reset_moves_a_deadline_both_ways never_early far_is_never beyond_32_bits timeouts_choose intervals_count
        against_a_sorted_list;
    primitives: a_channel_is_first_in_first_out a_full_channel_makes_senders_wait a_closed_channel_is_emptied_first
        places_are_reserved a_mutex_goes_to_one_at_a_time a_cancelled_lock_is_passed_on a_signal_keeps_the_last_value
        a_oneshot_gives_its_value_or_tells a_cancellation_reaches_everybody;
    waits: a_cell_keeps_the_last_waker_and_wakes_the_one_before a_notification_is_kept_for_one all_who_wait_are_notified
        a_notified_that_is_dropped_passes_it_on a_queue_wakes_in_order a_closed_queue_tells_all;
    locks: permits_go_in_order_and_in_numbers readers_share_and_a_writer_does_not a_barrier_has_one_leader_each_time
        a_condition_is_waited_for_without_the_lock a_pipe_gives_its_bytes_in_order;
    values: a_watch_shows_the_last_value a_watch_is_not_written_while_somebody_looks
        a_broadcast_reaches_everybody_in_order a_late_receiver_is_told_what_it_missed
        a_cell_is_made_by_one_who_does_not_give_up a_value_is_set_once;
    queues: several_receivers_share_what_comes handles_do_not_name_the_size the_urgent_goes_first_and_equals_in_turn
        a_group_is_waited_for_until_the_last_is_done a_full_pipe_and_an_empty_one delays_end_in_order_and_can_be_moved
        an_earlier_delay_wakes_who_waits;
    futures: a_biased_select_takes_the_first a_fair_select_reaches_all_branches conditions_disable_branches
        a_join_waits_for_all a_failed_try_join_ends_early a_race_has_one_winner looking_once_does_not_wait;
};

/// Runs every test, and returns how many there are. Writes a line for each, and at last `N passed`.
pub fn run(out: &mut dyn Write) -> usize {
    for (name, case) in CASES {
        let _ = write!(out, "{name} ");
        let mut events = Events::new();
        case(&mut events);
        let _ = writeln!(out, "{events}");
    }
    let _ = writeln!(out, "{} passed", CASES.len());
    CASES.len()
}
