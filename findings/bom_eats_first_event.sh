#!/usr/bin/env bash
# A byte order mark before a stream makes Python's parsers lose its first event; JavaScript's don't.
#
# The specification of server-sent events says that one leading U+FEFF is ignored. The parsers of openai, httpx-sse and
# sseclient-py take it for a part of the first field's name, so the first event (the first token) is dropped without a
# word. The OpenAI client for Node and EventSource-like parsers behind a TextDecoder, which strips the mark, keep it.
#
# Guessed before: all keep it or all lose it. Seen with: openai 2.54.0, httpx-sse 0.4.3, sseclient-py 1.9.0 on
# Python 3.11; openai 6.49.0 on Node 20.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    openai==2.54.0 httpx==0.28.1 httpx-sse==0.4.3 sseclient-py==1.9.0 requests==2.34.2
npm init -y > npm.log
npm install --silent --no-audit --no-fund openai@6.49.0 >> npm.log
cat > run.py <<'PY'
import http.server, json, subprocess, sys, threading

def event(text, finish=None):
    return "data: " + json.dumps({
        "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]}) + "\n\n"

STREAM = b"\xef\xbb\xbf" + (event("first ") + event("second", "stop") + "data: [DONE]\n\n").encode()

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(STREAM)
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

import httpx, httpx_sse, openai, requests, sseclient

def text(datas):
    return "".join(json.loads(data)["choices"][0]["delta"]["content"] for data in datas if data != "[DONE]")

client = openai.OpenAI(api_key="k", base_url=base)
print("openai", "".join(chunk.choices[0].delta.content for chunk in client.chat.completions.create(
    model="m", messages=[{"role": "user", "content": "hi"}], stream=True)))
with httpx.Client() as http_client, httpx_sse.connect_sse(http_client, "GET", base) as source:
    print("httpx-sse", text(item.data for item in source.iter_sse()))
print("sseclient-py", text(item.data for item in sseclient.SSEClient(requests.get(base, stream=True)).events()), flush=True)
sys.exit(subprocess.run(["node", "run.mjs", base]).returncode)
PY
cat > run.mjs <<'JS'
import OpenAI from "openai";
let text = "";
for await (const chunk of await new OpenAI({ apiKey: "k", baseURL: process.argv[2] }).chat.completions
  .create({ model: "m", messages: [{ role: "user", content: "hi" }], stream: true })) text += chunk.choices[0].delta.content;
console.log("node openai", text);
JS
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
openai second
httpx-sse second
sseclient-py second
node openai first second
END
diff -u expected seen && echo "as described"
