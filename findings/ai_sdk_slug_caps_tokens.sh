#!/usr/bin/env bash
# In the AI SDK's Anthropic provider the model's name caps max_tokens, also one that was asked for.
#
# The provider knows output limits by parts of the model's name. Behind a gateway the name is a slug that somebody
# chose: without max tokens, "my-org/glm-5.2" sends max_tokens 4096 and "my-org/claude-sonnet-4-5" 64000. A caller that
# asks for 100000 gets them under the first name; under the second the request says 64000, with a warning in the
# result and none raised. Re-pointing or renaming a slug so changes how long answers may be.
#
# Guessed before: one default for unknown names; what is asked for is sent. Seen with: ai 6.0.326, @ai-sdk/anthropic
# 3.0.140 on Node 20.
# Repoint: passes max_tokens on as it came.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm init -y > npm.log
npm install --silent --no-audit --no-fund ai@6.0.326 @ai-sdk/anthropic@3.0.140 >> npm.log
cat > run.mjs <<'JS'
import { createServer } from "node:http";
import { generateText } from "ai";
import { createAnthropic } from "@ai-sdk/anthropic";

globalThis.AI_SDK_LOG_WARNINGS = false;
let asked;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    asked = JSON.parse(body);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({
      id: "msg_1", type: "message", role: "assistant", model: "m", content: [{ type: "text", text: "hello" }],
      stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 },
    }));
  });
}).listen(0, "127.0.0.1");
await new Promise((ready) => server.on("listening", ready));
const provider = createAnthropic({ apiKey: "k", baseURL: `http://127.0.0.1:${server.address().port}/v1` });
for (const slug of ["my-org/glm-5.2", "my-org/claude-sonnet-4-5"]) {
  await generateText({ model: provider(slug), prompt: "hi" });
  console.log(slug, "not asked:", asked.max_tokens);
  await generateText({ model: provider(slug), prompt: "hi", maxOutputTokens: 100000 });
  console.log(slug, "asked 100000:", asked.max_tokens);
}
server.close();
JS
node run.mjs > seen
cat > expected <<'END'
my-org/glm-5.2 not asked: 4096
my-org/glm-5.2 asked 100000: 100000
my-org/claude-sonnet-4-5 not asked: 64000
my-org/claude-sonnet-4-5 asked 100000: 64000
END
diff -u expected seen && echo "as described"
