//! The interrupts of the LM3S6965 (data sheet, table 2-9) and their vectors.
//!
//! A handler is written `#[interrupt] fn UART0() { .. }`; those that nobody writes are the default handler (`device.x`).

#![allow(missing_docs)] // the names are the data sheet's

use cortex_m::interrupt::InterruptNumber;

/// One entry of the vector table.
#[derive(Clone, Copy)]
#[repr(C)]
pub union Vector {
    handler: unsafe extern "C" fn(),
    reserved: usize,
}

macro_rules! interrupts {
    ($($number:literal = $name:ident,)*) => {
        /// The interrupts of this chip.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Interrupt {
            $($name = $number,)*
        }

        unsafe extern "C" {
            $(fn $name();)*
        }

        /// The vectors, where the link script of cortex-m-rt looks for them.
        // SAFETY: the name and section are the ones cortex-m-rt asks a device crate for, and the content is a table of
        // handlers in the order of the interrupt numbers.
        #[unsafe(link_section = ".vector_table.interrupts")]
        #[unsafe(no_mangle)]
        pub static __INTERRUPTS: [Vector; 44] = {
            let mut vectors = [Vector { reserved: 0 }; 44];
            $(vectors[$number] = Vector { handler: $name };)*
            vectors
        };
    };
}

interrupts! {
    0 = GPIOA,
    1 = GPIOB,
    2 = GPIOC,
    3 = GPIOD,
    4 = GPIOE,
    5 = UART0,
    6 = UART1,
    7 = SSI0,
    8 = I2C0,
    9 = PWM_FAULT,
    10 = PWM0,
    11 = PWM1,
    12 = PWM2,
    13 = QEI0,
    14 = ADC0,
    15 = ADC1,
    16 = ADC2,
    17 = ADC3,
    18 = WATCHDOG,
    19 = TIMER0A,
    20 = TIMER0B,
    21 = TIMER1A,
    22 = TIMER1B,
    23 = TIMER2A,
    24 = TIMER2B,
    25 = COMP0,
    26 = COMP1,
    28 = SYSCTL,
    29 = FLASH,
    30 = GPIOF,
    31 = GPIOG,
    33 = UART2,
    35 = TIMER3A,
    36 = TIMER3B,
    37 = I2C1,
    38 = QEI1,
    42 = ETHERNET,
    43 = HIBERNATE,
}

// SAFETY: the number is the enum's discriminant, which is the position of the interrupt in the vector table.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        self as u16
    }
}
