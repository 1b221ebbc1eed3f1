//! What the running evaluation may still spend.
//!
//! The operators of values have no access to the evaluation's context, so the budget belongs to the thread. A breach
//! is remembered: whatever the expression does with the error, the evaluation ends with the breach. Outside of an
//! evaluation nothing is bounded.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::{EvalError, Limits};

/// Deepest nesting of a value that an expression may build. Values are compared, written and dropped recursively.
pub(crate) const MAX_VALUE_DEPTH: u32 = 1000;

/// Stack kept free for what runs between two looks at the stack, in bytes.
const STACK_RESERVE: usize = 384 << 10;

/// Steps between two looks at the clock.
const CLOCK_INTERVAL: u32 = 256;

/// Bytes that a call of a recursive definition counts for: it may leave that much behind on the heap.
const CALL_BYTES: u64 = 256;

/// Bytes of stack that a closure passed to a recursive definition counts for, which are taken when it is dropped.
const CLOSURE_STACK: usize = 1024;

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breach {
    Deadline,
    Steps,
    Memory,
    Stack,
    Depth,
}

struct Budget {
    steps: Cell<u64>,
    bytes: Cell<u64>,
    /// The time that the evaluation may take, while it is within limits.
    time: Cell<Option<Duration>>,
    /// Set at the first look at the clock: most evaluations end before it.
    deadline: Cell<Option<Instant>>,
    until_clock: Cell<u32>,
    /// Lowest address that the stack may grow down to. Closures raise it by what dropping them takes.
    floor: Cell<usize>,
    breach: Cell<Option<Breach>>,
}

thread_local! {
    static BUDGET: Budget = const {
        Budget {
            steps: Cell::new(u64::MAX),
            bytes: Cell::new(u64::MAX),
            time: Cell::new(None),
            deadline: Cell::new(None),
            until_clock: Cell::new(CLOCK_INTERVAL),
            floor: Cell::new(0),
            breach: Cell::new(None),
        }
    };
}

/// The evaluation has reached a limit and must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exceeded;

impl Budget {
    fn fail(&self, breach: Breach) -> Result<(), Exceeded> {
        if self.breach.get().is_none() {
            self.breach.set(Some(breach));
        }
        Err(Exceeded)
    }

    fn spend(&self, steps: u64) -> Result<(), Exceeded> {
        if self.breach.get().is_some() {
            return Err(Exceeded);
        }
        let Some(left) = self.steps.get().checked_sub(steps) else { return self.fail(Breach::Steps) };
        self.steps.set(left);
        let due = u64::from(self.until_clock.get());
        if steps < due {
            self.until_clock.set(self.until_clock.get() - u32::try_from(steps).unwrap_or(0));
            return Ok(());
        }
        self.until_clock.set(CLOCK_INTERVAL);
        self.look_at_clock()
    }

    #[cold]
    fn look_at_clock(&self) -> Result<(), Exceeded> {
        let Some(time) = self.time.get() else { return Ok(()) };
        let now = Instant::now();
        match self.deadline.get() {
            Some(deadline) if now >= deadline => self.fail(Breach::Deadline),
            Some(_) => Ok(()),
            None => {
                self.deadline.set(now.checked_add(time));
                Ok(())
            }
        }
    }

    fn allocate(&self, bytes: u64) -> Result<(), Exceeded> {
        let Some(left) = self.bytes.get().checked_sub(bytes) else { return self.fail(Breach::Memory) };
        self.bytes.set(left);
        // Large values take time to fill: they count as steps as well.
        self.spend(1 + bytes / 64)
    }

    fn stack(&self) -> Result<(), Exceeded> {
        if stack_pointer() < self.floor.get() { self.fail(Breach::Stack) } else { Ok(()) }
    }
}

/// The address of a local variable: how far down the stack has grown.
#[inline(never)]
fn stack_pointer() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}

/// Counts steps: outputs of generators and items that a builtin looks at.
pub(crate) fn spend(steps: usize) -> Result<(), Exceeded> {
    BUDGET.with(|budget| budget.spend(steps as u64))
}

/// Counts bytes that a value is about to take.
pub(crate) fn allocate(bytes: usize) -> Result<(), Exceeded> {
    BUDGET.with(|budget| budget.allocate(bytes as u64))
}

/// Counts a call of a recursive definition and looks at the stack.
pub(crate) fn call() -> Result<(), Exceeded> {
    BUDGET.with(|budget| {
        budget.stack()?;
        budget.allocate(CALL_BYTES)
    })
}

/// Looks at the stack.
pub(crate) fn stack() -> Result<(), Exceeded> {
    BUDGET.with(Budget::stack)
}

/// Keeps stack free for a closure that a recursive definition passes on.
pub(crate) fn closure() -> Result<(), Exceeded> {
    BUDGET.with(|budget| {
        budget.floor.set(budget.floor.get().saturating_add(CLOSURE_STACK));
        budget.stack()
    })
}

/// Refuses values that are nested too deeply.
pub(crate) fn depth(depth: u32) -> Result<(), Exceeded> {
    if depth <= MAX_VALUE_DEPTH { Ok(()) } else { BUDGET.with(|budget| budget.fail(Breach::Depth)) }
}

/// A budget in force on this thread until it is dropped.
pub(crate) struct Evaluation {
    limits: Limits,
}

impl Evaluation {
    /// Starts the budget of one evaluation.
    pub(crate) fn begin(limits: &Limits) -> Result<Self, EvalError> {
        let remaining = stacker::remaining_stack().unwrap_or(1 << 20);
        let usable = remaining.saturating_sub(STACK_RESERVE).min(limits.stack_bytes);
        if usable == 0 {
            return Err(EvalError::Stack);
        }
        BUDGET.with(|budget| {
            budget.steps.set(limits.steps);
            budget.bytes.set(limits.allocated_bytes);
            budget.time.set(Some(limits.deadline.max(Duration::from_millis(1))));
            budget.deadline.set(None);
            budget.until_clock.set(CLOCK_INTERVAL);
            budget.floor.set(stack_pointer().saturating_sub(usable));
            budget.breach.set(None);
        });
        Ok(Self { limits: *limits })
    }

    /// The limit that was reached, if one was.
    pub(crate) fn breach(&self) -> Option<EvalError> {
        let breach = BUDGET.with(|budget| budget.breach.get())?;
        Some(match breach {
            Breach::Deadline => EvalError::Deadline(self.limits.deadline),
            Breach::Steps => EvalError::Steps(self.limits.steps),
            Breach::Memory => EvalError::Memory(self.limits.allocated_bytes),
            Breach::Stack => EvalError::Stack,
            Breach::Depth => EvalError::Depth(MAX_VALUE_DEPTH as usize),
        })
    }
}

impl Drop for Evaluation {
    fn drop(&mut self) {
        BUDGET.with(|budget| {
            budget.steps.set(u64::MAX);
            budget.bytes.set(u64::MAX);
            budget.time.set(None);
            budget.floor.set(0);
            budget.breach.set(None);
        });
    }
}
