//! Who is answered when, with a disk that does as it is told.

use std::sync::mpsc;

use super::*;
use crate::sqlite::job::Need;
use crate::sqlite::session::Session;
use crate::{Error, Health};

/// What a job was told.
type Told = Result<(), String>;

/// A committed job that says what it was told.
struct Waiting(mpsc::Sender<Told>);

impl Job for Waiting {
    fn run(&mut self, _: &mut Session<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn answer(self: Box<Self>, _: &Arc<Queue>) {
        self.0.send(Ok(())).unwrap();
    }

    fn fail(self: Box<Self>, error: Error) {
        self.0.send(Err(error.to_string())).unwrap();
    }

    fn need(&self) -> Need {
        Need::Room
    }
}

fn waiting(jobs: usize) -> (Vec<Box<dyn Job>>, mpsc::Receiver<Told>) {
    let (told, answers) = mpsc::channel();
    ((0..jobs).map(|_| Box::new(Waiting(told.clone())) as Box<dyn Job>).collect(), answers)
}

#[test]
fn nobody_is_answered_before_the_sync_that_began_after_their_commit() {
    let (unsynced, queue, status) = (Unsynced::default(), Queue::new(1 << 20), Status::default());
    let (mut first, told_first) = waiting(3);
    let (mut second, told_second) = waiting(2);
    unsynced.hand(&mut first);
    let mut syncs = 0;
    run(&unsynced, &queue, &status, || {
        syncs += 1;
        if syncs == 1 {
            // A commit during the first sync.
            unsynced.hand(&mut second);
            unsynced.close();
            assert!(told_first.try_recv().is_err());
        } else {
            assert_eq!(told_first.try_iter().collect::<Vec<_>>(), [Ok(()), Ok(()), Ok(())]);
            assert!(told_second.try_recv().is_err());
        }
        Ok(())
    });
    assert_eq!(syncs, 2);
    assert_eq!(told_second.try_iter().collect::<Vec<_>>(), [Ok(()), Ok(())]);
}

#[test]
fn after_a_failed_sync_nobody_is_acknowledged_and_nothing_is_synced_again() {
    for fault in [|| Err(io::Error::other("EIO")), || panic!("no disk")] {
        let (unsynced, queue, status) = (Unsynced::default(), Queue::new(1 << 20), Status::default());
        let (mut first, told_first) = waiting(1);
        let (mut second, told_second) = waiting(1);
        unsynced.hand(&mut first);
        let mut syncs = 0;
        run(&unsynced, &queue, &status, || {
            syncs += 1;
            unsynced.hand(&mut second);
            unsynced.close();
            fault()
        });
        assert_eq!(syncs, 1);
        assert!(told_first.recv().unwrap().is_err() && told_second.recv().unwrap().is_err());
        assert_eq!(status.health(), Health::Broken);
    }
}

#[test]
fn the_writer_waits_until_its_last_batch_is_taken() {
    let (unsynced, queue, status) = (Unsynced::default(), Queue::new(1 << 20), Status::default());
    unsynced.wait_for_room();
    let (mut jobs, answers) = waiting(1);
    unsynced.hand(&mut jobs);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            unsynced.wait_for_room();
            unsynced.close();
        });
        run(&unsynced, &queue, &status, || Ok(()));
        writer.join().unwrap();
    });
    assert_eq!(answers.recv().unwrap(), Ok(()));
}
