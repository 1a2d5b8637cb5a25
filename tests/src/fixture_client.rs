//! A client that uses every feature of the server in `tests/fixture`. Its messages are checked
//! elsewhere: by [`crate::schema_check`], or by its implementor.

use serde_json::{Map, Value, json};

/// A client of the fixture.
pub trait FixtureClient {
    /// Sends a request, answers the server's questions, and returns the response.
    fn ask(&mut self, method: &str, params: Value) -> Value;

    /// Returns the items of a list.
    fn list(&mut self, what: &str) -> Vec<Value> {
        let list = self.ask(&format!("{what}/list"), json!({}));
        list["result"][what].as_array().unwrap_or_else(|| panic!("{list}")).clone()
    }

    /// Calls every tool, gets every prompt, reads every resource, and makes a few mistakes.
    fn use_every_feature(&mut self) {
        for tool in self.list("tools") {
            let name = tool["name"].as_str().expect("a name");
            self.ask("tools/call", json!({"name": name, "arguments": arguments(name)}));
        }
        self.ask("tools/call", json!({"name": "unknown", "arguments": {}}));
        self.ask("tools/call", json!({"name": "echo", "arguments": {"message": 5}}));
        for prompt in self.list("prompts") {
            let given = prompt["arguments"].as_array().into_iter().flatten();
            let names = given.filter_map(|argument| argument["name"].as_str());
            let arguments: Map<_, _> =
                names.map(|name| (name.to_owned(), json!("test://x"))).collect();
            self.ask("prompts/get", json!({"name": prompt["name"], "arguments": arguments}));
        }
        self.ask("prompts/get", json!({"name": "unknown"}));
        for resource in self.list("resources") {
            self.ask("resources/read", json!({"uri": resource["uri"]}));
        }
        self.ask("resources/read", json!({"uri": "test://template/1/data"}));
        self.ask("resources/read", json!({"uri": "test://unknown"}));
        self.ask("resources/templates/list", json!({}));
        let prompt = json!({"type": "ref/prompt", "name": "test_prompt_with_arguments"});
        let argument = json!({"name": "arg1", "value": "t"});
        self.ask("completion/complete", json!({"ref": prompt, "argument": argument}));
        self.ask("no/such", json!({}));
    }

    /// Does the same, and uses the features that only sessions have.
    fn use_every_session_feature(&mut self) {
        self.ask("ping", json!({}));
        self.ask("logging/setLevel", json!({"level": "debug"}));
        self.ask("resources/subscribe", json!({"uri": "test://watched-resource"}));
        self.use_every_feature();
        self.ask("resources/unsubscribe", json!({"uri": "test://watched-resource"}));
    }
}

/// Returns arguments for a tool.
fn arguments(tool: &str) -> Value {
    match tool {
        "add" => json!({"a": 1, "b": 2}),
        "confirm_delete" => json!({"filename": "x"}),
        "echo" | "test_elicitation" => json!({"message": "x"}),
        "greet" => json!({"name": "x"}),
        "slow" => json!({"steps": 2, "interval_ms": 1}),
        "slow_compute" => json!({"seconds": 0, "label": "x"}),
        "test_header_param" => json!({"region": "x"}),
        "test_sampling" => json!({"prompt": "x"}),
        _ => json!({}),
    }
}

/// Returns the answer of a user who agrees to everything.
pub fn answer(method: &str, params: &Value) -> Value {
    match method {
        "elicitation/create" => {
            let fields = params["requestedSchema"]["properties"].as_object().into_iter().flatten();
            let content: Map<_, _> = fields.map(|(name, _)| (name.clone(), json!("x"))).collect();
            json!({"action": "accept", "content": content})
        }
        "roots/list" => json!({"roots": [{"uri": "file:///x"}]}),
        "sampling/createMessage" => {
            let content = json!({"type": "text", "text": "x"});
            json!({"role": "assistant", "model": "x", "content": content})
        }
        _ => json!({}),
    }
}
