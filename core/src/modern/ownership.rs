//! The request states and the tasks of a modern child, each for the principal that received it.
//!
//! Owns: the members of messages that carry them, the seal of a state, and [`TaskOwners`].
//! Never: hides a state or a task id. The seal only binds a state to its principal, and a server
//! does not have to keep its ids secret.
//!
//! A modern child serves all clients and is not told who they are, so with authentication pontoon
//! has to keep them apart:
//!
//! | from the child | for the client | back from the client |
//! |---|---|---|
//! | `result.requestState` | sealed | opened, or the request is refused |
//! | `result.taskId` of a new task | unchanged; the owner is kept | only from the owner: `params.taskId` of `tasks/…`, `taskIds` of `subscriptions/listen` |
//! | `notifications/tasks` | only for the owner | |
//!
//! Sources: 2026-07-28, basic/patterns/mrtr (Server Requirements); the extension
//! `io.modelcontextprotocol/tasks`.

use std::collections::{BTreeMap, VecDeque};

use memchr::memmem;
use sha2::{Digest, Sha256};

use crate::auth::is_ambiguous;
use crate::json::Message;
use crate::json::object::{Object, elements, member, quoted, text};
use crate::principal::Principal;
use crate::reject::{Flaw, Reject};
use crate::seal::{Binding, PAYLOAD_BYTES_MAX, StateKey};
use crate::time::Duration;

/// The SHA-256 of a task id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId([u8; 32]);

impl TaskId {
    /// Reads an id (JSON text); `None` if it is not a string.
    fn read(id: &[u8]) -> Option<TaskId> {
        Some(TaskId(Sha256::digest(text(id)?.as_bytes()).into()))
    }

    /// Returns the task that a result creates, if it does.
    pub(crate) fn created(result: &[u8]) -> Option<TaskId> {
        memmem::find(result, b"taskId")?;
        let result = Object::read(result)?;
        let is_task = result.text("resultType").is_some_and(|kind| kind == "task");
        result.get("taskId").filter(|_| is_task).and_then(TaskId::read)
    }

    /// Returns the task that a notification is about.
    pub(crate) fn of_notification(message: &Message) -> Option<TaskId> {
        let is_about_task = message.method()?.starts_with("notifications/tasks");
        message
            .params()
            .filter(|_| is_about_task)
            .and_then(|params| member(params, "taskId"))
            .and_then(TaskId::read)
    }
}

/// The state and the tasks that a request names.
#[derive(Debug, Default)]
pub(crate) struct Presented {
    /// The child's own state (JSON text).
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) tasks: Vec<TaskId>,
}

impl Presented {
    /// Returns whether a request may name a state or a task.
    pub(crate) fn is_possible(request: &Message) -> bool {
        let method = request.method().unwrap_or_default();
        request.has_confusable_params()
            || request.request_state().is_some()
            || method == LISTEN
            || method.starts_with("tasks/")
    }

    /// Reads the state and the tasks that a request of this principal names, at a time since 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    ///
    /// [`Reject::BadRequestState`] for a state that was not sealed for this principal and method.
    /// [`Reject::UnknownTask`] for a task that is not named by a string, [`Reject::ConfusableKey`]
    /// for a key that some parsers take for one of these, and [`Reject::UnknownMethod`] for a
    /// request about tasks that does not name one.
    pub(crate) fn read(
        request: &Message,
        key: &StateKey,
        principal: &Principal,
        now: Duration,
    ) -> Result<Presented, Reject> {
        if request.has_confusable_params() {
            return Err(Reject::ConfusableKey);
        }
        let method = request.method().unwrap_or_default();
        let tasks = match method {
            "tasks/get" | "tasks/update" | "tasks/cancel" | "tasks/result" => {
                let id = request.task_id().and_then(TaskId::read);
                vec![id.ok_or(Reject::UnknownTask)?]
            }
            _ if method.starts_with("tasks/") => return Err(Reject::UnknownMethod),
            LISTEN => watched(request.params().unwrap_or_default())?,
            _ => Vec::new(),
        };
        let state = request.request_state().filter(|state| *state != b"null").map(|sealed| {
            let sealed = text(sealed).ok_or(Reject::BadRequestState)?;
            let opened = key.open(&binding(principal, method), now, sealed.as_bytes());
            opened.map_err(|_| Reject::BadRequestState)
        });
        Ok(Presented { state: state.transpose()?, tasks })
    }
}

/// Returns the tasks that a subscription watches.
fn watched(params: &[u8]) -> Result<Vec<TaskId>, Reject> {
    let mut tasks = Vec::new();
    for filter in [Some(params), member(params, "notifications")].into_iter().flatten() {
        if filter.starts_with(b"{") && is_ambiguous(filter, &["notifications", "taskIds"]) {
            return Err(Reject::ConfusableKey);
        }
        let Some(ids) = member(filter, "taskIds").filter(|ids| *ids != b"null") else { continue };
        for id in elements(ids).ok_or(Reject::UnknownTask)? {
            tasks.push(TaskId::read(id).ok_or(Reject::UnknownTask)?);
        }
    }
    Ok(tasks)
}

/// Seals the state in a result to a request with this method, if it has one. Returns the new result.
///
/// # Errors
///
/// The state is not a string, or is longer than a seal may hold.
pub(crate) fn sealed_result(
    result: &[u8],
    key: &StateKey,
    principal: &Principal,
    method: &str,
) -> Result<Option<Vec<u8>>, Flaw> {
    if memmem::find(result, b"requestState").is_none() {
        return Ok(None);
    }
    let Some(mut result) = Object::read(result) else { return Ok(None) };
    let Some(state) = result.some("requestState") else { return Ok(None) };
    if !state.starts_with(b"\"") || state.len() > PAYLOAD_BYTES_MAX {
        return Err(Flaw::Result);
    }
    let sealed = key.seal(&binding(principal, method), Duration::MAX, state);
    result.put("requestState", quoted(&sealed));
    Ok(Some(result.write()))
}

/// Returns the data that the state of a child is bound to. The child checks the parameters itself
/// if it has to, and how old the state is. No digest of parameters is zero, so pontoon's own states
/// and these are never accepted as each other.
fn binding<'a>(principal: &'a Principal, method: &'a str) -> Binding<'a> {
    Binding { principal, method, params_digest: [0; 32] }
}

const LISTEN: &str = "subscriptions/listen";

/// The principals that tasks belong to.
#[derive(Debug, Default)]
pub(crate) struct TaskOwners {
    /// The tasks of each principal, oldest first.
    tasks: BTreeMap<Principal, VecDeque<TaskId>>,
    count: usize,
}

/// The maximum number of tasks of a principal; beyond it, the oldest is not known any more.
const OWN_TASKS_MAX: usize = 1_000;

/// The maximum number of all tasks; beyond it, the principal with the most loses its oldest.
const TASKS_MAX: usize = 10_000;

impl TaskOwners {
    /// Keeps the owner of a new task.
    pub(crate) fn add(&mut self, owner: Principal, task: TaskId) {
        let own = self.tasks.entry(owner).or_default();
        if own.contains(&task) {
            return;
        }
        own.push_back(task);
        self.count += 1;
        if own.len() > OWN_TASKS_MAX {
            self.forget_oldest(owner);
        } else if self.count > TASKS_MAX {
            let most = self.tasks.iter().max_by_key(|(_, own)| own.len());
            if let Some(most) = most.map(|(owner, _)| *owner) {
                self.forget_oldest(most);
            }
        }
    }

    /// Returns whether all of these tasks belong to a principal.
    pub(crate) fn are_own(&self, principal: &Principal, tasks: &[TaskId]) -> bool {
        let own = self.tasks.get(principal);
        tasks.iter().all(|task| own.is_some_and(|own| own.contains(task)))
    }

    fn forget_oldest(&mut self, owner: Principal) {
        let Some(own) = self.tasks.get_mut(&owner) else { return };
        self.count -= usize::from(own.pop_front().is_some());
        if own.is_empty() {
            self.tasks.remove(&owner);
        }
    }
}

#[cfg(test)]
mod tests;
