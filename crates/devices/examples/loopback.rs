//! Plays a tone into the default speaker and listens to the default microphone for three seconds. With a sound server whose
//! default source is the monitor of its default sink, the tone comes back:
//!
//! `pulseaudio -n -L "module-null-sink sink_name=out" ...; cargo run -p runde-devices --example loopback`

use rand_core::RngCore;
use runde_devices::{DeviceError, MicrophoneChoice, SpeakerChoice, events, list, open_microphone, open_speaker, tone};
use runde_media::level::{Level, SILENT};
use runde_media::{Hear, Speak};
use runde_privacy::{
    Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, LocalDevices, Notice, Permit, Target,
};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let devices = list();
    println!(
        "microphones {:#?}\nspeakers {:#?}\ncameras {:#?}",
        devices.microphones, devices.speakers, devices.cameras
    );
    let permit = permit()?;
    let (events, mut told) = events();
    let mut microphone = open_microphone(&permit, &MicrophoneChoice::Default, &events)?;
    let mut speaker = open_speaker(&permit, &SpeakerChoice::Default, &events)?;
    let (end, played) = (
        Instant::now() + Duration::from_secs(3),
        std::thread::spawn(move || {
            let mut tone = tone::Tone::new();
            let began = Instant::now();
            let blocks = (0..300).take_while(|_| speaker.speak(&tone.block()).is_ok()).count();
            (blocks, began.elapsed())
        }),
    );
    let (mut blocks, mut loudest) = (0, SILENT);
    while Instant::now() < end {
        if let Some(block) = microphone.hear(Duration::from_millis(100))? {
            blocks += 1;
            loudest = loudest.min(Level::of(&block.0).dbov);
        }
    }
    let (spoken, took) = played.join().map_err(|_| "the playing thread failed")?;
    println!("played {spoken} blocks in {took:?}, heard {blocks} blocks, loudest -{loudest} dBov");
    while let Some(event) = told.try_next() {
        println!("{event:?}");
    }
    let missing = open_microphone(&permit, &MicrophoneChoice::Id("nobody".to_owned()), &events).err();
    assert!(matches!(missing, Some(DeviceError::NotFound { .. })), "{missing:?}");
    if loudest.abs_diff(tone::LEVEL) > 1 { Err("the tone did not come back".into()) } else { Ok(()) }
}

/// As the product does it: a noted notice, a ledger, a gate.
fn permit() -> Result<Permit<LocalDevices>, Box<dyn std::error::Error>> {
    let target = Target::new("meet.jit.si", None)?;
    let noted = Acknowledgement::noted(&Notice::for_target(&target), Lang::De, Circumstances::default(), &mut Count(1));
    let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
    ledger.record(noted, &mut Count(2))?.confirm();
    Ok(Gate::replay(&ledger).local_devices()?)
}

/// No secrets here, so no chance is needed.
struct Count(u64);
impl RngCore for Count {
    fn next_u32(&mut self) -> u32 {
        u32::try_from(self.next_u64() & 0xffff_ffff).unwrap_or_default()
    }
    fn next_u64(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
    fn fill_bytes(&mut self, to: &mut [u8]) {
        to.fill(7);
    }
}
