use async_trait::async_trait;
use order_core::audit::AuditedOrder;
use order_core::id::OrderId;
use order_ports::contract::audit as laws;
use order_ports::{OrderAudit, StoreError};

use super::store::{Break, Broken};

#[async_trait]
impl OrderAudit for Broken {
    async fn audit(&self, after: Option<OrderId>, limit: usize) -> Result<Vec<AuditedOrder>, StoreError> {
        let after = after.filter(|_| self.at != Break::AuditsFromTheStart);
        let mut audited = self.inner.audit(after, limit).await?;
        for order in &mut audited {
            match self.at {
                Break::AuditsNoEpochs => order.events.iter_mut().for_each(|event| event.epoch = 0),
                Break::AuditsNoDeadAttempts => {
                    order.attempts = order.attempts.split_off(order.attempts.len().min(1))
                }
                Break::AuditsNoOpenAttempts => order.attempts.retain(|attempt| attempt.outcome.is_some()),
                Break::AuditsNoKeys => order.idempotency_key = None,
                _ => {}
            }
        }
        Ok(audited)
    }
}

crate::bites! { Broken::new, (), [
    an_audit_without_keys:
        Break::AuditsNoKeys => an_audit_shows_an_order_that_nobody_has_touched, "left == right";
    an_audit_without_epochs:
        Break::AuditsNoEpochs => an_audit_shows_each_attempt_and_who_wrote_which_event, "left == right";
    an_audit_without_dead_attempts:
        Break::AuditsNoDeadAttempts => an_audit_shows_each_attempt_and_who_wrote_which_event, "left == right";
    an_audit_without_open_attempts:
        Break::AuditsNoOpenAttempts => an_audit_shows_an_open_attempt, "left == right";
    an_audit_that_begins_again: Break::AuditsFromTheStart => audits_page_from_the_oldest_on, "not the oldest first";
] }
