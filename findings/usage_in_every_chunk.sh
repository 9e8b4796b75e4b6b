#!/usr/bin/env bash
# Usage that grows from chunk to chunk is added up by two Python frameworks.
#
# Some OpenAI-compatible servers put a running usage into every chunk of a stream (vLLM's continuous_usage_stats does).
# The last one is the total. openai, litellm and the AI SDK report the last one: 10 tokens in, 3 out. langchain-openai
# and pydantic-ai add all of them up and report 30 in and 6 out for the same bytes, without a warning.
#
# Guessed before: pydantic-ai takes the last one. Seen with: openai 2.54.0, langchain-openai 1.7.4,
# pydantic-ai-slim 2.31.1 on Python 3.11.
# Repoint: books a stream once, whatever a chunk says on the way.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    openai==2.54.0 langchain-openai==1.7.4 'pydantic-ai-slim[openai]==2.31.1'
cat > run.py <<'PY'
import asyncio, http.server, json, threading

USAGE = [(10, 1), (10, 2), (10, 3)]

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for n, (prompt, completion) in enumerate(USAGE):
            last = n == len(USAGE) - 1
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                     "choices": [{"index": 0, "delta": {"role": "assistant", "content": "abc"[n]},
                                  "finish_reason": "stop" if last else None}],
                     "usage": {"prompt_tokens": prompt, "completion_tokens": completion,
                               "total_tokens": prompt + completion}}
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}/v1"

from openai import OpenAI
from langchain_openai import ChatOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

with OpenAI(api_key="k", base_url=base).chat.completions.stream(
        model="m", messages=[{"role": "user", "content": "hi"}]) as stream:
    for _ in stream: pass
    usage = stream.get_final_completion().usage
print("openai", usage.prompt_tokens, usage.completion_tokens)

whole = None
for chunk in ChatOpenAI(model="m", api_key="k", base_url=base, stream_usage=True).stream("hi"):
    whole = chunk if whole is None else whole + chunk
print("langchain-openai", whole.usage_metadata["input_tokens"], whole.usage_metadata["output_tokens"])

async def agent():
    model = OpenAIChatModel("m", provider=OpenAIProvider(base_url=base, api_key="k"))
    async with Agent(model).run_stream("hi") as result:
        async for _ in result.stream_text(delta=True): pass
        usage = result.usage
        usage = usage() if callable(usage) else usage
        print("pydantic-ai", usage.input_tokens, usage.output_tokens)
asyncio.run(agent())
PY
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
openai 10 3
langchain-openai 30 6
pydantic-ai 30 6
END
diff -u expected seen && echo "as described"
