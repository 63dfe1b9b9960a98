//! Notices devices that come and go.

use crate::error::DeviceError;
use crate::event::{DeviceEvent, DeviceKind, EventSender};
use crate::list::{DeviceList, list};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks. The systems' own notifications differ too much to be worth two seconds.
const EVERY: Duration = Duration::from_secs(2);

/// Handle of the thread `dev-watch`; dropping it ends the thread.
pub struct Watch {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Looks each two seconds and sends [`DeviceEvent::ListChanged`] when something differs, first of all with what is there.
    ///
    /// # Errors
    /// [`DeviceError::Thread`].
    pub fn spawn(events: EventSender) -> Result<Self, DeviceError> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("dev-watch".to_owned())
            .spawn(move || run(&events, &stopped, list))
            .map_err(|source| DeviceError::Thread { kind: DeviceKind::Microphone, source })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None; // the thread sees the end of its channel
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(events: &EventSender, stopped: &mpsc::Receiver<()>, look: impl Fn() -> DeviceList) {
    let mut known = None;
    loop {
        let found = look();
        if known.as_ref() != Some(&found) {
            known = Some(found.clone());
            events.push(DeviceEvent::ListChanged(found));
        }
        if stopped.recv_timeout(EVERY) != Err(mpsc::RecvTimeoutError::Timeout) || events.is_closed() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::list::Device;

    #[test]
    fn the_first_list_is_told_and_the_end_is_heard() {
        let (events, mut told) = crate::events();
        let (stop, stopped) = mpsc::channel();
        drop(stop);
        let camera = Device { id: "0".into(), name: "cam".into(), is_default: true };
        let found = DeviceList { cameras: vec![camera], ..DeviceList::default() };
        run(&events, &stopped, || found.clone());
        assert_eq!(told.try_next(), Some(DeviceEvent::ListChanged(found.clone())));
        assert_eq!(found.of(DeviceKind::Camera).len(), 1);
    }
}
