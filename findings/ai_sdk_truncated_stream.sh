#!/usr/bin/env bash
# Two providers of the AI SDK disagree on whether a stream that stops in the middle is an error.
#
# Both read the same bytes: half of an answer, then an orderly end without a finish reason and without [DONE].
# @ai-sdk/openai-compatible calls onError and finishes with "error". @ai-sdk/openai (chat) calls nothing and finishes
# with "other", so an application that moved from the one to the other stops noticing cut answers.
#
# Guessed before: neither calls it an error. Seen with: ai 6.0.326, @ai-sdk/openai-compatible 2.0.92, @ai-sdk/openai 3.0.141
# on Node 20.
# Repoint: passes an orderly end on as it is; what the end of a connection cut stays visibly cut.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm init -y > npm.log
npm install --silent --no-audit --no-fund ai@6.0.326 @ai-sdk/openai-compatible@2.0.92 @ai-sdk/openai@3.0.141 >> npm.log
cat > run.mjs <<'JS'
import { createServer } from "node:http";
import { streamText } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

const server = createServer((request, response) => {
  request.resume();
  response.setHeader("content-type", "text/event-stream");
  response.end("data: " + JSON.stringify({
    id: "c", object: "chat.completion.chunk", created: 1, model: "m",
    choices: [{ index: 0, delta: { role: "assistant", content: "half" }, finish_reason: null }],
  }) + "\n\n");
}).listen(0, "127.0.0.1");
await new Promise((ready) => server.on("listening", ready));
const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
const models = {
  "openai-compatible": createOpenAICompatible({ name: "x", baseURL })("m"),
  openai: createOpenAI({ apiKey: "k", baseURL }).chat("m"),
};
for (const [name, model] of Object.entries(models)) {
  let errors = 0;
  const result = streamText({ model, prompt: "hi", onError: () => { errors += 1; } });
  let text = "";
  for await (const part of result.textStream) text += part;
  console.log(name, text, await result.finishReason, "errors:", errors);
}
server.close();
JS
node run.mjs > seen
cat > expected <<'END'
openai-compatible half error errors: 1
openai half other errors: 0
END
diff -u expected seen && echo "as described"
