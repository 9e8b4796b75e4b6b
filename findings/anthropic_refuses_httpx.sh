#!/usr/bin/env bash
# The two official Python clients no longer take the same HTTP client.
#
# A program that gives both SDKs one httpx.Client (its proxy, its certificates, its limits) works with openai. anthropic
# refuses it with a TypeError when the client is made: it wants one of httpx2, a package of another name.
#
# Guessed before: both take it, as they did for years. Seen with: openai 2.54.0, anthropic 2.14.0, httpx 0.28.1 on
# Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    openai==2.54.0 anthropic==2.14.0 httpx==0.28.1
cat > run.py <<'PY'
import anthropic, httpx, openai
for make in (openai.OpenAI, anthropic.Anthropic):
    try:
        make(api_key="k", http_client=httpx.Client())
        print(make.__name__, "takes httpx.Client")
    except TypeError as error:
        print(make.__name__, "refuses it:", "httpx2" in str(error))
PY
PYTHONPATH=lib python3 run.py > seen
cat > expected <<'END'
OpenAI takes httpx.Client
Anthropic refuses it: True
END
diff -u expected seen && echo "as described"
