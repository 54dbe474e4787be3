//! How often something may happen.

use std::collections::VecDeque;
use std::time::Duration;

use postrider_core::time::Timestamp;

/// At most so many within so long, the times of which are remembered one by one: the counts are small.
#[derive(Debug)]
pub(super) struct Window {
    times: VecDeque<Timestamp>,
    most: usize,
    within: Duration,
}

impl Window {
    pub(super) fn new(most: usize, within: Duration) -> Self {
        Self { times: VecDeque::new(), most, within }
    }

    /// Takes note of one; when there were enough, the error is the time after which there may be another.
    pub(super) fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        while self.times.front().is_some_and(|first| now.since(*first) >= self.within) {
            self.times.pop_front();
        }
        match self.times.front() {
            Some(first) if self.times.len() >= self.most => {
                Err(self.within.saturating_sub(now.since(*first)))
            }
            _ => {
                self.times.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_again_when_the_first_has_left_the_window() {
        let mut window = Window::new(2, Duration::from_secs(60));
        let at = Timestamp::from_seconds;
        assert_eq!((window.take(at(0)), window.take(at(10))), (Ok(()), Ok(())));
        assert_eq!(window.take(at(20)), Err(Duration::from_secs(40)));
        assert_eq!((window.take(at(60)), window.take(at(61))), (Ok(()), Err(Duration::from_secs(9))));
    }
}
