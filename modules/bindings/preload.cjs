// Makes node load jsii, cdktf (or its fork) and the AWS bindings lazily. NODE_OPTIONS brings it into every node that jsii starts.
// Each change is to the text of one file; a file that doesn't look as expected is left as it is, with one line of
// warning. Why, and what each change is worth: docs/adr/0002-lazy-bindings.md.
"use strict";

const fs = require("fs");
const { registerHooks } = require("module");
const path = require("path");
const { fileURLToPath } = require("url");

const RELAY = path.join("/bin", "jsii-runtime.js");
const isRelay = (process.argv[1] ?? "").endsWith(RELAY);

class Unexpected extends Error {}

function replaceOnce(source, before, after) {
  const parts = source.split(before);
  if (parts.length !== 2) throw new Unexpected(`it has ${parts.length - 1} times "${before}" instead of once`);
  return parts.join(after);
}

/** The bindings' index requires all modules, over 2,000; require each when it is asked for. The fork's has __importStar. */
function lazyIndex(source) {
  const line = /^exports\.(\w+) = (require\("\.\/[\w-]+"\)|__importStar\(require\("\.\/[\w/-]+"\)\));$/gm;
  if (!line.test(source) || source.replace(line, "").includes("require(")) {
    throw new Unexpected('it is not just a list of exports.NAME = require("PATH");');
  }
  return source.replace(line, 'Object.defineProperty(exports, "$1", { enumerable: true, get: () => $2 });');
}

/** Each reference keeps the JavaScript stack of its making, for error messages: frames of jsii, none of our program. */
function noCreationStacks(source) {
  const head = "function captureStackTrace(below) {";
  return replaceOnce(source, head, `${head} return [];`);
}

/**
 * jsii starts a relay, which starts the engine; every call goes through both. Run the engine in the relay's place: it
 * speaks over standard input and output itself, and what is printed goes to Python in the relay's wrapping.
 */
function engineInsteadOfRelay(_, filename) {
  engine = path.resolve(filename, "..", "..", "lib", "program.js");
  engineOnStandardStreams(fs.readFileSync(engine, "utf8")); // While there still is a way back.
  process.execArgv.push("--preserve-symlinks"); // It is in NODE_OPTIONS; jsii looks here.
  const write = process.stderr.write.bind(process.stderr);
  for (const stream of ["stdout", "stderr"]) {
    process[stream].write = (chunk, ...rest) => write(wrapped(stream, chunk), rest.find((each) => each instanceof Function));
  }
  return `require(${JSON.stringify(engine)});`;
}

function engineOnStandardStreams(source) {
  const connected = replaceOnce(source, "readFD:3,writeFD:3", "readFD:0,writeFD:1");
  return replaceOnce(connected, "process.exit.bind(process)", `require(${JSON.stringify(__filename)}).exit`);
}

/**
 * A worker of jsii indexes the types of a package that was just unpacked, so that the next run needn't parse all 120 MB
 * of them. jsii exits without waiting for it, and a program as fast as this one would never get its index. Python waits
 * for five seconds and ends this process then; on a slow machine it goes on behind its back until the index is there.
 */
const workers = [];
process.on("worker", (worker) => workers.push(new Promise((resolve) => worker.once("exit", resolve))));
exports.exit = (code) => {
  process.on("SIGTERM", () => {});
  return Promise.all(workers).then(() => process.exit(code));
};

function wrapped(stream, chunk) {
  return `${JSON.stringify({ [stream]: Buffer.from(chunk).toString("base64") })}\n`;
}

function warn(why) {
  const line = `warning: synthesis is slower than it can be: ${why}\n`;
  fs.writeSync(2, isRelay ? wrapped("stderr", line) : line);
}

function isOf(name, file) {
  const ending = path.normalize(`/${name}/lib/${file}`);
  return (filename) => filename.endsWith(ending);
}

let engine;
const CHANGES = [
  [(name) => isRelay && name.endsWith(RELAY), engineInsteadOfRelay],
  [(name) => name === engine, engineOnStandardStreams],
  [isOf("@cdktf/provider-aws", "index.js"), lazyIndex],
  [isOf("@cdktn/provider-aws", "index.js"), lazyIndex],
  [isOf("cdktf", "tokens/private/stack-trace.js"), noCreationStacks],
  [isOf("cdktn", "tokens/private/stack-trace.js"), noCreationStacks],
];

function load(url, context, next) {
  const loaded = next(url, context);
  const filename = url.startsWith("file:") ? fileURLToPath(url) : url;
  const [, change] = CHANGES.find(([concerns]) => concerns(filename)) ?? [];
  if (!change) return loaded;
  try {
    return { ...loaded, source: change(String(loaded.source), filename) };
  } catch (error) {
    if (!(error instanceof Unexpected)) throw error;
    warn(`${filename}: ${error.message}`);
    return loaded;
  }
}

// A program started from another copy of the project passes on that copy's preload too; one is enough.
const LOADED = Symbol.for("rollout.bindings.preload");

if (process.env.SYNTH_BINDINGS !== "stock" && !globalThis[LOADED]) {
  globalThis[LOADED] = true;
  process.noDeprecation = true; // cdktf calls util.isArray for each output, and is archived, so that won't change.
  if (registerHooks) registerHooks({ load });
  else if (isRelay) warn(`node ${process.version} has no module.registerHooks; 22.15 and newer have`);
}
