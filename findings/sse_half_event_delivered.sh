#!/usr/bin/env bash
# sseclient-py delivers the half event that a cut stream ends with.
#
# The specification throws away an event that no blank line ends. httpx-sse does; sseclient-py hands it over, so half of
# a JSON text, or a whole one that the server had not finished with a further data line, looks like an event.
#
# Guessed before: both throw it away. Seen with: httpx-sse 0.4.3 (httpx 0.28.1), sseclient-py 1.9.0 (requests 2.34.2)
# on Python 3.11.
# Repoint: looks into whole events only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    httpx==0.28.1 httpx-sse==0.4.3 sseclient-py==1.9.0 requests==2.34.2
cat > run.py <<'PY'
import http.server, threading

class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_): pass
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b'data: {"text": "whole"}\n\ndata: {"text":\n')

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/"

import httpx, httpx_sse, requests, sseclient

with httpx.Client() as client, httpx_sse.connect_sse(client, "GET", url) as source:
    print("httpx-sse", [event.data for event in source.iter_sse()])
print("sseclient-py", [event.data for event in sseclient.SSEClient(requests.get(url, stream=True)).events()])
PY
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
httpx-sse ['{"text": "whole"}']
sseclient-py ['{"text": "whole"}', '{"text":']
END
diff -u expected seen && echo "as described"
