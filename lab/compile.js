// Usage: node compile.js REQUEST.json OUT.json
//
// REQUEST: {"roots": [folders searched in order], "settings": {...}, "wanted": {name: [file, contract]}}
// OUT:     {name: {abi, bytecode, deployedBytecode, storageLayout}}
//
// The closure of imports is resolved before the compiler starts, so it needs no callback.
"use strict";
const fs = require("fs");
const path = require("path");

const [, , requestPath, outPath] = process.argv;
const request = JSON.parse(fs.readFileSync(requestPath, "utf8"));
const solc = require(require.resolve("solc", { paths: request.roots }));

function read(unit) {
  for (const root of request.roots) {
    const file = path.join(root, unit);
    if (fs.existsSync(file)) return fs.readFileSync(file, "utf8");
  }
  throw new Error(`source not found: ${unit}`);
}

const sources = {};
function add(unit) {
  if (sources[unit]) return;
  const content = read(unit);
  sources[unit] = { content };
  const code = content.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  for (const [, target] of code.matchAll(/^\s*import\s+(?:[^"';]*?from\s+)?["']([^"']+)["']/gm)) {
    add(target.startsWith(".") ? path.posix.join(path.posix.dirname(unit), target) : target);
  }
}
for (const [file] of Object.values(request.wanted)) add(file);

const outputs = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout"];
const input = {
  language: "Solidity",
  sources,
  settings: { ...request.settings, outputSelection: { "*": { "*": outputs } } },
};
const result = JSON.parse(solc.compile(JSON.stringify(input)));
const failures = (result.errors || []).filter((entry) => entry.severity === "error");
if (failures.length) {
  for (const entry of failures) console.error(entry.formattedMessage);
  process.exit(1);
}

const artifacts = {};
for (const [name, [file, contract]] of Object.entries(request.wanted)) {
  const built = result.contracts[file][contract];
  artifacts[name] = {
    abi: built.abi,
    bytecode: "0x" + built.evm.bytecode.object,
    deployedBytecode: "0x" + built.evm.deployedBytecode.object,
    storageLayout: built.storageLayout,
  };
}
fs.writeFileSync(outPath, JSON.stringify(artifacts));
