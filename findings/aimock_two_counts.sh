#!/usr/bin/env bash
# aimock counts tokens for OpenAI's clients and none for Anthropic's, for the same fixture.
#
# One mocked answer of three words: /v1/chat/completions says 1 token in and 5 out, /v1/messages says 0 and 0 beside the
# same text. A test of metering or of limits by tokens passes or fails by the client that it uses. max_tokens is taken
# and ignored by both (the whole answer comes, with "stop" and "end_turn").
#
# Guessed before: both count alike. Seen with: @copilotkit/aimock 1.43.0 on Node 20.
# Repoint: its simulator counts the same for every dialect.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm init -y > npm.log
npm install --silent --no-audit --no-fund @copilotkit/aimock@1.43.0 >> npm.log
cat > run.mjs <<'JS'
import { LLMock } from "@copilotkit/aimock";
const mock = new LLMock({ port: 0 });
mock.onMessage("hi", { content: "hello there world" });
await mock.start();
const ask = async (path) => (await fetch(mock.url + path, {
  method: "POST", headers: { "content-type": "application/json", authorization: "Bearer k", "x-api-key": "k" },
  body: JSON.stringify({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "hi" }] }),
})).json();
const chat = await ask("/v1/chat/completions");
console.log(chat.choices[0].message.content, chat.choices[0].finish_reason, chat.usage.prompt_tokens, chat.usage.completion_tokens);
const message = await ask("/v1/messages");
console.log(message.content[0].text, message.stop_reason, message.usage.input_tokens, message.usage.output_tokens);
await mock.stop();
JS
node run.mjs > seen
cat > expected <<'END'
hello there world stop 1 5
hello there world end_turn 0 0
END
diff -u expected seen && echo "as described"
