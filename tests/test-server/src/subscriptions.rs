//! Change notifications in the format of each era.

use serde_json::{Map, Value, json};

use crate::System;
use crate::server::{Listen, Server};

impl<S: System> Server<S> {
    /// Opens a subscription to the supported changes: this server has no prompts.
    pub(crate) async fn listen(&self, id: &str, wanted: &Value) {
        let mut wanted = wanted.as_object().cloned().unwrap_or_default();
        wanted.retain(|what, _| {
            ["toolsListChanged", "resourcesListChanged", "resourceSubscriptions", "taskIds"]
                .contains(&what.as_str())
        });
        let listen = Listen { id: id.to_owned(), wanted: Value::Object(wanted.clone()) };
        let params = json!({"notifications": wanted, "_meta": listen.meta()});
        let method = "notifications/subscriptions/acknowledged";
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
        self.listens.lock().unwrap().push(listen);
    }

    /// Announces that a list has changed.
    pub(crate) async fn changed(&self, list: &str) {
        let is_wanted = |wanted: &Value| wanted[format!("{list}ListChanged")] == true;
        self.notify(&format!("notifications/{list}/list_changed"), Map::new(), is_wanted).await;
    }

    /// Announces that a resource has changed.
    pub(crate) async fn updated(&self, uri: &Value) {
        let is_wanted = |wanted: &Value| {
            wanted["resourceSubscriptions"].as_array().is_some_and(|uris| uris.contains(uri))
        };
        let params = Map::from_iter([("uri".to_owned(), uri.clone())]);
        self.notify("notifications/resources/updated", params, is_wanted).await;
    }

    async fn notify(
        &self,
        method: &str,
        mut params: Map<String, Value>,
        is_wanted: impl Fn(&Value) -> bool,
    ) {
        if !self.flags.modern {
            return self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
        }
        let subscriptions: Vec<_> = {
            let listens = self.listens.lock().unwrap();
            listens.iter().filter(|listen| is_wanted(&listen.wanted)).map(Listen::meta).collect()
        };
        for meta in subscriptions {
            params.insert("_meta".to_owned(), meta);
            self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
        }
    }

    /// Ends every subscription.
    pub(crate) async fn end_subscriptions(&self) {
        let listens = std::mem::take(&mut *self.listens.lock().unwrap());
        for listen in listens {
            self.result(&listen.id, &json!({"_meta": listen.meta()}).to_string()).await;
        }
    }
}
