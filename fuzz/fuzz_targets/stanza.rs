#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runde_fuzz::stanza(bytes));
