// Makes node load jsii, cdktf and the AWS bindings lazily. NODE_OPTIONS brings it into every node that jsii starts.
// Each change is to the text of one file; a file that doesn't look as expected is left as it is, with one line of
// warning. Why, and what each change is worth: docs/adr/0002-lazy-bindings.md.
"use strict";

const fs = require("fs");
const module_ = require("module");
const path = require("path");
const { fileURLToPath } = require("url");

const RELAY = path.join("bin", "jsii-runtime.js");
const isRelay = (process.argv[1] ?? "").endsWith(RELAY);

class Unexpected extends Error {}

/** Replace text that must occur exactly once. */
function replaceOnce(source, before, after) {
  const parts = source.split(before);
  if (parts.length !== 2) throw new Unexpected(`${parts.length - 1} times "${before}" instead of once`);
  return parts.join(after);
}

/** The bindings' index requires all 2,135 modules; require each when it is asked for. */
function lazyIndex(source) {
  const assignment = /^exports\.(\w+) = require\("(\.\/[\w-]+)"\);$/gm;
  const rest = source.replace(assignment, "").replace(/^exports\.\w+ = .*void 0;$/gm, "");
  if (rest === source || /\brequire\(/.test(rest)) throw new Unexpected("not a list of exports.NAME = require(PATH)");
  return source.replace(
    assignment,
    'Object.defineProperty(exports, "$1", { enumerable: true, get: () => require("$2") });',
  );
}

/** cdktf loads a zip library (90 files) at its start, and uses it only to pack asset folders. */
function lazyArchiver(source) {
  return replaceOnce(source, 'const archiver = require("archiver");', 'const archiver = (...a) => require("archiver")(...a);');
}

/**
 * jsii starts a relay, whose child is the engine; each call goes through both. Run the engine in the relay's place:
 * it speaks with its parent itself, over standard input and output, and what it prints goes where the relay puts it.
 */
function engineInsteadOfRelay(_, filename) {
  engine = path.resolve(filename, "..", "..", "lib", "program.js");
  engineOnStandardStreams(fs.readFileSync(engine, "utf8")); // Turn back now if it doesn't look as expected.
  if (!process.env.NODE_OPTIONS.includes("--preserve-symlinks")) throw new Unexpected("no --preserve-symlinks");
  process.execArgv.push("--preserve-symlinks"); // Where jsii looks whether it may link packages instead of copying.
  for (const stream of ["stdout", "stderr"]) {
    process[stream].write = (chunk, ...rest) => {
      fs.writeSync(2, record(stream, chunk));
      rest.filter((argument) => typeof argument === "function").forEach((done) => process.nextTick(done));
      return true;
    };
  }
  return `require(${JSON.stringify(engine)});`;
}

function engineOnStandardStreams(source) {
  const connected = replaceOnce(source, "readFD:3,writeFD:3", "readFD:0,writeFD:1");
  return replaceOnce(connected, "process.exit.bind(process)", `require(${JSON.stringify(__filename)}).exit`);
}

/**
 * A worker of jsii indexes the types of a package that it just unpacked, so that the next run needn't parse all
 * 120 MB of them. jsii exits without waiting for it; a program as fast as ours would never get its index.
 */
const workers = [];
process.on("worker", (worker) => workers.push(new Promise((done) => worker.once("exit", done))));
exports.exit = (code) => Promise.all(workers).then(() => process.exit(code));

/** How the relay hands its child's output to jsii's Python side. */
function record(stream, chunk) {
  return `${JSON.stringify({ [stream]: Buffer.from(chunk).toString("base64") })}\n`;
}

function warn(why) {
  const line = `warning: synthesis is slower than it can be: ${why}\n`;
  fs.writeSync(2, isRelay ? record("stderr", line) : line);
}

let engine;
const CHANGES = [
  [(name) => isRelay && name === process.argv[1], engineInsteadOfRelay],
  [(name) => name === engine, engineOnStandardStreams],
  [(name) => name.endsWith(path.join("/@cdktf", "provider-aws", "lib", "index.js")), lazyIndex],
  [(name) => name.endsWith(path.join("/cdktf", "lib", "private", "fs.js")), lazyArchiver],
];

function load(url, context, next) {
  const loaded = next(url, context);
  if (!url.startsWith("file:")) return loaded;
  const filename = fileURLToPath(url);
  const change = CHANGES.find(([matches]) => matches(filename))?.[1];
  if (!change) return loaded;
  try {
    return { ...loaded, source: change(String(loaded.source), filename) };
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    warn(`${filename}: ${error.message}`);
    return loaded;
  }
}

if (process.env.SYNTH_BINDINGS !== "stock") {
  process.noDeprecation = true; // cdktf calls util.isArray for each output, and is archived: nobody can change that.
  if (module_.registerHooks) module_.registerHooks({ load });
  else if (isRelay) warn(`node ${process.version} has no module.registerHooks; 22.15 or newer has`);
}
