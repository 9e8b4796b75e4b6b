#!/usr/bin/env bash
# One streamed message of LangChain for JavaScript carries two usages that disagree.
#
# A stream whose chunks carry a running usage (10 in; 1, 2, 3 out) gives a message whose usage_metadata says 10 and 3,
# which is right, and whose response_metadata.usage says 40 and 9: every chunk added up, and the last one twice.
#
# Guessed before: both say 10 and 3. Seen with: @langchain/openai 1.5.8 on Node 20.
# Repoint: its simulator sends usage on one chunk only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm init -y > npm.log
npm install --silent --no-audit --no-fund @langchain/openai@1.5.8 @langchain/core@1.4.0 >> npm.log
cat > run.mjs <<'JS'
import { createServer } from "node:http";
import { ChatOpenAI } from "@langchain/openai";

const server = createServer((request, response) => {
  request.resume();
  response.setHeader("content-type", "text/event-stream");
  ["a", "b", "c"].forEach((content, n) => response.write("data: " + JSON.stringify({
    id: "c", object: "chat.completion.chunk", created: 1, model: "m",
    choices: [{ index: 0, delta: { role: "assistant", content }, finish_reason: n === 2 ? "stop" : null }],
    usage: { prompt_tokens: 10, completion_tokens: n + 1, total_tokens: 11 + n },
  }) + "\n\n"));
  response.end("data: [DONE]\n\n");
}).listen(0, "127.0.0.1");
await new Promise((ready) => server.on("listening", ready));
const model = new ChatOpenAI({ model: "m", apiKey: "k", configuration: { baseURL: `http://127.0.0.1:${server.address().port}/v1` } });
let whole;
for await (const chunk of await model.stream("hi")) whole = whole ? whole.concat(chunk) : chunk;
console.log("usage_metadata", whole.usage_metadata.input_tokens, whole.usage_metadata.output_tokens);
console.log("response_metadata", whole.response_metadata.usage.prompt_tokens, whole.response_metadata.usage.completion_tokens);
server.close();
JS
node run.mjs > seen
cat > expected <<'END'
usage_metadata 10 3
response_metadata 40 9
END
diff -u expected seen && echo "as described"
