#!/usr/bin/env bash
# LangChain for JavaScript needs more than a minute to say that a gateway answers 503.
#
# It turns the OpenAI client's two quick tries off and makes six of its own, each after about twice the pause: seven
# requests and 60 to 120 seconds until the error, where the OpenAI client itself is done in two. Behind a request
# timeout of 60 s the caller never sees the 503. (This takes up to two minutes.)
#
# Guessed before: seven requests in about ten seconds. Seen with: @langchain/openai 1.5.8, @langchain/core 1.4.0 on
# Node 20.
# Repoint: sends Retry-After, but it does not shorten this; set maxRetries in such callers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

npm init -y > npm.log
npm install --silent --no-audit --no-fund @langchain/openai@1.5.8 @langchain/core@1.4.0 >> npm.log
cat > run.mjs <<'JS'
import { createServer } from "node:http";
import { ChatOpenAI } from "@langchain/openai";

let posts = 0;
const server = createServer((request, response) => {
  posts += 1;
  request.resume();
  response.writeHead(503, { "content-type": "application/json", "retry-after": "1" });
  response.end('{"error":{"message":"unavailable","type":"server_error","code":null}}');
}).listen(0, "127.0.0.1");
await new Promise((ready) => server.on("listening", ready));
const started = Date.now();
await new ChatOpenAI({ model: "m", apiKey: "k", configuration: { baseURL: `http://127.0.0.1:${server.address().port}/v1` } })
  .invoke("hi").catch((error) => console.log(error.status));
console.log("posts", posts, "more than 45 seconds:", Date.now() - started > 45000);
server.close();
JS
node run.mjs > seen
cat > expected <<'END'
503
posts 7 more than 45 seconds: true
END
diff -u expected seen && echo "as described"
