#!/usr/bin/env node
// Runs the program that the package for this platform holds, and ends as it ends.
"use strict";

const { spawn } = require("node:child_process");
const os = require("node:os");

const platform = `repoint-${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${platform}/bin/repoint${process.platform === "win32" ? ".exe" : ""}`);
} catch {
  console.error(`repoint: the package ${platform} is not installed`);
  console.error("hint: install without --omit=optional; if there is no such package, this platform is not supported");
  process.exit(1);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
// The terminal sends its signals to both; a service manager sends them here alone.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => { if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal); });
}
child.on("error", (error) => {
  console.error(`repoint: cannot run ${program}: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal ? 128 + os.constants.signals[signal] : code));
