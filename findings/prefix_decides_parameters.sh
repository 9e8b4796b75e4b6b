#!/usr/bin/env bash
# The first letters of a slug decide which parameters two JavaScript clients send.
#
# For "gpt-5-proxy" the AI SDK (OpenAI provider, chat) drops the temperature, renames max_tokens to
# max_completion_tokens and turns the system message into a developer message. For "my-org/gpt-5", the same model behind
# a gateway's prefix, it does none of it. LangChain for JavaScript renames and turns too, but keeps the temperature. So
# a prefix before a model's name changes the request, and a model that refuses max_tokens is reached only without one.
#
# Guessed before: the name is looked for anywhere in the slug, as the same SDK's Anthropic provider does. Seen with:
# ai 6.0.326, @ai-sdk/openai 3.0.141, @langchain/openai 1.5.8 on Node 20.
# Repoint: passes parameters on as they came.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm init -y > npm.log
npm install --silent --no-audit --no-fund ai@6.0.326 @ai-sdk/openai@3.0.141 @langchain/openai@1.5.8 @langchain/core@1.4.0 >> npm.log
cat > run.mjs <<'JS'
import { createServer } from "node:http";
import { generateText } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";

globalThis.AI_SDK_LOG_WARNINGS = false;
let asked;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    asked = JSON.parse(body);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({
      id: "c", object: "chat.completion", created: 1, model: "m",
      choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    }));
  });
}).listen(0, "127.0.0.1");
await new Promise((ready) => server.on("listening", ready));
const baseURL = `http://127.0.0.1:${server.address().port}/v1`;
const tell = (client, slug) => console.log(client, slug, asked.messages[0].role,
  ["temperature", "max_tokens", "max_completion_tokens"].filter((name) => name in asked).join(" "));
for (const slug of ["gpt-5-proxy", "my-org/gpt-5"]) {
  await generateText({
    model: createOpenAI({ apiKey: "k", baseURL }).chat(slug),
    system: "Be brief.", prompt: "hi", temperature: 0.2, maxOutputTokens: 50,
  });
  tell("ai-sdk", slug);
  await new ChatOpenAI({ model: slug, apiKey: "k", configuration: { baseURL }, maxTokens: 50, temperature: 0.2 })
    .invoke([["system", "Be brief."], ["user", "hi"]]);
  tell("langchain", slug);
}
server.close();
JS
node run.mjs > seen
cat > expected <<'END'
ai-sdk gpt-5-proxy developer max_completion_tokens
langchain gpt-5-proxy developer temperature max_completion_tokens
ai-sdk my-org/gpt-5 system temperature max_tokens
langchain my-org/gpt-5 system temperature max_tokens
END
diff -u expected seen && echo "as described"
