//! Counts panics. A task that panics takes no other with it, so a defect that panics would go unseen otherwise.

use std::cell::Cell;
use std::sync::Once;

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

static HOOKED: Once = Once::new();

/// How often this thread has panicked since the program began. A simulation is one thread.
pub fn so_far() -> u64 {
    HOOKED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            before(panic);
        }));
    });
    PANICS.get()
}
