//! The laws bite: adapters that are broken in one way each, and the law that notices.
//!
//! A law that every broken adapter passed would be worth nothing, so each kind of break has a test here that
//! must panic. Unbroken, the same wrappers keep every law.

mod audit;
mod dispatch;
mod ledger;
mod market;
mod notifier;
mod queue;
mod store;

/// One test for each break: it must make that law panic, with that message.
#[macro_export]
macro_rules! bites {
    ($broken:expr, $arguments:tt, [$($name:ident: $break:expr => $law:ident, $message:literal;)+]) => {
        $($crate::bite! { $broken, $arguments, $name, $break, $law, $message })+
    };
}

/// One such test.
#[macro_export]
macro_rules! bite {
    ($broken:expr, ($($argument:expr),*), $name:ident, $break:expr, $law:ident, $message:literal) => {
        #[tokio::test(start_paused = true)]
        #[should_panic(expected = $message)]
        async fn $name() {
            laws::$law(&$broken($break) $(, $argument)*).await;
        }
    };
}
