//! Commands on sockets: cancelling and replacing, as messages.

use std::sync::Arc;

use order_application::{Amendment, Expected};
use order_core::access::Scope;
use order_core::id::OrderId;
use poem::http::StatusCode;
use serde::Serialize;

use super::errors::not_controlled;
use super::replace_order::{AmendRequest, amendment, sound};
use crate::access::Principal;
use crate::context::ApiContext;
use crate::request::error::{Errors, Refused};
use crate::request::fields::{Field, Fields, Parsed, Required, Unknown, Value, one_of};
use crate::request::json::{Sent, read_object};
use crate::wire::encoded;
use crate::wire::problem::Problem;
use crate::wire::text::{Code, Id, Name, StatusName, Text};

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Cancel,
    Replace(Amendment),
}

/// What the client of a socket asks for besides submitting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    action: Action,
    /// None for the order that the socket is about.
    order: Option<OrderId>,
    /// The versions that this is meant for.
    expected: Expected,
}

impl Action {
    /// One action of each name; the terms are none that are meant.
    fn all() -> [Self; 2] {
        [Self::Cancel, Self::Replace(Amendment::default())]
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Replace(_) => "replace",
        }
    }
}

impl Value for Action {
    type Format = Code;

    fn read(sent: &Sent<'_>) -> Result<Self, Refused> {
        one_of(sent, Self::all(), Self::as_str)
    }
}

/// Reads a message as a command; `None` when it is none, and so perhaps an order.
///
/// # Errors
/// A problem that names everything that is wrong.
pub fn read_command(text: &str) -> Result<Option<Command>, Problem> {
    let mut members = read_object(text.as_bytes())?;
    let mut errors = Errors::default();
    let action = match Field::<Action>::take(&mut members, "action").read(&mut errors) {
        Parsed::Absent => return Ok(None),
        Parsed::Bad => None,
        Parsed::Given(action) => Some(action),
    };
    let order = Field::<OrderId>::take(&mut members, "orderId")
        .read(&mut errors)
        .value();
    let command = |action, expected| {
        Some(Command {
            action,
            order,
            expected,
        })
    };
    match action {
        None => {
            Unknown::new(members).refuse_fields(&mut errors);
            Err(errors.into_problem())
        }
        Some(Action::Cancel) => {
            let expected = Field::<Expected>::take(&mut members, "ifMatch").read(&mut errors);
            Unknown::new(members).refuse_fields(&mut errors);
            errors.check()?;
            Ok(command(Action::Cancel, expected.value().unwrap_or(Expected::Any)))
        }
        Some(Action::Replace(_)) => {
            let expected = Required::take(&mut members, "ifMatch").read(&mut errors).value();
            let amendment = amendment(&mut errors, AmendRequest::take(members));
            let amendment = sound(amendment, errors)?;
            Ok(expected.and_then(|expected| command(Action::Replace(amendment), expected)))
        }
    }
}

/// The reply to a command on a socket.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CommandReply {
    success: bool,
    action: &'static str,
    order_id: Text<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_order_id: Option<Text<Name>>,
    status: Text<StatusName>,
    version: u32,
}

impl Command {
    /// Carries the command out and says what to answer. `about` is the order that the socket is about.
    pub async fn carry_out(self, context: Arc<ApiContext>, who: Principal, about: Option<OrderId>) -> String {
        if let Err(problem) = who.may(Scope::Trade) {
            return problem.into_message();
        }
        let Some(id) = self.order.or(about) else {
            let missing = Problem::new(StatusCode::BAD_REQUEST, "invalid_request", "Invalid request");
            return missing.field("orderId", "is required").into_message();
        };
        let (engine, owner) = (&context.engine, who.owner());
        let outcome = match self.action {
            Action::Cancel => engine.cancel_if(id, owner, &self.expected).await,
            Action::Replace(amendment) => engine.replace(id, owner, self.expected, amendment).await,
        };
        match outcome {
            Ok(order) => encoded(&CommandReply {
                success: true,
                action: self.action.as_str(),
                order_id: Text::of(order.id()),
                client_order_id: order.spec().client_order_id.as_ref().map(Text::of),
                status: Text::name(order.status().as_str()),
                version: order.version(),
            }),
            Err(error) => not_controlled(error, &id.to_string()).into_message(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::replace_order::tests::{codes, pair, whole};

    #[test]
    fn a_command_is_told_from_an_order_by_its_action() {
        assert_eq!(read_command(r#"{"tokenIn":"SOL"}"#).unwrap(), None);
        assert_eq!(
            read_command(r#"{"action":"cancel"}"#).unwrap(),
            Some(Command {
                action: Action::Cancel,
                order: None,
                expected: Expected::Any
            })
        );
        let replace = read_command(r#"{"action":"replace","ifMatch":2,"limitPrice":"151"}"#).unwrap();
        assert!(matches!(
            replace,
            Some(Command {
                ref expected,
                action: Action::Replace(amendment),
                order: None,
            }) if *expected == Expected::from(2) && amendment.limit_price == whole(151)
        ));
        assert_eq!(
            codes(read_command(r#"{"action":"replace","limitPrice":"151"}"#).unwrap_err()),
            [pair("ifMatch", "required")]
        );
        assert_eq!(
            codes(read_command(r#"{"action":"pause"}"#).unwrap_err()),
            [pair("action", "invalid_value")]
        );
    }
}
