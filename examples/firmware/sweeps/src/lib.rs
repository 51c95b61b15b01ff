//! What the sweeps share: a second timer.
#![no_std]

/// GPTM1 as a one-shot, as the board uses GPTM0.
pub mod timer1 {
    /// Gives it its clock.
    pub fn start() {
        write(0x400f_e104, 3 << 16); // clock of GPTM0 and GPTM1
        write(0x4003_1000, 0);
        write(0x4003_1004, 1);
        write(0x4003_1018, 1);
    }

    /// Fires once, so many ticks of 80 ns from now.
    pub fn fire_after(ticks: u32) {
        write(0x4003_100c, 0);
        write(0x4003_1028, ticks);
        write(0x4003_100c, 1);
    }

    /// Ends the interrupt.
    pub fn acknowledge() {
        write(0x4003_1024, 1);
    }

    fn write(address: usize, value: u32) {
        // SAFETY: a register of GPTM1, which nothing else uses, or its clock gate, which keeps what the board set.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(value) };
    }
}
