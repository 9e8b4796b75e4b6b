#!/usr/bin/env bash
# Four validators give two answers to whether 19.99 is a multiple of 0.01.
#
# "multipleOf": 0.01 is how schemas for a model's output say "a price". ajv and jsonschema divide in binary floating
# point and refuse 19.99; zod and fastjsonschema accept it, though zod's toJSONSchema is what the model and ajv get.
# What the model wrote right is then refused, or not, by who looks.
#
# Guessed before: all accept. Seen with: ajv 8.20.0 and zod 4.6.7 on Node 20, jsonschema 4.26.0 and
# fastjsonschema 2.22.3 on Python 3.11.
# Repoint: passes schemas and answers on untouched.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    jsonschema==4.26.0 fastjsonschema==2.22.3
npm init -y > npm.log
npm install --silent --no-audit --no-fund ajv@8.20.0 zod@4.6.7 >> npm.log
cat > run.mjs <<'JS'
import Ajv2020 from "ajv/dist/2020.js";
import * as z from "zod";
const price = z.number().multipleOf(0.01);
const schema = z.toJSONSchema(price);
console.log("schema", schema.multipleOf);
console.log("zod", price.safeParse(19.99).success);
console.log("ajv", new Ajv2020().validate(schema, 19.99));
JS
cat > run.py <<'PY'
import fastjsonschema, jsonschema
schema = {"type": "number", "multipleOf": 0.01}
print("jsonschema", jsonschema.Draft202012Validator(schema).is_valid(19.99))
try: print("fastjsonschema", fastjsonschema.compile(schema)(19.99) == 19.99)
except fastjsonschema.JsonSchemaException: print("fastjsonschema", False)
PY
{ node run.mjs; PYTHONPATH=lib python3 run.py; } > seen
cat > expected <<'END'
schema 0.01
zod true
ajv false
jsonschema False
fastjsonschema True
END
diff -u expected seen && echo "as described"
