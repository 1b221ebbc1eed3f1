//! Worker threads on which objects are mapped.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{mpsc, oneshot};

/// Stack of a worker: deep jq recursion is bounded by it (virtual memory; only what is used counts).
const STACK: usize = 64 << 20;

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of worker threads with a bounded queue. Clones share the threads; they end with the last clone.
#[derive(Clone, Debug)]
pub struct Pool {
    jobs: mpsc::Sender<Job>,
}

/// The workers are gone: a job panicked on every one of them, or the process is ending.
#[derive(Debug, thiserror::Error)]
#[error("the mapping workers have stopped")]
pub struct PoolClosed;

impl Pool {
    /// Starts one worker per core.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn start() -> std::io::Result<Self> {
        Self::with_workers(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// Starts that many workers. The queue holds as many jobs again, so a producer waits instead of piling up.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub fn with_workers(workers: NonZeroUsize) -> std::io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>(workers.get());
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..workers.get() {
            let queue = Arc::clone(&queue);
            thread::Builder::new().name(format!("mapping-{number}")).stack_size(STACK).spawn(move || work(&queue))?;
        }
        Ok(Self { jobs })
    }

    /// Runs a job on a worker and waits for its result without blocking the caller's thread.
    ///
    /// # Errors
    /// The workers are gone, or the job panicked.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, PoolClosed> {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            // The caller may have gone; then nobody wants the result.
            drop(done.send(job()));
        });
        self.jobs.send(job).await.map_err(|_| PoolClosed)?;
        result.await.map_err(|_| PoolClosed)
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // A worker waits for a job while holding the lock: whoever holds it is the next to work.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        // A job that panics loses its own result, not the worker.
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(job)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_run_and_a_panic_costs_one_result_only() {
        let pool = Pool::with_workers(NonZeroUsize::MIN).unwrap();
        assert_eq!(pool.run(|| 2 + 2).await.unwrap(), 4);
        assert!(pool.run(|| panic!("one bad job")).await.is_err());
        assert_eq!(pool.run(|| 3).await.unwrap(), 3);
    }
}
